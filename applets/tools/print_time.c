/* A date in words (tool.h): date's formats, and the dates of ntpdate and ps. libc's strftime with
 * its locale is 4 KB, has no nanoseconds, and gives nothing at all when one conversion is unknown.
 * Time zones are libc's. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "applets/tools/tool.h"

#define NAME_SIZE 10

static const char days[][NAME_SIZE] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                       "Thursday", "Friday", "Saturday"};
static const char months[][NAME_SIZE] = {"January",   "February", "March",    "April",
                                         "May",       "June",     "July",     "August",
                                         "September", "October",  "November", "December"};

/* Conversions that stand for others, in the C locale. */
static const struct composite {
    char letter;
    const char *format;
} composites[] = {
    {'c', "%a %b %e %H:%M:%S %Y"}, {'D', "%m/%d/%y"}, {'F', "%Y-%m-%d"}, {'R', "%H:%M"},
    {'r', "%I:%M:%S %p"},          {'T', "%H:%M:%S"}, {'\0', NULL},
};

/* Conversions that are a number of struct tm, a constant added, filled up with the pad. */
static const struct number {
    char letter, pad;
    uint8_t width, member;
    int16_t plus;
} numbers[] = {
    {'d', '0', 2, offsetof(struct tm, tm_mday), 0},
    {'e', ' ', 2, offsetof(struct tm, tm_mday), 0},
    {'H', '0', 2, offsetof(struct tm, tm_hour), 0},
    {'k', ' ', 2, offsetof(struct tm, tm_hour), 0},
    {'M', '0', 2, offsetof(struct tm, tm_min), 0},
    {'S', '0', 2, offsetof(struct tm, tm_sec), 0},
    {'m', '0', 2, offsetof(struct tm, tm_mon), 1},
    {'j', '0', 3, offsetof(struct tm, tm_yday), 1},
    {'Y', '0', 1, offsetof(struct tm, tm_year), 1900},
    {'w', '0', 1, offsetof(struct tm, tm_wday), 0},
    {'\0', 0, 0, 0, 0},
};

static void print_number(FILE *stream, int number, int width, char pad) {
    fprintf(stream, pad == '0' ? "%0*d" : "%*d", width, number);
}

static void print_zone(FILE *stream, long offset, const char *separator) {
    long minutes = (offset < 0 ? -offset : offset) / 60;

    fprintf(stream, "%c%02ld%s%02ld", offset < 0 ? '-' : '+', minutes / 60, separator,
            minutes % 60);
}

/* What is no row of a table; false when the letter is unknown. */
static bool print_special(FILE *stream, char letter, const struct tm *calendar,
                          const struct timespec *when) {
    int hour = calendar->tm_hour % 12 == 0 ? 12 : calendar->tm_hour % 12,
        year = calendar->tm_year + 1900;

    switch (letter) {
    case 'a':
        fprintf(stream, "%.3s", days[calendar->tm_wday]);
        break;
    case 'A':
        fputs(days[calendar->tm_wday], stream);
        break;
    case 'b':
    case 'h':
        fprintf(stream, "%.3s", months[calendar->tm_mon]);
        break;
    case 'B':
        fputs(months[calendar->tm_mon], stream);
        break;
    case 'C':
        print_number(stream, year / 100, 2, '0');
        break;
    case 'I':
    case 'l':
        print_number(stream, hour, 2, letter == 'I' ? '0' : ' ');
        break;
    case 'n':
        fputc('\n', stream);
        break;
    case 'N':
        print_number(stream, (int)when->tv_nsec, 9, '0');
        break;
    case 'p':
        fputs(calendar->tm_hour < 12 ? "AM" : "PM", stream);
        break;
    case 's':
        fprintf(stream, "%lld", (long long)when->tv_sec);
        break;
    case 't':
        fputc('\t', stream);
        break;
    case 'u':
        print_number(stream, calendar->tm_wday == 0 ? 7 : calendar->tm_wday, 1, '0');
        break;
    case 'y':
        print_number(stream, (year % 100 + 100) % 100, 2, '0');
        break;
    case 'z':
        print_zone(stream, calendar->tm_gmtoff, "");
        break;
    case 'Z':
        fputs(calendar->tm_zone, stream);
        break;
    case '%':
        fputc('%', stream);
        break;
    default:
        return false;
    }
    return true;
}

static bool print_row(FILE *stream, char letter, const struct tm *calendar,
                      const struct timespec *when) {
    for (const struct number *row = numbers; row->letter != '\0'; row++) {
        int number;

        if (row->letter != letter)
            continue;
        memcpy(&number, (const char *)calendar + row->member, sizeof number);
        print_number(stream, number + row->plus, row->width, row->pad);
        return true;
    }
    for (const struct composite *row = composites; row->letter != '\0'; row++) {
        if (row->letter == letter)
            return tool_print_time(stream, row->format, when);
    }
    return print_special(stream, letter, calendar, when);
}

bool tool_print_time(FILE *stream, const char *format, const struct timespec *when) {
    const struct tm *local = localtime(&when->tv_sec);
    struct tm calendar;

    if (local == NULL)
        return false;
    calendar = *local;
    for (; *format != '\0'; format++) {
        if (strncmp(format, "%:z", 3) == 0) {
            print_zone(stream, calendar.tm_gmtoff, ":");
            format += 2;
        } else if (*format == '%' && print_row(stream, format[1], &calendar, when)) {
            format++;
        } else {
            fputc(*format, stream);
        }
    }
    return true;
}
