/* What becomes of a response: the packet tests in their order, the sample's arithmetic, and what a
 * response changes in the association. RFC 5905 sections 8 and 9.1, RFC 9769 section 2.
 *
 *     T1 our transmit, T2 remote receive, T3 remote transmit, T4 our receive; all on NTP time, T1
 * and T4 on our clock offset = ((T2 - T1) + (T3 - T4)) / 2       what our clock has to gain delay =
 * |(T4 - T1) - (T3 - T2)|            at least what the two clocks can resolve dispersion =
 * max(resolution, error of our stamps) + skew * (T4 - T1) */
#include <math.h>

#include "core/ntp/association.h"
#include "core/ntp/polling.h"

#define MIN_VERSION       1
#define MAX_VERSION       4
#define KOD_RATE          UINT32_C(0x52415445) /* "RATE" */
#define MAX_ROOT_DISTANCE 16.0                 /* s, RFC 5905 MAXDISP */
#define MAX_SERVER_TIME   4.0                  /* s between T2 and T3 */
#define MIN_RATIO_SAMPLES 6                    /* before tests B and C say anything */
#define QUANTILE_STEPS    100                  /* samples that the quantile remembers */
#define QUANTILE_GAIN     4.0
#define SHORT_RESOLUTION  (1.0 / 65536) /* s, of root delay on the wire */
#define SCORE_BAD         0.1
#define SCORE_BAD_DELAY   0.02

/* The era of a remote stamp must not depend on our own clock, which may be what is wrong: each of
 * the 2^32 seconds is one from 1970 to 2106, as if read in the middle of them. */
#define ERA_MIDDLE_NS ((INT64_C(1) << 31) * NS_PER_S)

/* A response that is being looked at. */
struct response {
    const struct response_context *context;
    struct ntp_header header;
    struct ntp_layout layout;
    struct extension_clock clock; /* option extfield F323; epoch 0 = the server has none */
    bool interleaved;
    struct exchange exchange; /* the one that the four times belong to */
    struct sample sample;     /* valid when synchronised */
    double local_interval;    /* s, T4 - T1 */
    double response_time;     /* s, T3 - T2 */
    unsigned tests;
};

static bool is_peer(const struct association *association) {
    return association->config.type == SOURCE_PEER;
}

static bool decode(const struct association *association, const struct packet *packet,
                   struct response *response) {
    struct ntp_header *header = &response->header;

    if (packet->length < NTP_HEADER_SIZE || packet->length > NTP_PACKET_MAX_SIZE)
        return false;
    ntp_header_decode(packet->bytes, header);
    if (is_peer(association) ? header->mode != NTP_MODE_ACTIVE && header->mode != NTP_MODE_PASSIVE
                             : header->mode != NTP_MODE_SERVER)
        return false;
    if (header->version < MIN_VERSION || header->version > MAX_VERSION ||
        !ntp_split(packet->bytes, packet->length, header, &response->layout))
        return false;
    if ((association->config.extensions & EXTENSION_EXPERIMENTAL_F323) != 0 &&
        extension_find_clock(packet->bytes, &response->layout, &response->clock)) {
        header->root_delay = response->clock.root_delay;
        header->root_dispersion = response->clock.root_dispersion;
    }
    return true;
}

/* By the key that is configured and no other; without one there must be nothing to verify. */
static bool is_authentic(const struct association *association, const struct packet *packet,
                         const struct response *response) {
    size_t mac_length = response->layout.mac_length;
    const struct key *key;

    if (association->config.nts)
        return false;
    if (association->config.key == 0)
        return mac_length == 0;
    key = keys_verify(association->keys, response->header.version, packet->bytes, packet->length,
                      mac_length);
    return key != NULL && key->id == association->config.key;
}

/* Tests 1 to 5: new, an answer to our request, complete, authentic. */
static unsigned test_validity(const struct association *association, const struct packet *packet,
                              struct response *response) {
    const struct ntp_header *header = &response->header;
    unsigned tests = 0;

    response->interleaved =
        association->request_receive != 0 && header->origin_time == association->request_receive;
    if (header->receive_time != association->last_receive ||
        header->transmit_time != association->last_transmit)
        tests |= TEST_1;
    if (association->response_pending && association->transmit.source != 0 &&
        (response->interleaved || header->origin_time == association->request_transmit))
        tests |= TEST_2;
    if (header->origin_time != 0 && header->receive_time != 0 && header->transmit_time != 0)
        tests |= TEST_3;
    if (is_authentic(association, packet, response))
        tests |= TEST_5;
    return tests;
}

/* Tests 6 and 7: the server has the time, and not from too far away. */
static unsigned test_synchronisation(const struct ntp_header *header) {
    unsigned tests = 0;

    if (header->leap != NTP_LEAP_UNSYNCHRONISED && header->stratum > 0 &&
        header->stratum < NTP_MAX_STRATUM)
        tests |= TEST_6;
    if (header->root_delay / 2.0 + header->root_dispersion < MAX_ROOT_DISTANCE)
        tests |= TEST_7;
    return tests;
}

/* The exchange just ended, or the one before it when the answer brings that one's exact transmit
 * time. A peer's brings that of its packet before ours: T3 and T4 lie before T1 and T2. */
static void choose_exchange(const struct association *association, const struct packet *packet,
                            struct response *response) {
    if (response->interleaved && !is_peer(association)) {
        response->exchange = association->previous;
        return;
    }
    response->exchange = (struct exchange){
        .known = true,
        .transmit_ntp = association->transmit_ntp,
        .receive_ntp = response->context->received_ntp,
        .transmit_source = association->transmit.source,
        .receive_source = packet->received.source,
        .remote_receive = response->header.receive_time,
    };
    if (response->interleaved) {
        response->exchange.receive_ntp = association->previous.receive_ntp;
        response->exchange.receive_source = association->previous.receive_source;
    }
}

static void measure(const struct association *association, struct response *response) {
    const struct response_context *context = response->context;
    const struct ntp_header *header = &response->header;
    const struct exchange *exchange = &response->exchange;
    ns_t remote_receive = ntp_time_to_ns(exchange->remote_receive, ERA_MIDDLE_NS);
    ns_t remote_transmit = ntp_time_to_ns(header->transmit_time, ERA_MIDDLE_NS);
    double resolution = ldexp(1.0, context->precision) + ldexp(1.0, header->precision);
    double there = ns_difference(remote_receive, exchange->transmit_ntp);
    double back = ns_difference(remote_transmit, exchange->receive_ntp);
    struct sample *sample = &response->sample;

    response->local_interval = ns_difference(exchange->receive_ntp, exchange->transmit_ntp);
    response->response_time = ns_difference(remote_transmit, remote_receive);
    sample->time = ns_add_seconds(exchange->transmit_ntp, response->local_interval / 2.0);
    sample->offset = there / 2.0 + back / 2.0 + association->config.offset;
    sample->delay = fmax(fabs(response->local_interval - response->response_time), resolution);
    sample->dispersion =
        fmax(resolution, context->timestamp_error) + context->skew * fabs(response->local_interval);
    sample->root_delay = header->root_delay + sample->delay;
    sample->root_dispersion = header->root_dispersion + sample->dispersion;
}

/* The shortest delay of the path: as configured, or the shortest seen. */
static double minimum_delay(const struct association *association) {
    double fixed = association->config.min_delay;

    return fixed > 0.0 ? fixed : filter_min_delay(association->filter);
}

/* The four times are those of one exchange. A server answers at once, and its first interleaved
 * answer tells of an exchange already measured. A peer answers when its own poll is due, an
 * interleaved one to what came before ours. */
static bool is_one_exchange(const struct association *association,
                            const struct response *response) {
    if (is_peer(association))
        return (response->local_interval < 0.0) == response->interleaved &&
               (response->response_time < 0.0) == response->interleaved;
    return response->local_interval >= 0.0 && fabs(response->response_time) <= MAX_SERVER_TIME &&
           !(response->interleaved && !association->previous.interleaved);
}

/* Test A: the measurement makes sense at all. */
static bool test_a(const struct association *association, const struct response *response) {
    const struct source_config *config = &association->config;
    const struct sample *sample = &response->sample;
    ns_t corrected = ns_add_seconds(sample->time, sample->offset);

    return sample->delay - sample->dispersion <= config->max_delay &&
           ldexp(1.0, response->header.precision) <= config->max_delay &&
           association->kind != EXCHANGE_PRESEND && corrected > 0 && corrected < NS_NEVER &&
           is_one_exchange(association, response);
}

/* How much a delay or an offset may have changed since the last sample for no other reason than our
 * own frequency. */
static double allowed_drift(const struct association *association, const struct response *response,
                            const struct estimate *estimate) {
    struct sample last;

    if (!filter_sample(association->filter, 0, &last))
        return 0.0;
    return fabs(ns_difference(response->sample.time, last.time)) *
           (estimate->skew + response->context->max_clock_error);
}

static bool test_b(const struct association *association, const struct response *response,
                   double drift) {
    double ratio = association->config.max_delay_ratio;

    return ratio < 1.0 || response->sample.delay <= ratio * minimum_delay(association) + drift;
}

/* A delay that grew is suspect, unless the offset is off by more than the growth explains, which is
 * half of it when all of it was on one way: then the clock moved. */
static bool test_c(const struct association *association, const struct response *response,
                   double drift, const struct estimate *predicted) {
    double increase = (response->sample.delay - minimum_delay(association)) / 2.0;
    double ordinary = association->config.max_delay_dev_ratio * predicted->deviation + drift;

    return increase <= ordinary ||
           fabs(response->sample.offset - predicted->offset) > increase + ordinary;
}

/* Instead of test C: a running quantile, moved up or down by every delay in the proportion that
 * keeps it where it is when the given share lies below it (Robbins and Monro 1951). */
static bool test_quantile(struct association *association, double delay) {
    struct delay_quantile *quantile = &association->quantile;
    double share = association->config.max_delay_quant;
    bool below = quantile->count < MIN_RATIO_SAMPLES || delay <= quantile->value;
    double gain;

    if (quantile->count == 0)
        quantile->value = delay;
    if (quantile->count < QUANTILE_STEPS)
        quantile->count++;
    gain = 1.0 / quantile->count;
    quantile->spread += (fabs(delay - quantile->value) - quantile->spread) * gain;
    quantile->value +=
        QUANTILE_GAIN * gain * quantile->spread * (delay > quantile->value ? share : share - 1.0);
    return below;
}

static unsigned test_delays(struct association *association, const struct response *response) {
    const struct source_config *config = &association->config;
    struct estimate estimate = {0};
    bool known = filter_count(association->filter) >= MIN_RATIO_SAMPLES &&
                 filter_predict(association->filter, response->sample.time, &estimate);
    double drift = known ? allowed_drift(association, response, &estimate) : 0.0;
    bool c_passed = config->max_delay_quant > 0.0
                        ? test_quantile(association, response->sample.delay)
                        : !known || test_c(association, response, drift, &estimate);

    return (!known || test_b(association, response, drift) ? TEST_B : 0U) |
           (c_passed ? TEST_C : 0U);
}

/* Test D: neither ourselves nor someone who follows us. Reference data in full tell us even behind
 * another address. */
static bool test_d(const struct response *response) {
    const struct ntp_header *header = &response->header;
    const struct served_reference_id *ours = &response->context->ours;

    if (!response->context->serving)
        return true;
    if (header->stratum > 1 && ours->reference_id != 0 &&
        header->reference_id == ours->reference_id)
        return false;
    return !(header->stratum == ours->our_stratum &&
             header->reference_id == ours->our_reference_id && ours->our_reference_time != 0 &&
             header->reference_time == ntp_time_from_ns(ours->our_reference_time) &&
             fabs(header->root_delay - ours->our_root_delay) <= SHORT_RESOLUTION);
}

static void fill_report(const struct association *association, const struct packet *packet,
                        const struct response *response, struct response_report *report) {
    const struct ntp_header *header = &response->header;
    struct estimate estimate;

    *report = (struct response_report){
        .local = packet->local,
        .header = *header,
        .offset = response->sample.offset,
        .delay = response->sample.delay,
        .dispersion = response->sample.dispersion,
        .response_time = fabs(response->response_time),
        .tests = response->tests,
        .interleaved = response->interleaved,
        .authenticated = association->config.key != 0 && (response->tests & TEST_5) != 0,
        .transmit_source =
            response->exchange.known ? response->exchange.transmit_source : TIMESTAMP_DAEMON,
        .receive_source =
            response->exchange.known ? response->exchange.receive_source : packet->received.source,
    };
    if (header->reference_time != 0)
        report->reference_time = ntp_time_to_ns(header->reference_time, ERA_MIDDLE_NS);
    if ((response->tests & TESTS_VALID) == TESTS_VALID &&
        filter_estimate(association->filter, &estimate))
        report->jitter_asymmetry = estimate.asymmetry;
}

/* What the next request refers to. */
static void take_stamps(struct association *association, const struct packet *packet,
                        const struct response *response) {
    const struct ntp_header *header = &response->header;

    association->last_receive = header->receive_time;
    association->last_transmit = header->transmit_time;
    association->previous = (struct exchange){
        .known = true,
        .interleaved = response->interleaved,
        .transmit_ntp = association->transmit_ntp,
        .receive_ntp = response->context->received_ntp,
        .transmit_source = association->transmit.source,
        .receive_source = packet->received.source,
        .remote_receive = header->receive_time,
    };
}

/* What a peer sent unasked: that is how two of them meet, when one has restarted or polls faster.
 * While they hear each other only newer packets count, so that nobody can part them with an old
 * one. */
static void take_unasked(struct association *association, const struct packet *packet,
                         const struct response *response) {
    const unsigned needed = TEST_1 | TEST_5;
    int64_t newer = (int64_t)(response->header.transmit_time - association->last_transmit);

    if (!is_peer(association) || (response->tests & needed) != needed ||
        (association->previous.known && newer <= 0 && association->unanswered < 2))
        return;
    take_stamps(association, packet, response);
    association->alternating = false;
}

static double ntp_difference(ntp_time_t a, ntp_time_t b) {
    return ldexp((double)(int64_t)(a - b), -32);
}

/* What the server has corrected its own clock by since the last response is no movement of ours:
 * the samples before it are told of it. A correction that is fast beyond any slew is left to the
 * filter. */
static void follow_server_clock(struct association *association, const struct response *response) {
    const struct extension_clock *last = &association->remote_clock, *clock = &response->clock;
    ntp_time_t receive = response->header.receive_time;
    double elapsed = ntp_difference(receive, association->last_receive);
    double corrected = elapsed - ntp_difference(clock->monotonic_receive, last->monotonic_receive);

    if (clock->epoch != 0 && clock->epoch == last->epoch && fabs(corrected) < elapsed / 2.0) {
        ns_t now = response->context->received_ntp;

        filter_adjust(association->filter, now, 0.0, -corrected);
        if (association->median != NULL)
            median_adjust(association->median, now, 0.0, -corrected);
    }
    association->remote_clock = *clock;
}

/* What a valid response changes, whatever it says. */
static void take_valid(struct association *association, const struct packet *packet,
                       const struct response *response) {
    const struct ntp_header *header = &response->header;
    bool synchronised = (response->tests & TESTS_SYNCHRONISED) == TESTS_SYNCHRONISED;

    association->counters.valid++;
    association->response_pending = false;
    association->alternating = association->unanswered == 1;
    association->unanswered = 0;
    follow_server_clock(association, response);
    take_stamps(association, packet, response);
    if (association->kind != EXCHANGE_PRESEND)
        polling_record_reach(association, synchronised);
    if (synchronised) {
        int stratum = header->stratum > association->config.min_stratum
                          ? header->stratum
                          : association->config.min_stratum;

        association->leap = header->leap;
        association->stratum = stratum - (association->config.copy ? 1 : 0);
    } else if (association->config.copy) {
        filter_reset(association->filter);
        association->leap = NTP_LEAP_UNSYNCHRONISED;
    }
}

/* Near enough for a score: the mantissa taken as straight. */
static double rough_log2(double x) {
    int exponent;
    double mantissa = frexp(x, &exponent);

    return exponent - 2.0 + 2.0 * mantissa;
}

/* Fewer samples in use than wanted call for faster polls, more for slower ones; a prediction that
 * failed by more than the measurement's own error, for much faster ones. */
static double score_good(const struct association *association, const struct sample *sample,
                         const struct estimate *predicted) {
    double target = association->config.poll_target;
    double distance = sample->delay / 2.0 + sample->dispersion;
    struct estimate estimate;
    int used = filter_count(association->filter);
    double score;

    if (filter_estimate(association->filter, &estimate))
        used = estimate.samples;
    score = (used / target - 1.0) / target;
    if (used < target)
        score *= 2.0;
    if (predicted != NULL && fabs(sample->offset - predicted->offset) > distance)
        score -= rough_log2(fabs(sample->offset - predicted->offset) / distance);
    return score;
}

/* With option filter most samples only wait for the one that they become. */
static bool take_median(struct association *association, struct sample *sample) {
    if (association->median == NULL)
        return true;
    median_add(association->median, sample);
    if (association->median_polls < association->config.filter &&
        median_count(association->median) < association->config.filter)
        return false;
    association->median_polls = 0;
    return median_take(association->median, sample);
}

static enum response_result add_sample(struct association *association, struct sample sample,
                                       struct random *random) {
    struct estimate predicted;
    enum response_result result = RESPONSE_SAMPLE;
    int poll = association->poll;
    bool known;

    if (!take_median(association, &sample))
        return RESPONSE_VALID;
    known = filter_predict(association->filter, sample.time, &predicted);
    if (!filter_add_sample(association->filter, &sample)) {
        filter_reset(association->filter);
        filter_add_sample(association->filter, &sample);
        result = RESPONSE_OUT_OF_ORDER;
        known = false;
    }
    polling_score(association, score_good(association, &sample, known ? &predicted : NULL));
    if (association->poll != poll)
        polling_reschedule(association, random);
    return result;
}

static enum response_result take_good(struct association *association,
                                      const struct response *response, struct random *random) {
    association->counters.good++;
    if (association->burst_good_left > 0 && --association->burst_good_left == 0)
        polling_end_burst(association, random);
    return add_sample(association, response->sample, random);
}

static enum response_result take_bad(struct association *association,
                                     const struct response *response, struct random *random) {
    const struct ntp_header *header = &response->header;
    unsigned other_tests = TESTS_SYNCHRONISED | TEST_D;

    if (header->leap == NTP_LEAP_UNSYNCHRONISED && header->stratum == 0 &&
        header->reference_id == KOD_RATE) {
        polling_hold_off(association, random);
        return RESPONSE_KOD_RATE;
    }
    if (association->kind != EXCHANGE_PRESEND)
        polling_score(association,
                      (response->tests & other_tests) == other_tests ? SCORE_BAD_DELAY : SCORE_BAD);
    return RESPONSE_VALID;
}

static void count_received(struct association *association, enum timestamp_source source) {
    association->counters.received++;
    if (source == TIMESTAMP_KERNEL)
        association->counters.kernel_received++;
    else if (source == TIMESTAMP_HARDWARE)
        association->counters.hw_received++;
}

enum response_result association_response(struct association *association,
                                          const struct packet *packet,
                                          const struct response_context *context,
                                          struct random *random) {
    struct response response = {.context = context};
    bool valid = false;

    count_received(association, packet->received.source);
    if (decode(association, packet, &response)) {
        response.tests = test_validity(association, packet, &response);
        valid = (response.tests & TESTS_VALID) == TESTS_VALID;
        response.tests |= test_synchronisation(&response.header);
        if (association->transmit.source != 0)
            choose_exchange(association, packet, &response);
    }
    if ((response.tests & TESTS_SYNCHRONISED) == TESTS_SYNCHRONISED) {
        measure(association, &response);
        response.tests |= (test_a(association, &response) ? TEST_A : 0U) |
                          test_delays(association, &response) | (test_d(&response) ? TEST_D : 0U);
    }
    fill_report(association, packet, &response, &association->raw);
    association->report.tests = response.tests;
    if (!valid) {
        take_unasked(association, packet, &response);
        return RESPONSE_IGNORED;
    }
    association->report = association->raw;
    take_valid(association, packet, &response);
    if (response.tests == TESTS_ALL && context->around_leap)
        return RESPONSE_AROUND_LEAP;
    if (response.tests == TESTS_ALL)
        return take_good(association, &response, random);
    return take_bad(association, &response, random);
}
