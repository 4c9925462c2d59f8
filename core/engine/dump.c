/* Measurements kept over a restart (dump.h), in chrony's format:
 *
 *     SRC0
 *     name
 *     authenticated reachability(octal) polls-counted stratum leap
 *     samples run-of-asymmetry
 *     time offset offset-as-measured delay dispersion root-delay root-dispersion      a line each
 *
 * the oldest sample first, offsets positive when the local clock is fast. */
#include "core/engine/dump.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/engine/handlers.h"
#include "core/engine/sources.h"

#define DUMP_SIZE  10240 /* 64 lines of 100, and four */
#define PATH_SIZE  512
#define START_TIME (60 * NS_PER_S) /* names resolved later find no file */
#define ABSURD     1e6
#define DIGITS     9 /* of a fraction of a second */
#define VALUES     6 /* behind a sample's time */
#define HEAD       "SRC0\n%s\n"
#define HEAD_SIZE  8

/* The numbers behind the name. */
enum {
    FIELD_AUTHENTICATED,
    FIELD_REACHABILITY,
    FIELD_POLLS,
    FIELD_STRATUM,
    FIELD_LEAP,
    FIELD_SAMPLES,
    FIELD_ASYMMETRY,
    FIELD_COUNT
};

static const char *path_of(const struct engine *engine, const struct source *source, char *path) {
    char address[ADDRESS_TEXT_SIZE];

    snprintf(path, PATH_SIZE, "%s/%s.dat", engine->config->dump_dir,
             address_format(&source->association.remote.address, address));
    return path;
}

static const char *name_of(const struct engine *engine, const struct source *source) {
    return engine->groups[source->group].config.name;
}

static bool dump_write(struct engine *engine, const struct source *source) {
    const struct association *association = &source->association;
    int count = association->filter != NULL ? filter_count(association->filter) : 0;
    char data[DUMP_SIZE], path[PATH_SIZE];
    struct sample sample;
    struct text text;

    if (count == 0)
        return true;
    text_init(&text, data, sizeof(data));
    text_printf(&text, HEAD "%d %o %d %d %d\n%d 0\n", name_of(engine, source),
                association->config.key != 0 || association->config.nts, association->reachability,
                association->reach_size, association->stratum, association->leap, count);
    for (int i = count - 1; i >= 0 && filter_sample(association->filter, i, &sample); i--) {
        int64_t second = ns_floor_seconds(sample.time);

        text_printf(&text, "%lld.%09lld %.6e %.6e %.6e %.6e %.6e %.6e\n", (long long)second,
                    (long long)(sample.time - second * NS_PER_S), 0.0 - sample.offset,
                    0.0 - sample.offset, sample.delay, sample.dispersion, sample.root_delay,
                    sample.root_dispersion);
    }
    return engine->host->replace_file(engine->host->context, path_of(engine, source, path), data,
                                      0644);
}

bool dump_write_all(struct engine *engine) {
    bool written = true;

    for (int i = 0; engine->config->dump_dir != NULL && i < engine->source_count; i++)
        written = dump_write(engine, engine->sources[i]) && written;
    return written;
}

void dump_leave(struct engine *engine) {
    if (engine->initial.running || engine->options.mode != ENGINE_DAEMON)
        return;
    sources_adjust(engine, engine_ntp(engine), 0.0,
                   0.0 - clock_remaining(&engine->clock, engine_clock(engine)));
    dump_write_all(engine);
}

/* Numbers stand between white space of any kind: strtol and strtod go from one to the next. */
static bool take_sample(char **at, struct sample *sample) {
    double values[VALUES];
    int64_t seconds = strtoll(*at, at, 10), nanoseconds;
    char *number = *at + 1;

    if (**at != '.' || seconds < 0 || seconds > INT64_MAX / NS_PER_S - 1)
        return false;
    nanoseconds = strtoll(number, at, 10);
    if (*at != number + DIGITS)
        return false;
    for (int i = 0; i < VALUES; i++) {
        number = *at;
        values[i] = strtod(number, at);
        if (*at == number || !(fabs(values[i]) < ABSURD))
            return false;
    }
    *sample = (struct sample){
        seconds * NS_PER_S + nanoseconds, -values[0], values[2], values[3], values[4], values[5]};
    return true;
}

static bool take_samples(struct engine *engine, struct filter *filter, char *at, long count) {
    ns_t now = engine_ntp(engine);
    struct sample sample;

    if (count < 1 || count > TRACK_MAX_SAMPLES)
        return false;
    while (count-- > 0) {
        if (!take_sample(&at, &sample) || sample.time > now || !filter_add_sample(filter, &sample))
            return false;
    }
    return true;
}

static bool dump_load(struct engine *engine, struct source *source, char *at) {
    struct association *association = &source->association;
    bool needs_authentication = association->config.key != 0 || association->config.nts;
    char head[CONFIG_MAX_NAME + HEAD_SIZE];
    long fields[FIELD_COUNT];
    int length = snprintf(head, sizeof(head), HEAD, name_of(engine, source));

    if (strncmp(at, head, (size_t)length) != 0)
        return false;
    at += length;
    for (int i = 0; i < FIELD_COUNT; i++)
        fields[i] = strtol(at, &at, i == FIELD_REACHABILITY ? 8 : 10);
    if ((needs_authentication && fields[FIELD_AUTHENTICATED] == 0) ||
        (unsigned long)fields[FIELD_STRATUM] >= NTP_MAX_STRATUM ||
        (unsigned long)fields[FIELD_LEAP] >= NTP_LEAP_UNSYNCHRONISED ||
        (unsigned long)fields[FIELD_POLLS] > 8 ||
        !take_samples(engine, association->filter, at, fields[FIELD_SAMPLES]))
        return false;
    association->reachability = (uint8_t)fields[FIELD_REACHABILITY];
    association->reach_size = (int)fields[FIELD_POLLS];
    association->stratum = (int)fields[FIELD_STRATUM];
    association->leap = (int)fields[FIELD_LEAP];
    return true;
}

void dump_take(struct engine *engine, struct source *source) {
    char data[DUMP_SIZE], path[PATH_SIZE], name[ADDRESS_TEXT_SIZE];

    if (engine->config->dump_dir == NULL || engine->initial.running ||
        engine_monotonic(engine) - engine->started > START_TIME)
        return;
    path_of(engine, source, path);
    if (engine->options.reload_dumps &&
        engine->host->read_file(engine->host->context, path, data, sizeof(data)) >= 0) {
        address_format(&source->association.remote.address, name);
        if (dump_load(engine, source, data)) {
            log_info(engine_log(engine), "Loaded dump file for %s", name);
        } else {
            log_warning(engine_log(engine), "Could not load dump file for %s", name);
            filter_reset(source->association.filter);
        }
    }
    if (engine->options.mode == ENGINE_DAEMON)
        engine->host->remove_file(engine->host->context, path);
}

enum control_status action_dump(struct engine *engine, const union control_payload *arguments,
                                union control_payload *results) {
    (void)arguments;
    (void)results;
    return dump_write_all(engine) ? CONTROL_SUCCESS : CONTROL_FAILED;
}
