/* printf and the streams of core/libc against the C library's own: the same characters for every
 * format that is in use and for doubles of every kind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/libc/compact.h"

#define ROOM   512
#define ROUNDS 4000

/* xorshift64*, from a fixed seed. */
static uint64_t next_random(uint64_t *state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

static double any_double(uint64_t *state) {
    uint64_t bits = next_random(state);
    double x;

    memcpy(&x, &bits, sizeof(x));
    return x;
}

/* Like the numbers that are printed in earnest: 1e-12 to 1e12, few or many digits. */
static double everyday_double(uint64_t *state) {
    int64_t mantissa = (int64_t)(next_random(state) >> (11 + next_random(state) % 50));
    double x = (double)mantissa;

    for (int i = (int)(next_random(state) % 13); i > 0; i--)
        x = next_random(state) % 4 ? x / 10 : x * 10;
    return next_random(state) % 2 ? x : -x;
}

static const double special_doubles[] = {0.0,
                                         -0.0,
                                         1.0,
                                         -1.0,
                                         0.5,
                                         1.5,
                                         2.5,
                                         0.25,
                                         0.125,
                                         0.375,
                                         9.9995,
                                         9.5,
                                         99.5,
                                         0.95,
                                         0.095,
                                         9.995,
                                         999999.5,
                                         9999995.0,
                                         0.00001,
                                         0.0001,
                                         0.00009999995,
                                         123456.0,
                                         1234567.0,
                                         100000.0,
                                         1e15,
                                         1e16,
                                         1e17,
                                         1e21,
                                         1e22,
                                         1e23,
                                         5e-324,
                                         1e-320,
                                         DBL_MIN,
                                         DBL_MAX,
                                         -DBL_MAX,
                                         DBL_EPSILON,
                                         INFINITY,
                                         -INFINITY,
                                         NAN,
                                         4503599627370496.5,
                                         9007199254740993.0,
                                         1.0 / 3.0,
                                         2.0 / 3.0,
                                         1e-5,
                                         1e-4,
                                         0.1,
                                         0.2,
                                         0.3,
                                         1e100,
                                         1e-100,
                                         8.5e-5,
                                         6.5,
                                         7.5,
                                         1e9,
                                         1e-9,
                                         4294967295.0,
                                         1700000000.123456789};

/* Every conversion of a double in the sources, and what borders on them. */
static const char *const double_formats[] = {
    "%f",       "%e",     "%g",    "%E",     "%G",       "%F",      "%10.3e",   "%7.1e",
    "%.9f",     "%+.9f",  "%.6f",  "%+.6f",  "%.3f",     "%+.3f",   "%.1f",     "%4.1f",
    "%5.1f",    "%10.2f", "%4.2f", "%5.2f",  "%+.2f",    "%.2f",    "%20.6f",   "%.0f",
    "%3.0f",    "%5.0f",  "%.5f",  "%12.6f", "%9.3f",    "%10.3f",  "%.0e",     "%.15g",
    "%.17g",    "%.3g",   "%.1g",  "%.0g",   "%-12.3f|", "%012.3f", "%+012.4e", "% .4f",
    "% 015.2e", "%-20g|", "%.20f", "%.40e",  "%30.25f",  "%010.1f", "%-+9.2f|"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Formats that are not literals are the point here. */
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"

static void assert_same_double(const char *format, double x) {
    char ours[ROOM], theirs[ROOM];
    int length = compact_snprintf(ours, sizeof(ours), format, x);

    assert_int_equal(snprintf(theirs, sizeof(theirs), format, x), length);
    if (strcmp(ours, theirs) != 0)
        fail_msg("%s of %a: %s, not %s", format, x, ours, theirs);
}

static void special_doubles_print_as_the_library_prints_them(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(double_formats); i++)
        for (size_t j = 0; j < COUNT(special_doubles); j++)
            assert_same_double(double_formats[i], special_doubles[j]);
}

static void everyday_doubles_print_as_the_library_prints_them(void **state) {
    uint64_t seed = 20240601;

    (void)state;
    for (size_t i = 0; i < COUNT(double_formats); i++)
        for (int round = 0; round < ROUNDS; round++)
            assert_same_double(double_formats[i], everyday_double(&seed));
}

static void doubles_of_every_exponent_print_as_the_library_prints_them(void **state) {
    uint64_t seed = 7;

    (void)state;
    for (int round = 0; round < ROUNDS; round++)
        assert_same_double(double_formats[(size_t)round % COUNT(double_formats)],
                           any_double(&seed));
    for (int exponent = -1074; exponent < 1024; exponent++)
        assert_same_double("%.17e", ldexp(1.0, exponent));
}

/* x.5 in the last place printed, exactly: half to even. */
static void halves_round_to_even(void **state) {
    (void)state;
    for (int i = 0; i < 2000; i++) {
        assert_same_double("%.0f", i + 0.5);
        assert_same_double("%.2f", i / 8.0);
        assert_same_double("%.1e", i / 16.0);
        assert_same_double("%.3f", i + 0.0625);
        assert_same_double("%.3g", i / 4.0);
    }
}

static void nines_carry_into_a_new_digit(void **state) {
    (void)state;
    for (int digits = 1; digits < 17; digits++) {
        double x = 1.0 - pow(10.0, -digits);

        for (int shift = -6; shift < 7; shift++)
            for (size_t i = 0; i < COUNT(double_formats); i++)
                assert_same_double(double_formats[i], x * pow(10.0, shift));
    }
}

static void a_precision_from_the_arguments_counts(void **state) {
    char ours[ROOM], theirs[ROOM];

    (void)state;
    for (int width = -12; width <= 12; width++) {
        for (int precision = -1; precision < 15; precision++) {
            compact_snprintf(ours, sizeof(ours), "%*.*f|%+*.*e|%.*g|%.*s|%*d", width, precision,
                             3.14159, width, precision, 2.5e-7, precision, 1e6, precision,
                             "chronobox", width, 42);
            snprintf(theirs, sizeof(theirs), "%*.*f|%+*.*e|%.*g|%.*s|%*d", width, precision,
                     3.14159, width, precision, 2.5e-7, precision, 1e6, precision, "chronobox",
                     width, 42);
            assert_string_equal(ours, theirs);
        }
    }
}

static void integers_print_as_the_library_prints_them(void **state) {
    static const char *const formats[] = {
        "%d",   "%i",   "%5d",  "%-6d|", "%05d",  "%+d",  "% d",  "%.3d", "%8.5d", "%-8.5d|", "%u",
        "%2u",  "%x",   "%08x", "%X",    "%08X",  "%o",   "%4o",  "%hhd", "%hd",   "%hhu",    "%hu",
        "%03d", "%02d", "%hx",  "%c",    "%-3c|", "%.0d", "%02x", "%hhx", "%+05d", "%5.0u"};
    static const char *const wide_formats[] = {"%ld",  "%lu", "%lld",  "%llu",   "%jd",   "%ju",
                                               "%zu",  "%zd", "%02ld", "%5lld",  "%4ju",  "%08jX",
                                               "%llx", "%jo", "%3jo",  "%-9ld|", "%+lld", "%lX"};
    char ours[ROOM], theirs[ROOM];
    uint64_t seed = 99;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        int64_t value = (int64_t)(next_random(&seed) >> (next_random(&seed) % 64));

        if (round < 64)
            value = (int64_t)((UINT64_C(1) << round) - 1);
        else if (round < 128)
            value = (int64_t)(UINT64_C(1) << (round - 64));
        else if (round % 2)
            value = (int64_t)(0 - (uint64_t)value);
        for (size_t i = 0; i < COUNT(formats); i++) {
            int length = compact_snprintf(ours, sizeof(ours), formats[i], (int)value);

            assert_int_equal(snprintf(theirs, sizeof(theirs), formats[i], (int)value), length);
            assert_memory_equal(ours, theirs, (size_t)length + 1);
        }
        for (size_t i = 0; i < COUNT(wide_formats); i++) {
            compact_snprintf(ours, sizeof(ours), wide_formats[i], value);
            snprintf(theirs, sizeof(theirs), wide_formats[i], value);
            assert_string_equal(ours, theirs);
        }
    }
}

static void strings_are_cut_and_padded(void **state) {
    static const char *const formats[] = {"%s",    "[%15s]", "[%-15s]", "%.3s",   "[%-8.8s]",
                                          "[%4s]", "%.16s",  "[%.0s]",  "[%-4s]", "%%%s"};
    static const char *const strings[] = {"", "a", "chrony", "a string of more than sixteen"};
    char ours[ROOM], theirs[ROOM];

    (void)state;
    for (size_t i = 0; i < COUNT(formats); i++) {
        for (size_t j = 0; j < COUNT(strings); j++) {
            compact_snprintf(ours, sizeof(ours), formats[i], strings[j]);
            snprintf(theirs, sizeof(theirs), formats[i], strings[j]);
            assert_string_equal(ours, theirs);
        }
    }
}

static void a_string_is_read_no_further_than_its_precision(void **state) {
    char ours[ROOM], *unterminated = malloc(4);

    (void)state;
    memcpy(unterminated, "abcd", 4);
    assert_int_equal(compact_snprintf(ours, sizeof(ours), "%.4s", unterminated), 4);
    assert_string_equal(ours, "abcd");
    free(unterminated);
}

static void many_arguments_keep_their_order(void **state) {
    char ours[ROOM], theirs[ROOM];
    static const char format[] = "%s %d %.1f %c %ld %g %u %s %lld %e %d %x %f %s %d %d %d %.2f";

    (void)state;
    compact_snprintf(ours, sizeof(ours), format, "a", 1, 2.5, 'c', 4L, 5.5, 6u, "g", 8LL, 9.5, 10,
                     11u, 12.5, "m", 14, 15, 16, 17.25);
    snprintf(theirs, sizeof(theirs), format, "a", 1, 2.5, 'c', 4L, 5.5, 6u, "g", 8LL, 9.5, 10, 11u,
             12.5, "m", 14, 15, 16, 17.25);
    assert_string_equal(ours, theirs);
}

static void what_does_not_fit_is_cut_and_counted(void **state) {
    char room[8];

    (void)state;
    for (size_t size = 0; size <= sizeof(room); size++) {
        memset(room, '#', sizeof(room));
        assert_int_equal(compact_snprintf(room, size, "%s-%d", "abc", 12345), 9);
        if (size > 0)
            assert_int_equal(strlen(room), size - 1);
        for (size_t i = size; i < sizeof(room); i++)
            assert_int_equal(room[i], '#');
        assert_memory_equal(room, "abc-1234", size > 0 ? size - 1 : 0);
    }
    assert_int_equal(compact_snprintf(NULL, 0, "%.9f", 1.0), 11);
}

/* What a program writes to the descriptor that stdout has. */
static size_t captured(void (*print)(void), char *text, size_t size) {
    FILE *file = tmpfile();
    int saved = dup(STDOUT_FILENO);
    ssize_t length;

    assert_non_null(file);
    fflush(stdout);
    dup2(fileno(file), STDOUT_FILENO);
    print();
    dup2(saved, STDOUT_FILENO);
    close(saved);
    length = pread(fileno(file), text, size - 1, 0);
    assert_true(length >= 0);
    text[length] = '\0';
    fclose(file);
    return (size_t)length;
}

static void print_all_ways(void) {
    assert_int_equal(compact_printf("%d %s\n", 1, "one"), 6);
    assert_int_equal(compact_puts("two"), 0);
    assert_int_equal(compact_fputs("thr", compact_stdout), 0);
    assert_int_equal(compact_putchar('e'), 'e');
    assert_int_equal(compact_fputc('e', compact_stdout), 'e');
    assert_int_equal(compact_fwrite("\nfo", 1, 3, compact_stdout), 3);
    assert_int_equal(compact_fprintf(compact_stdout, "%c%c", 'u', 'r'), 2);
    assert_int_equal(compact_fflush(compact_stdout), 0);
    assert_false(compact_ferror(compact_stdout));
}

static void all_ways_to_print_share_one_buffer(void **state) {
    char text[ROOM];

    (void)state;
    captured(print_all_ways, text, sizeof(text));
    assert_string_equal(text, "1 one\ntwo\nthree\nfour");
}

static void print_much(void) {
    for (int i = 0; i < 1000; i++)
        compact_printf("%04d,", i);
    compact_fflush(compact_stdout);
}

static void more_than_the_buffer_holds_arrives_whole(void **state) {
    static char text[8192];

    (void)state;
    assert_int_equal(captured(print_much, text, sizeof(text)), 5000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(atoi(text + (ptrdiff_t)5 * i), i);
}

static void print_a_line_and_a_half(void) {
    compact_setvbuf(compact_stdout, NULL, _IOLBF, 0);
    compact_puts("line");
    compact_fputs("half", compact_stdout);
}

static void drop_the_rest(void) {
    compact_fflush(compact_stdout);
    compact_setvbuf(compact_stdout, NULL, _IOFBF, 0);
}

static void a_line_buffered_stream_is_written_by_lines(void **state) {
    char text[ROOM];

    (void)state;
    captured(print_a_line_and_a_half, text, sizeof(text));
    assert_string_equal(text, "line\n");
    captured(drop_the_rest, text, sizeof(text));
    assert_string_equal(text, "half");
}

static void dprintf_writes_at_once(void **state) {
    char text[ROOM] = "";
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(compact_dprintf(ends[1], "%s=%d", "x", 7), 3);
    assert_int_equal(read(ends[0], text, sizeof(text)), 3);
    assert_string_equal(text, "x=7");
    close(ends[0]);
    close(ends[1]);
}

/* Leaves stdin at its end. */
static void lines_are_read_one_by_one(void **state) {
    static const char text[] = "one\n\nthree is longer than it should be\nlast";
    char line[16];
    int ends[2], saved = dup(STDIN_FILENO);

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], text, strlen(text)), strlen(text));
    close(ends[1]);
    dup2(ends[0], STDIN_FILENO);
    assert_string_equal(compact_fgets(line, sizeof(line), compact_stdin), "one\n");
    assert_string_equal(compact_fgets(line, sizeof(line), compact_stdin), "\n");
    assert_string_equal(compact_fgets(line, sizeof(line), compact_stdin), "three is longer");
    assert_string_equal(compact_fgets(line, sizeof(line), compact_stdin), " than it should");
    assert_string_equal(compact_fgets(line, sizeof(line), compact_stdin), " be\n");
    assert_string_equal(compact_fgets(line, sizeof(line), compact_stdin), "last");
    assert_null(compact_fgets(line, sizeof(line), compact_stdin));
    dup2(saved, STDIN_FILENO);
    close(saved);
    close(ends[0]);
}

/* Last: the error stays with the stream. */
static void a_full_disk_is_reported(void **state) {
    int saved = dup(STDOUT_FILENO), full = open("/dev/full", O_WRONLY);
    int printed, flushed;

    (void)state;
    assert_true(full >= 0);
    dup2(full, STDOUT_FILENO);
    printed = compact_puts("lost");
    flushed = compact_fflush(compact_stdout);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    close(full);
    assert_int_equal(printed, 0);
    assert_int_equal(flushed, EOF);
    assert_true(compact_ferror(compact_stdout));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(special_doubles_print_as_the_library_prints_them),
        cmocka_unit_test(everyday_doubles_print_as_the_library_prints_them),
        cmocka_unit_test(doubles_of_every_exponent_print_as_the_library_prints_them),
        cmocka_unit_test(halves_round_to_even),
        cmocka_unit_test(nines_carry_into_a_new_digit),
        cmocka_unit_test(a_precision_from_the_arguments_counts),
        cmocka_unit_test(integers_print_as_the_library_prints_them),
        cmocka_unit_test(strings_are_cut_and_padded),
        cmocka_unit_test(a_string_is_read_no_further_than_its_precision),
        cmocka_unit_test(many_arguments_keep_their_order),
        cmocka_unit_test(what_does_not_fit_is_cut_and_counted),
        cmocka_unit_test(all_ways_to_print_share_one_buffer),
        cmocka_unit_test(more_than_the_buffer_holds_arrives_whole),
        cmocka_unit_test(a_line_buffered_stream_is_written_by_lines),
        cmocka_unit_test(dprintf_writes_at_once),
        cmocka_unit_test(lines_are_read_one_by_one),
        cmocka_unit_test(a_full_disk_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
