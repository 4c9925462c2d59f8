/* Addresses to text and back: IPv4 in four decimals, IPv6 as RFC 4291 section 2.2 reads it and RFC
 * 5952 writes it. */
#include "core/base/address.h"

#include <string.h>

#include "core/base/bytes.h"
#include "core/base/text.h"

#define IPV4_SIZE   4
#define IPV6_SIZE   16
#define IPV6_GROUPS 8
#define IPV6_NO_GAP (IPV6_SIZE + 1)

/* ::ffff:0:0/96, the only prefix whose last 32 bits are written as an IPv4 address (RFC 5952
 * section 5). */
static const uint8_t ipv4_mapped[IPV6_SIZE - IPV4_SIZE] = {[10] = 0xff, [11] = 0xff};

struct address address_ipv4(uint32_t host_order) {
    struct address address = {.family = ADDRESS_IPV4};
    put_be32(address.bytes, host_order);
    return address;
}

struct address address_from_id(uint32_t id) {
    struct address address = {.family = ADDRESS_ID};
    put_be32(address.bytes, id);
    return address;
}

uint32_t address_to_ipv4(const struct address *address) {
    return get_be32(address->bytes);
}

uint32_t address_to_id(const struct address *address) {
    return get_be32(address->bytes);
}

bool address_equal(const struct address *a, const struct address *b) {
    return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

static void append_ipv4(struct text *text, const uint8_t *bytes) {
    text_printf(text, "%d.%d.%d.%d", bytes[0], bytes[1], bytes[2], bytes[3]);
}

/* The longest run of at least two zero groups, the first of equals; returns where it starts,
 * *length is 0 if none. */
static int longest_zero_run(const uint8_t *bytes, int groups, int *length) {
    int start = 0;

    *length = 0;
    for (int i = 0, run = 0; i < groups; i++) {
        run = get_be16(bytes + 2 * i) == 0 ? run + 1 : 0;
        if (run > 1 && run > *length) {
            *length = run;
            start = i + 1 - run;
        }
    }
    return start;
}

static void append_ipv6(struct text *text, const uint8_t *bytes) {
    bool mapped = memcmp(bytes, ipv4_mapped, sizeof(ipv4_mapped)) == 0;
    int groups = mapped ? IPV6_GROUPS - 2 : IPV6_GROUPS;
    int zeroes, start = longest_zero_run(bytes, groups, &zeroes);

    for (int i = 0; i < groups; i++) {
        if (zeroes > 0 && i == start) {
            text_append(text, "::");
            i += zeroes - 1;
        } else {
            bool first = i == 0 || (zeroes > 0 && i == start + zeroes);
            text_printf(text, first ? "%x" : ":%x", get_be16(bytes + 2 * i));
        }
    }
    if (mapped) {
        text_append(text, ":");
        append_ipv4(text, bytes + sizeof(ipv4_mapped));
    }
}

static void append_address(struct text *text, const struct address *address) {
    if (address->family == ADDRESS_IPV4)
        append_ipv4(text, address->bytes);
    else if (address->family == ADDRESS_IPV6)
        append_ipv6(text, address->bytes);
    else if (address->family == ADDRESS_ID)
        text_printf(text, "ID#%010lu", (unsigned long)address_to_id(address));
    else
        text_append(text, "[UNSPEC]");
}

const char *address_format(const struct address *address, char *text) {
    struct text builder;
    text_init(&builder, text, ADDRESS_TEXT_SIZE);
    append_address(&builder, address);
    return text;
}

const char *endpoint_format(const struct endpoint *endpoint, char *text) {
    bool brackets = endpoint->address.family == ADDRESS_IPV6;
    struct text builder;
    text_init(&builder, text, ADDRESS_TEXT_SIZE);
    if (brackets)
        text_append(&builder, "[");
    append_address(&builder, &endpoint->address);
    text_printf(&builder, brackets ? "]:%d" : ":%d", endpoint->port);
    return text;
}

/* Four decimals of 0 to 255 without leading zeros (which some read as octal), up to the end of the
 * string. */
static bool parse_ipv4(const char *text, uint8_t *bytes) {
    for (int i = 0; i < IPV4_SIZE; i++) {
        int value = 0, digits = 0;
        for (; *text >= '0' && *text <= '9' && digits < 3; text++, digits++)
            value = value * 10 + (*text - '0');
        if (digits == 0 || value > 255 || (digits > 1 && text[-digits] == '0'))
            return false;
        bytes[i] = (uint8_t)value;
        if (*text++ != (i < IPV4_SIZE - 1 ? '.' : '\0'))
            return false;
    }
    return true;
}

/* Up to four hex digits; moves *text behind them. False when there is none. */
static bool parse_group(const char **text, uint8_t *bytes) {
    int value = 0, digits = 0;

    for (; digits < 4 && text_hex_digit(**text) >= 0; digits++, (*text)++)
        value = value << 4 | text_hex_digit(**text);
    put_be16(bytes, (uint16_t)value);
    return digits > 0;
}

/* Groups as they come, and then those behind the "::" moved to the end. */
static bool parse_ipv6(const char *text, uint8_t *bytes) {
    size_t filled = 0, gap = IPV6_NO_GAP;

    if (text[0] == ':' && text[1] == ':') {
        gap = 0;
        text += 2;
    } else if (*text == '\0') {
        return false;
    }
    while (*text != '\0') {
        const char *group = text;
        if (filled == IPV6_SIZE || !parse_group(&text, bytes + filled))
            return false;
        if (*text == '.') {
            if (filled + IPV4_SIZE > IPV6_SIZE || !parse_ipv4(group, bytes + filled))
                return false;
            filled += IPV4_SIZE;
            break;
        }
        filled += 2;
        if (*text == '\0')
            break;
        if (text[0] != ':' || text[1] == '\0')
            return false;
        text++;
        if (*text == ':') {
            if (gap != IPV6_NO_GAP)
                return false;
            gap = filled;
            text++;
        }
    }
    if (gap == IPV6_NO_GAP || filled == IPV6_SIZE)
        return gap == IPV6_NO_GAP && filled == IPV6_SIZE;
    memmove(bytes + IPV6_SIZE - (filled - gap), bytes + gap, filled - gap);
    memset(bytes + gap, 0, IPV6_SIZE - filled);
    return true;
}

bool address_parse(const char *text, struct address *address) {
    struct address parsed = {.family = ADDRESS_IPV4};

    if (!parse_ipv4(text, parsed.bytes)) {
        parsed = (struct address){.family = ADDRESS_IPV6};
        if (!parse_ipv6(text, parsed.bytes))
            return false;
    }
    *address = parsed;
    return true;
}

bool address_parse_id(const char *text, struct address *address) {
    static const char prefix[] = "ID#";
    int64_t id;

    if (strncmp(text, prefix, sizeof(prefix) - 1) != 0)
        return false;
    text += sizeof(prefix) - 1;
    if (*text < '0' || *text > '9' || !text_parse_int(text, &id) || id > UINT32_MAX)
        return false;
    *address = address_from_id((uint32_t)id);
    return true;
}

bool address_in_prefix(const struct address *address, const struct address *prefix, int bits) {
    size_t whole = (size_t)bits / 8;

    if (address->family != prefix->family)
        return false;
    if (memcmp(address->bytes, prefix->bytes, whole) != 0)
        return false;
    return bits % 8 == 0 ||
           ((address->bytes[whole] ^ prefix->bytes[whole]) & 0xff << (8 - bits % 8) & 0xff) == 0;
}

bool address_is_loopback_host(const struct address *address) {
    static const uint8_t ipv6_loopback[IPV6_SIZE] = {[15] = 1};

    if (address->family == ADDRESS_IPV4)
        return address_to_ipv4(address) == UINT32_C(0x7f000001);
    return address->family == ADDRESS_IPV6 &&
           memcmp(address->bytes, ipv6_loopback, sizeof(ipv6_loopback)) == 0;
}
