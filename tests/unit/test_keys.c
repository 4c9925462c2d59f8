/* Symmetric keys: the key file's lines, and packets that carry a code. What the lines
 * mean, and every message, is what chrony 4.3 made of the same files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/base/text.h"
#include "core/ntp/keys.h"
#include "core/wire/ntp.h"

#define MESSAGES_SIZE 8192

/* --- the key file --------------------------------------------------------------------------- */

/* What was logged, a line a message. */
static char messages[MESSAGES_SIZE];
static struct text message_lines;

static void take_message(void *context, enum log_level level, const char *message) {
    assert_int_equal(level, LOG_WARNING_LEVEL);
    text_printf(context, "%s\n", message);
}

static const struct log message_log = {take_message, &message_lines};

/* The text has no NUL behind it, so that the sanitizers see a byte read too far. */
static struct keys load(const char *text, size_t length) {
    char *exact = malloc(length > 0 ? length : 1);
    struct keys keys = {0};

    assert_non_null(exact);
    memcpy(exact, text, length);
    text_init(&message_lines, messages, sizeof(messages));
    assert_true(keys_load(&keys, exact, length, "F", &message_log));
    free(exact);
    return keys;
}

static void assert_secret(const struct keys *keys, uint32_t id, const char *type,
                          const char *secret) {
    const struct key *key = keys_find(keys, id);

    assert_non_null(key);
    assert_int_equal(key->id, id);
    assert_string_equal(key->type->name, type);
    assert_int_equal(key->length, strlen(secret));
    assert_memory_equal(key->secret, secret, key->length);
}

static void assert_loads(const char *line, uint32_t id, const char *type, const char *secret) {
    struct keys keys = load(line, strlen(line));

    assert_string_equal(messages, "");
    assert_int_equal(keys.count, 1);
    assert_secret(&keys, id, type, secret);
    keys_free(&keys);
}

static void assert_refused(const char *line, const char *message) {
    struct keys keys = load(line, strlen(line));

    assert_string_equal(messages, message);
    assert_int_equal(keys.count, 0);
    assert_null(keys_find(&keys, 0));
    assert_null(keys_find(&keys, 1));
    keys_free(&keys);
}

static void every_written_form_of_a_key_is_read(void **state) {
    (void)state;
    assert_loads("1 abc", 1, "MD5", "abc");
    assert_loads("1 abc\n", 1, "MD5", "abc");
    assert_loads("1 MD5 abc\n", 1, "MD5", "abc");
    assert_loads("1 ASCII:abc\n", 1, "MD5", "abc");
    assert_loads("1 HEX:4a4B6c\n", 1, "MD5", "JKl");
    assert_loads("1 MD5\n", 1, "MD5", "MD5");
    assert_loads("2 SHA1 ASCII:HEX:00\n", 2, "SHA1", "HEX:00");
    assert_loads("2 SHA1 hex:00\n", 2, "SHA1", "hex:00");
    assert_loads("2 SHA1 ascii:a\n", 2, "SHA1", "ascii:a");
    assert_loads("2 SHA1 HEX\n", 2, "SHA1", "HEX");
    assert_loads("3 SHA256 #!%;\n", 3, "SHA256", "#!%;");
    assert_loads("4 SHA3-512 \xff\x80\xe9\n", 4, "SHA3-512", "\xff\x80\xe9");
    assert_loads("5 AES128 0123456789abcdef\n", 5, "AES128", "0123456789abcdef");
    assert_loads("6 AES256 HEX:3031323334353637383961626364656630313233343536373839616263646566\n",
                 6, "AES256", "0123456789abcdef0123456789abcdef");
}

static void every_type_but_two_is_read(void **state) {
    (void)state;
    for (int i = 0; i < MAC_TYPE_COUNT; i++) {
        const char *secret =
            mac_types[i].key_length == 16 ? "0123456789abcdef" : "0123456789abcdef0123456789abcdef";
        char line[256];

        (void)snprintf(line, sizeof(line), "7 %s %s\n", mac_types[i].name, secret);
        if (mac_types[i].length != 0)
            assert_loads(line, 7, mac_types[i].name, secret);
        else
            assert_refused(line, "Unsupported hash function in key 7\n");
    }
}

static void white_space_and_comments_are_as_in_the_configuration(void **state) {
    static const char text[] = "# comment\n! comment\n; comment\n% comment\n\n  \t\n  # indented\n"
                               "  1 \t SHA1\v\fabc  \r\n\t2 MD5 xyz";
    struct keys keys = load(text, sizeof(text) - 1);

    (void)state;
    assert_string_equal(messages, "");
    assert_int_equal(keys.count, 2);
    assert_secret(&keys, 1, "SHA1", "abc");
    assert_secret(&keys, 2, "MD5", "xyz");
    keys_free(&keys);
}

static void number_of_a_key_is_read_as_by_chrony(void **state) {
    (void)state;
    assert_loads("0 SHA1 abc", 0, "SHA1", "abc");
    assert_loads("4294967295 SHA1 abc", UINT32_MAX, "SHA1", "abc");
    assert_loads("4294967296 SHA1 abc", 0, "SHA1", "abc");
    assert_loads("-1 SHA1 abc", UINT32_MAX, "SHA1", "abc");
    assert_loads("+5 SHA1 abc", 5, "SHA1", "abc");
    assert_loads("007 SHA1 abc", 7, "SHA1", "abc");
    assert_loads("21x SHA1 abc", 21, "SHA1", "abc");
    assert_loads("0x1f SHA1 abc", 0, "SHA1", "abc");
    assert_loads("1.5 SHA1 abc", 1, "SHA1", "abc");
    assert_loads("99999999999999999999 SHA1 abc", UINT32_MAX, "SHA1", "abc");
}

static void line_that_is_no_key_is_named_by_its_number(void **state) {
    static const char *const lines[] = {
        "1", "1 SHA1 a b", "1 SHA1 abc # comment", "x SHA1 a", "- SHA1 a", "SHA1 abc", "+-1 a"};
    char text[100];

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        assert_refused(lines[i], "Could not parse key at line 1 in file F\n");
        (void)snprintf(text, sizeof(text), "# one\n\n%s\n# four\n%s", lines[i], lines[i]);
        assert_refused(text, "Could not parse key at line 3 in file F\n"
                             "Could not parse key at line 5 in file F\n");
    }
}

static void key_that_cannot_be_used_is_named_by_its_id(void **state) {
    (void)state;
    assert_refused("1 SHA1 HEX:abc", "Could not decode key 1\n");
    assert_refused("1 SHA1 HEX:0g", "Could not decode key 1\n");
    assert_refused("1 SHA1 HEX:", "Could not decode key 1\n");
    assert_refused("1 SHA1 ASCII:", "Could not decode key 1\n");
    assert_refused("4294967295 HEX:x", "Could not decode key 4294967295\n");
    assert_refused("1 sha1 abc", "Invalid type in key 1\n");
    assert_refused("1 SHA224 abc", "Invalid type in key 1\n");
    assert_refused("1 AES192 abc", "Invalid type in key 1\n");
    assert_refused("1 AES128 0123456789abcde",
                   "Invalid length of AES128 key 1 (expected 128 bits)\n");
    assert_refused("1 AES128 0123456789abcdefg",
                   "Invalid length of AES128 key 1 (expected 128 bits)\n");
    assert_refused("1 AES256 0123456789abcdef",
                   "Invalid length of AES256 key 1 (expected 256 bits)\n");
    /* Whether it can be decoded is looked at first. */
    assert_refused("1 FOO HEX:x", "Could not decode key 1\n");
    assert_refused("1 TIGER HEX:x", "Could not decode key 1\n");
    assert_refused("1 AES128 HEX:x", "Could not decode key 1\n");
}

static void bad_lines_do_not_spoil_the_good_ones(void **state) {
    static const char text[] = "1 SHA1 good\n2 FOO bad\nrubbish\n3 SHA1 good\n4 HEX:0\n5 SHA1 good";
    struct keys keys = load(text, sizeof(text) - 1);

    (void)state;
    assert_string_equal(messages, "Invalid type in key 2\n"
                                  "Could not parse key at line 3 in file F\n"
                                  "Could not decode key 4\n");
    assert_int_equal(keys.count, 3);
    assert_secret(&keys, 1, "SHA1", "good");
    assert_secret(&keys, 3, "SHA1", "good");
    assert_secret(&keys, 5, "SHA1", "good");
    keys_free(&keys);
}

/* Which one counts in chrony depends on the other keys. */
static void of_equal_ids_the_last_counts_and_each_more_is_reported(void **state) {
    static const char text[] = "9 SHA1 a\n7 SHA1 b\n9 MD5 c\n8 SHA1 d\n7 MD5 e\n9 SHA256 f\nx\n";
    struct keys keys = load(text, sizeof(text) - 1);

    (void)state;
    assert_string_equal(messages, "Could not parse key at line 7 in file F\n"
                                  "Detected duplicate key 7\n"
                                  "Detected duplicate key 9\n"
                                  "Detected duplicate key 9\n");
    assert_secret(&keys, 7, "MD5", "e");
    assert_secret(&keys, 8, "SHA1", "d");
    assert_secret(&keys, 9, "SHA256", "f");
    keys_free(&keys);
}

static void line_is_cut_at_2047_bytes_and_goes_on_as_the_next(void **state) {
    static const char behind[] = "\n# c\nx\n";
    char text[4096];

    (void)state;
    /* length: bytes of the first line without its end. */
    for (size_t length = 2045; length <= 2049; length++) {
        memset(text, 'k', length);
        memcpy(text, "1 SHA512 ", 9);
        memcpy(text + length, behind, sizeof(behind));
        struct keys keys = load(text, length + sizeof(behind) - 1);

        if (length < 2047)
            assert_string_equal(messages, "Could not parse key at line 3 in file F\n");
        else if (length == 2047)
            assert_string_equal(messages, "Could not parse key at line 4 in file F\n");
        else
            assert_string_equal(messages, "Could not parse key at line 2 in file F\n"
                                          "Could not parse key at line 4 in file F\n");
        assert_int_equal(keys.count, 1);
        assert_int_equal(keys_find(&keys, 1)->length, (length < 2047 ? length : 2047) - 9);
        keys_free(&keys);
    }
}

static void nul_ends_a_line(void **state) {
    static const char text[] = "1 SHA1 abc\0def\n2 SHA1\0 abc\n\0 3 SHA1 abc\n4 SHA1 abc";
    struct keys keys = load(text, sizeof(text) - 1);

    (void)state;
    assert_string_equal(messages, "");
    assert_int_equal(keys.count, 3);
    assert_secret(&keys, 1, "SHA1", "abc");
    assert_secret(&keys, 2, "MD5", "SHA1");
    assert_secret(&keys, 4, "SHA1", "abc");
    keys_free(&keys);
}

static void empty_file_has_no_keys(void **state) {
    struct keys keys = load("", 0);

    (void)state;
    assert_string_equal(messages, "");
    assert_int_equal(keys.count, 0);
    assert_null(keys_find(&keys, 0));
    keys_free(&keys);
    assert_null(keys.list);
    assert_null(keys_find(&keys, 0));
    keys_free(&keys);
}

static void keys_beyond_the_limit_are_left_out_with_one_message(void **state) {
    size_t size = (KEYS_MAX + 3) * 20, length = 0;
    char *text = malloc(size);

    (void)state;
    assert_non_null(text);
    length += (size_t)snprintf(text, size, "# comment\n");
    for (int i = KEYS_MAX + 1; i >= 0; i--)
        length += (size_t)snprintf(text + length, size - length, "%d SHA1 k%d\n", i, i % 100);
    struct keys keys = load(text, length);
    free(text);
    assert_string_equal(messages, "Too many keys in file F, only 65536 are used\n");
    assert_int_equal(keys.count, KEYS_MAX);
    assert_null(keys_find(&keys, 0));
    assert_null(keys_find(&keys, 1));
    assert_secret(&keys, 2, "SHA1", "k2");
    assert_secret(&keys, 31999, "SHA1", "k99");
    assert_secret(&keys, KEYS_MAX + 1, "SHA1", "k37");
    assert_null(keys_find(&keys, KEYS_MAX + 2));
    keys_free(&keys);
}

static uint32_t next_random(uint32_t *seed) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

/* Lines of random pieces: whatever comes out is in order and of the length that its type has. */
static void nothing_in_a_file_breaks_the_store(void **state) {
    static const char *const pieces[] = {"1",
                                         "2 ",
                                         "-3 ",
                                         "99999999999999999999",
                                         "SHA1",
                                         "AES128",
                                         "TIGER ",
                                         "HEX:",
                                         "ASCII",
                                         ":",
                                         "0",
                                         "aB",
                                         " ",
                                         "\t",
                                         "\n",
                                         "\n#",
                                         "\r",
                                         "\xff",
                                         "0123456789abcdef",
                                         "AES256 "};
    uint32_t seed = 20261122;
    char text[8192];

    (void)state;
    for (int round = 0; round < 500; round++) {
        struct text builder;
        text_init(&builder, text, sizeof(text));
        for (uint32_t left = next_random(&seed) % 300; left > 0; left--)
            text_append(&builder, pieces[next_random(&seed) % (sizeof(pieces) / sizeof(*pieces))]);
        struct keys keys = load(text, builder.length);
        for (int i = 0; i < keys.count; i++) {
            const struct key *key = &keys.list[i];
            int wanted = key->type->key_length;
            assert_true(i == 0 || key[-1].id <= key->id);
            assert_true(key->length > 0 && key->type->length > 0);
            assert_true(wanted == 0 || key->length == wanted);
            assert_true(key->secret >= keys.secrets &&
                        key->secret + key->length <= keys.secrets + builder.length);
        }
        keys_free(&keys);
    }
}

static void missing_and_short_keys_are_warned_of(void **state) {
    static const char text[] = "1 SHA1 123456789\n2 SHA1 1234567890\n3 HEX:00112233445566778899\n";
    struct keys keys = load(text, sizeof(text) - 1);

    (void)state;
    for (uint32_t id = 1; id <= 4; id++)
        keys_check(&keys, id, &message_log);
    assert_string_equal(messages, "Key 1 is too short\nKey 4 is missing\n");
    keys_free(&keys);
}

/* --- packets -------------------------------------------------------------------------------- */

static const char packet_keys[] = "1 abc\n"
                                  "2 MD5 HEX:00112233445566778899aAbBcCdDeEfF\n"
                                  "3 SHA1 ASCII:hello-world-1234\n"
                                  "4 SHA256 HEX:0102030405060708090a0b0c0d0e0f\n"
                                  "5 SHA384 ASCII:x\n"
                                  "6 SHA512 plain-text-key\n"
                                  "7 SHA3-224 plain-text-key\n"
                                  "8 SHA3-256 plain-text-key\n"
                                  "9 SHA3-384 plain-text-key\n"
                                  "10 SHA3-512 plain-text-key\n"
                                  "11 AES128 0123456789abcdef\n"
                                  "12 AES256 HEX:000102030405060708090A0B0C0D0E0F"
                                  "101112131415161718191a1b1c1d1e1f\n";

/* Requests of chrony 4.3 with these keys. Their headers are all zero but for the first byte, the
 * precision and the transmit timestamp. */
static const struct {
    int version;
    uint32_t id;
    uint64_t transmit_time;
    const char *mac;
} captures[] = {
    {3, 2, UINT64_C(0x0a6e8b9d289691b5), "27e8eac3d9952e5e1ed2e7de078cf98f"},
    {3, 3, UINT64_C(0x85d1ad13f3a181bb), "a7f807ab8a2140e3380431b1bad763bc7aa141c5"},
    {3, 4, UINT64_C(0x5573996e2a7f370b),
     "3c6fbe961e21c708d416b699cbacbb7022b1b89a088ad26f7e056cff2c459a30"},
    {3, 5, UINT64_C(0x6cf2ffe4fcfebe3e),
     "f4cd395887ef514c8953c1d20cccc2e2ad17ffcf515628a41d767390a31643adb9625a9e6ab77f34"
     "250317d0ad34a9f5"},
    {3, 6, UINT64_C(0x8c2b30e146e2eb13),
     "a5ba9f1ef4839f8233f99a3853dc6bd010ae61f4a221cbc9d07301a6bd7b25b9f84663dbbb161736"
     "6e1cea8a03780b9c5a2c6f49005493d79ef6b91445bff87d"},
    {3, 7, UINT64_C(0xe9ea8c2eed91a87d),
     "768ecb6c7efe01f746eafb1e70e793beff3b9206516ce6ef55472bdb"},
    {3, 8, UINT64_C(0xfe31baeeaceaebab),
     "72ccac233946178056a9f72b7f56c976fa0e4e776547d905fb173264ddf30e3e"},
    {3, 9, UINT64_C(0xc5e734157aa0d848),
     "66a250dfac42b4642f66e11355e9bb39faede3153c6eb2d3975e78c9c0bf40c3addfe060f954d6ac"
     "cda63093e6d7f2bd"},
    {3, 10, UINT64_C(0x26558f8e850ca362),
     "5632ca372d51a0a93ef3ce5db65501c420d92b6d25d09d2f52b5965646a88121bf2977ce751ac24b"
     "2b70dc2b1381554c72ddcf40972fcaf9b138c6b7d0fcc005"},
    {3, 11, UINT64_C(0x1b2eff5b50b5c53b), "3ed90cf715e8af15a98f4c71ed88e993"},
    {3, 12, UINT64_C(0x159d7e763889971a), "b8380c9a7af0c1330bd3c6da6e0cefa9"},
    {4, 2, UINT64_C(0xc5819ae6b149501c), "1384a5ecc66c51a01d47bb1c0296e481"},
    {4, 3, UINT64_C(0x4e54fe2502144d3d), "1be3277553c92746b6040000feabce7aa9b1c2b2"},
    {4, 4, UINT64_C(0x28cd43249078b710), "12b63b554bdf786477e9c9d0b5d306b57805eabe"},
    {4, 5, UINT64_C(0x824fe297a7d0e1f8), "55ffe5f7ad12fa96cb76f9b239dc5c81a88c304e"},
    {4, 6, UINT64_C(0x463e5d5fb775fbc6), "b5583f18c0a70d14c6d96ab2e8266bf31fe5a6bb"},
    {4, 7, UINT64_C(0xcea8af3070953b2a), "77f87b0b3ba519277fa9dd6fa78de23a487f9f85"},
    {4, 8, UINT64_C(0x79b5078b00c264a7), "7bc19a7613729bb361bbb8ce9474e85b0c12b961"},
    {4, 9, UINT64_C(0x95283e524c32046b), "48cdc46b0e510bacd4b1a638996ac85ec794729d"},
    {4, 10, UINT64_C(0x769fad906a89e332), "39b4f145072935bae3e139497166b29df75beba5"},
    {4, 11, UINT64_C(0xac22b2d2b926b0f3), "6446dab1a46e9f04412ca417ceb2d7a9"},
    {4, 12, UINT64_C(0x88311aa5198283c9), "23024ac93fee1b6c4e4bcc1d465a5bc3"},
};

static void put_request(uint8_t bytes[NTP_HEADER_SIZE], int version, uint64_t transmit_time) {
    struct ntp_header header = {.version = (uint8_t)version,
                                .mode = NTP_MODE_CLIENT,
                                .precision = 32,
                                .transmit_time = transmit_time};

    ntp_header_encode(&header, bytes);
}

static void codes_are_those_of_chrony(void **state) {
    struct keys keys = load(packet_keys, sizeof(packet_keys) - 1);

    (void)state;
    for (size_t i = 0; i < sizeof(captures) / sizeof(captures[0]); i++) {
        uint8_t bytes[NTP_HEADER_SIZE + KEYS_MAC_MAX_SIZE], mac[MAC_MAX_LENGTH];
        const struct key *key = keys_find(&keys, captures[i].id);
        int mac_length = text_parse_hex(captures[i].mac, mac, sizeof(mac));
        size_t tail = 4 + (size_t)mac_length, length = NTP_HEADER_SIZE + tail;

        put_request(bytes, captures[i].version, captures[i].transmit_time);
        assert_int_equal(keys_append_mac(key, captures[i].version, bytes, NTP_HEADER_SIZE), length);
        assert_int_equal(get_be32(bytes + NTP_HEADER_SIZE), captures[i].id);
        assert_memory_equal(bytes + NTP_HEADER_SIZE + 4, mac, (size_t)mac_length);
        assert_ptr_equal(keys_verify(&keys, captures[i].version, bytes, length, tail), key);
    }
    keys_free(&keys);
}

/* A request of each version with each key: made, cut into its parts as any datagram, verified, and
 * refused when one bit of it is another. */
static void packet_with_a_wrong_bit_is_refused(void **state) {
    struct keys keys = load(packet_keys, sizeof(packet_keys) - 1);

    (void)state;
    for (int i = 0; i < keys.count; i++) {
        for (int version = 1; version <= 4; version++) {
            uint8_t bytes[NTP_HEADER_SIZE + KEYS_MAC_MAX_SIZE];
            struct ntp_header header;
            struct ntp_layout layout;

            put_request(bytes, version, UINT64_C(0x123456789abcdef0));
            size_t length = keys_append_mac(&keys.list[i], version, bytes, NTP_HEADER_SIZE);
            ntp_header_decode(bytes, &header);
            assert_true(ntp_split(bytes, length, &header, &layout));
            assert_int_equal(layout.mac_length, length - NTP_HEADER_SIZE);
            assert_ptr_equal(keys_verify(&keys, version, bytes, length, layout.mac_length),
                             &keys.list[i]);
            for (size_t bit = 0; bit < length * 8; bit++) {
                bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
                assert_null(keys_verify(&keys, version, bytes, length, layout.mac_length));
                bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            }
        }
    }
    keys_free(&keys);
}

/* chrony answers a code of exactly one length: with each key and version 16 to 64 bytes were tried.
 */
static void code_of_another_length_is_refused(void **state) {
    struct keys keys = load(packet_keys, sizeof(packet_keys) - 1);

    (void)state;
    for (int i = 0; i < keys.count; i++) {
        const struct key *key = &keys.list[i];

        for (int version = 1; version <= 4; version++) {
            for (size_t sent = 0; sent <= MAC_MAX_LENGTH; sent++) {
                uint8_t bytes[NTP_HEADER_SIZE + KEYS_MAC_MAX_SIZE] = {0};
                const struct key *expected =
                    sent == mac_sent_length(key->type, version) ? key : NULL;

                put_request(bytes, version, 1);
                put_be32(bytes + NTP_HEADER_SIZE, key->id);
                assert_true(mac_compute(key->type, key->secret, key->length, bytes, NTP_HEADER_SIZE,
                                        bytes + NTP_HEADER_SIZE + 4));
                assert_ptr_equal(
                    keys_verify(&keys, version, bytes, NTP_HEADER_SIZE + 4 + sent, 4 + sent),
                    expected);
            }
        }
    }
    keys_free(&keys);
}

static void datagram_without_a_whole_key_id_is_refused(void **state) {
    struct keys keys = load("0 a\n", 4);
    uint8_t bytes[NTP_HEADER_SIZE + 4] = {0};

    (void)state;
    for (size_t mac_length = 0; mac_length <= 4; mac_length++)
        assert_null(keys_verify(&keys, 4, bytes, NTP_HEADER_SIZE + mac_length, mac_length));
    keys_free(&keys);
    assert_null(keys_verify(&keys, 4, bytes, sizeof(bytes), 4));
}

/* The code is of extension fields too, up to the longest datagram that there is. */
static void extension_fields_are_part_of_what_is_signed(void **state) {
    struct keys keys = load(packet_keys, sizeof(packet_keys) - 1);
    const struct key *key = keys_find(&keys, 6);
    uint8_t bytes[NTP_PACKET_MAX_SIZE];
    size_t tail = 4 + MAC_V4_MAX_LENGTH;

    (void)state;
    memset(bytes, 'e', sizeof(bytes));
    assert_int_equal(keys_append_mac(key, 4, bytes, sizeof(bytes) - tail), sizeof(bytes));
    assert_ptr_equal(keys_verify(&keys, 4, bytes, sizeof(bytes), tail), key);
    bytes[sizeof(bytes) - tail - 1] ^= 1;
    assert_null(keys_verify(&keys, 4, bytes, sizeof(bytes), tail));
    keys_free(&keys);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_written_form_of_a_key_is_read),
        cmocka_unit_test(every_type_but_two_is_read),
        cmocka_unit_test(white_space_and_comments_are_as_in_the_configuration),
        cmocka_unit_test(number_of_a_key_is_read_as_by_chrony),
        cmocka_unit_test(line_that_is_no_key_is_named_by_its_number),
        cmocka_unit_test(key_that_cannot_be_used_is_named_by_its_id),
        cmocka_unit_test(bad_lines_do_not_spoil_the_good_ones),
        cmocka_unit_test(of_equal_ids_the_last_counts_and_each_more_is_reported),
        cmocka_unit_test(line_is_cut_at_2047_bytes_and_goes_on_as_the_next),
        cmocka_unit_test(nul_ends_a_line),
        cmocka_unit_test(empty_file_has_no_keys),
        cmocka_unit_test(keys_beyond_the_limit_are_left_out_with_one_message),
        cmocka_unit_test(nothing_in_a_file_breaks_the_store),
        cmocka_unit_test(missing_and_short_keys_are_warned_of),
        cmocka_unit_test(codes_are_those_of_chrony),
        cmocka_unit_test(packet_with_a_wrong_bit_is_refused),
        cmocka_unit_test(code_of_another_length_is_refused),
        cmocka_unit_test(datagram_without_a_whole_key_id_is_refused),
        cmocka_unit_test(extension_fields_are_part_of_what_is_signed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
