/* Reports with an entry per source, client or sample: how each is walked through, its header and
 * its legend. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "applets/chronyc/chronyc.h"
#include "applets/chronyc/format.h"
#include "applets/chronyc/report.h"
#include "core/base/text.h"

struct listing {
    enum control_command command;
    const struct report *report;
    const char *header, *legend;
};

/* Legends: a line each, which begins with its column. ".- TEXT" begins a leader there that goes
 * down to the header, "TEXT -." ends at it; other text just stands there. */
static const struct listing listings[] = {
    {CONTROL_REQ_SOURCE_DATA, &report_sources,
     "MS Name/IP address         Stratum Poll Reach LastRx Last sample               ",
     "0\n"
     "0.- M: ^ server, = peer, # reference clock\n"
     "1.- S: * selected, + combined, - left out, x falseticker, ~ jittery, ? unusable\n"
     "76+/- zzzz, error bound -.\n"
     "36.- log2 of the interval, s\n"
     "42.- last 8 polls, octal\n"
     "55.- xxxx, offset now\n"
     "63.- yyyy, before\n"},
    {CONTROL_REQ_SOURCESTATS, &report_sourcestats,
     "Name/IP Address            NP  NR  Span  Frequency  Freq Skew  Offset  Std Dev",
     "0What the samples of each source say of the clock:\n"
     "28.- samples kept\n"
     "32.- runs of residuals of one sign\n"
     "36.- time they cover\n"
     "45.- clock gains, ppm\n"
     "75standard deviation -.\n"
     "56.- error bound, ppm\n"
     "66.- now\n"},
    {CONTROL_REQ_SELECT_DATA, &report_selectdata,
     "S Name/IP Address        Auth COpts EOpts Last Score     Interval  Leap",
     "0.- N noselect, s unsynchronised, M few samples, d too distant, ~ jittery,\n"
     "3w waits for samples, S stale, O orphan, T distrusted, x falseticker,\n"
     "3W waits for sources, P not preferred, U waits for an update,\n"
     "3D left out, + combined, * selected\n"
     "27.- authenticated\n"
     "32.- options: N noselect, P prefer,\n"
     "38.- in effect: T trust, R require\n"},
    {CONTROL_REQ_AUTH_DATA, &report_authdata,
     "Name/IP address             Mode KeyID Type KLen Last Atmp  NAK Cook CLen",
     "29.- NTS, SK symmetric key, - none\n"
     "46.- bits of the key\n"
     "51.- last key exchange\n"
     "66.- cookies\n"},
};

#define LEGEND_COLUMNS 79

static void print_line(char line[LEGEND_COLUMNS + 1]) {
    size_t end = LEGEND_COLUMNS;
    while (end > 0 && line[end - 1] == ' ')
        end--;
    printf("%.*s\n", (int)end, line);
}

static void print_legend(const char *legend) {
    char leaders[LEGEND_COLUMNS + 1], line[LEGEND_COLUMNS + 1];
    memset(leaders, ' ', sizeof(leaders));
    while (*legend) {
        char *text;
        long column = strtol(legend, &text, 10);
        long length = (long)strcspn(text, "\n");
        bool ends = length > 0 && text[length - 1] == '.';
        memcpy(line, leaders, sizeof(line));
        memcpy(line + (ends ? column + 1 - length : column), text, (size_t)length);
        print_line(line);
        if (ends || *text == '.')
            leaders[column] = '|';
        legend = text + length + 1;
    }
    print_line(leaders);
}

struct options {
    bool all, verbose;
};

/* Unknown words are skipped. */
static struct options parse_options(char *arguments) {
    struct options options = {false, false};
    for (char *word; *(word = text_take_word(&arguments));) {
        options.all |= strcmp(word, "-a") == 0;
        options.verbose |= strcmp(word, "-v") == 0;
    }
    return options;
}

static bool count_sources(struct chronyc *session, uint32_t *count) {
    struct control_answer answer;
    if (!chronyc_ask(session, CONTROL_REQ_N_SOURCES, NULL, &answer))
        return false;
    *count = answer.n_sources.n_sources;
    return true;
}

static bool ask_index(struct chronyc *session, enum control_command command, uint32_t index,
                      struct control_answer *answer) {
    struct control_index request = {.index = index};
    return chronyc_ask(session, command, &request, answer);
}

/* Whom an entry is about, as SOURCE_DATA says it: SOURCESTATS and SELECT_DATA begin alike, and have
 * a reference ID instead of an address for reference clocks. */
static struct control_source_data identify(const struct control_answer *answer) {
    if (answer->type == CONTROL_RPY_SOURCE_DATA)
        return answer->source_data;
    struct control_source_data source = {.ip_addr = answer->sourcestats.ip_addr};
    if (source.ip_addr.family == ADDRESS_NONE) {
        source.mode = CONTROL_MODE_REFCLOCK;
        source.ip_addr = address_ipv4(answer->sourcestats.ref_id);
    }
    return source;
}

/* Neither a reference clock nor something that we do not know. */
static bool is_ntp_source(const struct control_answer *source) {
    return source->source_data.mode == CONTROL_MODE_CLIENT ||
           source->source_data.mode == CONTROL_MODE_PEER;
}

static bool print_entry(struct chronyc *session, const struct listing *listing, uint32_t index,
                        bool all) {
    bool is_auth = listing->command == CONTROL_REQ_AUTH_DATA;
    struct control_answer answer;
    if (!ask_index(session, is_auth ? CONTROL_REQ_SOURCE_DATA : listing->command, index, &answer))
        return false;
    struct control_source_data source = identify(&answer);
    if ((source.ip_addr.family == ADDRESS_ID && !all) || (is_auth && !is_ntp_source(&answer)))
        return true;
    if (is_auth) {
        struct control_address request = {.ip_addr = source.ip_addr};
        if (!chronyc_ask(session, CONTROL_REQ_AUTH_DATA, &request, &answer))
            return false;
    }
    char name[CHRONYC_NAME_SIZE];
    chronyc_name_listed(session, &source, true, name);
    const char *colour =
        answer.type == CONTROL_RPY_SOURCE_DATA ? chronyc_source_colour(session, &source) : "";
    fputs(colour, stdout);
    report_print(listing->report, answer.layout, &answer.n_sources, name, chronyc_style(session));
    if (*colour)
        fputs(CHRONYC_NO_COLOUR, stdout);
    return true;
}

enum chronyc_outcome chronyc_listing(struct chronyc *session, const struct chronyc_command *command,
                                     char *arguments) {
    const struct listing *listing = listings;
    while (listing->command != command->request)
        listing++;
    struct options options = parse_options(arguments);
    uint32_t count;
    if (!count_sources(session, &count))
        return CHRONYC_FAILED;
    if (options.verbose && !session->csv)
        print_legend(listing->legend);
    report_header(listing->header, chronyc_style(session));
    for (uint32_t i = 0; i < count; i++)
        if (!print_entry(session, listing, i, options.all))
            return CHRONYC_FAILED;
    return CHRONYC_DONE;
}

static bool print_ntpdata(struct chronyc *session, const struct address *address, bool separate) {
    struct control_address request = {.ip_addr = *address};
    struct control_answer answer;
    if (!chronyc_ask(session, CONTROL_REQ_NTP_DATA, &request, &answer))
        return false;
    if (separate && !session->csv)
        putchar('\n');
    report_print(&report_ntpdata, answer.layout, &answer.ntp_data, NULL, chronyc_style(session));
    return true;
}

enum chronyc_outcome chronyc_ntpdata(struct chronyc *session, const struct chronyc_command *command,
                                     char *arguments) {
    (void)command;
    struct address address;
    if (session->json)
        json_begin_list(session->json);
    if (*arguments) {
        if (!chronyc_find_address(session, arguments, &address))
            return CHRONYC_MISUSED;
        return print_ntpdata(session, &address, false);
    }
    uint32_t count;
    if (!count_sources(session, &count))
        return CHRONYC_FAILED;
    for (uint32_t i = 0; i < count; i++) {
        struct control_answer answer;
        if (!ask_index(session, CONTROL_REQ_SOURCE_DATA, i, &answer))
            return CHRONYC_FAILED;
        address = answer.source_data.ip_addr;
        if (is_ntp_source(&answer) &&
            (address.family == ADDRESS_IPV4 || address.family == ADDRESS_IPV6) &&
            !print_ntpdata(session, &address, true))
            return CHRONYC_FAILED;
    }
    return CHRONYC_DONE;
}

/* Options of `clients`; false: -p without a number. */
static bool parse_client_options(char *arguments, struct control_client_accesses_request *request,
                                 bool *key_establishment) {
    for (char *word; *(word = text_take_word(&arguments));) {
        if (strcmp(word, "-k") == 0) {
            *key_establishment = true;
        } else if (strcmp(word, "-r") == 0) {
            request->reset = 1;
        } else if (strcmp(word, "-p") == 0) {
            char *number = text_take_word(&arguments), *end;
            request->min_hits = (uint32_t)strtoul(number, &end, 10);
            if (end == number)
                return false;
        }
    }
    return true;
}

/* What stands in the last four columns: accesses by chronyc, or NTS key establishments. */
static void choose_key_establishment(struct control_client_access *client) {
    client->cmd_hits = client->nke_hits;
    client->cmd_drops = client->nke_drops;
    client->cmd_interval = client->nke_interval;
    client->last_cmd_hit_ago = client->last_nke_hit_ago;
}

static void print_clients(struct chronyc *session, struct control_client_accesses *accesses,
                          bool key_establishment) {
    char name[CHRONYC_NAME_SIZE];
    for (uint32_t i = 0; i < accesses->n_clients && i < CONTROL_MAX_CLIENTS; i++) {
        struct control_client_access *client = &accesses->clients[i];
        if (client->ip.family == ADDRESS_NONE)
            continue;
        if (key_establishment && !session->json)
            choose_key_establishment(client);
        chronyc_name_address(session, &client->ip, true, name);
        report_print(&report_clients, &control_layout_client_access, client, name,
                     chronyc_style(session));
    }
}

enum chronyc_outcome chronyc_clients(struct chronyc *session, const struct chronyc_command *command,
                                     char *arguments) {
    (void)command;
    struct control_client_accesses_request request = {.n_clients = CONTROL_MAX_CLIENTS};
    bool key_establishment = false;
    if (!parse_client_options(arguments, &request, &key_establishment))
        return CHRONYC_MISUSED;
    char header[] =
        "Hostname                      NTP   Drop Int IntL Last     Cmd   Drop Int  Last";
    if (key_establishment)
        memcpy(strstr(header, "   Cmd"), "NTS-KE", 6);
    report_header(header, chronyc_style(session));
    for (;;) {
        struct control_answer answer;
        if (!chronyc_ask(session, CONTROL_REQ_CLIENT_ACCESSES_BY_INDEX3, &request, &answer))
            return CHRONYC_FAILED;
        struct control_client_accesses *accesses = &answer.client_accesses;
        print_clients(session, accesses, key_establishment);
        /* The index must move on, whatever the daemon says. */
        if (accesses->next_index >= accesses->n_indices ||
            accesses->n_clients < CONTROL_MAX_CLIENTS ||
            accesses->next_index <= request.first_index)
            return CHRONYC_DONE;
        request.first_index = accesses->next_index;
    }
}
