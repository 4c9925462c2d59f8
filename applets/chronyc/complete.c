/* Completion: the words come from the text of `help`, addresses and names from the daemon. */
#include <stdio.h>
#include <string.h>

#include "applets/chronyc/edit.h"
#include "applets/chronyc/format.h"
#include "core/linux/clock.h"

#define PATIENCE NS_PER_S /* with a daemon that does not answer */

/* How the possibilities are gone through: once to find what they have in common, and once more to
 * list them. */
struct completion {
    struct chronyc *session;
    const char *first, *prefix; /* words of the line, ended by a space or by the cursor */
    int place;                  /* number of words before the prefix */
    size_t first_length, length;
    char common[COMPLETION_SIZE];
    char last[COMPLETION_SIZE];
    int count;
    bool list;
};

static void offer(struct completion *completion, const char *word, size_t length) {
    if (length < completion->length || length >= COMPLETION_SIZE - 1 ||
        strncmp(word, completion->prefix, completion->length) != 0 ||
        (completion->count && strncmp(word, completion->last, length) == 0 &&
         !completion->last[length]))
        return;
    memcpy(completion->last, word, length);
    completion->last[length] = '\0';
    if (completion->list)
        printf("%s  ", completion->last);
    size_t same = 0;
    while (same < length && word[same] == completion->common[same])
        same++;
    if (completion->count++ == 0)
        strcpy(completion->common, completion->last);
    else
        completion->common[same] = '\0';
}

/* Words as they are to be typed: on|off, [-a], [-p <packets>]; not <address> and [options]. */
static void offer_token(struct completion *completion, const char *token, size_t length) {
    if (*token == '[') {
        token++;
        length--;
        if (*token != '-')
            return;
    }
    while (length > 0) {
        size_t word = strcspn(token, "|] \t");
        if (*token == '<' || word > length)
            return;
        offer(completion, token, word);
        length -= word < length ? word + 1 : word;
        token += word + 1;
    }
}

/* One command of the help text. True: an address can stand here. */
static bool offer_line(struct completion *completion, const char *line) {
    bool address = false;
    for (int place = 0; *line != '\t'; place++) {
        size_t length = strcspn(line, " \t");
        if (place == 0 && completion->place > 0 &&
            (length != completion->first_length || memcmp(line, completion->first, length) != 0))
            return false;
        if (place == completion->place || (completion->place > 0 && memcmp(line, "[-", 2) == 0)) {
            const char *found = strstr(line, "<address");
            address |= found && found < line + length;
            offer_token(completion, line, length);
        }
        line += length + (line[length] == ' ');
    }
    return address;
}

static void offer_sources(struct completion *completion, bool names) {
    struct control_client *client = &completion->session->client;
    struct control_answer answer;
    if (!control_client_ask(client, CONTROL_REQ_N_SOURCES, NULL, &answer))
        return;
    uint32_t count = answer.n_sources.n_sources;
    for (struct control_index request = {0}; request.index < count; request.index++) {
        char text[FORMAT_SIZE];
        if (!control_client_ask(client, CONTROL_REQ_SOURCE_DATA, &request, &answer) ||
            answer.type != CONTROL_RPY_SOURCE_DATA)
            return;
        struct control_address source = {.ip_addr = answer.source_data.ip_addr};
        const char *word = text;
        if (answer.source_data.mode == CONTROL_MODE_REFCLOCK) {
            format_reference_id(text, address_to_ipv4(&source.ip_addr));
        } else if (!names) {
            address_format(&source.ip_addr, text);
        } else {
            if (!control_client_ask(client, CONTROL_REQ_NTP_SOURCE_NAME, &source, &answer) ||
                answer.type != CONTROL_RPY_NTP_SOURCE_NAME ||
                !chronyc_is_presentable(answer.ntp_source_name.name) ||
                address_parse(answer.ntp_source_name.name, &source.ip_addr))
                continue;
            word = answer.ntp_source_name.name;
        }
        offer(completion, word, strlen(word));
    }
}

static void offer_all(struct completion *completion) {
    bool address = false;
    completion->count = 0;
    for (const char *line = chronyc_help_text; *line; line += strcspn(line, "\n") + 1)
        if (line[strcspn(line, "\t\n")] == '\t')
            address |= offer_line(completion, line);
    if (!address)
        return;
    completion->session->client.deadline = monotonic_clock_read() + PATIENCE;
    offer_sources(completion, false);
    offer_sources(completion, true);
    completion->session->client.deadline = NS_NEVER;
}

bool chronyc_complete(struct chronyc *session, const char *line, size_t cursor,
                      char addition[COMPLETION_SIZE]) {
    struct completion completion = {.session = session, .first = line + strspn(line, " ")};
    size_t start = cursor;
    while (start > 0 && line[start - 1] != ' ')
        start--;
    completion.prefix = line + start;
    completion.length = cursor - start;
    completion.first_length = strcspn(completion.first, " ");
    for (size_t i = 0; i < start; i++)
        completion.place += line[i] != ' ' && line[i + 1] == ' ';
    *addition = '\0';
    offer_all(&completion);
    if (completion.count == 0)
        return false;
    strcpy(addition, completion.common + completion.length);
    if (completion.count == 1)
        strcpy(addition + strlen(addition), " ");
    if (*addition)
        return true;
    completion.list = true;
    putchar('\n');
    offer_all(&completion);
    putchar('\n');
    return true;
}
