/* The bytes of extension fields (extension.h): type, length, and for F323 a number that says that
 * it is chrony's, then 4.28 fixed point twice, a timestamp and the epoch. */
#include "core/wire/extension.h"

#include <string.h>

#include "core/base/bytes.h"

#define MAGIC          0xf5bedd9aU
#define PRECISE_SECOND 268435456.0 /* 2^28 */

size_t extension_put(uint16_t type, uint8_t *bytes) {
    memset(bytes, 0, EXTENSION_SIZE);
    put_be16(bytes, type);
    put_be16(bytes + 2, EXTENSION_SIZE);
    if (type == EXTENSION_TYPE_F323)
        put_be32(bytes + 4, MAGIC);
    return EXTENSION_SIZE;
}

bool extension_find_clock(const uint8_t *packet, const struct ntp_layout *layout,
                          struct extension_clock *clock) {
    const uint8_t *field = packet + NTP_HEADER_SIZE, *end = field + layout->extensions_length;

    for (; field < end; field += get_be16(field + 2)) {
        if (get_be16(field) != EXTENSION_TYPE_F323 || get_be16(field + 2) != EXTENSION_SIZE ||
            get_be32(field + 4) != MAGIC)
            continue;
        clock->root_delay = get_be32(field + 8) / PRECISE_SECOND;
        clock->root_dispersion = get_be32(field + 12) / PRECISE_SECOND;
        clock->monotonic_receive = get_be64(field + 16);
        clock->epoch = get_be32(field + 24);
        return true;
    }
    return false;
}
