/* An association's life: configuration in effect, online and offline, bursts. */
#include "core/ntp/association.h"

#include <string.h>

#include <mbedtls/md5.h>

#include "core/base/bytes.h"
#include "core/ntp/polling.h"

#define MIN_POLL          (-7)
#define MAX_POLL          24
#define DEFAULT_MINPOLL   6
#define DEFAULT_MAXPOLL   10
#define MAX_MAX_DELAY     1000.0 /* s */
#define MAX_DELAY_RATIO   1e6
#define MIN_QUANTILE      0.05
#define MAX_QUANTILE      0.95
#define MAX_MIN_STRATUM   (NTP_MAX_STRATUM - 1)
#define IBURST_GOOD       4
#define IBURST_TOTAL      8
#define MAX_KERNEL_LAG_NS NS_PER_S

static double clamp(double value, double low, double high) {
    return value < low ? low : value > high ? high : value;
}

void association_configure(struct association *association) {
    struct source_config *config = &association->config;

    if (config->minpoll < MIN_POLL)
        config->minpoll = DEFAULT_MINPOLL;
    if (config->minpoll > MAX_POLL)
        config->minpoll = MAX_POLL;
    if (config->maxpoll < MIN_POLL)
        config->maxpoll = DEFAULT_MAXPOLL;
    if (config->maxpoll > MAX_POLL)
        config->maxpoll = MAX_POLL;
    if (config->maxpoll < config->minpoll)
        config->maxpoll = config->minpoll;
    if (config->poll_target < 1)
        config->poll_target = 1;
    if (config->filter > MEDIAN_MAX_SAMPLES)
        config->filter = MEDIAN_MAX_SAMPLES;
    if (config->min_stratum > MAX_MIN_STRATUM)
        config->min_stratum = MAX_MIN_STRATUM;
    if (config->type == SOURCE_PEER) {
        config->iburst = config->copy = false;
        config->presend = PRESEND_OFF;
    }
    config->max_delay = clamp(config->max_delay, 0.0, MAX_MAX_DELAY);
    config->max_delay_ratio = clamp(config->max_delay_ratio, 0.0, MAX_DELAY_RATIO);
    config->max_delay_dev_ratio = clamp(config->max_delay_dev_ratio, 0.0, MAX_DELAY_RATIO);
    if (config->max_delay_quant > 0.0)
        config->max_delay_quant = clamp(config->max_delay_quant, MIN_QUANTILE, MAX_QUANTILE);
    polling_clamp(association);
}

void association_init(struct association *association, const struct source_config *config,
                      const struct endpoint *remote, struct filter *filter,
                      const struct filter_options *options) {
    association->config = *config;
    association->remote = *remote;
    association->filter = filter;
    association->leap = NTP_LEAP_UNSYNCHRONISED;
    association->next_transmit = NS_NEVER;
    association->transmitted_at = NS_UNKNOWN;
    filter_init(filter, options);
    association_configure(association);
    if (association->config.filter > 0)
        association->median = median_new(association->config.filter);
}

void association_free(struct association *association) {
    median_free(association->median);
    association->median = NULL;
}

static void start_burst(struct association *association, int good, int total, ns_t first) {
    association->burst_good_left = good;
    association->burst_total_left = total;
    association->next_transmit = first;
}

void association_burst(struct association *association, int good, int total, ns_t first) {
    if (association->burst_total_left > 0 || good <= 0 || total <= 0)
        return;
    association->burst_returns_offline = !association->online;
    start_burst(association, good, total, first);
}

void association_set_online(struct association *association, bool online, ns_t first) {
    association->online = online;
    if (!online) {
        association->burst_returns_offline = association->burst_total_left > 0;
        if (!association->burst_returns_offline)
            polling_stop(association);
        return;
    }
    association->burst_returns_offline = false;
    association->response_pending = false;
    association->next_transmit = first;
    if (association->config.iburst && association->burst_total_left == 0)
        start_burst(association, IBURST_GOOD, IBURST_TOTAL, first);
}

void association_reset(struct association *association) {
    filter_reset(association->filter);
    if (association->median != NULL)
        median_reset(association->median);
    association->quantile = (struct delay_quantile){0};
    association->previous = (struct exchange){0};
    association->response_pending = association->alternating = false;
    association->leap = NTP_LEAP_UNSYNCHRONISED;
    association->poll = association->config.minpoll;
    association->poll_score = 0.0;
    polling_clamp(association);
}

static void adjust_time(ns_t *time, ns_t when, double frequency, double offset) {
    *time = ns_add_seconds(*time, offset - ns_difference(when, *time) * frequency);
}

void association_adjust(struct association *association, ns_t when, double frequency,
                        double offset) {
    if (association->transmit.source != 0)
        adjust_time(&association->transmit_ntp, when, frequency, offset);
    if (association->previous.known) {
        adjust_time(&association->previous.transmit_ntp, when, frequency, offset);
        adjust_time(&association->previous.receive_ntp, when, frequency, offset);
    }
    if (association->median != NULL)
        median_adjust(association->median, when, frequency, offset);
}

void association_transmitted(struct association *association, struct timestamp time, ns_t ntp) {
    if (time.source != TIMESTAMP_DAEMON) {
        ns_t lag = time.time - association->transmit.time;

        if (association->transmit.source == 0 || lag < 0 || lag > MAX_KERNEL_LAG_NS)
            return;
        if (time.source == TIMESTAMP_KERNEL)
            association->counters.kernel_transmitted++;
        else
            association->counters.hw_transmitted++;
    }
    association->transmit = time;
    association->transmit_ntp = ntp;
}

uint32_t association_reference_id(const struct address *address) {
    uint8_t digest[16];

    if (address->family == ADDRESS_IPV4)
        return get_be32(address->bytes);
    if (address->family != ADDRESS_IPV6 ||
        mbedtls_md5(address->bytes, sizeof(address->bytes), digest) != 0)
        return 0;
    return get_be32(digest);
}
