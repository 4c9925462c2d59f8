/* The columns of intervals, offsets and frequencies, and where they change their unit. */
#include "applets/chronyc/format.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define UNKNOWN_LOG2 127

const char *format_interval(char text[FORMAT_SIZE], uint32_t seconds) {
    /* Up to each limit (exclusive) seconds are counted in this unit. */
    static const struct {
        uint32_t limit, unit;
        char letter;
    } steps[] = {
        {1200, 1, 0},
        {10 * 3600, 60, 'm'},
        {4 * 86400, 3600, 'h'},
        {1000 * 86400, 86400, 'd'},
        {UINT32_MAX, 365 * 86400, 'y'},
    };
    if (seconds == UINT32_MAX)
        return "   -";
    int i = 0;
    while (seconds >= steps[i].limit)
        i++;
    snprintf(text, FORMAT_SIZE, i ? "%3u%c" : "%4u", (unsigned)(seconds / steps[i].unit),
             steps[i].letter);
    return text;
}

const char *format_offset(char text[FORMAT_SIZE], double seconds, bool sign) {
    static const struct {
        double limit, unit; /* s */
        const char *name;
    } steps[] = {
        {9999.5e-9, 1e-9, "ns"},
        {9999.5e-6, 1e-6, "us"},
        {9999.5e-3, 1e-3, "ms"},
        {999.5, 1.0, "s"},
        {99999.5, 1.0, "s"},
        {99999.5 * 60, 60.0, "m"},
        {99999.5 * 3600, 3600.0, "h"},
        {99999.5 * 86400, 86400.0, "d"},
        {HUGE_VAL, 86400.0 * 365, "y"},
    };
    enum { WITH_DECIMAL = 3, LAST = sizeof(steps) / sizeof(steps[0]) - 1 };

    double magnitude = fabs(seconds);
    int i = 0;
    while (i < LAST && magnitude >= steps[i].limit)
        i++;
    int width = i < WITH_DECIMAL ? 4 : 5;
    double value = (sign ? seconds : magnitude) / steps[i].unit;
    snprintf(text, FORMAT_SIZE, sign ? "%+*.*f%s" : "%*.*f%s", width + sign, i == WITH_DECIMAL,
             value, steps[i].name);
    return text;
}

const char *format_frequency(char text[FORMAT_SIZE], double ppm, bool sign) {
    int decimals = fabs(ppm) < 99999.5 ? 3 : 0;
    snprintf(text, FORMAT_SIZE, sign ? "%+10.*f" : "%10.*f", decimals, ppm);
    return text;
}

const char *format_log2(char text[FORMAT_SIZE], int log2) {
    if (log2 == UNKNOWN_LOG2)
        return " -";
    snprintf(text, FORMAT_SIZE, "%2d", log2);
    return text;
}

const char *format_reference_id(char text[FORMAT_SIZE], uint32_t id) {
    char *to = text;
    for (int shift = 24; shift >= 0; shift -= 8) {
        char byte = (char)(id >> shift & 0xff);
        if (byte >= ' ' && byte <= '~')
            *to++ = byte;
    }
    *to = '\0';
    return text;
}

const char *format_timestamp(char text[FORMAT_SIZE], ns_t time) {
    int64_t seconds = ns_floor_seconds(time);
    /* The product wraps where the second began before the earliest time, the difference back. */
    uint64_t fraction = (uint64_t)time - (uint64_t)seconds * NS_PER_S;
    snprintf(text, FORMAT_SIZE, "%jd.%09d", (intmax_t)seconds, (int)fraction);
    return text;
}

const char *format_leap(unsigned leap) {
    static const char *const words[] = {"Normal", "Insert second", "Delete second",
                                        "Not synchronised", "Invalid"};
    return words[leap < 4 ? leap : 4];
}

void format_cut_name(char *name, size_t columns) {
    if (strlen(name) > columns)
        strcpy(name + columns - 1, ">");
}
