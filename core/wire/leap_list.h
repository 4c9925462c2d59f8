/* When leap seconds were and will be: the file leap-seconds.list of NIST and IERS, and the leap
 * records of a time zone file (TZif, RFC 9636), into one table. */
#ifndef CHRONOBOX_WIRE_LEAP_LIST_H
#define CHRONOBOX_WIRE_LEAP_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/wire/ntp.h"

#define LEAP_LIST_MAX       64        /* leap seconds; there were 27 in the first 50 years */
#define LEAP_LIST_FILE_SIZE (1 << 15) /* bytes of either file */

struct leap_list {
    int count;
    int64_t expires; /* Unix s; 0 = not said */
    struct leap_list_entry {
        int64_t from; /* Unix s: the midnight behind the leap second */
        int tai;      /* TAI - UTC from then on, s */
    } entries[LEAP_LIST_MAX];
};

/* leap-seconds.list. False: no update or expiry line, or a data line that is none. */
bool leap_list_parse(const char *text, struct leap_list *list);

/* A time zone file with leap seconds ("right/"). False: not such a file. */
bool leap_list_parse_zone(const uint8_t *bytes, size_t length, struct leap_list *list);

/* What the list says of the UTC day that `unix_seconds` is in. */
struct leap_day {
    int tai;            /* TAI - UTC, s */
    enum ntp_leap leap; /* what its end brings */
};
struct leap_day leap_list_day(const struct leap_list *list, int64_t unix_seconds);

/* Whether the list knows what everybody knows of the year 2012. */
bool leap_list_is_sane(const struct leap_list *list);

/* The last day of June or December: the only ones whose end has had a leap second. */
bool leap_list_day_allowed(int64_t unix_seconds);

#endif
