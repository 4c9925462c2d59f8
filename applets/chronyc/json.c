/* From rows and decoded replies to JSON. Every byte that is not printable ASCII is escaped and
 * every number of the protocol is finite, so that a document is valid whatever the daemon says. */
#include "applets/chronyc/json.h"

#include <stdio.h>
#include <string.h>

#include "applets/chronyc/format.h"
#include "applets/chronyc/report.h"

#define SUCCESS 200 /* of commands that end without a status line */

/* The names of the members, each with its NUL, pads left out. */
#define NAME(structure, member, type, unit) #member "\0"
#define NO_NAME(bits, bytes)
#define SIZE(layout, LIST)  char layout[sizeof(LIST(NAME, NO_NAME, 0))];
#define NAMES(layout, LIST) LIST(NAME, NO_NAME, 0),
#define NOTHING(layout, longer)
static const struct names { JSON_LAYOUTS(SIZE, NOTHING) } names = {JSON_LAYOUTS(NAMES, NOTHING)};

/* Where those of a layout begin. */
#define OBJECT(layout, LIST)  {CONTROL_LAYOUT_##layout, offsetof(struct names, layout)},
#define OLDER(layout, longer) {CONTROL_LAYOUT_##layout, offsetof(struct names, longer)},
static const struct { uint16_t layout, names; } objects[] = {JSON_LAYOUTS(OBJECT, OLDER)};

#define WORDS(unit, list) [CONTROL_UNIT_##unit - CONTROL_UNIT_YES_NO] = (list),
static const char *const words[] = {JSON_WORDS(WORDS)};

static void print_string(const char *string) {
    putchar('"');
    for (; *string; string++) {
        unsigned char byte = (unsigned char)*string;
        if (byte < ' ' || byte > '~' || byte == '"' || byte == '\\')
            printf("\\u%04x", byte);
        else
            putchar(byte);
    }
    putchar('"');
}

static void print_flags(const char *list, int64_t bits) {
    char text[FORMAT_SIZE];
    const char *separator = "";
    putchar('[');
    for (int bit = 0; bit < 16; bit++) {
        if (!(bits >> bit & 1) || !*report_pick_word(text, list, bit))
            continue;
        fputs(separator, stdout);
        print_string(text);
        separator = ",";
    }
    putchar(']');
}

static void print_integer(const struct control_field *field, int64_t value) {
    char text[FORMAT_SIZE];
    unsigned unit = field->unit;
    if (unit >= CONTROL_UNIT_SELECT_OPTIONS)
        print_flags(words[unit - CONTROL_UNIT_YES_NO], value);
    else if (unit > CONTROL_UNIT_YES_NO)
        print_string(report_pick_word(text, words[unit - CONTROL_UNIT_YES_NO],
                                      unit == CONTROL_UNIT_TIMESTAMPING ? report_timestamping(value)
                                                                        : value));
    else if (unit == CONTROL_UNIT_YES_NO)
        fputs(report_pick_word(text, words[0], value), stdout);
    else if (unit == CONTROL_UNIT_REFERENCE_ID)
        printf("\"%08jX\"", (uintmax_t)value);
    else if ((unit == CONTROL_UNIT_SECONDS && value == CONTROL_NEVER) ||
             (unit == CONTROL_UNIT_LOG2 && value == CONTROL_NO_INTERVAL))
        fputs("null", stdout);
    else
        printf("%jd", (intmax_t)value);
}

static void print_value(const struct control_field *field, const void *record) {
    char text[FORMAT_SIZE];
    struct report_value value = report_load(field, record);
    switch (field->type) {
    case CONTROL_FLOAT:
        printf("%.9f", value.number);
        break;
    case CONTROL_TIME:
        fputs(value.integer ? format_timestamp(text, value.integer) : "null", stdout);
        break;
    case CONTROL_ADDRESS:
        if (((const struct address *)value.member)->family == ADDRESS_NONE)
            fputs("null", stdout);
        else
            print_string(address_format(value.member, text));
        break;
    case CONTROL_BYTES:
        print_string(value.member);
        break;
    case CONTROL_CHAR:
        if (field->unit == CONTROL_UNIT_NONE) {
            text[0] = (char)value.integer;
            text[1] = '\0';
            print_string(text);
            break;
        }
        /* fallthrough */
    default:
        print_integer(field, value.integer);
    }
}

void json_begin_object(struct json *json) {
    if (json->list)
        fputs(json->entries ? ",{" : "{", stdout);
    else
        fputs(",\"report\":{", stdout);
    json->entries++;
}

void json_print_object(struct json *json, const struct control_layout *layout, const void *record,
                       const char *name) {
    int i = 0;
    while (control_layout(objects[i].layout) != layout)
        i++;
    const char *member = (const char *)&names + objects[i].names;
    json_begin_object(json);
    if (name) {
        fputs("\"name\":", stdout);
        print_string(name);
    }
    for (i = 0; i < layout->count; i++) {
        const struct control_field *field = &layout->fields[i];
        if (field->type >= CONTROL_ZEROES)
            continue;
        printf(i || name ? ",\"%s\":" : "\"%s\":", member);
        print_value(field, record);
        member += strlen(member) + 1;
    }
    putchar('}');
}

void json_begin(struct json *json, const char *command) {
    *json = (struct json){.list = false};
    fputs("{\"command\":", stdout);
    print_string(command);
}

void json_begin_list(struct json *json) {
    json->list = true;
    fputs(",\"report\":[", stdout);
}

void json_end(struct json *json, bool success) {
    if (json->list)
        putchar(']');
    if (success && !json->status)
        json->status = SUCCESS;
    if (json->status)
        printf(",\"status\":%d", json->status);
    else
        fputs(",\"status\":null", stdout);
    if (!success) {
        fputs(",\"error\":", stdout);
        print_string(*json->error ? json->error : "Failed");
    }
    puts("}");
}
