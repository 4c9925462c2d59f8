/* A leap-seconds.list. */
#include "core/wire/leap_list.h"
#include "tests/fuzz/fuzz.h"

#define HALF_YEAR (183 * 86400)
#define LAST      INT64_C(4102444800) /* the year 2100 */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = input_text(data, size);
    struct leap_list list;

    if (leap_list_parse(text, &list)) {
        leap_list_is_sane(&list);
        for (int64_t time = -HALF_YEAR; time < LAST; time += HALF_YEAR)
            leap_list_day(&list, time);
        leap_list_day(&list, INT64_MAX / NS_PER_S);
        leap_list_day(&list, INT64_MIN / NS_PER_S);
    }
    free(text);
    return 0;
}
