/* What chronyc prints: the rules of its numbers, whole reports in text and CSV, and the dates that
 * settime reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "applets/chronyc/chronyc.h"
#include "applets/chronyc/format.h"
#include "applets/chronyc/report.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- numbers ---- */

static void intervals_change_their_unit_where_chrony_does(void **state) {
    static const struct {
        uint32_t seconds;
        const char *text;
    } rows[] = {
        {0, "   0"},        {59, "  59"},       {1199, "1199"},        {1200, " 20m"},
        {35999, "599m"},    {36000, " 10h"},    {345599, " 95h"},      {345600, "  4d"},
        {86399999, "999d"}, {86400000, "  2y"}, {4294967294u, "136y"}, {4294967295u, "   -"},
    };
    char text[FORMAT_SIZE];
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_string_equal(format_interval(text, rows[i].seconds), rows[i].text);
}

static void offsets_are_rounded_into_six_or_seven_columns(void **state) {
    static const struct {
        double value;
        const char *magnitude, *with_sign;
    } rows[] = {
        {0.0, "   0ns", "   +0ns"},        {1e-9, "   1ns", "   +1ns"},
        {-9999.4e-9, "9999ns", "-9999ns"}, {-9999.6e-9, "  10us", "  -10us"},
        {1.5e-5, "  15us", "  +15us"},     {0.5, " 500ms", " +500ms"},
        {9.9994, "9999ms", "+9999ms"},     {9.9996, " 10.0s", " +10.0s"},
        {123.45, "123.4s", "+123.4s"},     {999.6, " 1000s", " +1000s"},
        {99999.6, " 1667m", " +1667m"},    {6e6, " 1667h", " +1667h"},
        {3.6e8, " 4167d", " +4167d"},      {1e12, "31710y", "+31710y"},
    };
    char text[FORMAT_SIZE];
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        /* Values reach chronyc through the protocol's 25 bits. */
        double value = control_float_decode(control_float_encode(rows[i].value));
        assert_string_equal(format_offset(text, value, false), rows[i].magnitude);
        assert_string_equal(format_offset(text, value, true), rows[i].with_sign);
    }
}

static void frequencies_lose_their_decimals_when_they_are_huge(void **state) {
    char text[FORMAT_SIZE];
    (void)state;
    assert_string_equal(format_frequency(text, 0.0, true), "    +0.000");
    assert_string_equal(format_frequency(text, -0.0001, true), "    -0.000");
    assert_string_equal(format_frequency(text, 2000.0, false), "  2000.000");
    assert_string_equal(format_frequency(text, -99999.4, true), "-99999.400");
    assert_string_equal(format_frequency(text, 99999.6, true), "   +100000");
}

static void small_formats_follow_the_protocol(void **state) {
    char text[FORMAT_SIZE];
    (void)state;
    assert_string_equal(format_log2(text, 127), " -");
    assert_string_equal(format_log2(text, -5), "-5");
    assert_string_equal(format_reference_id(text, 0x47505300), "GPS");
    assert_string_equal(format_reference_id(text, 0x7f7f0101), "");
    assert_string_equal(format_reference_id(text, 0x1b5b324a), "[2J");
    assert_string_equal(format_timestamp(text, INT64_C(1795342491897911570)),
                        "1795342491.897911570");
    assert_string_equal(format_timestamp(text, 0), "0.000000000");
}

static void long_names_are_cut_with_a_mark(void **state) {
    char exact[] = "1234567890123456789012345", longer[] = "12345678901234567890123456";
    (void)state;
    format_cut_name(exact, 25);
    assert_string_equal(exact, "1234567890123456789012345");
    format_cut_name(longer, 25);
    assert_string_equal(longer, "123456789012345678901234>");
}

/* ---- reports ---- */

#define OUTPUT_SIZE 4096

/* What a report prints, caught from stdout. */
static const char *print_in(struct report_style style, const struct report *report,
                            const struct control_layout *layout, const void *record,
                            const char *name, char output[OUTPUT_SIZE]) {
    FILE *file = tmpfile();
    assert_non_null(file);
    fflush(stdout);
    int saved = dup(STDOUT_FILENO);
    dup2(fileno(file), STDOUT_FILENO);
    if (style.json)
        json_begin(style.json, "word");
    report_print(report, layout, record, name, style);
    if (style.json)
        json_end(style.json, true);
    fflush(stdout);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    rewind(file);
    output[fread(output, 1, OUTPUT_SIZE - 1, file)] = '\0';
    fclose(file);
    return output;
}

static const char *print(const struct report *report, const struct control_layout *layout,
                         const void *record, const char *name, bool csv, int extra,
                         char output[OUTPUT_SIZE]) {
    return print_in((struct report_style){.csv = csv, .extra = extra}, report, layout, record, name,
                    output);
}

static const char *print_json(const struct report *report, const struct control_layout *layout,
                              const void *record, const char *name, char output[OUTPUT_SIZE]) {
    struct json json;
    return print_in((struct report_style){.csv = true, .json = &json}, report, layout, record, name,
                    output);
}

static const struct control_tracking tracking = {
    .ref_id = 0x47505300,
    .stratum = 1,
    .ref_time = INT64_C(1795344175829268040),
    .current_correction = -0.00000282,
    .last_offset = 0.000000091,
    .rms_offset = 0.000000272,
    .freq_ppm = -0.0000001,
    .root_delay = 0.001,
    .root_dispersion = 0.000005632,
    .last_update_interval = 4.0,
};

static void tracking_has_its_thirteen_lines(void **state) {
    char output[OUTPUT_SIZE];
    (void)state;
    assert_string_equal(
        print(&report_tracking, &control_layout_tracking, &tracking, "GPS", false, 0, output),
        "Reference ID    : 47505300 (GPS)\n"
        "Stratum         : 1\n"
        "Ref time (UTC)  : Sun Nov 22 10:42:55 2026\n"
        "System time     : 0.000002820 seconds fast of NTP time\n"
        "Last offset     : +0.000000091 seconds\n"
        "RMS offset      : 0.000000272 seconds\n"
        "Frequency       : 0.000 ppm slow\n"
        "Residual freq   : +0.000 ppm\n"
        "Skew            : 0.000 ppm\n"
        "Root delay      : 0.001000000 seconds\n"
        "Root dispersion : 0.000005632 seconds\n"
        "Update interval : 4.0 seconds\n"
        "Leap status     : Normal\n");
    assert_string_equal(
        print(&report_tracking, &control_layout_tracking, &tracking, "GPS", true, 0, output),
        "47505300,GPS,1,1795344175.829268040,-0.000002820,0.000000091,0.000000272,-0.000,"
        "0.000,0.000,0.001000000,0.000005632,4.0,Normal\n");
}

static void zero_correction_is_fast_and_zero_frequency_slow(void **state) {
    static const struct control_tracking nothing = {.leap_status = 3};
    char output[OUTPUT_SIZE];
    (void)state;
    print(&report_tracking, &control_layout_tracking, &nothing, "", false, 0, output);
    assert_non_null(strstr(output, "System time     : 0.000000000 seconds fast of NTP time\n"));
    assert_non_null(strstr(output, "Frequency       : 0.000 ppm slow\n"));
    assert_non_null(strstr(output, "Reference ID    : 00000000 ()\n"));
    assert_non_null(strstr(output, "Leap status     : Not synchronised\n"));
}

static void a_source_is_one_row(void **state) {
    static const struct control_source_data source = {
        .poll = 2,
        .stratum = 1,
        .state = CONTROL_STATE_UNSELECTED_COMBINED,
        .reachability = 0377,
        .since_sample = 1,
        .latest_meas = 1.73e-6,
        .orig_latest_meas = -1.25e-3,
        .latest_meas_err = 0.0065,
    };
    static const struct control_source_data odd = {
        .mode = 9, .state = 9, .poll = -20, .since_sample = UINT32_MAX};
    char output[OUTPUT_SIZE];
    (void)state;
    assert_string_equal(
        print(&report_sources, &control_layout_source_data, &source, "ntp-b.example", false, 0,
              output),
        "^+ ntp-b.example                 1   2   377     1  +1730ns[-1250us] +/- 6500us\n");
    assert_string_equal(print(&report_sources, &control_layout_source_data, &source,
                              "ntp-b.example", false, 14, output),
                        "^+ ntp-b.example                               1   2   377     1  "
                        "+1730ns[-1250us] +/- 6500us\n");
    assert_string_equal(
        print(&report_sources, &control_layout_source_data, &source, "192.0.2.1", true, 0, output),
        "^,+,192.0.2.1,1,2,377,1,0.000001730,-0.001250000,0.006500000\n");
    assert_string_equal(
        print(&report_sources, &control_layout_source_data, &odd, "x", false, 0, output),
        "   x                             0  -20     0     -     +0ns[   +0ns] +/-    0ns\n");
}

static void options_are_five_letters_and_in_csv_five_fields(void **state) {
    static const struct control_select_data source = {
        .state_char = '*',
        .authentication = 1,
        .leap = 3,
        .conf_options = CONTROL_SELECT_NOSELECT | CONTROL_SELECT_TRUST,
        .eff_options = CONTROL_SELECT_REQUIRE,
        .last_sample_ago = 4,
        .score = 1.0,
        .lo_limit = -503e-6,
        .hi_limit = 497e-6,
    };
    char output[OUTPUT_SIZE];
    (void)state;
    assert_string_equal(
        print(&report_selectdata, &control_layout_select_data, &source, "GPS", false, 0, output),
        "* GPS                       Y N-T-- ---R-    4   1.0  -503us  +497us  ?\n");
    assert_string_equal(
        print(&report_selectdata, &control_layout_select_data, &source, "GPS", true, 0, output),
        "*,GPS,Y,N,-,T,-,-,-,-,-,R,-,4,1.0,-0.000503000,0.000497000,Not synchronised\n");
}

static void older_daemons_have_shorter_reports(void **state) {
    static const struct control_server_stats stats = {.ntp_hits = UINT64_C(5000000000),
                                                      .cmd_hits = 13};
    char output[OUTPUT_SIZE];
    (void)state;
    assert_string_equal(
        print(&report_serverstats, &control_layout_server_stats3, &stats, "", true, 0, output),
        "5000000000,0,13,0,0,0,0,0,0,0,0\n");
    assert_string_equal(
        print(&report_serverstats, &control_layout_server_stats4, &stats, "", true, 0, output),
        "5000000000,0,13,0,0,0,0,0,0,0,0,0,0,0,0,0,0\n");
}

static void ntpdata_names_tests_modes_and_powers(void **state) {
    static const struct control_ntp_data data = {
        .remote_addr = {.bytes = {203, 0, 113, 15}, .family = ADDRESS_IPV4},
        .local_addr = {.bytes = {0, 0, 0, 5}, .family = ADDRESS_ID},
        .remote_port = 123,
        .leap = 1,
        .version = 4,
        .mode = 4,
        .stratum = 2,
        .poll = 10,
        .precision = -24,
        .ref_id = 0x47505300,
        .jitter_asymmetry = -0.25,
        .flags = 0xc2a5,
        .tx_tss_char = 'D',
        .rx_tss_char = '?',
        .total_good_count = UINT32_MAX,
    };
    char output[OUTPUT_SIZE];
    (void)state;
    assert_string_equal(
        print(&report_ntpdata, &control_layout_ntp_data, &data, "", true, 0, output),
        "203.0.113.15,CB00710F,123,ID#0000000005,00000000,Insert second,4,Server,2,10,1024,-24,"
        "0.000000060,0.000000,0.000000,47505300,,0.000000000,0.000000000,0.000000000,0.000000000,"
        "0.000000000,-0.25,101,010,0101,Yes,Yes,Daemon,Invalid,0,0,0,4294967295\n");
    print(&report_ntpdata, &control_layout_ntp_data2, &data, "", false, 0, output);
    assert_non_null(
        strstr(output, "Remote address  : 203.0.113.15 (CB00710F)\nRemote port     : 123\n"));
    assert_non_null(strstr(output, "Poll interval   : 10 (1024 seconds)\n"));
    assert_non_null(strstr(
        output, "Reference ID    : 47505300 ()\nReference time  : Thu Jan 01 00:00:00 1970\n"));
    assert_non_null(strstr(output, "Jitter asymmetry: -0.25\nNTP tests       : 101 010 0101\n"));
    assert_non_null(strstr(output, "Total HW RX     : 0\n"));
}

static void smoothing_leaves_a_space_behind_yes(void **state) {
    static const struct control_smoothing active = {.flags = CONTROL_SMOOTHING_ACTIVE};
    static const struct control_smoothing leap = {.flags = CONTROL_SMOOTHING_ACTIVE |
                                                           CONTROL_SMOOTHING_LEAP_ONLY};
    char output[OUTPUT_SIZE];
    (void)state;
    print(&report_smoothing, &control_layout_smoothing, &active, "", false, 0, output);
    assert_memory_equal(output, "Active         : Yes \nOffset         : +0.000000000 seconds\n",
                        54);
    assert_string_equal(
        print(&report_smoothing, &control_layout_smoothing, &leap, "", true, 0, output),
        "Yes,(leap second only),0.000000000,0.000000,0.000000,0.0,0.0\n");
}

/* ---- dates ---- */

#define NOW INT64_C(1795342159) /* Sun 2026-11-22 10:09:19 UTC */

static void dates_are_read_as_chrony_reads_them(void **state) {
    static const struct {
        const char *text;
        int64_t seconds; /* -1: refused */
    } rows[] = {
        {"", 1795305600},
        {"12:00", 1795348800},
        {"4:30pm", 1795365000},
        {"12:30 am", 1795307400},
        {"Nov 21, 2015 16:30:05", 1448123405},
        {"21 Nov 2015 16:30", 1448123400},
        {"Nov 21, 15 16:30", 1448123400},
        {"2015-11-21 16:30:05", 1448123405},
        {"20151121 1630", 1448123400},
        {"11/21/2015 16:30", 1448123400},
        {"2015/11/21", 1448064000},
        {"21-nov-2015 16:30", 1448123400},
        {"Nov 21 2015", 1795292100}, /* at 20:15 this year */
        {"16:30 EST", 1795383000},
        {"16:30:05 -0500", 1795383005},
        {"16:30 +0200", 1795357819}, /* with the seconds of now */
        {"Sat Nov 21 16:30:05 UTC 2015", 1448123405},
        {"Sat, 21 Nov 2015 16:30:05 +0000", 1448123405},
        {"now", NOW},
        {"tomorrow", NOW + 86400},
        {"1 hour ago", NOW - 3600},
        {"+1 hour", NOW + 3600},
        {"next week", NOW + 7 * 86400},
        {"Monday", 1795392000},
        {"last friday", 1795132800},
        {"noon", -1},
        {"@1700000000", -1},
        {"12:00:00.5", -1},
        {"2015-11-21T16:30:05Z", -1},
        {"25:00", -1},
        {"13:00 pm", -1},
        {"10:00 11:00", -1},
        {"garbage", -1},
        {"99999999 years", -1},
        {"999999999999999999999", -1},
        {"1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", -1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t seconds = -1;
        if (!chronyc_parse_date(rows[i].text, NOW, &seconds))
            seconds = -1;
        if (seconds != rows[i].seconds)
            fail_msg("'%s' is %jd, not %jd", rows[i].text, (intmax_t)seconds,
                     (intmax_t)rows[i].seconds);
    }
}

/* ---- JSON ---- */

static void json_has_the_names_of_the_rows_and_numbers_as_numbers(void **state) {
    char output[OUTPUT_SIZE];
    (void)state;
    assert_string_equal(
        print_json(&report_tracking, &control_layout_tracking, &tracking, "GPS", output),
        "{\"command\":\"word\",\"report\":{\"name\":\"GPS\",\"ref_id\":\"47505300\","
        "\"ip_addr\":null,\"stratum\":1,\"leap_status\":\"Normal\","
        "\"ref_time\":1795344175.829268040,\"current_correction\":-0.000002820,"
        "\"last_offset\":0.000000091,\"rms_offset\":0.000000272,\"freq_ppm\":-0.000000100,"
        "\"resid_freq_ppm\":0.000000000,\"skew_ppm\":0.000000000,\"root_delay\":0.001000000,"
        "\"root_dispersion\":0.000005632,\"last_update_interval\":4.000000000},"
        "\"status\":200}\n");
}

static void json_has_words_for_enumerations_and_null_for_what_is_unknown(void **state) {
    char output[OUTPUT_SIZE];
    struct control_source_data source = {
        .state = CONTROL_STATE_FALSETICKER, .mode = 77, .poll = -7, .since_sample = CONTROL_NEVER};
    (void)state;
    print_json(&report_sources, &control_layout_source_data, &source, "a", output);
    assert_non_null(strstr(output, "\"poll\":-7,"));
    assert_non_null(strstr(output, "\"state\":\"falseticker\",\"mode\":\"unknown\""));
    assert_non_null(strstr(output, "\"since_sample\":null,"));

    struct control_ntp_data data = {.flags = CONTROL_NTP_AUTHENTICATED | CONTROL_NTP_TEST_D,
                                    .tx_tss_char = 'K'};
    print_json(&report_ntpdata, &control_layout_ntp_data, &data, NULL, output);
    assert_non_null(strstr(output, "\"flags\":[\"test D\",\"authenticated\"]"));
    assert_non_null(strstr(output, "\"tx_tss_char\":\"Kernel\",\"rx_tss_char\":\"Invalid\""));
    assert_null(strstr(output, "total_kernel_tx_ts"));

    struct control_select_data select = {
        .conf_options = 0xfff0 | CONTROL_SELECT_TRUST, .authentication = 1, .leap = 77};
    print_json(&report_selectdata, &control_layout_select_data, &select, "a", output);
    assert_non_null(strstr(output, "\"authentication\":true,\"leap\":\"Invalid\""));
    assert_non_null(strstr(output, "\"conf_options\":[\"trust\"],\"eff_options\":[]"));
}

static void json_escapes_every_byte_that_could_end_a_string(void **state) {
    char output[OUTPUT_SIZE];
    struct control_select_data data = {.state_char = '"'};
    (void)state;
    print_json(&report_selectdata, &control_layout_select_data, &data, "\"\\\n\x7f\xff", output);
    assert_non_null(strstr(output, "{\"name\":\"\\u0022\\u005c\\u000a\\u007f\\u00ff\","));
    assert_non_null(strstr(output, "\"state_char\":\"\\u0022\","));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intervals_change_their_unit_where_chrony_does),
        cmocka_unit_test(offsets_are_rounded_into_six_or_seven_columns),
        cmocka_unit_test(frequencies_lose_their_decimals_when_they_are_huge),
        cmocka_unit_test(small_formats_follow_the_protocol),
        cmocka_unit_test(long_names_are_cut_with_a_mark),
        cmocka_unit_test(tracking_has_its_thirteen_lines),
        cmocka_unit_test(zero_correction_is_fast_and_zero_frequency_slow),
        cmocka_unit_test(a_source_is_one_row),
        cmocka_unit_test(options_are_five_letters_and_in_csv_five_fields),
        cmocka_unit_test(older_daemons_have_shorter_reports),
        cmocka_unit_test(ntpdata_names_tests_modes_and_powers),
        cmocka_unit_test(smoothing_leaves_a_space_behind_yes),
        cmocka_unit_test(json_has_the_names_of_the_rows_and_numbers_as_numbers),
        cmocka_unit_test(json_has_words_for_enumerations_and_null_for_what_is_unknown),
        cmocka_unit_test(json_escapes_every_byte_that_could_end_a_string),
        cmocka_unit_test(dates_are_read_as_chrony_reads_them),
    };
    setenv("TZ", "UTC", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
