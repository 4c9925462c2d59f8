/* Commands that turn one screw of the clock, the selection or a source, each said in the log in
 * chrony's words. */
#include "core/engine/handlers.h"
#include "core/engine/reference.h"
#include "core/engine/sources.h"

enum control_status action_dfreq(struct engine *engine, const union control_payload *arguments,
                                 union control_payload *results) {
    (void)results;
    reference_change(engine, -arguments->as_float.value * 1e-6, 0.0);
    log_info(engine_log(engine), "Accumulated delta freq of %.3fppm", arguments->as_float.value);
    return CONTROL_SUCCESS;
}

enum control_status action_doffset(struct engine *engine, const union control_payload *arguments,
                                   union control_payload *results) {
    (void)results;
    if (!reference_can_change(engine, -arguments->as_float.value))
        return CONTROL_FAILED;
    reference_change(engine, 0.0, -arguments->as_float.value);
    log_info(engine_log(engine), "Accumulated delta offset of %.6f seconds",
             arguments->as_float.value);
    return CONTROL_SUCCESS;
}

enum control_status action_reselect_distance(struct engine *engine,
                                             const union control_payload *arguments,
                                             union control_payload *results) {
    (void)results;
    engine->reselect_distance = arguments->as_float.value;
    log_info(engine_log(engine), "New reselect distance %f", engine->reselect_distance);
    return CONTROL_SUCCESS;
}

enum control_status action_modify_maxupdateskew(struct engine *engine,
                                                const union control_payload *arguments,
                                                union control_payload *results) {
    (void)results;
    engine->max_update_skew = arguments->as_float.value;
    log_info(engine_log(engine), "New maxupdateskew %f ppm", engine->max_update_skew);
    return CONTROL_SUCCESS;
}

enum control_status action_modify_offset(struct engine *engine,
                                         const union control_payload *arguments,
                                         union control_payload *results) {
    const struct control_modify_offset *modify = &arguments->as_modify_offset;
    struct source *source = sources_find(engine, &modify->address);
    char text[ADDRESS_TEXT_SIZE];

    (void)results;
    if (source == NULL)
        return CONTROL_NO_SUCH_SOURCE;
    source->association.config.offset = modify->new_offset;
    log_info(engine_log(engine), "Source %s new offset %f", address_format(&modify->address, text),
             modify->new_offset);
    return CONTROL_SUCCESS;
}

/* The request's options are the bits of ADD_SOURCE, its mask those of selection. They count from
 * the next selection on. */
enum control_status action_modify_selectopts(struct engine *engine,
                                             const union control_payload *arguments,
                                             union control_payload *results) {
    const struct control_selectopts *modify = &arguments->as_selectopts;
    struct source *source = sources_find(engine, &modify->address);
    unsigned options = (modify->options & CONTROL_ADD_NOSELECT ? SELECT_OPTION_NOSELECT : 0u) |
                       (modify->options & CONTROL_ADD_PREFER ? SELECT_OPTION_PREFER : 0u) |
                       (modify->options & CONTROL_ADD_TRUST ? SELECT_OPTION_TRUST : 0u) |
                       (modify->options & CONTROL_ADD_REQUIRE ? SELECT_OPTION_REQUIRE : 0u);
    char text[ADDRESS_TEXT_SIZE];
    unsigned *own;

    (void)results;
    if (source == NULL)
        return CONTROL_NO_SUCH_SOURCE;
    own = &source->association.config.select_options;
    options = (*own & ~modify->mask) | (options & modify->mask);
    if (options != *own)
        log_info(engine_log(engine), "Source %s selection options modified",
                 address_format(&modify->address, text));
    *own = options;
    return CONTROL_SUCCESS;
}

/* Online is what can be reached by now: a socket can be connected to it. */
enum control_status action_onoffline(struct engine *engine, const union control_payload *arguments,
                                     union control_payload *results) {
    (void)arguments;
    for (int i = 0; i < engine->source_count; i++) {
        const struct endpoint *remote = &engine->sources[i]->association.remote;
        union control_payload which = {.as_address_mask = {.address = remote->address}};
        struct socket_request request = {
            .kind = SOCKET_CLIENT, .family = remote->address.family, .remote = *remote};
        int socket;

        if (!engine->sources[i]->resolved)
            continue;
        socket = engine->host->open_socket(engine->host->context, &request);
        if (socket >= 0)
            engine->host->close_socket(engine->host->context, socket);
        (socket >= 0 ? action_online : action_offline)(engine, &which, results);
    }
    return CONTROL_SUCCESS;
}
