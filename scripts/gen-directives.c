/* Prints docs/directives.md: the columns of the directive table that the program itself leaves out.
 */
#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "core/conf/table.h"
#include "core/track/select.h"

static const char introduction[] =
    "# Directives\n"
    "\n"
    "Every directive of a configuration file, with its arguments, default and range. This page is "
    "written by\n"
    "`scripts/gen-directives` from the table in `core/conf/directives.def` and "
    "`core/conf/options.def`; change it there.\n"
    "\n"
    "A line is one directive. Keywords and options may be in any case; lines that begin with `#`, "
    "`!`, `;` or `%` are\n"
    "comments, and there are no comments behind a directive. A directive marked *later* is read "
    "and checked like the\n"
    "others, has no effect yet, and the log says so once. A directive that is repeated replaces "
    "the line before, but\n"
    "for sources, access rules, `log`, `sourcedir`, `include`, `confdir`, `broadcast`, `refclock`, "
    "`hwtimestamp` and\n"
    "certificates, which add up, and the rate limits, where a line changes only what it "
    "mentions.\n";

static const char options_introduction[] = "\n"
                                           "# Options\n"
                                           "\n"
                                           "Options stand behind a directive's own arguments, in "
                                           "any order: a word, or a word and its value.\n";

/* Text of a table cell: a bar would end it. */
static void print_cell(const char *text) {
    for (; *text; text++)
        printf(*text == '|' ? "\\|" : "%c", *text);
}

/* The last part of an enumerator's name is the word that stands for it. */
static void print_choice(const char *enumerator) {
    const char *part = strrchr(enumerator, '_');

    for (part = part ? part + 1 : enumerator; *part; part++)
        putchar(isdigit((unsigned char)*part) ? ' ' : tolower((unsigned char)*part));
}

static void print_default(int shape, const char *text, double value) {
    if (shape == SHAPE_CHOICE)
        print_choice(text);
    else if (shape == SHAPE_INT || shape == SHAPE_BYTES)
        printf(value <= INT_MIN ? "" : value < 0 ? "unset" : "%.0f", value);
    else if (shape == SHAPE_FLOAT)
        printf(value < 0 ? "unset" : "%g", value);
    else if (shape == SHAPE_FLAG || shape == SHAPE_RATE_LIMIT || shape == SHAPE_LOCAL)
        printf("off");
}

static void print_range(int shape, long long min, long long max) {
    if (shape != SHAPE_INT || min == INT_MIN)
        return;
    if (max == INT_MAX)
        printf("%lld or more", min);
    else
        printf("%lld to %lld", min, max);
}

static void row(const char *name, const char *arguments, int shape, const char *fallback_text,
                double fallback, long long min, long long max, int effect, const char *summary) {
    printf("| `%s%s", name, *arguments ? " " : "");
    print_cell(arguments);
    printf("` | ");
    print_default(shape, fallback_text, fallback);
    printf(" | ");
    print_range(shape, min, max);
    printf(" | ");
    print_cell(summary);
    printf("%s |\n", effect == EFFECT_LATER ? " (*later*)" : "");
}

static void heading(const char *title) {
    printf("\n## %s\n\n| directive | default | range | |\n|---|---|---|---|\n", title);
}

static void options_heading(const char *family) {
    static const struct {
        const char *family, *title;
    } titles[] = {
        {"SOURCE", "`server`, `pool`, `peer`"},
        {"REFCLOCK", "`refclock`"},
        {"LOCAL", "`local`"},
        {"RATE_LIMIT", "`ratelimit`, `cmdratelimit`, `ntsratelimit`"},
        {"HW_TIMESTAMP", "`hwtimestamp`"},
    };

    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
        if (strcmp(titles[i].family, family) == 0)
            printf("\n## %s\n\n| option | default | range | |\n|---|---|---|---|\n",
                   titles[i].title);
}

int main(void) {
    fputs(introduction, stdout);
    printf("\nAt most %d sources, %d rules of each kind of access, %d `sourcedir` lines, %d "
           "reference clocks and %d bytes in a\n"
           "line; a limit that is reached is an error that names the directive.\n",
           CONFIG_MAX_SOURCES, CONFIG_MAX_RULES, CONFIG_MAX_DIRECTORIES, CONFIG_MAX_REFCLOCKS,
           CONF_MAX_LINE - 1);
#define BEGIN(family, type) options_heading(#family);
#define GROUP(title)        heading(title);
#define DIRECTIVE(name, shape, member, min, max, fallback, effect, arguments, summary)             \
    row(#name, arguments, SHAPE_##shape, #fallback, fallback, min, max, EFFECT_##effect, summary);
#define WORD(name, shape, value, effect, arguments, summary)                                       \
    row(#name, arguments, SHAPE_##shape, "", 0, 0, 0, EFFECT_##effect, summary);
#define ARGUMENT(of, name, shape, member, min, max, fallback)
#define OPTION(family, name, shape, member, min, max, fallback, effect, value, summary)            \
    row(#name, value, SHAPE_##shape, #fallback, fallback, min, max, EFFECT_##effect, summary);
#define END(family)                                                                                \
    if (FAMILY_##family == FAMILY_DIRECTIVES)                                                      \
        fputs(options_introduction, stdout);
#include "core/conf/rows.h"
    return 0;
}
