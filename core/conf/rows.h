/* Private to this room. All rows, in the order of their numbers, for whoever has defined what the
 * columns become. No include guard: it is meant to be included again and again, and cleans up after
 * itself. */
#ifndef GROUP
#define GROUP(title)
#endif

#include "core/conf/directives.def"
#include "core/conf/options.def"

#undef GROUP
#undef BEGIN
#undef DIRECTIVE
#undef WORD
#undef ARGUMENT
#undef OPTION
#undef END
