/* How chronyc writes numbers: the columns that people and scripts know. Pure functions into the
 * caller's buffer. */
#ifndef CHRONOBOX_APPLETS_CHRONYC_FORMAT_H
#define CHRONOBOX_APPLETS_CHRONYC_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/time.h"

#define FORMAT_SIZE 64 /* enough for every value below */

/* Seconds in 4 columns: "1199", " 20m", " 10h", "  4d", "  2y"; 0xffffffff is unknown: "   -". */
const char *format_interval(char text[FORMAT_SIZE], uint32_t seconds);

/* An offset or error in seconds with its unit, ns to y: 6 columns, or 7 with an explicit sign. */
const char *format_offset(char text[FORMAT_SIZE], double seconds, bool sign);

/* ppm in 10 columns: 3 decimals, none from 99999.5 on. */
const char *format_frequency(char text[FORMAT_SIZE], double ppm, bool sign);

/* A log2 interval of a client record in 2 columns; 127 is unknown: " -". */
const char *format_log2(char text[FORMAT_SIZE], int log2);

/* The printable ones of a reference ID's four bytes. */
const char *format_reference_id(char text[FORMAT_SIZE], uint32_t id);

/* Seconds since 1970 with 9 decimals. */
const char *format_timestamp(char text[FORMAT_SIZE], ns_t time);

/* "Normal", ... "Invalid". */
const char *format_leap(unsigned leap);

/* Cuts a name to so many columns, the last one being ">" then. */
void format_cut_name(char *name, size_t columns);

#endif
