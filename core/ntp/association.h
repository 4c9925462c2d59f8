/* One association as a client or a peer: requests out, responses in, samples and
 * reachability kept. It owns no socket and no timer; the engine asks when it is due and hands it
 * bytes. RFC 5905 section 9. */
#ifndef CHRONOBOX_NTP_ASSOCIATION_H
#define CHRONOBOX_NTP_ASSOCIATION_H

#include "core/base/random.h"
#include "core/conf/config.h"
#include "core/ntp/keys.h"
#include "core/ntp/median.h"
#include "core/ntp/packet.h"
#include "core/ntp/respond.h"
#include "core/track/filter.h"
#include "core/wire/extension.h"
#include "core/wire/ntp.h"

/* Results of the packet tests; the bits are those of the NTP_DATA reply. */
#define TEST_1             0x200
#define TEST_2             0x100
#define TEST_3             0x080
#define TEST_5             0x040
#define TEST_6             0x020
#define TEST_7             0x010
#define TEST_A             0x008
#define TEST_B             0x004
#define TEST_C             0x002
#define TEST_D             0x001
#define TESTS_VALID        (TEST_1 | TEST_2 | TEST_3 | TEST_5)
#define TESTS_SYNCHRONISED (TESTS_VALID | TEST_6 | TEST_7)
#define TESTS_ALL          0x3ff

/* The last response as reports and log files show it. All zero before the first valid one. */
struct response_report {
    struct address local;
    struct ntp_header header;
    ns_t reference_time;
    double offset;            /* s, correction */
    double delay, dispersion; /* s */
    double response_time;     /* s, the server took */
    double jitter_asymmetry;
    unsigned tests; /* TEST_* passed */
    bool interleaved, authenticated;
    enum timestamp_source transmit_source, receive_source;
};

struct association_counters {
    uint32_t transmitted, received, valid, good, kernel_transmitted, kernel_received,
        hw_transmitted, hw_received;
};

/* What a request was sent for. */
enum exchange_kind {
    EXCHANGE_POLL,
    EXCHANGE_BURST,
    EXCHANGE_PRESEND, /* wakes the path up; never a sample (option presend) */
};

/* A whole exchange, kept for the interleaved answer that brings its exact transmit time (RFC 9769).
 */
struct exchange {
    bool known;
    bool interleaved;
    ns_t transmit_ntp, receive_ntp; /* local NTP time */
    enum timestamp_source transmit_source, receive_source;
    ntp_time_t remote_receive;
};

/* A running quantile of the delay (option maxdelayquant). */
struct delay_quantile {
    double value, spread; /* s */
    int count;
};

struct association {
    /* first, for they are looked at in all sources whenever something has happened */
    ns_t next_transmit; /* monotonic; NS_NEVER = not polling */
    int poll;           /* current, log2 s */

    struct source_config config; /* in effect: clamped by association_configure */
    struct endpoint remote;
    const struct keys *keys; /* the maker's, with option key */
    bool online;
    bool burst_returns_offline;

    /* polling */
    double poll_score;
    uint8_t reachability;
    int reach_size;        /* polls counted, 0..8 */
    int unreachable_polls; /* since the last one that set a bit of reachability */
    int burst_good_left,
        burst_total_left;  /* good samples wanted, requests to send; total 0 = no burst */
    int presends_done;     /* of the coming poll */
    ns_t transmitted_at;   /* monotonic, of the last request; NS_UNKNOWN = none */
    bool response_pending; /* the last request has no valid response yet */
    int unanswered;        /* requests since the last valid response */
    bool alternating;      /* that one came upon the only request since the one before it */
    bool peer_follows;     /* the peer is at a higher stratum than we are */

    /* the exchange in flight */
    enum exchange_kind kind;
    ntp_time_t request_transmit;            /* as sent: random, a peer's is the time */
    ntp_time_t request_receive;             /* the same; 0 = no interleaved answer is taken */
    struct timestamp transmit;              /* when it left, system clock; source 0 = not yet */
    ns_t transmit_ntp;                      /* the same on the local NTP clock */
    ntp_time_t last_receive, last_transmit; /* of the last response, for test 1 */
    int leap, stratum; /* of the last synchronised response; leap 3 before one */

    struct extension_clock remote_clock; /* of the last valid response; epoch 0 = unknown */
    struct exchange previous;            /* the last one that got a valid response */
    struct delay_quantile quantile;
    struct median *median; /* option filter; NULL = off */
    int median_polls;      /* since the last median was taken */

    struct response_report report; /* of the last valid response; its tests of the last response */
    struct response_report raw; /* of the last response that came, valid or not (rawmeasurements) */
    struct association_counters counters;
    struct filter *filter; /* filter_size() bytes, owned by the association's maker */
};

/* Prepares a zeroed association. filter: storage of filter_size() bytes, initialised by this. With
 * option filter it takes memory, which association_free gives back; without memory the option is
 * off. */
void association_init(struct association *association, const struct source_config *config,
                      const struct endpoint *remote, struct filter *filter,
                      const struct filter_options *options);

/* Gives back what association_init took (not the filter, not the association). */
void association_free(struct association *association);

/* Brings association->config into its effective ranges (poll limits, ratios, ...), and the poll
 * into them. To be called after a member was changed from outside (chronyc minpoll, maxdelay, ...).
 */
void association_configure(struct association *association);

/* Online: starts polling, also when it was online: first request at `first` (monotonic); a burst
 * with iburst. Offline: stops, or stops at the end of the burst that runs. */
void association_set_online(struct association *association, bool online, ns_t first);

/* Forgets the measurements and the exchanges, back to the shortest poll: the clock moved by an
 * unknown amount. */
void association_reset(struct association *association);

/* The local NTP clock was changed (see filter_adjust, which this does not call): carries the stamps
 * of the exchange in flight and of the previous one to the new time scale. */
void association_adjust(struct association *association, ns_t when, double frequency,
                        double offset);

/* A burst of at most `total` requests until `good` good samples; ignored while one runs. Offline it
 * is polled for the burst only. */
void association_burst(struct association *association, int good, int total, ns_t first);

struct request_context {
    ns_t monotonic;                 /* now */
    ns_t ntp;                       /* the same on the local NTP clock */
    bool selected;                  /* it is the current system peer */
    struct served_reference served; /* what a peer is told of our clock */
};

/* The poll is due: writes the request (its length is returned, <= NTP_PACKET_MAX_SIZE), counts the
 * last request as lost in reachability and poll score when it had no valid response, and sets
 * next_transmit, 0..2 % late. 0: the key is missing, there is nothing to send. */
size_t association_request(struct association *association, const struct request_context *context,
                           struct random *random, uint8_t *bytes);

/* The request left: daemon time first, then perhaps the kernel's for the same request. ntp: the
 * same instant on the local NTP clock. A kernel stamp is taken only 0..1 s behind the daemon's. */
void association_transmitted(struct association *association, struct timestamp time, ns_t ntp);

struct response_context {
    ns_t monotonic;              /* now */
    ns_t received_ntp;           /* receive time on the local NTP clock */
    int precision;               /* log2 s, of the local clock */
    double max_clock_error;      /* s/s */
    double skew;                 /* s/s, of the local clock's frequency */
    double timestamp_error;      /* s, uncertainty of converting stamps to NTP time */
    bool around_leap;            /* a leap second is near: nothing becomes a sample */
    bool serving;                /* our server socket is open: test D matters */
    struct served_reference_id { /* what we serve, for test D */
        uint32_t
            reference_id; /* of the local address the response came to (its own reference ID) */
        uint32_t our_reference_id;
        ns_t our_reference_time;
        int our_stratum;
        double our_root_delay, our_root_dispersion;
    } ours;
};

enum response_result {
    RESPONSE_IGNORED,      /* not for us, a duplicate, or bogus: dropped */
    RESPONSE_VALID,        /* tests 1, 2, 3, 5: counted; not good enough to be a sample */
    RESPONSE_SAMPLE,       /* a sample was added to the filter */
    RESPONSE_AROUND_LEAP,  /* good, but measured around a leap second */
    RESPONSE_KOD_RATE,     /* asked to slow down, and we do */
    RESPONSE_OUT_OF_ORDER, /* filter refused it: history was discarded (the caller logs) */
};

/* A datagram came on this association's socket, or from its peer. Fills `raw`, and the tests of
 * `report`, even when ignored. random: for the new timer when a burst ends or the poll changes. */
enum response_result association_response(struct association *association,
                                          const struct packet *packet,
                                          const struct response_context *context,
                                          struct random *random);

/* The reference ID by which others know an address: IPv4 itself, IPv6 the first 4 bytes of its MD5.
 */
uint32_t association_reference_id(const struct address *address);

#endif
