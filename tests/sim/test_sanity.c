/* Every case of sanity.h, with a few seeds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/sim/sanity.h"

#define SEEDS 3

static void case_holds(void **state) {
    const struct sanity *row = *state;

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct sanity_result result = sanity_run(row, seed);

        if (!result.holds)
            print_error("seed %d: worst error %.1e s, %d steps, said %d times, unsaid %d times%s\n",
                        (int)seed, result.worst, result.steps, result.said, result.unsaid,
                        result.early ? ", right too early" : "");
        assert_true(result.holds);
    }
}

int main(void) {
    struct CMUnitTest *tests = test_calloc((size_t)sanity_count, sizeof(*tests));
    int failed;

    for (int i = 0; i < sanity_count; i++)
        tests[i] = (struct CMUnitTest){sanities[i].name, case_holds, NULL, NULL,
                                       (void *)(uintptr_t)&sanities[i]};
    failed = _cmocka_run_group_tests("sanity", tests, (size_t)sanity_count, NULL, NULL);
    test_free(tests);
    return failed;
}
