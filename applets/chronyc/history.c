/* The daemon tells its samples in pages, the newest one first. */
#include "applets/chronyc/history.h"

#include <math.h>
#include <string.h>

bool history_ask(struct control_client *client, uint32_t index, struct history *history,
                 struct control_answer *answer, bool *answered) {
    struct control_history_request request = {.index = index};
    struct control_history_sample *oldest = history->samples + HISTORY_SAMPLES;
    const struct control_history *page = &answer->history;
    uint32_t count;
    do {
        *answered = control_client_ask(client, CONTROL_REQ_HISTORY, &request, answer);
        if (!*answered || answer->type != CONTROL_RPY_HISTORY)
            return false;
        count = page->n < CONTROL_MAX_HISTORY ? page->n : CONTROL_MAX_HISTORY;
        for (uint32_t i = 0; i < count; i++) {
            bool full = oldest == history->samples;
            /* A sample that came between two pages moves all others on. */
            if (!full && (oldest == history->samples + HISTORY_SAMPLES ||
                          page->samples[i].when < oldest->when))
                *--oldest = page->samples[i];
        }
        request.first += count;
    } while (count > 0 && request.first < page->n_samples && request.first < HISTORY_SAMPLES);
    history->count = (int)(history->samples + HISTORY_SAMPLES - oldest);
    memmove(history->samples, oldest, sizeof(*oldest) * (size_t)history->count);
    return true;
}

bool history_see(struct history *history, const struct control_source_data *source, ns_t now) {
    bool other = memcmp(&history->address, &source->ip_addr, sizeof(history->address)) != 0;
    if (other) {
        history->address = source->ip_addr;
        history->count = 0;
    }
    if (source->since_sample == CONTROL_NEVER ||
        (history->count && history->last_measured == source->orig_latest_meas))
        return other;
    if (history->count == HISTORY_SAMPLES)
        memmove(history->samples, history->samples + 1,
                sizeof(history->samples[0]) * (size_t)--history->count);
    history->last_measured = source->orig_latest_meas;
    history->samples[history->count++] =
        (struct control_history_sample){.when = now - source->since_sample * NS_PER_S,
                                        .offset = source->latest_meas,
                                        .error = source->latest_meas_err};
    return other;
}

double history_value(const struct history *history, int i, bool delay) {
    return delay ? history->samples[i].peer_delay : history->samples[i].offset;
}

void history_limits(const struct history *history, bool delay, double *lowest, double *highest) {
    *lowest = HUGE_VAL;
    *highest = -HUGE_VAL;
    for (int i = 0; i < history->count; i++) {
        *lowest = fmin(*lowest, history_value(history, i, delay));
        *highest = fmax(*highest, history_value(history, i, delay));
    }
}
