/* The numbers of a source, which are the same in both structs under their names. */
#include "core/conf/source_request.h"

#include <string.h>

/* First the 32-bit members, then the doubles. */
#define PAIR(from, to)                                                                             \
    { offsetof(struct source_config, from), offsetof(struct control_add_source, to) }

static const struct {
    uint16_t from, to;
} pairs[] = {
    PAIR(type, type),
    PAIR(port, port),
    PAIR(minpoll, minpoll),
    PAIR(maxpoll, maxpoll),
    PAIR(presend, presend_minpoll),
    PAIR(min_stratum, min_stratum),
    PAIR(poll_target, poll_target),
    PAIR(version, version),
    PAIR(max_sources, max_sources),
    PAIR(min_samples, min_samples),
    PAIR(max_samples, max_samples),
    PAIR(key, authkey),
    PAIR(nts_port, nts_port),
    PAIR(filter, filter_length),
    PAIR(certset, cert_set),
    PAIR(max_unreach, max_unreach),
    PAIR(max_nts_retry, max_nts_retry),
    PAIR(max_delay, max_delay),
    PAIR(max_delay_ratio, max_delay_ratio),
    PAIR(max_delay_dev_ratio, max_delay_dev_ratio),
    PAIR(max_delay_quant, max_delay_quant),
    PAIR(min_delay, min_delay),
    PAIR(asymmetry, asymmetry),
    PAIR(offset, offset),
};

enum { WORD_PAIRS = 17, ALL_PAIRS = sizeof(pairs) / sizeof(pairs[0]) };

static size_t pair_size(int pair) {
    return pair < WORD_PAIRS ? sizeof(uint32_t) : sizeof(double);
}

void source_request_from_config(struct control_add_source *request,
                                const struct source_config *source) {
    for (int i = 0; i < ALL_PAIRS; i++)
        memcpy((char *)request + pairs[i].to, (const char *)source + pairs[i].from, pair_size(i));
}

void source_request_to_config(const struct control_add_source *request,
                              struct source_config *source) {
    for (int i = 0; i < ALL_PAIRS; i++)
        memcpy((char *)source + pairs[i].from, (const char *)request + pairs[i].to, pair_size(i));
}
