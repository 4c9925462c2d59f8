/* What the halves of the probe share: sockets to the server under test, and datagrams after which
 * it is known that nothing is to come any more. */
#ifndef CHRONOBOX_TESTS_INTEROP_PROBE_H
#define CHRONOBOX_TESTS_INTEROP_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#define MAX_DATAGRAM     2048
#define NTP_HEADER       48
#define CONTROL_TRACKING 33
#define CONTROL_SHUTDOWN 62
#define CONTROL_PADDED   520 /* no request of the protocol has to be longer */

struct address {
    struct sockaddr_storage storage;
    socklen_t length;
};

extern struct address server;
extern const char *unix_folder; /* where our own Unix sockets are bound; NULL: UDP */

uint32_t random_u32(void);
unsigned random_below(unsigned limit);
void random_fill(uint8_t *bytes, size_t count);

void put16(uint8_t *bytes, unsigned value);
unsigned get16(const uint8_t *bytes);
uint32_t get32(const uint8_t *bytes);

struct address ip_address(const char *text, unsigned port);

/* What comes next, or -1 after that many ms. */
ssize_t hear(int descriptor, uint8_t *bytes, int patience_ms);
void say(int descriptor, const uint8_t *bytes, size_t length);

/* A socket that speaks to the server and nobody else. from: to be bound to, NULL = any. */
int open_socket(const struct address *from);

/* Requests that every server answers: their lengths. bytes: room for MAX_DATAGRAM. */
size_t ntp_question(uint8_t *bytes);
size_t control_question(uint8_t *bytes, unsigned command, size_t length);

/* Sends a request; the length of the answer, or -1: there is none. */
ssize_t ask(bool ntp, int descriptor, const uint8_t *request, size_t length, uint8_t *answer);

/* probe_ntp.c. from: our own address, NULL = any. */
void probe_ntp(const char *from);
void probe_port_123(void);
void probe_limit(const char *from);
void probe_listen(void);
void probe_class(void);
void probe_crowd(void);

/* probe_flood.c. What somebody sends who wants to do harm: a datagram's length. bytes: room for
 * MAX_DATAGRAM. */
size_t noise_datagram(bool ntp, uint8_t *bytes);
void probe_noise(bool ntp, unsigned long count);
void probe_flood(bool ntp, unsigned long duration); /* s */
void probe_steady(const char *file);

/* Returns when the server has worked through everything that was sent to it. */
void settle(bool ntp);

/* probe_control.c */
void probe_control(void);
void probe_commands(void);

#endif
