/* chrony's control protocol, version 6: headers, scalar encodings, and the tables of commands and
 * reply fields. Layouts: control_fields.h; numbers: control_commands.h. Both sides, CSV and JSON
 * come from the same rows. */
#ifndef CHRONOBOX_WIRE_CONTROL_H
#define CHRONOBOX_WIRE_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/address.h"
#include "core/base/time.h"

#define CONTROL_PORT           323
#define CONTROL_VERSION        6
#define CONTROL_REQUEST_HEADER 20
#define CONTROL_REPLY_HEADER   28
#define CONTROL_MAX_REQUEST    860
#define CONTROL_MAX_REPLY      520

enum control_type {
    CONTROL_U8,
    CONTROL_I8,
    CONTROL_CHAR,
    CONTROL_U16,
    CONTROL_I16,
    CONTROL_U32,
    CONTROL_I32,
    CONTROL_U64,
    CONTROL_FLOAT,   /* double in memory */
    CONTROL_TIME,    /* ns_t in memory; 0 is "not set", and NS_UNKNOWN is sent as that */
    CONTROL_ADDRESS, /* struct address in memory */
    CONTROL_BYTES,   /* uint8_t[length] (or char) in memory and on the wire */
    CONTROL_LOW32,   /* uint64_t in memory, its low half on the wire */
    CONTROL_SAMPLES, /* array of struct control_manual_list_sample */
    CONTROL_CLIENTS, /* array of struct control_client_access */
    CONTROL_HISTORY, /* array of struct control_history_sample */
    CONTROL_ZEROES,  /* padding, no member */
    CONTROL_ONES,    /* padding, no member */
};

/* What the number of a field counts or means. */
enum control_unit {
    CONTROL_UNIT_NONE,
    CONTROL_UNIT_SECONDS, /* of an instant: since 1970 */
    CONTROL_UNIT_LOG2,    /* of seconds */
    CONTROL_UNIT_PPM,
    CONTROL_UNIT_PPM_PER_SECOND,
    CONTROL_UNIT_BITS,
    CONTROL_UNIT_BYTES,
    CONTROL_UNIT_REGISTER, /* a bit for each of the last 8 polls, the last one is the lowest */
    CONTROL_UNIT_REFERENCE_ID,
    /* One of several words; */
    CONTROL_UNIT_YES_NO,
    CONTROL_UNIT_LEAP,
    CONTROL_UNIT_SOURCE_MODE,
    CONTROL_UNIT_SOURCE_STATE,
    CONTROL_UNIT_NTP_MODE,
    CONTROL_UNIT_AUTH_MODE,
    CONTROL_UNIT_TIMESTAMPING, /* their first letter */
    /* ... a word for each bit. */
    CONTROL_UNIT_SELECT_OPTIONS,
    CONTROL_UNIT_NTP_FLAGS,
    CONTROL_UNIT_SMOOTHING_FLAGS,
};

/* One row: how a member of a struct travels, and what it means to whoever prints it. Its name is in
 * the lists of control_fields.h. */
struct control_field {
    uint16_t offset; /* of the member in its struct */
    uint16_t length; /* on the wire */
    uint8_t type;    /* enum control_type */
    uint8_t unit;    /* enum control_unit */
};

/* One message layout: the rows and the sum of their lengths. */
struct control_layout {
    const struct control_field *fields;
    uint16_t count;
    uint16_t length; /* payload bytes on the wire, pads included */
};

/* Writes / reads the payload row by row. `to` and `from` hold layout->length bytes. Encoding fills
 * pads, decoding skips them. Whatever the bytes, addresses come out of a known family (else
 * ADDRESS_NONE) with unused bytes zero, times within ns_t, numbers finite. */
void control_encode(const struct control_layout *layout, const void *structure, uint8_t *to);
void control_decode(const struct control_layout *layout, const uint8_t *from, void *structure);

/* ADD_SOURCE2 (chrony 4.9) has its own bits for address families and extension fields. */
static inline uint32_t control_add_flags_narrow(uint32_t flags) {
    return (flags & 0x7ff) | (flags & 0x1800) << 2 | (flags & 0x10000) >> 4 | flags >> 31 << 11;
}

static inline uint32_t control_add_flags_widen(uint32_t flags) {
    return (flags & 0x7ff) | (flags & 0x6000) >> 2 | (flags & 0x1000) << 4 | (flags & 0x800) << 20;
}

/* The protocol's 32-bit numbers: 7 bits of signed exponent, 25 of signed coefficient, no hidden
 * bit. NaN becomes 0, what is too large +-4.6e18, what is too small 0; the relative error is at
 * most 2^-23. */
uint32_t control_float_encode(double value);
double control_float_decode(uint32_t word);

#define CONTROL_TYPE_REQUEST 1
#define CONTROL_TYPE_REPLY   2

struct control_request {
    uint8_t version, type;
    uint16_t command, attempt;
    uint32_t sequence;
};

struct control_reply {
    uint8_t version, type;
    uint16_t command, reply, status;
    uint32_t sequence;
};

/* The headers; decode is false when shorter than that or when the reserved bytes are not zero. */
bool control_request_decode(const uint8_t *bytes, size_t length, struct control_request *request);
void control_request_encode(const struct control_request *request,
                            uint8_t bytes[CONTROL_REQUEST_HEADER]);
bool control_reply_decode(const uint8_t *bytes, size_t length, struct control_reply *reply);
void control_reply_encode(const struct control_reply *reply, uint8_t bytes[CONTROL_REPLY_HEADER]);

enum control_status {
    CONTROL_SUCCESS,
    CONTROL_FAILED,
    CONTROL_UNAUTHORISED,
    CONTROL_INVALID,
    CONTROL_NO_SUCH_SOURCE,
    CONTROL_INVALID_TIMESTAMP,
    CONTROL_NOT_ENABLED,
    CONTROL_BAD_SUBNET,
    CONTROL_ACCESS_ALLOWED,
    CONTROL_ACCESS_DENIED,
    CONTROL_NO_HOST_ACCESS,
    CONTROL_SOURCE_KNOWN,
    CONTROL_TOO_MANY_SOURCES,
    CONTROL_NO_RTC,
    CONTROL_BAD_RTC_FILE,
    CONTROL_INACTIVE,
    CONTROL_BAD_SAMPLE,
    CONTROL_INVALID_FAMILY,
    CONTROL_BAD_VERSION,
    CONTROL_BAD_LENGTH,
    CONTROL_UNUSED_20,
    CONTROL_INVALID_NAME,
};

#include "core/wire/control_commands.h" /* enum control_command, table of commands */
#include "core/wire/control_fields.h"   /* struct control_* for each payload, control_layout_* */

#endif
