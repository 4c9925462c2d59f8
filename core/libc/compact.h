/* Smaller stand-ins for a part of the C library. Private to core/libc: everyone else includes the
 * standard headers. The static binary would be as much libc as it is chronobox; what is here takes
 * a fifth of what musl's own takes and gives the same results: the tests
 * (tests/unit/test_compact*.c) hold each function against the library that it replaces.
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
STREAM;
#endif

/* printf: flags - + space 0, width and precision (also *), lengths hh h l ll j z, conversions
 * d i u o x X c s f F e E g G %. Doubles are correctly rounded; a precision is at most 60. No
 * positional arguments, no wide characters, no long double, no %a %n %p. */
int COMPACT(vsnprintf)(char *to, size_t size, const char *format, va_list list);
int COMPACT(snprintf)(char *to, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int COMPACT(vfprintf)(STREAM *stream, const char *format, va_list list);
int COMPACT(fprintf)(STREAM *stream, const char *format, ...) __attribute__((format(printf, 2, 3)));
int COMPACT(printf)(const char *format, ...) __attribute__((format(printf, 1, 2)));
int COMPACT(dprintf)(int fd, const char *format, ...) __attribute__((format(printf, 2, 3)));

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
double COMPACT(floor)(double x);
long COMPACT(lround)(double x);
double COMPACT(fmin)(double a, double b);
double COMPACT(fmax)(double a, double b);
double COMPACT(ldexp)(double x, int n);
double COMPACT(frexp)(double x, int *exponent);

/* Of any thread. Blocks of 32 KB and more are mappings whose untouched pages take no memory. */
void *COMPACT(malloc)(size_t size);
void *COMPACT(calloc)(size_t count, size_t size);
void *COMPACT(realloc)(void *memory, size_t size);
void COMPACT(free)(void *memory);

/* Local time as TZ says: POSIX strings, zone files (version 2 and later), /etc/localtime. One
 * thread's. tm_zone lasts until the next call. */
struct tm *COMPACT(localtime)(const time_t *time);
struct tm *COMPACT(localtime_r)(const time_t *time, struct tm *fields);
time_t COMPACT(timegm)(struct tm *fields);
time_t COMPACT(mktime)(struct tm *fields);

/* Addresses in numbers (with %interface), then /etc/hosts, then the name servers of
 * /etc/resolv.conf (search, ndots, timeout, attempts). Of a truncated answer the addresses that
 * came are used. Services are port numbers; hints: family, type and protocol, AI_NUMERICHOST. An
 * address that cannot be reached from here comes last (in the spirit of RFC 6724). */
int COMPACT(getaddrinfo)(const char *host, const char *service, const struct addrinfo *hints,
                         struct addrinfo **list);
void COMPACT(freeaddrinfo)(struct addrinfo *list);
const char *COMPACT(gai_strerror)(int error);

/* The host's name only; without one, the address unless flags has NI_NAMEREQD. */
int COMPACT(getnameinfo)(const struct sockaddr *address, socklen_t length, char *host,
                         socklen_t host_size, char *service, socklen_t service_size, int flags);

void COMPACT(qsort)(void *base, size_t count, size_t size,
                    int (*compare)(const void *, const void *));
char *COMPACT(strstr)(const char *text, const char *needle);

#endif
