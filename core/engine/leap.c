/* Leap seconds (leap.h). What is announced counts on the last day of June and December alone; a
 * list says it where the sources do not. True time leaps at `instant`, and the NTP clock with it;
 * the system clock is moved by the kernel or by us, or follows by a slew. */
#include "core/engine/leap.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/engine/reference.h"
#include "core/engine/smoothing.h"

#define DAY         (86400 * NS_PER_S)
#define REREAD      (DAY / 2)       /* the list may be replaced while we run */
#define CLOSE       (5 * NS_PER_S)  /* before and after */
#define EARLY       (60 * NS_PER_S) /* longer waits end a little early and are measured again */
#define EARLY_SHARE 64
#define JUMP_ERROR  0.1 /* s: how well the kernel's own leap is recognised */
#define ZONES       "/usr/share/zoneinfo/"
#define MAX_PATH    512

/* Reads one of the two files into leap->list; false: not usable, which is logged. */
static bool read_list(struct engine *engine, const char *name, bool zone) {
    struct leap_list *list = engine->leap.list;
    char path[MAX_PATH], *bytes = malloc(LEAP_LIST_FILE_SIZE);
    const struct log *log = engine_log(engine);
    long length = -1;
    bool valid = false;

    snprintf(path, sizeof(path), "%s%s", zone ? ZONES : "", name);
    if (bytes != NULL)
        length = engine->host->read_file(engine->host->context, path, bytes, LEAP_LIST_FILE_SIZE);
    if (length >= 0)
        valid = zone ? leap_list_parse_zone((const uint8_t *)bytes, (size_t)length, list)
                     : leap_list_parse(bytes, list);
    free(bytes);
    if (!zone && !valid)
        log_error(log, "Failed to %s leap seconds list %s", length < 0 ? "open" : "parse", name);
    if (valid && leap_list_is_sane(list))
        return true;
    log_warning(log, "%s %s failed %scheck, ignoring", zone ? "Timezone" : "Leap second list", name,
                zone ? "leap second " : "");
    return false;
}

static void load(struct engine *engine, bool first) {
    const struct config *config = engine->config;
    struct leap *leap = &engine->leap;
    const char *file = config->leap_seconds_list, *zone = config->leap_seconds_timezone;

    leap->list_read = engine_monotonic(engine);
    if (file == NULL && zone == NULL)
        return;
    if (leap->list == NULL && (leap->list = calloc(1, sizeof(*leap->list))) == NULL)
        return;
    if (file != NULL && read_list(engine, file, false)) {
        if (ns_floor_seconds(engine_clock(engine)) > leap->list->expires)
            log_warning(engine_log(engine), "Leap second list %s needs update", file);
        if (first)
            log_info(engine_log(engine), "Using leap second list %s", file);
    } else if (zone != NULL && read_list(engine, zone, true)) {
        if (first)
            log_info(engine_log(engine), "Using %s timezone to obtain leap second data", zone);
    } else {
        leap->list->count = 0;
    }
}

static struct leap_day look_up(const struct leap *leap, int64_t unix_seconds) {
    struct leap_day day = {0, NTP_LEAP_NONE};

    if (leap->list != NULL && leap->list->count > 0)
        day = leap_list_day(leap->list, unix_seconds);
    return day;
}

/* The next thing to do: the leap second, the end of it, or to read the list again. */
static void schedule(struct engine *engine) {
    const struct leap *leap = &engine->leap;
    ns_t now = engine_monotonic(engine), next = leap->list_read + REREAD;

    if (leap->began != NS_NEVER) {
        next = leap->began + CLOSE;
    } else if (leap->coming != NTP_LEAP_NONE) {
        ns_t wait = leap->instant - engine_ntp(engine);

        next = now + (wait > EARLY ? wait - wait / EARLY_SHARE : wait);
    } else if (leap->list == NULL) {
        next = NS_NEVER;
    }
    engine->timers[TIMER_LEAP] = next;
}

void leap_init(struct engine *engine) {
    struct leap *leap = &engine->leap;

    leap->began = NS_NEVER;
    leap->mode = engine->config->leap_second_mode;
    if (leap->mode == LEAP_MODE_SYSTEM && !engine->host->clock_control)
        leap->mode = LEAP_MODE_STEP;
    load(engine, true);
    schedule(engine);
}

void leap_free(struct engine *engine) {
    free(engine->leap.list);
}

enum ntp_leap leap_update(struct engine *engine, enum ntp_leap announced, ns_t now) {
    struct leap *leap = &engine->leap;
    int64_t seconds = ns_floor_seconds(now);

    if (leap->began != NS_NEVER)
        return NTP_LEAP_NONE;
    leap->coming = announced != NTP_LEAP_NONE ? announced : look_up(leap, seconds).leap;
    if (announced == NTP_LEAP_UNSYNCHRONISED || !leap_list_day_allowed(seconds))
        leap->coming = NTP_LEAP_NONE;
    leap->instant = (now / DAY + 1) * DAY - (leap->coming == NTP_LEAP_DELETE ? NS_PER_S : 0);
    schedule(engine);
    return leap->coming;
}

void leap_fill_status(struct engine *engine, struct clock_status *status) {
    struct leap *leap = &engine->leap;
    bool by_kernel = leap->mode == LEAP_MODE_SYSTEM;
    enum ntp_leap wanted = by_kernel ? leap->coming : NTP_LEAP_NONE;
    int tai = by_kernel ? look_up(leap, ns_floor_seconds(engine_ntp(engine))).tai : 0;

    if (wanted != leap->told)
        log_info(engine_log(engine), "System clock status %s leap second",
                 wanted == NTP_LEAP_INSERT   ? "set to insert"
                 : wanted == NTP_LEAP_DELETE ? "set to delete"
                 : leap->began != NS_NEVER   ? "reset after"
                                             : "set to not insert/delete");
    if (tai != leap->told_tai && tai != 0)
        log_info(engine_log(engine), "System clock TAI offset set to %d seconds", tai);
    leap->told = wanted;
    leap->told_tai = tai;
    status->tai_offset = tai;
    status->leap = (enum clock_leap)wanted;
}

/* s that true time gains. */
static double change_of(const struct leap *leap) {
    return leap->coming == NTP_LEAP_INSERT ? -1.0 : 1.0;
}

static void begin(struct engine *engine) {
    struct leap *leap = &engine->leap;
    const struct log *log = engine_log(engine);
    double change = change_of(leap);

    leap->began = engine_monotonic(engine);
    if (engine->reference.synchronised)
        engine->reference.leap = NTP_LEAP_NONE;
    switch (leap->mode) {
    case LEAP_MODE_STEP:
        if (!leap->made && !clock_leap(&engine->clock, change, true))
            log_error(log, "Could not step system clock");
        leap->made = true;
        log_warning(log, "System clock was stepped for leap second");
        break;
    case LEAP_MODE_SLEW:
        log_warning(log, "Adjusting system clock for leap second");
        smoothing_leap(engine, change);
        clock_adjust(&engine->clock, 0.0, change, 0.0, 1.0);
        break;
    case LEAP_MODE_IGNORE:
        log_warning(log, "Ignoring leap second");
        break;
    default: /* the kernel does it */
        break;
    }
}

static void end(struct engine *engine) {
    struct leap *leap = &engine->leap;

    /* The kernel did not do what it was told. */
    if (leap->mode == LEAP_MODE_SYSTEM && !leap->made)
        clock_adjust(&engine->clock, 0.0, change_of(leap), 0.0, 1.0);
    leap->made = false;
    leap->coming = NTP_LEAP_NONE;
    reference_tell_kernel(engine);
    leap->began = NS_NEVER;
}

void leap_run(struct engine *engine, ns_t now) {
    struct leap *leap = &engine->leap;
    ns_t late = engine_ntp(engine) - leap->instant;

    if (leap->began != NS_NEVER)
        end(engine);
    else if (late > CLOSE)
        leap->coming = NTP_LEAP_NONE; /* the clock was moved past it */
    else if (leap->coming != NTP_LEAP_NONE && late >= 0)
        begin(engine);
    if (now - leap->list_read >= REREAD)
        load(engine, false);
    schedule(engine);
}

bool leap_is_close(const struct engine *engine) {
    const struct leap *leap = &engine->leap;

    return leap->coming != NTP_LEAP_NONE &&
           (leap->began != NS_NEVER || leap->instant - engine_ntp(engine) < CLOSE);
}

bool leap_explains(struct engine *engine, double jump) {
    struct leap *leap = &engine->leap;

    if (!leap_is_close(engine) || leap->made || leap->mode == LEAP_MODE_SLEW ||
        fabs(jump - change_of(leap)) > JUMP_ERROR)
        return false;
    leap->made = true;
    if (leap->began == NS_NEVER)
        begin(engine);
    clock_leap(&engine->clock, jump, false);
    schedule(engine);
    return true;
}

enum ntp_leap leap_served(const struct engine *engine, enum ntp_leap announced) {
    const struct leap *leap = &engine->leap;

    if (leap->began != NS_NEVER && leap->coming == NTP_LEAP_INSERT &&
        engine_monotonic(engine) - leap->began < NS_PER_S)
        return NTP_LEAP_UNSYNCHRONISED;
    return leap->mode == LEAP_MODE_SLEW && announced != NTP_LEAP_UNSYNCHRONISED ? NTP_LEAP_NONE
                                                                                : announced;
}
