/* Lists of leap seconds (leap_list.h). TZif counts the leap seconds themselves ("right" time); a
 * record's correction taken off leads to the second before the new day begins, or to the day. */
#include "core/wire/leap_list.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/base/time.h"

#define SECONDS_1900 INT64_C(2208988800) /* from 1900 to 1970 */
#define DAY          86400
#define TAI_BASE     10 /* TAI - UTC before the first leap second */
#define ZONE_HEADER  44
#define ZONE_COUNTS  20
#define ZONE_TYPE    6

#define SANE_WITH       INT64_C(1341014400) /* 2012-06-30 */
#define SANE_WITHOUT    INT64_C(1356912000) /* 2012-12-31 */
#define SANE_TAI_BEFORE 34
#define FURTHEST_TIME   (INT64_C(1) << 40) /* s */
#define FURTHEST_TAI    10000              /* s */

static bool is_within(int64_t value, int64_t limit) {
    return value >= -limit && value <= limit;
}

/* Of an absurd value it is not asked what it would do to sums. */
static bool add(struct leap_list *list, int64_t from, int64_t tai) {
    if (list->count == LEAP_LIST_MAX || !is_within(from, FURTHEST_TIME) ||
        !is_within(tai, FURTHEST_TAI))
        return false;
    list->entries[list->count++] = (struct leap_list_entry){from, (int)tai};
    return true;
}

/* One line: `$N` update, `@N` expiry, other comments, or `NTP-seconds offset`. */
static bool take_line(const char *line, struct leap_list *list, bool *updated) {
    bool comment = *line == '#';
    char kind = comment ? line[1] : ' ', *end;
    uint64_t number = (uint64_t)strtoll(comment && kind != '\0' ? line + 2 : line, &end, 10);
    int64_t seconds = (int64_t)(number - SECONDS_1900); /* wraps where it is absurd */

    if (kind == '$')
        *updated = true;
    else if (kind == '@')
        list->expires = seconds;
    else if (!comment && *line > ' ')
        return end > line && add(list, seconds, strtol(end, NULL, 10));
    return true;
}

bool leap_list_parse(const char *text, struct leap_list *list) {
    bool updated = false;

    list->count = 0;
    list->expires = 0;
    while (*text != '\0') {
        if (!take_line(text, list, &updated))
            return false;
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    return updated && list->expires != 0;
}

/* The bytes of a block's data before its leap records, with times of `width` bytes. */
static size_t before_leaps(const uint8_t *header, size_t width) {
    const uint8_t *counts = header + ZONE_COUNTS;

    return get_be32(counts + 12) * (width + 1) + get_be32(counts + 16) * (size_t)ZONE_TYPE +
           get_be32(counts + 20);
}

static bool is_header(const uint8_t *bytes, size_t length) {
    return length >= ZONE_HEADER && memcmp(bytes, "TZif", 4) == 0;
}

bool leap_list_parse_zone(const uint8_t *bytes, size_t length, struct leap_list *list) {
    size_t width = 4, offset, count;

    list->count = 0;
    list->expires = 0;
    if (!is_header(bytes, length))
        return false;
    if (bytes[4] >= '2') {
        /* The 32-bit block is passed over; behind it the same again with 64 bits. */
        offset = ZONE_HEADER + before_leaps(bytes, width) +
                 get_be32(bytes + ZONE_COUNTS + 8) * (size_t)(width + 4) +
                 get_be32(bytes + ZONE_COUNTS) + get_be32(bytes + ZONE_COUNTS + 4);
        if (offset > length || !is_header(bytes + offset, length - offset))
            return false;
        bytes += offset;
        length -= offset;
        width = 8;
    }
    offset = ZONE_HEADER + before_leaps(bytes, width);
    count = get_be32(bytes + ZONE_COUNTS + 8);
    if (offset > length || count > (length - offset) / (width + 4))
        return false;
    for (bytes += offset; count > 0; count--, bytes += width + 4) {
        int64_t correction = (int32_t)get_be32(bytes + width);
        int64_t time = width == 8 ? (int64_t)get_be64(bytes) : (int32_t)get_be32(bytes);

        if (!is_within(time, FURTHEST_TIME) ||
            !add(list, (time - correction + DAY / 2) / DAY * DAY, TAI_BASE + correction))
            return false;
    }
    return true;
}

static int tai_at(const struct leap_list *list, int64_t unix_seconds) {
    int tai = TAI_BASE;

    for (int i = 0; i < list->count && list->entries[i].from <= unix_seconds; i++)
        tai = list->entries[i].tai;
    return tai;
}

struct leap_day leap_list_day(const struct leap_list *list, int64_t unix_seconds) {
    int64_t day = unix_seconds / DAY * DAY;
    struct leap_day result = {tai_at(list, day), NTP_LEAP_NONE};
    int change = tai_at(list, day + DAY) - result.tai;

    /* More than one second: a list that was cut at the start (TZif version 4). */
    if (change == 1)
        result.leap = NTP_LEAP_INSERT;
    else if (change == -1)
        result.leap = NTP_LEAP_DELETE;
    return result;
}

bool leap_list_is_sane(const struct leap_list *list) {
    struct leap_day with = leap_list_day(list, SANE_WITH);
    struct leap_day without = leap_list_day(list, SANE_WITHOUT);

    return with.leap == NTP_LEAP_INSERT && with.tai == SANE_TAI_BEFORE &&
           without.leap == NTP_LEAP_NONE && without.tai == SANE_TAI_BEFORE + 1;
}

bool leap_list_day_allowed(int64_t unix_seconds) {
    struct calendar next = calendar_from_unix(unix_seconds + DAY);

    return next.day == 1 && (next.month == 1 || next.month == 7);
}
