/* Smaller stand-ins for a part of the C library. The static binary would be as much libc as it is
 * chronobox; what is here takes a quarter of what musl's own takes and gives the same results: the
 * tests (tests/unit/test_compact_*.c) hold each function against the library that it replaces.
 *
 * In the static build (-DCOMPACT_LIBC) they carry the standard names, and the linker never looks
 * for musl's. Everywhere else they are compact_NAME, and only the tests call them. */
#ifndef CHRONOBOX_LIBC_COMPACT_H
#define CHRONOBOX_LIBC_COMPACT_H

#include <netdb.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#ifdef COMPACT_LIBC
#define COMPACT(name) name
#define STREAM        struct _IO_FILE /* musl's FILE, which its headers leave open */
#else
#define COMPACT(name) compact_##name
#define STREAM        struct compact_stream
#endif

/* printf: flags - + space 0, width and precision (also *), lengths hh h l ll j z, conversions
 * d i u o x X c s f F e E g G %. Doubles are correctly rounded; a precision is at most 60. No
 * positional arguments, no wide characters, no long double, no %a %n %p. */
int COMPACT(vsnprintf)(char *to, size_t size, const char *format, va_list arguments);
int COMPACT(snprintf)(char *to, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int COMPACT(vfprintf)(STREAM *stream, const char *format, va_list arguments);
int COMPACT(fprintf)(STREAM *stream, const char *format, ...) __attribute__((format(printf, 2, 3)));
int COMPACT(printf)(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The three standard streams, of one thread. There is no fopen. */
#ifndef COMPACT_LIBC
extern STREAM *const compact_stdin, *const compact_stdout, *const compact_stderr;
#endif
int COMPACT(fputc)(int c, STREAM *stream);
int COMPACT(putchar)(int c);
int COMPACT(fputs)(const char *string, STREAM *stream);
int COMPACT(puts)(const char *string);
size_t COMPACT(fwrite)(const void *from, size_t size, size_t count, STREAM *stream);
char *COMPACT(fgets)(char *to, int size, STREAM *stream);
int COMPACT(fflush)(STREAM *stream);
int COMPACT(ferror)(STREAM *stream);
int COMPACT(setvbuf)(STREAM *stream, char *buffer, int mode, size_t size);

/* Decimal numbers with exponent, inf and nan; within 1 unit in the last place, exact where the
 * digits and the power of ten are exact doubles (15 digits, 10^22). No hexadecimal floats. */
double COMPACT(strtod)(const char *text, char **end);

/* Integers of any base; out of range is the nearest limit and ERANGE. */
long COMPACT(strtol)(const char *text, char **end, int base);
unsigned long COMPACT(strtoul)(const char *text, char **end, int base);
long long COMPACT(strtoll)(const char *text, char **end, int base);
unsigned long long COMPACT(strtoull)(const char *text, char **end, int base);
int COMPACT(atoi)(const char *text);

/* Natural logarithm and exponential, relative error below 1e-14. */
double COMPACT(log)(double x);
double COMPACT(exp)(double x);

void COMPACT(qsort)(void *base, size_t count, size_t size,
                    int (*compare)(const void *, const void *));
char *COMPACT(strstr)(const char *text, const char *needle);

#endif
