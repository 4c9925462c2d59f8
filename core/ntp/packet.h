/* A datagram on its way through the core, with where it came from and when. */
#ifndef CHRONOBOX_NTP_PACKET_H
#define CHRONOBOX_NTP_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/address.h"
#include "core/base/time.h"

/* Who took a timestamp; the letters of measurements.log and ntpdata. */
enum timestamp_source { TIMESTAMP_DAEMON = 'D', TIMESTAMP_KERNEL = 'K', TIMESTAMP_HARDWARE = 'H' };

struct timestamp {
    ns_t time; /* system clock (CLOCK_REALTIME), as read, uncorrected */
    enum timestamp_source source;
};

struct packet {
    int socket;             /* the host's handle */
    struct endpoint remote; /* family NONE for a Unix socket */
    struct address local; /* address it was sent to; family NONE = not known, the kernel chooses */
    int interface;        /* index, for link-local replies; 0 = any */
    const char *path;     /* Unix socket of the peer, opaque; NULL for IP */
    const uint8_t *bytes;
    size_t length;
    struct timestamp received;
    bool report_sent; /* the kernel shall say when it left: engine_sent() */
};

#endif
