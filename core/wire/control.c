/* The codec of the control protocol: headers, scalars, and payloads walked row by row. Rows come
 * from our own tables, bytes from anyone: the length of every read and write is the row's. */
#include "core/wire/control.h"

#include <string.h>

#include "core/base/bytes.h"

/* Seconds travel in two halves; this upper half says that the sender has only the lower one. */
#define NO_UPPER_SECONDS UINT32_C(0x7fffffff)

#define FLOAT_EXPONENT_MAX     63
#define FLOAT_EXPONENT_MIN     (-64)
#define FLOAT_COEFFICIENT_BITS 25
#define FLOAT_COEFFICIENT_MASK ((UINT32_C(1) << FLOAT_COEFFICIENT_BITS) - 1)
#define FLOAT_COEFFICIENT_SIGN (UINT32_C(1) << (FLOAT_COEFFICIENT_BITS - 1))

/* IEEE 754 binary64 */
#define DOUBLE_MANTISSA_BITS 52
#define DOUBLE_IMPLICIT_BIT  (UINT64_C(1) << DOUBLE_MANTISSA_BITS)
#define DOUBLE_EXPONENT_MASK 0x7ff
#define DOUBLE_BIAS          1023

/* Integers travel with the width that they have in memory, so signs need no care. */
static void put_integer(const uint8_t *member, size_t length, uint8_t *to) {
    uint16_t half;
    uint32_t word;
    uint64_t both;

    switch (length) {
    case 1:
        *to = *member;
        break;
    case 2:
        memcpy(&half, member, sizeof(half));
        put_be16(to, half);
        break;
    case 4:
        memcpy(&word, member, sizeof(word));
        put_be32(to, word);
        break;
    default:
        memcpy(&both, member, sizeof(both));
        put_be64(to, both);
    }
}

static void get_integer(const uint8_t *from, size_t length, uint8_t *member) {
    uint16_t half;
    uint32_t word;
    uint64_t both;

    switch (length) {
    case 1:
        *member = *from;
        break;
    case 2:
        half = get_be16(from);
        memcpy(member, &half, sizeof(half));
        break;
    case 4:
        word = get_be32(from);
        memcpy(member, &word, sizeof(word));
        break;
    default:
        both = get_be64(from);
        memcpy(member, &both, sizeof(both));
    }
}

static void put_time(ns_t time, uint8_t *to) {
    if (time == NS_UNKNOWN)
        time = 0;
    int64_t nanoseconds = time % NS_PER_S;
    if (nanoseconds < 0)
        nanoseconds += NS_PER_S;
    put_be64(to, (uint64_t)ns_floor_seconds(time));
    put_be32(to + 8, (uint32_t)nanoseconds);
}

static ns_t get_time(const uint8_t *from) {
    uint32_t upper = get_be32(from);
    int64_t nanoseconds = get_be32(from + 8);
    int64_t seconds = (int64_t)get_be64(from);
    ns_t time;

    if (upper == NO_UPPER_SECONDS)
        seconds = get_be32(from + 4);
    if (nanoseconds >= NS_PER_S)
        nanoseconds = NS_PER_S - 1;
    if (__builtin_mul_overflow(seconds, NS_PER_S, &time) ||
        __builtin_add_overflow(time, nanoseconds, &time))
        return seconds < 0 ? -INT64_MAX : INT64_MAX;
    return time;
}

static void put_address(const struct address *address, uint8_t *to) {
    memcpy(to, address->bytes, sizeof(address->bytes));
    put_be16(to + sizeof(address->bytes), address->family);
    put_be16(to + sizeof(address->bytes) + 2, 0);
}

static struct address get_address(const uint8_t *from) {
    struct address address = {{0}, get_be16(from + sizeof(address.bytes))};

    if (address.family == ADDRESS_IPV6)
        memcpy(address.bytes, from, sizeof(address.bytes));
    else if (address.family == ADDRESS_IPV4 || address.family == ADDRESS_ID)
        memcpy(address.bytes, from, 4);
    else
        address.family = ADDRESS_NONE;
    return address;
}

/* Below 1/2 the exponent that chrony picks leaves 24 bits of coefficient, from there on 25, of
 * which the last is then cut off: so do we, and the bytes are the same. */
uint32_t control_float_encode(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));

    bool negative = bits >> 63;
    int exponent = (int)(bits >> DOUBLE_MANTISSA_BITS & DOUBLE_EXPONENT_MASK) - DOUBLE_BIAS + 1;
    uint64_t mantissa = (bits & (DOUBLE_IMPLICIT_BIT - 1)) | DOUBLE_IMPLICIT_BIT;
    uint64_t limit = negative ? FLOAT_COEFFICIENT_SIGN : FLOAT_COEFFICIENT_SIGN - 1;

    if (value != value)
        return 0;
    int cut = DOUBLE_MANTISSA_BITS + 1 - FLOAT_COEFFICIENT_BITS;
    if (exponent < 0 && mantissa != DOUBLE_IMPLICIT_BIT) {
        exponent++;
        cut++;
    }
    uint64_t coefficient = (mantissa + (UINT64_C(1) << (cut - 1))) >> cut;
    for (; coefficient > limit; exponent++)
        coefficient >>= 1;
    if (exponent > FLOAT_EXPONENT_MAX) {
        exponent = FLOAT_EXPONENT_MAX;
        coefficient = limit;
    } else if (exponent < FLOAT_EXPONENT_MIN - FLOAT_COEFFICIENT_BITS) {
        return 0;
    } else if (exponent < FLOAT_EXPONENT_MIN) {
        coefficient >>= FLOAT_EXPONENT_MIN - exponent;
        exponent = FLOAT_EXPONENT_MIN;
    }
    uint32_t word = (uint32_t)(negative ? -coefficient : coefficient) & FLOAT_COEFFICIENT_MASK;
    return (uint32_t)exponent << FLOAT_COEFFICIENT_BITS | word;
}

double control_float_decode(uint32_t word) {
    int exponent = (int)(word >> FLOAT_COEFFICIENT_BITS);
    int coefficient = (int)(word & FLOAT_COEFFICIENT_MASK);
    double power;

    if (exponent > FLOAT_EXPONENT_MAX)
        exponent += 2 * FLOAT_EXPONENT_MIN;
    if (coefficient & (int)FLOAT_COEFFICIENT_SIGN)
        coefficient -= 1 << FLOAT_COEFFICIENT_BITS;
    uint64_t bits = (uint64_t)(exponent - FLOAT_COEFFICIENT_BITS + DOUBLE_BIAS)
                    << DOUBLE_MANTISSA_BITS;
    memcpy(&power, &bits, sizeof(power));
    return coefficient * power;
}

/* The arrays: which layout their elements have, and which size in memory. */
struct records {
    const struct control_layout *layout;
    size_t count, size;
};

static struct records field_records(const struct control_field *field) {
    if (field->type == CONTROL_SAMPLES)
        return (struct records){&control_layout_manual_list_sample, CONTROL_MAX_SAMPLES,
                                sizeof(struct control_manual_list_sample)};
    if (field->type == CONTROL_HISTORY)
        return (struct records){&control_layout_history_sample, CONTROL_MAX_HISTORY,
                                sizeof(struct control_history_sample)};
    return (struct records){&control_layout_client_access, CONTROL_MAX_CLIENTS,
                            sizeof(struct control_client_access)};
}

static void encode_records(const struct control_field *field, const uint8_t *member, uint8_t *to) {
    struct records records = field_records(field);
    for (size_t i = 0; i < records.count; i++)
        control_encode(records.layout, member + i * records.size, to + i * records.layout->length);
}

static void decode_records(const struct control_field *field, const uint8_t *from,
                           uint8_t *member) {
    struct records records = field_records(field);
    for (size_t i = 0; i < records.count; i++)
        control_decode(records.layout, from + i * records.layout->length,
                       member + i * records.size);
}

static void encode_field(const struct control_field *field, const uint8_t *member, uint8_t *to) {
    struct address address;
    double number;
    ns_t time;
    uint64_t counter;

    switch (field->type) {
    case CONTROL_FLOAT:
        memcpy(&number, member, sizeof(number));
        put_be32(to, control_float_encode(number));
        break;
    case CONTROL_TIME:
        memcpy(&time, member, sizeof(time));
        put_time(time, to);
        break;
    case CONTROL_ADDRESS:
        memcpy(&address, member, sizeof(address));
        put_address(&address, to);
        break;
    case CONTROL_BYTES:
        memcpy(to, member, field->length);
        break;
    case CONTROL_LOW32:
        memcpy(&counter, member, sizeof(counter));
        put_be32(to, (uint32_t)counter);
        break;
    case CONTROL_SAMPLES:
    case CONTROL_CLIENTS:
    case CONTROL_HISTORY:
        encode_records(field, member, to);
        break;
    case CONTROL_ZEROES:
    case CONTROL_ONES:
        memset(to, field->type == CONTROL_ONES ? 0xff : 0, field->length);
        break;
    default:
        put_integer(member, field->length, to);
    }
}

static void decode_field(const struct control_field *field, const uint8_t *from, uint8_t *member) {
    struct address address;
    double number;
    ns_t time;
    uint64_t counter;

    switch (field->type) {
    case CONTROL_FLOAT:
        number = control_float_decode(get_be32(from));
        memcpy(member, &number, sizeof(number));
        break;
    case CONTROL_TIME:
        time = get_time(from);
        memcpy(member, &time, sizeof(time));
        break;
    case CONTROL_ADDRESS:
        address = get_address(from);
        memcpy(member, &address, sizeof(address));
        break;
    case CONTROL_BYTES:
        memcpy(member, from, field->length);
        break;
    case CONTROL_LOW32:
        counter = get_be32(from);
        memcpy(member, &counter, sizeof(counter));
        break;
    case CONTROL_SAMPLES:
    case CONTROL_CLIENTS:
    case CONTROL_HISTORY:
        decode_records(field, from, member);
        break;
    case CONTROL_ZEROES:
    case CONTROL_ONES:
        break;
    default:
        get_integer(from, field->length, member);
    }
}

void control_encode(const struct control_layout *layout, const void *structure, uint8_t *to) {
    const uint8_t *base = structure;
    for (size_t i = 0; i < layout->count; i++) {
        encode_field(&layout->fields[i], base + layout->fields[i].offset, to);
        to += layout->fields[i].length;
    }
}

void control_decode(const struct control_layout *layout, const uint8_t *from, void *structure) {
    uint8_t *base = structure;
    for (size_t i = 0; i < layout->count; i++) {
        decode_field(&layout->fields[i], from, base + layout->fields[i].offset);
        from += layout->fields[i].length;
    }
}

bool control_request_decode(const uint8_t *bytes, size_t length, struct control_request *request) {
    if (length < CONTROL_REQUEST_HEADER || get_be16(bytes + 2) != 0)
        return false;
    request->version = bytes[0];
    request->type = bytes[1];
    request->command = get_be16(bytes + 4);
    request->attempt = get_be16(bytes + 6);
    request->sequence = get_be32(bytes + 8);
    return true;
}

void control_request_encode(const struct control_request *request,
                            uint8_t bytes[CONTROL_REQUEST_HEADER]) {
    memset(bytes, 0, CONTROL_REQUEST_HEADER);
    bytes[0] = request->version;
    bytes[1] = request->type;
    put_be16(bytes + 4, request->command);
    put_be16(bytes + 6, request->attempt);
    put_be32(bytes + 8, request->sequence);
}

bool control_reply_decode(const uint8_t *bytes, size_t length, struct control_reply *reply) {
    if (length < CONTROL_REPLY_HEADER || get_be16(bytes + 2) != 0)
        return false;
    reply->version = bytes[0];
    reply->type = bytes[1];
    reply->command = get_be16(bytes + 4);
    reply->reply = get_be16(bytes + 6);
    reply->status = get_be16(bytes + 8);
    reply->sequence = get_be32(bytes + 16);
    return true;
}

void control_reply_encode(const struct control_reply *reply, uint8_t bytes[CONTROL_REPLY_HEADER]) {
    memset(bytes, 0, CONTROL_REPLY_HEADER);
    bytes[0] = reply->version;
    bytes[1] = reply->type;
    put_be16(bytes + 4, reply->command);
    put_be16(bytes + 6, reply->reply);
    put_be16(bytes + 8, reply->status);
    put_be32(bytes + 16, reply->sequence);
}
