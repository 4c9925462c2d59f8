/* Addresses to names and back: the daemon's own, reverse DNS, the resolver. */
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "applets/chronyc/chronyc.h"
#include "applets/chronyc/format.h"
#include "core/linux/clock.h"
#include "core/linux/socket.h"

#define NAME_COLUMNS 25 /* of tables */

/* A reverse lookup that failed after this long has met a resolver that does not answer: one wait is
 * enough. */
#define HANGING_LOOKUP NS_PER_S

/* Names go to the terminal: nothing that it would act upon. */
static bool is_printable(const char *name) {
    for (; *name; name++)
        if (*name <= ' ' || *name > '~')
            return false;
    return true;
}

static bool look_up(struct chronyc *session, const struct address *address,
                    char name[CHRONYC_NAME_SIZE]) {
    struct endpoint endpoint = {.address = *address};
    struct sockaddr_storage socket_address;
    socklen_t length = socket_address_from_endpoint(&endpoint, 0, &socket_address);
    if (!length)
        return false;
    ns_t start = monotonic_clock_read();
    bool found = getnameinfo((struct sockaddr *)&socket_address, length, name, CHRONYC_NAME_SIZE,
                             NULL, 0, NI_NAMEREQD) == 0;
    session->lookups_hang = !found && monotonic_clock_read() - start > HANGING_LOOKUP;
    return found && is_printable(name);
}

void chronyc_name_address(struct chronyc *session, const struct address *address, bool cut,
                          char name[CHRONYC_NAME_SIZE]) {
    if (session->numeric || session->csv) {
        address_format(address, name);
        return;
    }
    if (session->lookups_hang || !look_up(session, address, name))
        address_format(address, name);
    if (cut)
        format_cut_name(name, NAME_COLUMNS + (session->wide ? CHRONYC_WIDE : 0));
}

bool chronyc_is_presentable(const char name[CONTROL_NAME_SIZE]) {
    return !name[CONTROL_NAME_SIZE - 1] && is_printable(name);
}

bool chronyc_ask_name(struct chronyc *session, const struct address *address,
                      char name[CHRONYC_NAME_SIZE]) {
    struct control_address request = {.ip_addr = *address};
    struct control_answer answer;
    if (!chronyc_ask(session, CONTROL_REQ_NTP_SOURCE_NAME, &request, &answer) ||
        !chronyc_is_presentable(answer.ntp_source_name.name))
        return false;
    strcpy(name, answer.ntp_source_name.name);
    return true;
}

void chronyc_name_source(struct chronyc *session, const struct address *address, bool cut,
                         char name[CHRONYC_NAME_SIZE]) {
    if (!session->source_names)
        chronyc_name_address(session, address, cut, name);
    else if (!chronyc_ask_name(session, address, name))
        strcpy(name, "?");
}

void chronyc_name_reference(struct chronyc *session, const struct control_tracking *tracking,
                            char name[CHRONYC_NAME_SIZE]) {
    if (tracking->ip_addr.family == ADDRESS_NONE)
        format_reference_id(name, tracking->ref_id);
    else
        chronyc_name_source(session, &tracking->ip_addr, false, name);
}

void chronyc_name_listed(struct chronyc *session, const struct control_source_data *source,
                         bool cut, char name[CHRONYC_NAME_SIZE]) {
    if (source->mode == CONTROL_MODE_REFCLOCK && source->ip_addr.family == ADDRESS_IPV4)
        format_reference_id(name, address_to_ipv4(&source->ip_addr));
    else
        chronyc_name_source(session, &source->ip_addr, cut, name);
}

const char *chronyc_source_colour(const struct chronyc *session,
                                  const struct control_source_data *source) {
    return !session->colour                             ? ""
           : source->state == CONTROL_STATE_FALSETICKER ? "\033[31m"
           : source->reachability == 0                  ? "\033[33m"
                                                        : "";
}

bool chronyc_find_address(const struct chronyc *session, const char *word,
                          struct address *address) {
    return address_parse_id(word, address) ||
           control_client_resolve(word, session->family, address, 1) == 1;
}
