/* Bounded text, numbers and words of lines, and the two small rooms beside: log messages and the
 * random pool. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/log.h"
#include "core/base/random.h"
#include "core/base/text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void a_builder_appends_until_it_is_full(void **state) {
    char buffer[8];
    struct text text;

    (void)state;
    memset(buffer, 'x', sizeof(buffer));
    text_init(&text, buffer, sizeof(buffer));
    assert_string_equal(buffer, "");
    text_append(&text, "ab");
    text_printf(&text, "%d", 123);
    assert_string_equal(buffer, "ab123");
    assert_int_equal(text.length, 5);
    assert_false(text.cut);
    text_append(&text, "45");
    assert_false(text.cut);
    text_append(&text, "6");
    assert_true(text.cut);
    assert_string_equal(buffer, "ab12345");
    text_printf(&text, "more");
    text_append(&text, "");
    assert_string_equal(buffer, "ab12345");
    assert_int_equal(text.length, 7);
}

static void a_builder_cuts_what_does_not_fit(void **state) {
    char buffer[6];
    struct text text;

    (void)state;
    text_init(&text, buffer, sizeof(buffer));
    text_printf(&text, "%s", "12345");
    assert_false(text.cut);
    text_init(&text, buffer, sizeof(buffer));
    text_printf(&text, "%s", "123456");
    assert_true(text.cut);
    assert_string_equal(buffer, "12345");
    text_init(&text, buffer, 1);
    text_append(&text, "a");
    assert_true(text.cut);
    assert_string_equal(buffer, "");
}

static void lines_are_normalised_as_chrony_does(void **state) {
    static const char *const rows[][2] = {
        {"", ""},
        {"  \t\r\n", ""},
        {"server  a.b.c\tiburst \n", "server a.b.c iburst"},
        {"\v\f x \r y", "x y"},
        {"# comment", ""},
        {"  ! comment", ""},
        {"; comment", ""},
        {"%", ""},
        {"allow # not a comment", "allow # not a comment"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char line[64];
        strcpy(line, rows[i][0]);
        text_normalise_line(line);
        assert_string_equal(line, rows[i][1]);
    }
}

static void words_are_taken_off_a_line_one_by_one(void **state) {
    char buffer[] = " one\ttwo  three";
    char *line = buffer;

    (void)state;
    assert_string_equal(text_take_word(&line), "one");
    assert_string_equal(text_take_word(&line), "two");
    assert_string_equal(text_take_word(&line), "three");
    assert_string_equal(text_take_word(&line), "");
    assert_string_equal(text_take_word(&line), "");
    assert_ptr_equal(line, buffer + sizeof(buffer) - 1);
}

static void case_is_ignored_in_ascii_only(void **state) {
    (void)state;
    assert_true(text_equal_nocase("", ""));
    assert_true(text_equal_nocase("MakeStep", "mAKEsTEP"));
    assert_false(text_equal_nocase("makestep", "makeste"));
    assert_false(text_equal_nocase("makeste", "makestep"));
    assert_false(text_equal_nocase("[", "{"));
    assert_false(text_equal_nocase("\xc4", "\xe4"));
}

static void integers_are_whole_strings_within_64_bits(void **state) {
    static const struct {
        const char *string;
        int64_t value;
    } good[] = {
        {"0", 0},
        {"-0", 0},
        {"+7", 7},
        {"007", 7},
        {"-123", -123},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
    };
    static const char *const bad[] = {
        "",
        "-",
        "+",
        "--1",
        "+-1",
        " 1",
        "1 ",
        "1a",
        "0x10",
        "1.0",
        "9223372036854775808",
        "-9223372036854775809",
        "99999999999999999999999999",
    };
    int64_t value = 42;

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(text_parse_int(bad[i], &value));
    assert_int_equal(value, 42);
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_true(text_parse_int(good[i].string, &value));
        assert_int_equal(value, good[i].value);
    }
}

static void hex_is_read_in_any_case_and_written_in_upper_case(void **state) {
    static const uint8_t expected[] = {0x00, 0x1f, 0xab, 0xFF};
    uint8_t bytes[4];
    char text[9];

    (void)state;
    assert_int_equal(text_parse_hex("001fAbFF", bytes, sizeof(bytes)), 4);
    assert_memory_equal(bytes, expected, sizeof(expected));
    text_format_hex(bytes, sizeof(bytes), text);
    assert_string_equal(text, "001FABFF");
    assert_int_equal(text_parse_hex("", bytes, sizeof(bytes)), 0);
    assert_int_equal(text_parse_hex("001", bytes, sizeof(bytes)), -1);
    assert_int_equal(text_parse_hex("0g", bytes, sizeof(bytes)), -1);
    assert_int_equal(text_parse_hex(" 0", bytes, sizeof(bytes)), -1);
    assert_int_equal(text_parse_hex("0011223344", bytes, sizeof(bytes)), -1);
    text_format_hex(bytes, 0, text);
    assert_string_equal(text, "");
}

struct heard {
    enum log_level level;
    size_t length;
    char last;
    int count;
};

static void listen(void *context, enum log_level level, const char *message) {
    size_t length = strlen(message);
    *(struct heard *)context = (struct heard){level, length, length > 0 ? message[length - 1] : 0,
                                              ((struct heard *)context)->count + 1};
}

static void log_messages_are_cut_and_never_overflow(void **state) {
    struct heard heard = {0};
    struct log log = {listen, &heard}, deaf = {NULL, NULL};
    char *message = malloc(LOG_MESSAGE_SIZE + 1);

    (void)state;
    memset(message, 'm', LOG_MESSAGE_SIZE);
    message[LOG_MESSAGE_SIZE] = '\0';
    log_warning(&log, "%s", message);
    assert_int_equal(heard.level, LOG_WARNING_LEVEL);
    assert_int_equal(heard.length, LOG_MESSAGE_SIZE - 1);
    assert_int_equal(heard.last, 'm');
    log_error(&log, "%d%c", 12, '!');
    assert_int_equal(heard.level, LOG_ERROR_LEVEL);
    assert_int_equal(heard.length, 3);
    log_info(&deaf, "nobody hears %s", "this");
    assert_int_equal(heard.count, 2);
    free(message);
}

/* 1, 2 .. 255, 1 .. : never 0, which is what wiped bytes are. */
static void count_up(void *context, void *bytes, size_t count) {
    uint8_t *next = context;
    for (size_t i = 0; i < count; i++)
        ((uint8_t *)bytes)[i] = (uint8_t)(*next = (uint8_t)(*next % 255 + 1));
}

static void random_bytes_are_used_once_and_wiped(void **state) {
    uint8_t next = 0, bytes[3 * RANDOM_POOL_SIZE];
    struct random random;
    int seen[256] = {0};

    (void)state;
    random_init(&random, count_up, &next);
    random_bytes(&random, bytes, 5);
    assert_int_equal(random.left, RANDOM_POOL_SIZE - 5);
    for (size_t i = 0; i < RANDOM_POOL_SIZE; i++)
        assert_true((random.pool[i] == 0) == (i >= random.left));
    random_bytes(&random, bytes + 5, RANDOM_POOL_SIZE - 5);
    assert_int_equal(random.left, 0);
    for (size_t i = 0; i < RANDOM_POOL_SIZE; i++)
        seen[bytes[i]]++;
    for (size_t i = 1; i < 256; i++)
        assert_int_equal(seen[i], i == 1 ? 2 : 1);
    random_bytes(&random, bytes, sizeof(bytes));
    assert_int_equal(random.left, 0);
    random_bytes(&random, bytes, 0);
}

static void zeroes(void *context, void *bytes, size_t count) {
    memset(bytes, *(uint8_t *)context, count);
}

static void uniform_numbers_are_below_one(void **state) {
    uint8_t value = 0xff;
    struct random random;

    (void)state;
    random_init(&random, zeroes, &value);
    assert_true(random_uniform(&random) < 1.0);
    assert_true(random_uniform(&random) > 0.999999);
    assert_int_equal(random_u32(&random), UINT32_MAX);
    value = 0;
    random_init(&random, zeroes, &value);
    assert_true(random_uniform(&random) == 0.0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_builder_appends_until_it_is_full),
        cmocka_unit_test(a_builder_cuts_what_does_not_fit),
        cmocka_unit_test(lines_are_normalised_as_chrony_does),
        cmocka_unit_test(words_are_taken_off_a_line_one_by_one),
        cmocka_unit_test(case_is_ignored_in_ascii_only),
        cmocka_unit_test(integers_are_whole_strings_within_64_bits),
        cmocka_unit_test(hex_is_read_in_any_case_and_written_in_upper_case),
        cmocka_unit_test(log_messages_are_cut_and_never_overflow),
        cmocka_unit_test(random_bytes_are_used_once_and_wiped),
        cmocka_unit_test(uniform_numbers_are_below_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
