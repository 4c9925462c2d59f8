/* Commands that tell the daemon to do or to change something. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "applets/chronyc/chronyc.h"
#include "core/base/text.h"
#include "core/track/select.h"

/* A number at the front of *text, which is moved behind it; what follows it is not looked at. */
static bool take_double(char **text, double *value) {
    char *start = *text;
    *value = strtod(start, text);
    return *text != start;
}

static bool take_int(char **text, int32_t *value) {
    char *start = *text;
    *value = (int32_t)strtol(start, text, 10);
    return *text != start;
}

static enum chronyc_outcome complain(struct chronyc *session, const char *message) {
    chronyc_complain(session, "%s", message);
    return CHRONYC_FAILED;
}

static enum chronyc_outcome no_such_host(struct chronyc *session) {
    return complain(session, "Could not get address for hostname\n");
}

enum chronyc_outcome chronyc_plain(struct chronyc *session, const struct chronyc_command *command,
                                   char *arguments) {
    (void)arguments;
    struct control_int nothing = {0}; /* DUMP has a reserved word */
    return chronyc_do(session, command->request, &nothing);
}

enum chronyc_outcome chronyc_float(struct chronyc *session, const struct chronyc_command *command,
                                   char *arguments) {
    struct control_float request;
    if (!take_double(&arguments, &request.value))
        return CHRONYC_MISUSED;
    return chronyc_do(session, command->request, &request);
}

enum chronyc_outcome chronyc_makestep(struct chronyc *session,
                                      const struct chronyc_command *command, char *arguments) {
    struct control_makestep request;
    if (!*arguments)
        return chronyc_do(session, CONTROL_REQ_MAKESTEP, NULL);
    if (!take_double(&arguments, &request.threshold) || !take_int(&arguments, &request.limit))
        return CHRONYC_MISUSED;
    return chronyc_do(session, command->request, &request);
}

enum chronyc_outcome chronyc_smoothtime(struct chronyc *session,
                                        const struct chronyc_command *command, char *arguments) {
    struct control_int request = {CONTROL_SMOOTHTIME_RESET};
    if (strcmp(arguments, "activate") == 0)
        request.value = CONTROL_SMOOTHTIME_ACTIVATE;
    else if (strcmp(arguments, "reset") != 0)
        return CHRONYC_MISUSED;
    return chronyc_do(session, command->request, &request);
}

/* `reload sources`, `reset sources` */
enum chronyc_outcome chronyc_only_sources(struct chronyc *session,
                                          const struct chronyc_command *command, char *arguments) {
    if (strcmp(arguments, "sources") != 0)
        return CHRONYC_MISUSED;
    return chronyc_do(session, command->request, NULL);
}

/* ---- one source ---- */

enum chronyc_outcome chronyc_modify(struct chronyc *session, const struct chronyc_command *command,
                                    char *arguments) {
    const char *word = text_take_word(&arguments);
    struct control_modify_int integer;
    struct control_modify_float number;
    bool is_float = control_command(command->request)->request == CONTROL_LAYOUT_modify_float;
    if (!(is_float ? take_double(&arguments, &number.new_value)
                   : take_int(&arguments, &integer.new_value)))
        return CHRONYC_MISUSED;
    if (!chronyc_find_address(session, word, &integer.address))
        return no_such_host(session);
    number.address = integer.address;
    return chronyc_do(session, command->request, is_float ? (const void *)&number : &integer);
}

enum chronyc_outcome chronyc_delete(struct chronyc *session, const struct chronyc_command *command,
                                    char *arguments) {
    struct control_address request;
    if (!*arguments)
        return CHRONYC_MISUSED;
    if (!chronyc_find_address(session, text_take_word(&arguments), &request.ip_addr))
        return no_such_host(session);
    return chronyc_do(session, command->request, &request);
}

enum chronyc_outcome chronyc_check(struct chronyc *session, const struct chronyc_command *command,
                                   char *arguments) {
    struct control_address request;
    if (control_client_resolve(arguments, session->family, &request.ip_addr, 1) != 1)
        return CHRONYC_MISUSED;
    return chronyc_do(session, command->request, &request);
}

bool chronyc_parse_source(const char *word, struct address *address, uint32_t *reference_id) {
    *address = (struct address){.family = ADDRESS_NONE};
    *reference_id = 0;
    if (address_parse_id(word, address) || address_parse(word, address))
        return true;
    size_t length = strlen(word);
    for (size_t i = 0; i < length && i < 4; i++)
        *reference_id |= (uint32_t)(uint8_t)word[i] << (24 - 8 * i);
    return length >= 1 && length <= 4;
}

enum chronyc_outcome chronyc_offset(struct chronyc *session, const struct chronyc_command *command,
                                    char *arguments) {
    struct control_modify_offset request;
    if (!chronyc_parse_source(text_take_word(&arguments), &request.address, &request.ref_id) ||
        !take_double(&arguments, &request.new_offset))
        return CHRONYC_MISUSED;
    return chronyc_do(session, command->request, &request);
}

enum chronyc_outcome chronyc_selectopts(struct chronyc *session,
                                        const struct chronyc_command *command, char *arguments) {
    static const char *const names[] = {"noselect", "prefer", "trust",
                                        "require"}; /* SELECT_OPTION_* */
    struct control_selectopts request;
    if (!chronyc_parse_source(text_take_word(&arguments), &request.address, &request.ref_id))
        return CHRONYC_MISUSED;
    unsigned options = 0;
    request.mask = 0;
    for (char *word; *(word = text_take_word(&arguments));) {
        unsigned i = 0;
        while (i < 4 && !text_equal_nocase(word + 1, names[i]))
            i++;
        if (i == 4 || (*word != '+' && *word != '-'))
            return CHRONYC_MISUSED;
        request.mask |= 1u << i;
        options = *word == '+' ? options | 1u << i : options & ~(1u << i);
    }
    request.options = chronyc_option_flags(options);
    return chronyc_do(session, command->request, &request);
}

/* ---- sources by mask ---- */

/* More bits than the address has, or a negative number of them, are all. */
static void make_mask(unsigned family, int bits, struct address *mask) {
    int size = family == ADDRESS_IPV4 ? 32 : 128;
    *mask = (struct address){.family = (uint16_t)family};
    for (int i = 0; i < size && (bits < 0 || i < bits); i++)
        mask->bytes[i / 8] |= (uint8_t)(0x80 >> i % 8);
}

/* Nothing, ADDRESS, MASK/ADDRESS or ADDRESS/BITS. */
static enum chronyc_outcome parse_masked(struct chronyc *session, char *text,
                                         struct control_burst *request) {
    char *slash = strchr(text, '/');
    if (!*text)
        return CHRONYC_DONE;
    if (!slash) {
        if (!chronyc_find_address(session, text, &request->address))
            return no_such_host(session);
        if (request->address.family != ADDRESS_ID)
            make_mask(request->address.family, -1, &request->mask);
        return CHRONYC_DONE;
    }
    *slash++ = '\0';
    if (address_parse(slash, &request->address))
        return address_parse(text, &request->mask) &&
                       request->mask.family == request->address.family
                   ? CHRONYC_DONE
                   : complain(session, "Invalid syntax for mask/address\n");
    int32_t bits;
    if (!address_parse(text, &request->address) || !take_int(&slash, &bits))
        return complain(session, "Invalid syntax for mask/address\n");
    make_mask(request->address.family, bits, &request->mask);
    return CHRONYC_DONE;
}

/* `online`, `offline`, and `burst` with its counts in front. */
enum chronyc_outcome chronyc_masked(struct chronyc *session, const struct chronyc_command *command,
                                    char *arguments) {
    struct control_burst request = {0};
    if (command->request == CONTROL_REQ_BURST) {
        char *counts = text_take_word(&arguments);
        if (!take_int(&counts, &request.n_good_samples) || *counts++ != '/' ||
            !take_int(&counts, &request.n_total_samples))
            return CHRONYC_MISUSED;
    }
    enum chronyc_outcome outcome = parse_masked(session, arguments, &request);
    if (outcome != CHRONYC_DONE)
        return outcome;
    struct control_address_mask plain = {.mask = request.mask, .address = request.address};
    return chronyc_do(session, command->request,
                      command->request == CONTROL_REQ_BURST ? (const void *)&request : &plain);
}
