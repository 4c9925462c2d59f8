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
    [WORDS_TIMESTAMPING] = "Daemon|Kernel|Hardware|Invalid",
};

/* Members are naturally aligned in their structs. */
struct report_value report_load(const struct control_field *field, const void *record) {
    struct report_value value = {.member = (const char *)record + field->offset};
    bool is_long = field->type == CONTROL_LOW32 || field->type == CONTROL_TIME;
    switch (is_long ? 8 : field->length) {
    case 1:
        value.integer = *(const uint8_t *)value.member;
        break;
    case 2:
        value.integer = *(const uint16_t *)value.member;
        break;
    case 4:
        value.integer = *(const uint32_t *)value.member;
        break;
    case 8:
        value.integer = *(const int64_t *)value.member;
        break;
    }
    if (field->type == CONTROL_I8)
        value.integer = (int8_t)value.integer;
    else if (field->type == CONTROL_I16)
        value.integer = (int16_t)value.integer;
    else if (field->type == CONTROL_FLOAT)
        value.number = *(const double *)value.member;
    return value;
}

static const struct control_field *find_field(const struct control_layout *layout,
                                              uint16_t member) {
    for (int i = 0; i < layout->count; i++)
        if (layout->fields[i].offset == member && layout->fields[i].type < CONTROL_ZEROES)
            return &layout->fields[i];
    return NULL;
}

const char *report_pick_word(char text[FORMAT_SIZE], const char *word, int64_t index) {
    size_t length;
    while (length = strcspn(word, "|"), index-- != 0 && word[length])
        word += length + 1;
    memcpy(text, word, length);
    text[length] = '\0';
    return text;
}

int report_timestamping(int64_t letter) {
    return letter == 'D' ? 0 : letter == 'K' ? 1 : letter == 'H' ? 2 : 3;
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

/* Above zero a correction says slow, a frequency fast. */
static const char *format_direction(char text[FORMAT_SIZE], double value, bool is_frequency) {
    snprintf(text, FORMAT_SIZE, is_frequency ? "%.3f ppm %s" : "%.9f seconds %s", fabs(value),
             (value > 0.0) == is_frequency ? "fast" : "slow");
    return text;
}

static const char *format_csv_number(char text[FORMAT_SIZE], unsigned kind,
                                     const struct report_value *value) {
    if (kind <= REPORT_LOG2)
        snprintf(text, FORMAT_SIZE, "%jd", (intmax_t)value->integer);
    else if (kind <= REPORT_FAST)
        snprintf(text, FORMAT_SIZE, "%.*f", kind <= REPORT_SLOW ? 9 : 3, value->number);
    else
        format_timestamp(text, value->integer);
    return text;
}

static const char *format_word(char text[FORMAT_SIZE], const struct report_row *row,
                               const struct report_value *value, const void *record, bool csv) {
    if (csv && row->kind <= REPORT_DATE)
        return format_csv_number(text, row->kind, value);
    int64_t integer = value->integer;
    switch (row->kind) {
    case REPORT_INTERVAL:
        return format_interval(text, (uint32_t)integer);
    case REPORT_LOG2:
        return format_log2(text, (int)integer);
    case REPORT_OFFSET:
        return format_offset(text, value->number, row->detail);
    case REPORT_FREQUENCY:
        return format_frequency(text, value->number, row->detail);
    case REPORT_SLOW:
    case REPORT_FAST:
        return format_direction(text, value->number, row->kind == REPORT_FAST);
    case REPORT_DATE:
        return time_format_long(ns_floor_seconds(integer), text);
    case REPORT_SHORT_DATE:
        return time_format(ns_floor_seconds(integer), ' ', text);
    case REPORT_ADDRESS:
        return address_format(value->member, text);
    case REPORT_CHAR:
        text[0] = (char)integer;
        text[1] = '\0';
        return text;
    case REPORT_WORD:
        return report_pick_word(
            text, words[csv && row->detail >> 8 ? row->detail >> 8 : row->detail & 0xff], integer);
    case REPORT_TIMESTAMPING:
        return report_pick_word(text, words[WORDS_TIMESTAMPING], report_timestamping(integer));
    case REPORT_FLAG:
        return integer & row->detail ? "Yes" : "No";
    case REPORT_BITS:
        return format_bits(text, integer, row->detail);
    case REPORT_NTP_REFERENCE:
        return ((const struct control_ntp_data *)record)->stratum <= 1
                   ? format_reference_id(text, (uint32_t)integer)
                   : "";
    default:
        return format_options(text, integer, csv);
    }
}

/* Of "Last offset%+.9f seconds\n" the "%.9f": no sign, no width; but zeros in front belong to the
 * value. */
static const char *bare_conversion(const char *format, char bare[FORMAT_SIZE]) {
    char *to = bare;
    format = strchr(format, '%') + 1;
    *to++ = '%';
    if (*format != '0')
        format += strspn(format, "+-123456789");
    do
        *to++ = *format;
    while (!strchr("dufosX", *format++));
    *to = '\0';
    return bare;
}

/* Unresolved and missing addresses have none. */
static uint32_t reference_id(const struct address *address) {
    return address->family == ADDRESS_IPV4 || address->family == ADDRESS_IPV6
               ? association_reference_id(address)
               : 0;
}

static void print_value(const struct report_row *row, const char *format, struct report_value value,
                        const void *record, bool csv) {
    char text[FORMAT_SIZE];
    switch (row->kind) {
    case REPORT_ADDRESS_ID:
        value.integer = reference_id(value.member);
        /* fallthrough */
    case REPORT_INTEGER:
        printf(format, value.integer);
        break;
    case REPORT_POWER:
        value.number = ldexp(1.0, value.integer > MAX_POWER    ? MAX_POWER
                                  : value.integer < -MAX_POWER ? -MAX_POWER
                                                               : (int)value.integer);
        /* fallthrough */
    case REPORT_FLOAT:
        printf(format, value.number);
        break;
    default:
        printf(format, format_word(text, row, &value, record, csv));
    }
}

void report_print(const struct report *report, const struct control_layout *layout,
                  const void *record, const char *name, struct report_style style) {
    const char *format = report->formats;
    if (style.json) {
        json_print_object(style.json, layout, record, name);
        return;
    }
    for (int i = 0; i < report->count; i++, format += strlen(format) + 1) {
        const struct report_row *row = &report->rows[i];
        const struct control_field *field = find_field(layout, row->member);
        char bare[FORMAT_SIZE];
        int label = report->label_width && !style.csv ? (int)strcspn(format, " %") : 0;
        if (!field)
            continue;
        if (style.csv && i > 0)
            putchar(',');
        if (label > 0) {
            label = (int)strcspn(format, "%");
            printf("%-*.*s: ", report->label_width, label, format);
        }
        if (row->kind != REPORT_NAME)
            print_value(row, style.csv ? bare_conversion(format, bare) : format + label,
                        report_load(field, record), record, style.csv);
        else if (style.csv)
            fputs(name, stdout);
        else
            printf(format, row->detail ? row->detail + style.extra : 0, name);
    }
    if (style.csv)
        putchar('\n');
}

void report_header(const char *header, struct report_style style) {
    if (style.json)
        json_begin_list(style.json);
    if (style.csv)
        return;
    const char *rest = strstr(header, "  ");
    int length = printf("%.*s%*s%s\n", (int)(rest - header), header, style.extra, "", rest);
    while (--length > 0)
        putchar('=');
    putchar('\n');
}
