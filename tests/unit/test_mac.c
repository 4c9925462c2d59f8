/* Message authentication codes: known answers of every type. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/base/text.h"
#include "core/ntp/mac.h"
#include "core/wire/ntp.h"

static void assert_mac(const char *name, const uint8_t *key, size_t key_length,
                       const uint8_t *bytes, size_t length, const char *expected) {
    const struct mac_type *type = mac_find_type(name);
    uint8_t mac[MAC_MAX_LENGTH], known[MAC_MAX_LENGTH];

    assert_non_null(type);
    assert_int_equal(text_parse_hex(expected, known, sizeof(known)), type->length);
    assert_true(mac_compute(type, key, key_length, bytes, length, mac));
    assert_memory_equal(mac, known, type->length);
}

/* FIPS 180-4, FIPS 202 and RFC 1321 ("abc", and two blocks of letters); the longest key before the
 * longest packet. */
static const struct {
    const char *type, *abc, *letters, *longest;
} digests[] = {
    {"MD5", "900150983cd24fb0d6963f7d28e17f72", "8215ef0796a20bcaaae116d3876c664a",
     "89770e12a952377dc569fd016d3ba446"},
    {"SHA1", "a9993e364706816aba3e25717850c26c9cd0d89d", "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
     "744988fbb257b5bc7a4df045124febd9fc4f1b6c"},
    {"SHA256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
     "5bb2af2d7431887587202ed24b9e2455b16713c76694f2ddc8392c24ab8b0a51"},
    {"SHA384",
     "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc23"
     "58baeca134c825a7",
     "3391fdddfc8dc7393707a65b1b4709397cf8b1d162af05abfe8f450de5f36bc6b0455a8520bc4e6f"
     "5fe95b1fe3c8452b",
     "8c1aae1275fe8e3e3fc71c31d418d1750cec13196269c5864a8bb42937cf5bf6201d85f644e98dbc"
     "7838a4b98355d16d"},
    {"SHA512",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a8"
     "36ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
     "204a8fc6dda82f0a0ced7beb8e08a41657c16ef468b228a8279be331a703c33596fd15c13b1b07f9"
     "aa1d3bea57789ca031ad85c7a71dd70354ec631238ca3445",
     "86cb193d5702bc41f66166d7db2d7bf8a0fb2d2e6c5da250a9c6fe5cc3285ecf9d65c3965df40d6e"
     "691cefa0b33ed47e2c6ab2784dc34ffe1d0b9e0173422c93"},
    {"SHA3-224", "e642824c3f8cf24ad09234ee7d3c766fc9a3a5168d0c94ad73b46fdf",
     "8a24108b154ada21c9fd5574494479ba5c7e7ab76ef264ead0fcce33",
     "9f7224dad81cedb3e9ae42a4962974eb6ffda7da36c80e3d740cfd61"},
    {"SHA3-256", "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532",
     "41c0dba2a9d6240849100376a8235e2c82e1b9998a999e21db32dd97496d3376",
     "15387e41ed8802a87f9ed9320d387556fa8e715804e34c6de022a37d79188225"},
    {"SHA3-384",
     "ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b298d88cea927ac7f5"
     "39f1edf228376d25",
     "991c665755eb3a4b6bbdfb75c78a492e8c56a22c5c4d7e429bfdbc32b9d4ad5aa04a1f076e62fea1"
     "9eef51acd0657c22",
     "c0a57bf092cb96a3a23b9c52bdb54a066e5b2ad154626fdc620e4da231e727b4a2ce63f23b131139"
     "f6dfd4bc7a7536d2"},
    {"SHA3-512",
     "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e10e116e9192af3c9"
     "1a7ec57647e3934057340b4cf408d5a56592f8274eec53f0",
     "04a371e84ecfb5b8b77cb48610fca8182dd457ce6f326a0fd3d7ec2f1e91636dee691fbe0c985302"
     "ba1b0d8dc78c086346b533b49c030d99a27daf1139d6e75e",
     "8e6011d56c9e7ffb1c134fe5cd8f8663f47bc03b0fafc88aff3d98a235545ec2e5084dc16b6f390c"
     "6d6e5a26109a5724b5711a416dd32431e1747cd80fd45ee1"},
};

enum { DIGEST_COUNT = sizeof(digests) / sizeof(digests[0]) };

static void digest_is_of_key_and_packet_in_this_order(void **state) {
    static const uint8_t letters[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    size_t length = sizeof(letters) - 1;

    (void)state;
    for (int i = 0; i < DIGEST_COUNT; i++) {
        assert_mac(digests[i].type, (const uint8_t *)"a", 1, (const uint8_t *)"bc", 2,
                   digests[i].abc);
        for (size_t key = 0; key <= length; key++)
            assert_mac(digests[i].type, letters, key, letters + key, length - key,
                       digests[i].letters);
    }
}

static void longest_key_and_packet_are_taken_whole(void **state) {
    uint8_t key[MAC_KEY_MAX_LENGTH], packet[NTP_PACKET_MAX_SIZE];

    (void)state;
    memset(key, 'k', sizeof(key));
    memset(packet, 'p', sizeof(packet));
    for (int i = 0; i < DIGEST_COUNT; i++)
        assert_mac(digests[i].type, key, sizeof(key), packet, sizeof(packet), digests[i].longest);
    assert_mac("AES128", key, 16, packet, sizeof(packet), "b5dd6ffe1461d3b0ca5ba0e4806a85b4");
    assert_mac("AES256", key, 32, packet, sizeof(packet), "8189efb422ddd2b45c88921a00d6d53d");
}

/* RFC 4493 section 4 and NIST SP 800-38B appendix D.3. */
static void cmac_of_aes_is_that_of_rfc_4493(void **state) {
    static const char message[] =
        "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
        "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710";
    static const struct {
        const char *type, *key, *mac[4]; /* of 0, 16, 40 and 64 bytes */
    } answers[] = {
        {"AES128",
         "2b7e151628aed2a6abf7158809cf4f3c",
         {"bb1d6929e95937287fa37d129b756746", "070a16b46b4d4144f79bdd9dd04a287c",
          "dfa66747de9ae63030ca32611497c827", "51f0bebf7e3b9d92fc49741779363cfe"}},
        {"AES256",
         "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
         {"028962f61b7bf89efc6b551f4667d983", "28a7023f452e8f82bd4bf28d8c37c35c",
          "aaf3d8f1de5640c232f5b169b9c911e6", "e1992190549f6ed5696a2c056c315410"}},
    };
    static const size_t lengths[] = {0, 16, 40, 64};
    uint8_t bytes[64], key[32];

    (void)state;
    assert_int_equal(text_parse_hex(message, bytes, sizeof(bytes)), sizeof(bytes));
    for (int i = 0; i < 2; i++) {
        int key_length = text_parse_hex(answers[i].key, key, sizeof(key));
        assert_int_equal(key_length, mac_find_type(answers[i].type)->key_length);
        for (int j = 0; j < 4; j++)
            assert_mac(answers[i].type, key, (size_t)key_length, bytes, lengths[j],
                       answers[i].mac[j]);
    }
}

static void types_have_the_numbers_of_reports_and_one_row_each(void **state) {
    static const struct {
        const char *name;
        int number;
    } known[] = {{"MD5", 1},      {"SHA1", 2},     {"SHA256", 3},     {"SHA384", 4},
                 {"SHA512", 5},   {"SHA3-224", 6}, {"SHA3-256", 7},   {"SHA3-384", 8},
                 {"SHA3-512", 9}, {"TIGER", 10},   {"WHIRLPOOL", 11}, {"AES128", 13},
                 {"AES256", 14}};

    (void)state;
    assert_int_equal(MAC_TYPE_COUNT, sizeof(known) / sizeof(known[0]));
    for (int i = 0; i < MAC_TYPE_COUNT; i++) {
        assert_ptr_equal(mac_find_type(known[i].name), &mac_types[i]);
        assert_int_equal(mac_types[i].number, known[i].number);
        assert_true(mac_types[i].length <= MAC_MAX_LENGTH);
    }
    assert_null(mac_find_type("md5"));
    assert_null(mac_find_type("SHA"));
    assert_null(mac_find_type("SHA224"));
    assert_null(mac_find_type(""));
}

static void types_without_a_function_compute_nothing(void **state) {
    uint8_t mac[MAC_MAX_LENGTH];

    (void)state;
    for (int i = 0; i < MAC_TYPE_COUNT; i++) {
        const struct mac_type *type = &mac_types[i];
        uint8_t key[32] = {0};

        assert_int_equal(mac_compute(type, key, type->key_length, key, sizeof(key), mac),
                         type->length != 0);
    }
    assert_int_equal(mac_find_type("TIGER")->length, 0);
    assert_int_equal(mac_find_type("WHIRLPOOL")->length, 0);
}

static void version_4_carries_20_bytes_of_a_code_and_older_ones_all(void **state) {
    static const struct {
        const char *type;
        size_t old, v4;
    } sizes[] = {{"MD5", 16, 16},      {"SHA1", 20, 20},     {"SHA256", 32, 20},
                 {"SHA384", 48, 20},   {"SHA512", 64, 20},   {"SHA3-224", 28, 20},
                 {"SHA3-256", 32, 20}, {"SHA3-384", 48, 20}, {"SHA3-512", 64, 20},
                 {"AES128", 16, 16},   {"AES256", 16, 16}};

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        for (int version = 1; version <= 4; version++)
            assert_int_equal(mac_sent_length(mac_find_type(sizes[i].type), version),
                             version == 4 ? sizes[i].v4 : sizes[i].old);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digest_is_of_key_and_packet_in_this_order),
        cmocka_unit_test(longest_key_and_packet_are_taken_whole),
        cmocka_unit_test(cmac_of_aes_is_that_of_rfc_4493),
        cmocka_unit_test(types_have_the_numbers_of_reports_and_one_row_each),
        cmocka_unit_test(types_without_a_function_compute_nothing),
        cmocka_unit_test(version_4_carries_20_bytes_of_a_code_and_older_ones_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
