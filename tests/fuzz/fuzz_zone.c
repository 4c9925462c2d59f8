/* A time zone file (TZif): its leap seconds, and local time by it; with a first byte that is odd,
 * the rest is the text of TZ. */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/libc/zone.h"
#include "core/wire/leap_list.h"
#include "tests/fuzz/fuzz.h"

static const int64_t times[] = {0,          -1,        INT32_MIN,  INT32_MAX,
                                1700000000, 800000000, 4102444800, -2208988800};

static void show_times(const char *zone) {
    setenv("TZ", zone, 1);
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        struct local_time local = compact_local_time(times[i]);

        if (strlen(local.name) > 64)
            abort();
    }
}

static void show_file(const uint8_t *bytes, size_t length) {
    static int file = -1;
    char path[32];

    if (file < 0 && (file = memfd_create("zone", 0)) < 0)
        abort();
    if (ftruncate(file, 0) != 0 || pwrite(file, bytes, length, 0) != (ssize_t)length)
        abort();
    snprintf(path, sizeof(path), ":/proc/self/fd/%d", file);
    show_times(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct input input = {data, size};
    bool is_text = (input_byte(&input) & 1) != 0;
    char *text = input_text(input.at, input.left);
    struct leap_list list;

    if (is_text) {
        show_times(text);
    } else {
        if (leap_list_parse_zone((const uint8_t *)text, input.left, &list))
            leap_list_is_sane(&list);
        show_file((const uint8_t *)text, input.left);
    }
    free(text);
    return 0;
}
