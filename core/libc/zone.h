/* Time zones, for calendar.c. Private to core/libc. */
#ifndef CHRONOBOX_LIBC_ZONE_H
#define CHRONOBOX_LIBC_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a clock on the wall shows. */
struct local_time {
    int32_t offset; /* s east of Greenwich */
    bool is_dst;
    const char *name; /* until the next call */
};

/* By the zone that the environment's TZ names, at `time` (unix seconds): a POSIX string, or the
 * name of a zone file (RFC 8536, version 2 or later); /etc/localtime without TZ; else UTC. */
struct local_time compact_local_time(int64_t time);

#endif
