/* Text to struct config: the golden lines (right and wrong ones for every directive and option),
 * what the values become, what is said about them, and lines of noise. Runs in the
 * root of the repository. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/track/select.h"
#include "tests/unit/conf_world.h"

#define GOLDEN "tests/golden/conf/"

/* ---- the golden lines ---- */

/* One case; 1 when it failed, which is said. */
static int golden_case(char *line) {
    char *status = strchr(line, '\t'), *text = status ? strchr(status + 1, '\t') : NULL;
    char *mark = text ? strchr(text + 1, '\t') : NULL;
    struct world *world;
    char expected[4096];
    bool good, with_suffix;
    int failed;

    if (!mark) {
        print_error("%s: a column is missing\n", line);
        return 1;
    }
    *status++ = *text++ = *mark = '\0';
    with_suffix =
        strncmp(text, "Could not open", 14) != 0 && strncmp(text, "Could not search", 16) != 0;
    snprintf(expected, sizeof expected, "%s%s", text,
             with_suffix ? " at line 7 in file /etc/test.conf" : "");
    world = world_new(NULL);
    good = conf_parse_line(&world->conf, line, "/etc/test.conf", 7);
    failed = good != (*status == '0') || (!good && strcmp(world->conf.error, expected) != 0);
    if (failed)
        print_error("%s\n  expected: %s\n  was:      %s\n", line, text,
                    good ? "" : world->conf.error);
    world_free(world);
    return failed;
}

static void every_directive_and_option_takes_and_refuses_what_chrony_does(void **state) {
    FILE *golden = fopen(GOLDEN "lines.tsv", "r");
    char line[4096];
    int cases = 0, failed = 0;

    (void)state;
    assert_non_null(golden);
    while (fgets(line, sizeof line, golden)) {
        line[strcspn(line, "\n")] = '\0';
        cases++;
        failed += golden_case(line);
    }
    fclose(golden);
    assert_int_equal(failed, 0);
    assert_true(cases >= 1300);
}

static char *read_disk_file(void *context, const char *path) {
    FILE *file = fopen(path, "r");
    char *text = calloc(1, 1 << 16);

    (void)context;
    assert_non_null(text);
    if (!file) {
        free(text);
        return NULL;
    }
    assert_true(fread(text, 1, (1 << 16) - 1, file) > 0);
    fclose(file);
    return text;
}

static void default_files_of_distributions_parse(void **state) {
    static const char *const names[] = {"debian", "ubuntu", "alpine", "fedora"};
    static const int sources[] = {1, 4, 1, 1};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct world *world = world_new(NULL);
        char path[128];

        world->reader.read_file = read_disk_file;
        snprintf(path, sizeof path, GOLDEN "distro/%s.conf", names[i]);
        if (!conf_parse_file(&world->conf, path) || !conf_check(&world->conf))
            fail_msg("%s", world->conf.error);
        assert_int_equal(world->config.source_count, sources[i]);
        assert_true(world->config.rtc_sync);
        assert_non_null(world->config.drift_file);
        world_free(world);
    }
}

/* ---- what values become ---- */

static void defaults_are_chronys(void **state) {
    struct world *world = world_new(NULL);
    const struct config *config = &world->config;

    (void)state;
    assert_int_equal(config->acquisition_port, -1);
    assert_int_equal(config->port, 123);
    assert_int_equal(config->command_port, 323);
    assert_int_equal(config->min_samples, 6);
    assert_int_equal(config->max_stratum, 15);
    assert_int_equal(config->max_change_start, -1);
    assert_true(config->max_distance == 3 && config->max_jitter == 1);
    assert_true(fabs(config->max_slew_rate - 83333.333) < 0.001);
    assert_true(config->drift_file_interval == 3600 && config->init_step_slew_threshold == -1);
    assert_int_equal(config->client_log_limit, 524288);
    assert_int_equal(config->ntp_rate_limit.interval, 3);
    assert_int_equal(config->command_rate_limit.interval, -4);
    assert_int_equal(config->nts_rate_limit.interval, 6);
    assert_int_equal(config->ntp_rate_limit.burst, 8);
    assert_false(config->ntp_rate_limit.enabled);
    assert_false(config->local.enabled);
    assert_int_equal(config->local.stratum, 10);
    assert_true(config->open_commands == OPEN_COMMANDS_DEFAULT);
    assert_int_equal(config->nts_aead_count, 2);
    assert_int_equal(config->nts_aeads[0], 30);
    assert_null(config->pid_file);
    world_free(world);
}

static void source_line_becomes_a_source(void **state) {
    struct world *world = world_new(NULL);
    const struct source_config *source = world->config.sources;

    (void)state;
    world_takes(world,
                "pool ntp.example.net iburst minpoll 4 maxpoll 6 port 11123 prefer noselect key 7 "
                "offset -0.5 offline "
                "extfield F323 extfield 10A ipv6");
    assert_int_equal(world->config.source_count, 1);
    assert_int_equal(source->type, SOURCE_POOL);
    assert_string_equal(source->name, "ntp.example.net");
    assert_true(source->iburst && !source->burst && !source->online);
    assert_int_equal(source->minpoll, 4);
    assert_int_equal(source->maxpoll, 6);
    assert_int_equal(source->port, 11123);
    assert_int_equal(source->select_options, SELECT_OPTION_PREFER | SELECT_OPTION_NOSELECT);
    assert_int_equal(source->key, 7);
    assert_true(source->offset == -0.5);
    assert_int_equal(source->extensions,
                     EXTENSION_EXPERIMENTAL_F323 | EXTENSION_NETWORK_CORRECTION);
    assert_int_equal(source->family, ADDRESS_IPV6);
    assert_int_equal(source->presend, PRESEND_OFF);
    assert_int_equal(source->max_samples, -1);
    assert_int_equal(source->max_unreach, 100000);
    assert_int_equal(source->nts_port, 4460);
    world_free(world);
}

static void source_values_are_brought_into_the_effective_range(void **state) {
    struct world *world = world_new(NULL);
    const struct source_config *source = world->config.sources;

    (void)state;
    world_takes(
        world,
        "server a minpoll 40 maxpoll -8 maxsources 99 filter 999 minstratum 16 maxdelay 5000");
    assert_int_equal(source->minpoll, 24);
    assert_int_equal(source->maxpoll, 24);
    assert_int_equal(source->max_sources, CONFIG_MAX_POOL);
    assert_int_equal(source->filter, 256);
    assert_int_equal(source->min_stratum, 15);
    assert_true(source->max_delay == 1000);
    world_takes(world, "server b minpoll -9 maxdelayratio 0.5 maxdelayquant 0.99 key -1");
    source++;
    assert_int_equal(source->minpoll, 6);
    assert_int_equal(source->maxpoll, 10);
    assert_true(source->max_delay_ratio == 0 && source->max_delay_quant == 0.95);
    assert_int_equal(source->key, UINT32_MAX);
    world_free(world);
}

static void source_options_parse_without_a_configuration(void **state) {
    struct source_config source;
    char good[] = "  192.0.2.1\tminpoll 3  xleave ", none[] = "", word[] = "a iburst prefered",
         value[] = "a port x";

    (void)state;
    source_config_set_defaults(&source, SOURCE_PEER);
    assert_int_equal(conf_parse_source(good, &source), CONF_SOURCE_OK);
    assert_string_equal(source.name, "192.0.2.1");
    assert_int_equal(source.type, SOURCE_PEER);
    assert_int_equal(source.minpoll, 3);
    assert_true(source.xleave && source.online);
    assert_int_equal(conf_parse_source(none, &source), CONF_BAD_SYNTAX);
    assert_int_equal(conf_parse_source(word, &source), CONF_BAD_OPTION);
    assert_int_equal(conf_parse_source(value, &source), CONF_BAD_VALUE);
}

static void access_rules_keep_their_order_and_shape(void **state) {
    static const struct {
        const char *line, *subnet;
        int bits;
        bool allow, all;
    } cases[] = {
        {"allow", "[UNSPEC]", 0, true, false},
        {"deny all", "[UNSPEC]", 0, false, true},
        {"allow 10", "10.0.0.0", 8, true, false},
        {"deny 192.168", "192.168.0.0", 16, false, false},
        {"allow 1.2.3", "1.2.3.0", 24, true, false},
        {"allow all 1.2.3/25", "1.2.3.0", 25, true, true},
        {"deny 192.0.2.1", "192.0.2.1", 32, false, false},
        {"allow 2001:db8::/32", "2001:db8::", 32, true, false},
        {"allow ::1", "::1", 128, true, false},
        {"allow hosts.example", "192.0.2.77", 32, true, false},
    };
    struct world *world = world_new(NULL);
    char text[ADDRESS_TEXT_SIZE];

    (void)state;
    world_takes(world, "cmdallow 10.0.0.0/8");
    for (int i = 0; i < (int)(sizeof cases / sizeof *cases); i++) {
        const struct access_rule *rule = &world->config.ntp_rules[i];

        world_takes(world, cases[i].line);
        assert_int_equal(world->config.ntp_rule_count, i + 1);
        assert_string_equal(address_format(&rule->subnet, text), cases[i].subnet);
        assert_int_equal(rule->bits, cases[i].bits);
        assert_int_equal(rule->allow, cases[i].allow);
        assert_int_equal(rule->all, cases[i].all);
    }
    assert_int_equal(world->config.command_rule_count, 1);
    world_free(world);
}

static void repeated_lines_override_merge_replace_or_add(void **state) {
    struct world *world = world_new(NULL);
    struct config *config = &world->config;

    (void)state;
    world_takes(world, "user a");
    world_takes(world, "user b");
    assert_string_equal(config->user, "b");
    world_takes(world, "ratelimit interval 5");
    world_takes(world, "ratelimit burst 3");
    assert_int_equal(config->ntp_rate_limit.interval, 5);
    assert_int_equal(config->ntp_rate_limit.burst, 3);
    world_takes(world, "local stratum 5 orphan");
    assert_true(config->local.wait_unsynced == 300);
    world_takes(world, "local distance 0.5");
    assert_int_equal(config->local.stratum, 10);
    assert_false(config->local.orphan);
    assert_true(config->local.wait_unsynced == 0);
    world_takes(world, "opencommands sources");
    world_takes(world, "opencommands tracking clients");
    assert_int_equal(config->open_commands, 1u << OPEN_TRACKING | 1u << OPEN_CLIENTS);
    world_takes(world, "log tracking");
    world_takes(world, "log statistics");
    assert_int_equal(config->log_files, 1u << LOG_FILE_TRACKING | 1u << LOG_FILE_STATISTICS);
    world_takes(world, "driftfile /a interval 60");
    world_takes(world, "driftfile /b");
    assert_string_equal(config->drift_file, "/b");
    assert_true(config->drift_file_interval == 60);
    world_takes(world, "initstepslew 1 a b c");
    world_takes(world, "initstepslew 2 d");
    assert_int_equal(config->init_step_slew_count, 1);
    assert_string_equal(config->init_step_slew_names[0], "d");
    world_takes(world, "sourcedir /a /b");
    world_takes(world, "sourcedir /c");
    assert_string_equal(config->sourcedirs[0], "/a /b");
    assert_string_equal(config->sourcedirs[1], "/c");
    assert_null(config->sourcedirs[2]);
    world_free(world);
}

static void values_behind_each_other_reach_their_members(void **state) {
    struct world *world = world_new(NULL);
    struct config *config = &world->config;

    (void)state;
    world_takes(world, "makestep 0.5 -1");
    assert_true(config->make_step_threshold == 0.5 && config->make_step_limit == -1);
    world_takes(world, "tempcomp /sys/t 30 1 2 3 4");
    assert_string_equal(config->temp_comp_file, "/sys/t");
    assert_true(config->temp_comp_interval == 30 && config->temp_comp_t0 == 1 &&
                config->temp_comp_k2 == 4);
    world_takes(world, "tempcomp /sys/u 5 /points");
    assert_string_equal(config->temp_comp_points_file, "/points");
    world_takes(world, "smoothtime 400 0.01 LeapOnly");
    assert_true(config->smooth_leap_only && config->smooth_max_wander == 0.01);
    world_takes(world, "broadcast -5 192.0.2.255 99");
    assert_int_equal(config->broadcasts[0].interval, 1);
    assert_int_equal(config->broadcasts[0].destination.port, 99);
    world_takes(world, "bindaddress ::1");
    assert_int_equal(config->bind_address6.family, ADDRESS_IPV6);
    assert_int_equal(config->bind_address4.family, ADDRESS_NONE);
    world_takes(world, "bindcmdaddress /");
    world_takes(world, "bindcmdaddress 127.0.0.2");
    assert_string_equal(config->bind_command_path, "/");
    assert_int_equal(address_to_ipv4(&config->bind_command_address4), 0x7f000002);
    world_takes(world, "leapsecmode slew");
    assert_int_equal(config->leap_second_mode, LEAP_MODE_SLEW);
    world_takes(world, "clientloglimit -1");
    assert_true(config->client_log_limit > UINT64_C(1) << 32);
    world_takes(world, "ntstrustedcerts 3 /ca.pem");
    assert_int_equal(config->nts_trusted_certs[0].set, 3);
    world_takes(world, "hwtimestamp eth0 minpoll 2 rxfilter ntp");
    assert_int_equal(config->hw_timestamps[0].maxpoll, 3);
    assert_int_equal(config->hw_timestamps[0].receive_filter, HW_FILTER_NTP);
    world_takes(world, "ntsaeads 99 15");
    assert_int_equal(config->nts_aead_count, 1);
    world_takes(world, "refclock SHM 2:perm=0644 refid GPS poll 3 local");
    assert_string_equal(config->refclocks[0].parameter, "2:perm=0644");
    assert_string_equal(config->refclocks[0].reference_id, "GPS");
    assert_true(config->refclocks[0].delay == 1e-9 && config->refclocks[0].local);
    world_free(world);
}

static void numbers_that_nobody_means_are_refused(void **state) {
    struct world *world = world_new(NULL);

    (void)state;
    world_refuses(world, "maxdistance nan", "Could not parse maxdistance directive at line 1");
    world_refuses(world, "maxdistance 0x10", "Could not parse maxdistance directive at line 1");
    world_refuses(world, "maxdistance -0X1p3", "Could not parse maxdistance directive at line 1");
    world_refuses(world, "server a offset nan", "Invalid value in server directive at line 1");
    world_refuses(world, "server a maxpoll 4294967300",
                  "Invalid value in server directive at line 1");
    world_refuses(world, "makestep 1 4294967297", "Could not parse makestep directive at line 1");
    world_refuses(world, "broadcast 64 192.0.2.255 65536",
                  "Could not parse broadcast directive at line 1");
    world_takes(world, "maxdistance inf");
    world_takes(world, "maxdistance 00.5x");
    assert_true(world->config.max_distance == 0.5);
    world_free(world);
}

/* ---- what is said ---- */

static void what_has_no_effect_yet_is_said_once(void **state) {
    struct world *world = world_new(NULL);

    (void)state;
    world_takes(world, "refclock SHM 0");
    world_takes(world, "REFCLOCK SHM 1");
    world_takes(world, "server c.example iburst nts nts");
    world_takes(world, "server d.example nts");
    world_takes(world, "port 5");
    assert_string_equal(
        world->logged,
        "refclock directive has no effect yet\nserver option nts has no effect yet\n");
    world_free(world);
}

static void slip_of_the_pen_is_answered_with_the_nearest_word(void **state) {
    struct world *world = world_new(NULL);

    (void)state;
    world_refuses(world, "makestp 1 3", "Invalid directive makestp at line 1");
    world_refuses(world, "Servr a", "Invalid directive Servr at line 1");
    world_refuses(world, "server a ibrust", "Invalid option in server directive at line 1");
    world_refuses(world, "lcoal", "Invalid directive lcoal at line 1");
    /* two slips, or two words that may have been meant */
    world_refuses(world, "mkestp 1 3", "Invalid directive mkestp at line 1");
    world_refuses(world, "server a mixsamples 5", "Invalid option in server directive at line 1");
    world_refuses(world, "lock\177all", "Invalid directive lock\177all at line 1");
    world_refuses(world, "frobnicate", "Invalid directive frobnicate at line 1");
    world_refuses(world, "x", "Invalid directive x at line 1");
    assert_string_equal(world->logged, "Unknown word makestp: did you mean makestep?\n"
                                       "Unknown word Servr: did you mean server?\n"
                                       "Unknown word ibrust: did you mean iburst?\n"
                                       "Unknown word lcoal: did you mean local?\n"
                                       "Unknown word lock\177all: did you mean lock_all?\n");
    world_free(world);
}

static void obsolete_words_are_named(void **state) {
    struct world *world = world_new(NULL);

    (void)state;
    world_takes(world, "Linux_Hz 100");
    world_takes(world, "dumponexit");
    assert_string_equal(world->logged, "Linux_Hz directive is no longer supported\n");
    world_free(world);
}

static void contradictions_are_found_at_the_end(void **state) {
    static const struct {
        const char *lines[2], *error;
    } cases[] = {
        {{"ratelimit", "noclientlog"}, "Rate limiting cannot be enabled with noclientlog"},
        {{"cmdratelimit", "noclientlog"}, "Rate limiting cannot be enabled with noclientlog"},
        {{"rtcsync", "rtcfile /rtc"}, "rtcfile directive cannot be used with rtcsync"},
        {{"allow", "allow 1.2.3.4/33"}, "Bad subnet in 1.2.3.4/33"},
        {{"allow 10/32", "cmddeny 1.2.3/64"}, "Bad subnet in 1.2.3.0/64"},
        {{"allow ::/128", "deny ::1/129"}, "Bad subnet in ::1/129"},
        {{"allow", "refclock FOO x"}, "unknown refclock driver FOO"},
        {{"refclock SHM 0:", "refclock SH 0"}, "unknown refclock driver SH"},
        {{"refclock SHM 0:perm=0644:", "refclock SHM 0:per=1:perm"},
         "Invalid refclock driver option per=1"},
        {{"refclock PHC /dev/ptp0:extpps:pin=0:nocrossts", "refclock SOCK /run/a:clear"},
         "Invalid refclock driver option clear"},
        {{"refclock RTC /dev/rtc0:utc", "refclock RTC /dev/rtc0::utc"},
         "Invalid refclock driver option "},
        {{"ntsdumpdir /var/lib/chrony", "ntsservercert /a"}, "Uneven number of NTS certs and keys"},
        {{"allow", "refclock SHM 0 tai"}, "refclock tai option requires leapseclist or leapsectz"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world *world = world_new(NULL);

        world_takes(world, cases[i].lines[0]);
        assert_true(conf_check(&world->conf));
        world_takes(world, cases[i].lines[1]);
        assert_false(conf_check(&world->conf));
        assert_string_equal(world->conf.error, cases[i].error);
        world_free(world);
    }
}

static void effective_ranges_and_missing_logdir_are_settled_at_the_end(void **state) {
    struct world *world = world_new(NULL);

    (void)state;
    world_takes(world, "log tracking");
    world_takes(world, "ratelimit interval 20 burst 0 leak 0 kod 9");
    world_takes(world, "maxdrift 500000");
    world_takes(world, "clockprecision 5");
    assert_true(conf_check(&world->conf));
    assert_string_equal(world->logged, "logdir not specified\n");
    assert_int_equal(world->config.log_files, 0);
    assert_int_equal(world->config.ntp_rate_limit.interval, 12);
    assert_int_equal(world->config.ntp_rate_limit.burst, 1);
    assert_int_equal(world->config.ntp_rate_limit.leak, 1);
    assert_int_equal(world->config.ntp_rate_limit.kod, 4);
    assert_true(world->config.max_drift == 100000 && world->config.clock_precision == 1);
    world_free(world);
}

static void limits_are_named(void **state) {
    struct world *world = world_new(NULL);

    (void)state;
    for (int i = 0; i < CONFIG_MAX_SOURCES; i++)
        world_takes(world, "server a");
    world_refuses(world, "server a", "Too many server directives at line 1");
    for (int i = 0; i < CONFIG_MAX_RULES; i++)
        world_takes(world, "deny 10");
    world_refuses(world, "allow 10", "Too many allow directives at line 1");
    for (int i = 0; i < CONFIG_MAX_DIRECTORIES; i++)
        world_takes(world, "sourcedir /a");
    world_refuses(world, "sourcedir /a", "Too many sourcedir directives at line 1");
    for (int i = 0; i < CONFIG_MAX_CERTIFICATES; i++)
        world_takes(world, "ntsserverkey /k");
    world_refuses(world, "ntsserverkey /k", "Too many ntsserverkey directives at line 1");
    world_free(world);
}

/* ---- noise ---- */

static uint32_t noise(uint32_t *seed) {
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

/* Words that mean something, numbers, and bytes that do not. */
static void noisy_line(uint32_t *seed, char *line) {
    static const char *const words[] = {
        "server",       "pool",        "allow",       "deny",         "local",    "log",
        "refclock",     "tempcomp",    "makestep",    "all",          "10/8",     "::1/64",
        "1.2.3",        "-1",          "1e999",       "nan",          "0x",       "minpoll",
        "key",          "extfield",    "refid",       "SHM",          "orphan",   "kod",
        "ratelimit",    "hwtimestamp", "*",           "driftfile",    "interval", "/",
        "broadcast",    "ntsaeads",    "15",          "opencommands", "confdir",  "include",
        "initstepslew", "smoothtime",  "99999999999",
    };
    size_t length = 0;

    for (uint32_t count = noise(seed) % 8; count > 0; count--) {
        if (noise(seed) % 3)
            length += (size_t)sprintf(line + length, "%s ",
                                      words[noise(seed) % (sizeof words / sizeof *words)]);
        else
            for (uint32_t bytes = noise(seed) % 12; bytes > 0; bytes--)
                line[length++] = (char)(1 + noise(seed) % 255);
    }
    line[length] = '\0';
}

static void noise_is_refused_in_words_and_never_crashes(void **state) {
    uint32_t seed = 20260622;
    char line[512];

    (void)state;
    for (int round = 0; round < 40; round++) {
        struct world *world = world_new(NULL);

        for (int i = 0; i < 500; i++) {
            noisy_line(&seed, line);
            world->conf.error[0] = '\0';
            if (!conf_parse_line(&world->conf, line, "noise", i))
                assert_string_not_equal(world->conf.error, "");
        }
        conf_check(&world->conf);
        world_free(world);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_directive_and_option_takes_and_refuses_what_chrony_does),
        cmocka_unit_test(default_files_of_distributions_parse),
        cmocka_unit_test(defaults_are_chronys),
        cmocka_unit_test(source_line_becomes_a_source),
        cmocka_unit_test(source_values_are_brought_into_the_effective_range),
        cmocka_unit_test(source_options_parse_without_a_configuration),
        cmocka_unit_test(access_rules_keep_their_order_and_shape),
        cmocka_unit_test(repeated_lines_override_merge_replace_or_add),
        cmocka_unit_test(values_behind_each_other_reach_their_members),
        cmocka_unit_test(numbers_that_nobody_means_are_refused),
        cmocka_unit_test(what_has_no_effect_yet_is_said_once),
        cmocka_unit_test(slip_of_the_pen_is_answered_with_the_nearest_word),
        cmocka_unit_test(obsolete_words_are_named),
        cmocka_unit_test(contradictions_are_found_at_the_end),
        cmocka_unit_test(effective_ranges_and_missing_logdir_are_settled_at_the_end),
        cmocka_unit_test(limits_are_named),
        cmocka_unit_test(noise_is_refused_in_words_and_never_crashes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
