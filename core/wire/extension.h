/* The extension fields of NTP (RFC 7822) that both sides fill with 24 bytes: F323, chrony's
 * experiment with what NTPv5 is to have, and 010A, the network correction: how long the request
 * waited in switches, which a server learns from a PTP message around it. The answer's own wait
 * comes the same way; without PTP messages it is not known, and one way alone is not corrected.
 * chrony too applies corrections to nothing but hardware timestamps. */
#ifndef CHRONOBOX_WIRE_EXTENSION_H
#define CHRONOBOX_WIRE_EXTENSION_H

#include "core/wire/ntp.h"

#define EXTENSION_SIZE       28 /* bytes, with type and length */
#define EXTENSION_TYPE_F323  0xf323
#define EXTENSION_CORRECTION 0x010a

/* F323. A request's is zero. */
struct extension_clock {
    double root_delay, root_dispersion; /* s, to 4 ns instead of the header's 15 us */
    ntp_time_t monotonic_receive;       /* the receive stamp, had the clock never been corrected */
    uint32_t epoch; /* another one: the monotonic clock started anew; 0 = none */
};

/* Writes a field without content behind a packet; returns EXTENSION_SIZE. */
size_t extension_put(uint16_t type, uint8_t *bytes);

/* The F323 field of a packet that ntp_split has cut. False: there is none. */
bool extension_find_clock(const uint8_t *packet, const struct ntp_layout *layout,
                          struct extension_clock *clock);

#endif
