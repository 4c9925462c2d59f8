/* The C library's calendar, on that of core/base/time.h and the zones of zone.h. */
#include "core/base/time.h"
#include "core/libc/compact.h"
#include "core/libc/zone.h"

#define SECONDS_PER_DAY 86400
#define FIRST_YEAR      1900

static void fill(struct tm *fields, time_t time, const struct local_time *local) {
    int64_t shown = time + local->offset;
    struct calendar date = calendar_from_unix(shown);
    struct calendar new_year = {.year = date.year, .month = 1, .day = 1};

    *fields = (struct tm){
        .tm_sec = date.second,
        .tm_min = date.minute,
        .tm_hour = date.hour,
        .tm_mday = date.day,
        .tm_mon = date.month - 1,
        .tm_year = (int)(date.year - FIRST_YEAR),
        .tm_wday = date.weekday,
        .tm_yday = (int)((shown - calendar_to_unix(&new_year)) / SECONDS_PER_DAY),
        .tm_isdst = local->is_dst,
        .tm_gmtoff = local->offset,
        .tm_zone = local->name,
    };
}

struct tm *COMPACT(localtime_r)(const time_t *time, struct tm *fields) {
    struct local_time local = compact_local_time(*time);

    fill(fields, *time, &local);
    return fields;
}

struct tm *COMPACT(localtime)(const time_t *time) {
    static struct tm fields;

    return COMPACT(localtime_r)(time, &fields);
}

time_t COMPACT(timegm)(struct tm *fields) {
    static const struct local_time utc = {0, false, "UTC"};
    int month = fields->tm_mon % 12, years = fields->tm_mon / 12;
    struct calendar date;
    time_t time;

    if (month < 0) {
        month += 12;
        years--;
    }
    date = (struct calendar){
        .year = (int64_t)fields->tm_year + FIRST_YEAR + years,
        .month = month + 1,
        .day = fields->tm_mday,
        .hour = fields->tm_hour,
        .minute = fields->tm_min,
        .second = fields->tm_sec,
    };
    time = calendar_to_unix(&date);
    fill(fields, time, &utc);
    return time;
}

/* An hour that is shown twice is the first unless tm_isdst says otherwise; in an hour that is
 * passed over, the clock has not been changed yet. */
time_t COMPACT(mktime)(struct tm *fields) {
    int is_dst = fields->tm_isdst;
    time_t shown = COMPACT(timegm)(fields);
    int32_t before = compact_local_time(shown - SECONDS_PER_DAY).offset,
            after = compact_local_time(shown + SECONDS_PER_DAY).offset;
    time_t time = shown - before;
    struct local_time local = compact_local_time(time);

    if (compact_local_time(shown - after).offset == after &&
        (local.offset != before || (is_dst >= 0 && local.is_dst != (is_dst > 0))))
        time = shown - after;
    COMPACT(localtime_r)(&time, fields);
    return time;
}
