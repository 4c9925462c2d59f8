/* Answering a request: pure, from the request's bytes and a snapshot of what we know about the
 * time. As chrony answers. */
#ifndef CHRONOBOX_NTP_RESPOND_H
#define CHRONOBOX_NTP_RESPOND_H

#include <stdbool.h>

#include "core/base/random.h"
#include "core/ntp/packet.h"
#include "core/wire/ntp.h"

/* What is served at one instant. Unsynchronised: leap 3, stratum 0, reference_id 0, root delay and
 * dispersion 1. */
#define RESPOND_KOD_RATE 0x52415445u /* "RATE" */

struct served_reference {
    enum ntp_leap leap;
    int stratum;   /* 0..15 */
    int precision; /* log2 s */
    uint32_t reference_id;
    ns_t reference_time;    /* NTP time, made vague by whoever updates it; 0 = none */
    double root_delay;      /* s */
    double root_dispersion; /* s, now */
};

/* What kind of answer a request gets. */
enum request_kind {
    REQUEST_INVALID, /* wrong length, version, mode or tail: no answer */
    REQUEST_CLIENT,  /* mode 3, or mode 0 of version 1: answered in mode 4 */
    REQUEST_ACTIVE,  /* mode 1 of an unknown peer: answered in mode 2 */
};

/* Looks at a datagram as a request. layout is filled unless INVALID. Whether its MAC, if it has
 * one, is right, is for the keys to say; NTS makes it INVALID. */
enum request_kind respond_classify(const uint8_t *bytes, size_t length, uint16_t remote_port,
                                   struct ntp_layout *layout);

/* 1..4, of a request that is not INVALID. */
unsigned respond_version(const uint8_t request[NTP_HEADER_SIZE]);

/* A request that names the receive stamp of an earlier answer wants to know when that one left (RFC
 * 9769 section 2): that stamp, or 0. */
ntp_time_t respond_interleaved_origin(const uint8_t request[NTP_HEADER_SIZE]);

/* The header alone: what kind of answer the datagram would get if its tail, when it has one, is in
 * order. Nothing is decoded; for a datagram of NTP_HEADER_SIZE bytes this is all there is to know.
 */
enum request_kind respond_kind(const uint8_t *bytes, size_t length, uint16_t remote_port);

/* The part of an answer that is the same for everyone: the first 24 bytes, encoded once for many
 * answers. */
#define SERVED_IMAGE_SIZE 24
struct served_image {
    uint8_t bytes[SERVED_IMAGE_SIZE];
};
void respond_prepare(const struct served_reference *reference, struct served_image *image);

/* What one request gets, beside the image. */
struct answer {
    enum request_kind kind;
    bool interleaved; /* transmit is that of the previous answer; the request's receive stamp is
                         echoed */
    int min_poll;     /* raises the echoed poll (rate limiting); -128 = leave */
    uint32_t kod;     /* an ASCII code as a number, 0 = a normal answer */
    ntp_time_t receive, transmit; /* local NTP time */
};

/* Writes the answer to a classified request: the hot path, integers only. noise: random bits for
 * what is below the precision. bytes may be the request's own. */
void respond_encode(const uint8_t request[NTP_HEADER_SIZE], const struct answer *answer,
                    const struct served_image *image, uint64_t noise,
                    uint8_t bytes[NTP_HEADER_SIZE]);

/* The receive stamp of an answer, by which an interleaved request will name it. */
ntp_time_t respond_receive_time(const uint8_t bytes[NTP_HEADER_SIZE]);

/* What the extension fields of an answer tell beside the image. */
struct served_fields {
    double root_delay, root_dispersion; /* s */
    ns_t monotonic_receive; /* the receive stamp on a clock of NTP time's rate that never jumps */
    uint32_t monotonic_epoch;
};

/* The most that respond_extend() adds. */
#define RESPOND_FIELDS_SIZE 56

/* Behind an answer's header: the extension fields that the request has and that are known, each
 * once; of others nothing comes back. Returns the answer's length, which is not more than the
 * request's without its MAC. */
size_t respond_extend(const uint8_t *request, const struct ntp_layout *layout,
                      const struct served_fields *served, uint8_t *bytes);

/* A broadcast packet. poll: log2 s between two of them; transmit: local NTP time. */
void respond_broadcast(const struct served_image *image, int poll, ns_t transmit,
                       struct random *random, uint8_t bytes[NTP_HEADER_SIZE]);

/* The same as a header, for one answer. Builds the answer: receive and transmit are local NTP
 * times; the receive stamp's lowest bit becomes 1, the transmit stamp's 0, the bits below the
 * precision random. min_poll raises the echoed poll (rate limiting), -128 = leave. kod: an ASCII
 * code as a number, 0 = a normal answer. Returns the answer's header; its length is
 * NTP_HEADER_SIZE. */
struct ntp_header respond_build(const struct ntp_header *request, enum request_kind kind,
                                const struct served_reference *reference, ns_t receive,
                                ns_t transmit, int min_poll, uint32_t kod, struct random *random);

#endif
