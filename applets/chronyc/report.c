/* From a row and a decoded reply to characters. */
#include "applets/chronyc/report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "applets/chronyc/format.h"
#include "core/ntp/association.h"

#define MAX_POWER 31

/* The words of a member's values from 0 on; the last one is for all other values. */
static const char *const words[] = {
    [WORDS_LEAP] = "Normal|Insert second|Delete second|Not synchronised|Invalid",
    [WORDS_LEAP_LETTER] = "N|+|-|?",
    [WORDS_SOURCE_MODE] = "^|=|#| ",
    [WORDS_SOURCE_STATE] = "*|?|x|~|+|-| ",
    [WORDS_NTP_MODE] = "Invalid|Symmetric active|Symmetric passive|Invalid|Server|Invalid",
    [WORDS_AUTH_MODE] = "-|SK|NTS|?",
    [WORDS_AUTH] = "N|Y",
    [WORDS_LEAP_ONLY] = "||(leap second only)",
};

struct value {
    int64_t integer; /* nanoseconds for instants */
    double number;
    const struct address *address;
};

/* Members are naturally aligned in their structs. */
static struct value load(const struct control_field *field, const void *record) {
    const void *member = (const char *)record + field->offset;
    struct value value = {0};
    switch (field->type) {
    case CONTROL_U8:
        value.integer = *(const uint8_t *)member;
        break;
    case CONTROL_I8:
        value.integer = *(const int8_t *)member;
        break;
    case CONTROL_CHAR:
        value.integer = *(const char *)member;
        break;
    case CONTROL_U16:
        value.integer = *(const uint16_t *)member;
        break;
    case CONTROL_I16:
        value.integer = *(const int16_t *)member;
        break;
    case CONTROL_U32:
        value.integer = *(const uint32_t *)member;
        break;
    case CONTROL_I32:
        value.integer = *(const int32_t *)member;
        break;
    case CONTROL_U64:
    case CONTROL_LOW32:
    case CONTROL_TIME:
        value.integer = *(const int64_t *)member;
        break;
    case CONTROL_FLOAT:
        value.number = *(const double *)member;
        break;
    case CONTROL_ADDRESS:
        value.address = member;
        break;
    }
    return value;
}

static const struct control_field *find_field(const struct control_layout *layout,
                                              uint16_t member) {
    for (int i = 0; i < layout->count; i++)
        if (layout->fields[i].offset == member && layout->fields[i].type < CONTROL_ZEROES)
            return &layout->fields[i];
    return NULL;
}

static const char *pick_word(char text[FORMAT_SIZE], unsigned list, int64_t index) {
    const char *word = words[list];
    size_t length;
    while (length = strcspn(word, "|"), index-- != 0 && word[length])
        word += length + 1;
    memcpy(text, word, length);
    text[length] = '\0';
    return text;
}

static const char *format_bits(char text[FORMAT_SIZE], int64_t value, unsigned detail) {
    unsigned count = detail & 0xf;
    for (unsigned i = 0; i < count; i++)
        text[i] = (char)('0' + (value >> (detail >> 4) >> (count - 1 - i) & 1));
    text[count] = '\0';
    return text;
}

static const char *format_options(char text[FORMAT_SIZE], int64_t options, bool csv) {
    static const char letters[] = "NPTR-";
    char *to = text;
    for (int i = 0; letters[i]; i++) {
        *to++ = options >> i & 1 && i < 4 ? letters[i] : '-';
        if (csv && letters[i + 1])
            *to++ = ',';
    }
    *to = '\0';
    return text;
}

static const char *format_timestamping(int64_t letter) {
    return letter == 'D'   ? "Daemon"
           : letter == 'K' ? "Kernel"
           : letter == 'H' ? "Hardware"
                           : "Invalid";
}

static const char *format_direction(char text[FORMAT_SIZE], double value, int decimals,
                                    const char *unit, const char *positive, const char *other) {
    snprintf(text, FORMAT_SIZE, "%.*f %s %s", decimals, fabs(value), unit,
             value > 0.0 ? positive : other);
    return text;
}

static const char *format_number(char text[FORMAT_SIZE], double value, int decimals) {
    snprintf(text, FORMAT_SIZE, "%.*f", decimals, value);
    return text;
}

static const char *format_integer(char text[FORMAT_SIZE], int64_t value) {
    snprintf(text, FORMAT_SIZE, "%jd", (intmax_t)value);
    return text;
}

/* The kinds that are words in both forms, or a word in one and a number in the other. */
static const char *format_word(char text[FORMAT_SIZE], const struct report_row *row,
                               const struct value *value, const void *record, bool csv) {
    switch (row->kind) {
    case REPORT_WORD:
        return pick_word(text, csv && row->detail >> 8 ? row->detail >> 8 : row->detail & 0xff,
                         value->integer);
    case REPORT_FLAG:
        return value->integer & row->detail ? "Yes" : "No";
    case REPORT_BITS:
        return format_bits(text, value->integer, row->detail);
    case REPORT_INTERVAL:
        return csv ? format_integer(text, value->integer)
                   : format_interval(text, (uint32_t)value->integer);
    case REPORT_LOG2:
        return csv ? format_integer(text, value->integer) : format_log2(text, (int)value->integer);
    case REPORT_OFFSET:
    case REPORT_SIGNED_OFFSET:
        return csv ? format_number(text, value->number, 9)
                   : format_offset(text, value->number, row->kind == REPORT_SIGNED_OFFSET);
    case REPORT_FREQUENCY:
    case REPORT_SIGNED_FREQUENCY:
        return csv ? format_number(text, value->number, 3)
                   : format_frequency(text, value->number, row->kind == REPORT_SIGNED_FREQUENCY);
    case REPORT_SLOW:
        return csv ? format_number(text, value->number, 9)
                   : format_direction(text, value->number, 9, "seconds", "slow", "fast");
    case REPORT_FAST:
        return csv ? format_number(text, value->number, 3)
                   : format_direction(text, value->number, 3, "ppm", "fast", "slow");
    case REPORT_DATE:
        return csv ? format_timestamp(text, value->integer)
                   : time_format_long(ns_floor_seconds(value->integer), text);
    case REPORT_SHORT_DATE:
        return time_format(ns_floor_seconds(value->integer), ' ', text);
    case REPORT_ADDRESS:
        return address_format(value->address, text);
    case REPORT_NTP_REFERENCE:
        return ((const struct control_ntp_data *)record)->stratum <= 1
                   ? format_reference_id(text, (uint32_t)value->integer)
                   : "";
    case REPORT_TIMESTAMPING:
        return format_timestamping(value->integer);
    default:
        return format_options(text, value->integer, csv);
    }
}

static int decimals_of(const char *format) {
    const char *point = strchr(strchr(format, '%'), '.');
    return point ? atoi(point + 1) : 0;
}

static void print_number(const struct report_row *row, double value, bool csv) {
    if (csv)
        printf("%.*f", decimals_of(row->format), value);
    else
        printf(row->format, value);
}

static void print_row(const struct report_row *row, struct value value, const void *record,
                      const char *name, struct report_style style) {
    bool csv = style.csv;
    char text[FORMAT_SIZE];
    switch (row->kind) {
    case REPORT_UINT:
        printf(csv ? "%ju" : row->format, (uintmax_t)value.integer);
        break;
    case REPORT_INT:
        printf(csv ? "%jd" : row->format, (intmax_t)value.integer);
        break;
    case REPORT_CHAR:
        printf(csv ? "%c" : row->format, (int)value.integer);
        break;
    case REPORT_OCTAL:
        printf(csv ? "%jo" : row->format, (uintmax_t)value.integer);
        break;
    case REPORT_ADDRESS_ID:
        value.integer = association_reference_id(value.address);
        /* fallthrough */
    case REPORT_HEX:
        printf(csv ? "%08jX" : row->format, (uintmax_t)value.integer);
        break;
    case REPORT_FLOAT:
        print_number(row, value.number, csv);
        break;
    case REPORT_POWER:
        if (value.integer > MAX_POWER)
            value.integer = MAX_POWER;
        if (value.integer < -MAX_POWER)
            value.integer = -MAX_POWER;
        print_number(row, ldexp(1.0, (int)value.integer), csv);
        break;
    case REPORT_NAME:
        if (csv)
            fputs(name, stdout);
        else
            printf(row->format, row->detail ? row->detail + style.extra : 0, name);
        break;
    default:
        printf(csv ? "%s" : row->format, format_word(text, row, &value, record, csv));
    }
}

void report_print(const struct report *report, const struct control_layout *layout,
                  const void *record, const char *name, struct report_style style) {
    for (int i = 0; i < report->count; i++) {
        const struct report_row *row = &report->rows[i];
        const struct control_field *field = find_field(layout, row->member);
        if (!field)
            continue;
        if (style.csv && i > 0)
            putchar(',');
        print_row(row, load(field, record), record, name, style);
    }
    if (style.csv)
        putchar('\n');
}

void report_header(const char *header, struct report_style style) {
    const char *rest = strstr(header, "  ");
    int length = printf("%.*s%*s%s\n", (int)(rest - header), header, style.extra, "", rest);
    while (--length > 0)
        putchar('=');
    putchar('\n');
}
