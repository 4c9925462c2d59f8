/* The one place below core/linux that speaks to the outside: a broken invariant must not go on, nor
 * go unsaid. */
#include "core/base/check.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void check_failed(const char *file, int line, const char *condition) {
    fprintf(stderr, "%s:%d: impossible: not (%s)\n", file, line, condition);
    abort();
}
