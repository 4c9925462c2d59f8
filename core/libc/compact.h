/* Smaller stand-ins for a few functions of the C library. The static binary is as much libc as it
 * is chronobox: musl's printf is 10 KB, strtod 6, exp and log 8, qsort 2. These are a fifth of that
 * and give the same results (tests/unit/test_compact.c holds them against the library they
 * replace).
 *
 * In the static build (-DCOMPACT_LIBC) they carry the standard names and the linker never looks for
 * musl's; everywhere else they are compact_NAME, and only the tests call them. */
#ifndef CHRONOBOX_LIBC_COMPACT_H
#define CHRONOBOX_LIBC_COMPACT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#ifdef COMPACT_LIBC
#define COMPACT(name) name
#else
#define COMPACT(name) compact_##name
#endif

/* printf: flags - + space 0, width and precision (also *), lengths hh h l ll j z, conversions
 * d i u o x X c s p f F e E g G %. Correctly rounded. No positional arguments, no wide characters,
 * no %n. */
int COMPACT(vsnprintf)(char *to, size_t size, const char *format, va_list arguments);
int COMPACT(snprintf)(char *to, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int COMPACT(vfprintf)(FILE *file, const char *format, va_list arguments);
int COMPACT(fprintf)(FILE *file, const char *format, ...) __attribute__((format(printf, 2, 3)));
int COMPACT(printf)(const char *format, ...) __attribute__((format(printf, 1, 2)));
int COMPACT(dprintf)(int fd, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Decimal numbers with exponent, inf and nan; within 1 unit in the last place. No hexadecimal
 * floats. */
double COMPACT(strtod)(const char *text, char **end);

/* Natural logarithm and exponential, relative error below 1e-14. */
double COMPACT(log)(double x);
double COMPACT(exp)(double x);

void COMPACT(qsort)(void *base, size_t count, size_t size,
                    int (*compare)(const void *, const void *));
char *COMPACT(strstr)(const char *text, const char *needle);

#endif
