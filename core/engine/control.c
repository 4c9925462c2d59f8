/* The daemon's side of the control protocol (control.h). The checks stand in the order in which
 * chrony makes them; each refusal is one line. */
#include "core/engine/control.h"

#include <string.h>

#include "core/engine/handlers.h"

#define SHORTEST_REQUEST CONTROL_REPLY_HEADER /* no answer may be longer than its request */
#define OLDEST_ANSWERED  5                    /* versions below get silence instead of a status */

static control_handler answer_no_clock_chip;

/* By the number of the command. */
static control_handler *const handlers[] = {
    [CONTROL_REQ_ONLINE] = action_online,
    [CONTROL_REQ_OFFLINE] = action_offline,
    [CONTROL_REQ_BURST] = action_burst,
    [CONTROL_REQ_MODIFY_MINPOLL] = action_modify_minpoll,
    [CONTROL_REQ_MODIFY_MAXPOLL] = action_modify_maxpoll,
    [CONTROL_REQ_MODIFY_MAXDELAY] = action_modify_maxdelay,
    [CONTROL_REQ_MODIFY_MAXDELAYRATIO] = action_modify_maxdelayratio,
    [CONTROL_REQ_N_SOURCES] = answer_n_sources,
    [CONTROL_REQ_SOURCE_DATA] = answer_source_data,
    [CONTROL_REQ_ALLOW] = action_allow,
    [CONTROL_REQ_ALLOWALL] = action_allow_all,
    [CONTROL_REQ_DENY] = action_deny,
    [CONTROL_REQ_DENYALL] = action_deny_all,
    [CONTROL_REQ_CMDALLOW] = action_command_allow,
    [CONTROL_REQ_CMDALLOWALL] = action_command_allow_all,
    [CONTROL_REQ_CMDDENY] = action_command_deny,
    [CONTROL_REQ_CMDDENYALL] = action_command_deny_all,
    [CONTROL_REQ_ACCHECK] = action_check_access,
    [CONTROL_REQ_CMDACCHECK] = action_check_command_access,
    [CONTROL_REQ_DEL_SOURCE] = action_delete_source,
    [CONTROL_REQ_REKEY] = action_rekey,
    [CONTROL_REQ_WRITERTC] = answer_no_clock_chip,
    [CONTROL_REQ_TRACKING] = answer_tracking,
    [CONTROL_REQ_SOURCESTATS] = answer_sourcestats,
    [CONTROL_REQ_RTCREPORT] = answer_no_clock_chip,
    [CONTROL_REQ_TRIMRTC] = answer_no_clock_chip,
    [CONTROL_REQ_CYCLELOGS] = action_cyclelogs,
    [CONTROL_REQ_MAKESTEP] = action_makestep,
    [CONTROL_REQ_ACTIVITY] = answer_activity,
    [CONTROL_REQ_MODIFY_MINSTRATUM] = action_modify_minstratum,
    [CONTROL_REQ_MODIFY_POLLTARGET] = action_modify_polltarget,
    [CONTROL_REQ_MODIFY_MAXDELAYDEVRATIO] = action_modify_maxdelaydevratio,
    [CONTROL_REQ_RESELECT] = action_reselect,
    [CONTROL_REQ_MODIFY_MAKESTEP] = action_modify_makestep,
    [CONTROL_REQ_DUMP] = action_dump,
    [CONTROL_REQ_MODIFY_MAXUPDATESKEW] = action_modify_maxupdateskew,
    [CONTROL_REQ_SETTIME] = action_settime,
    [CONTROL_REQ_MANUAL] = action_manual,
    [CONTROL_REQ_DFREQ] = action_dfreq,
    [CONTROL_REQ_MANUAL_LIST] = answer_manual_list,
    [CONTROL_REQ_MANUAL_DELETE] = action_manual_delete,
    [CONTROL_REQ_RESELECTDISTANCE] = action_reselect_distance,
    [CONTROL_REQ_ONOFFLINE] = action_onoffline,
    [CONTROL_REQ_DOFFSET2] = action_doffset,
    [CONTROL_REQ_MODIFY_SELECTOPTS] = action_modify_selectopts,
    [CONTROL_REQ_MODIFY_OFFSET] = action_modify_offset,
    [CONTROL_REQ_SMOOTHING] = answer_smoothing,
    [CONTROL_REQ_SMOOTHTIME] = action_smoothtime,
    [CONTROL_REQ_REFRESH] = action_refresh,
    [CONTROL_REQ_SERVER_STATS] = answer_server_stats,
    [CONTROL_REQ_LOCAL2] = action_local,
    [CONTROL_REQ_NTP_DATA] = answer_ntp_data,
    [CONTROL_REQ_SHUTDOWN] = action_shutdown,
    [CONTROL_REQ_ADD_SOURCE] = action_add_source,
    [CONTROL_REQ_NTP_SOURCE_NAME] = answer_source_name,
    [CONTROL_REQ_RESET_SOURCES] = action_reset_sources,
    [CONTROL_REQ_RELOAD_SOURCES] = action_reload_sources,
    [CONTROL_REQ_AUTH_DATA] = answer_auth_data,
    [CONTROL_REQ_CLIENT_ACCESSES_BY_INDEX3] = answer_client_accesses,
    [CONTROL_REQ_SELECT_DATA] = answer_select_data,
    [CONTROL_REQ_LOCAL3] = action_local,
    [CONTROL_REQ_ADD_SOURCE2] = action_add_source2,
};

/* The kernel keeps the real-time clock (rtcsync); nothing here drives it. */
static enum control_status answer_no_clock_chip(struct engine *engine,
                                                const union control_payload *arguments,
                                                union control_payload *results) {
    (void)engine;
    (void)arguments;
    (void)results;
    return CONTROL_NO_RTC;
}

static control_handler *find_handler(unsigned number) {
    if (number == CONTROL_REQ_HISTORY)
        return answer_history;
    return number < sizeof(handlers) / sizeof(handlers[0]) ? handlers[number] : NULL;
}

/* Without bindcmdaddress nobody but this machine is listened to. */
static struct address command_address(int family, const struct address *configured) {
    struct address loopback = {.bytes = {[15] = 1}, .family = ADDRESS_IPV6};

    if (configured->family != ADDRESS_NONE)
        return *configured;
    return family == ADDRESS_IPV4 ? address_ipv4(0x7f000001) : loopback;
}

static void open_udp(struct engine *engine, int slot, int family,
                     const struct address *configured) {
    struct socket_request request = {
        .kind = SOCKET_CONTROL,
        .family = family,
        .local = command_address(family, configured),
        .port = engine->config->command_port,
        .device = engine->config->bind_command_device,
    };
    struct endpoint endpoint = {request.local, (uint16_t)request.port};
    char text[ADDRESS_TEXT_SIZE];
    int socket;

    if (request.port <= 0 ||
        (engine->options.family != ADDRESS_NONE && engine->options.family != family))
        return;
    socket = engine->host->open_socket(engine->host->context, &request);
    if (engine_own_socket(engine, socket, OWNER_CONTROL, NULL))
        engine->control_sockets[slot] = socket;
    else
        log_error(engine_log(engine), "Could not open command socket on %s",
                  endpoint_format(&endpoint, text));
}

static void open_unix(struct engine *engine) {
    struct socket_request request = {.kind = SOCKET_CONTROL,
                                     .path = engine->config->bind_command_path};
    int socket;

    if (request.path == NULL || request.path[0] == '\0' || strcmp(request.path, "/") == 0)
        return;
    socket = engine->host->open_socket(engine->host->context, &request);
    if (engine_own_socket(engine, socket, OWNER_CONTROL, NULL))
        engine->control_sockets[2] = socket;
    else
        log_error(engine_log(engine), "Could not open command socket on %s", request.path);
}

void control_open(struct engine *engine) {
    /* The Unix socket comes first: under the clock simulator its number is its order. */
    open_unix(engine);
    open_udp(engine, 0, ADDRESS_IPV4, &engine->config->bind_command_address4);
    open_udp(engine, 1, ADDRESS_IPV6, &engine->config->bind_command_address6);
}

static bool is_unix(const struct packet *packet) {
    return packet->path != NULL;
}

static bool sender_allowed(const struct engine *engine, const struct packet *packet) {
    return is_unix(packet) || address_is_loopback_host(&packet->remote.address) ||
           access_allowed(engine->command_access, &packet->remote.address);
}

static bool over_limit(struct engine *engine, const struct packet *packet) {
    int index;

    if (is_unix(packet) || engine->client_log == NULL)
        return false;
    index = client_log_hit(engine->client_log, &packet->remote.address, SERVICE_COMMAND,
                           engine_monotonic(engine));
    return !address_is_loopback_host(&packet->remote.address) &&
           client_log_limit(engine->client_log, index, SERVICE_COMMAND, &engine->random) !=
               LIMIT_PASS;
}

static void answer(struct engine *engine, const struct packet *packet,
                   const struct control_request *request, enum control_status status,
                   const struct control_command_info *info, const union control_payload *results) {
    uint8_t bytes[CONTROL_MAX_REPLY];
    struct control_reply reply = {
        .version = CONTROL_VERSION,
        .type = 2,
        .command = request->command,
        .reply = CONTROL_RPY_NULL,
        .status = (uint16_t)status,
        .sequence = request->sequence,
    };
    struct packet out = *packet;

    out.bytes = bytes;
    out.length = CONTROL_REPLY_HEADER;
    if (status == CONTROL_SUCCESS && info->reply != CONTROL_LAYOUT_none) {
        const struct control_layout *layout = control_layout(info->reply);

        reply.reply = info->reply_type;
        control_encode(layout, results, bytes + CONTROL_REPLY_HEADER);
        out.length += layout->length;
    }
    control_reply_encode(&reply, bytes);
    if (out.length <= packet->length)
        engine->host->send_packet(engine->host->context, &out);
}

static enum control_status perform(struct engine *engine, const struct packet *packet,
                                   const struct control_request *request,
                                   const struct control_command_info *info,
                                   union control_payload *results) {
    control_handler *handler = find_handler(request->command);
    union control_payload arguments;

    if (request->version != CONTROL_VERSION)
        return CONTROL_BAD_VERSION;
    if (info == NULL || handler == NULL)
        return CONTROL_INVALID;
    if (packet->length < info->min_length)
        return CONTROL_BAD_LENGTH;
    if (!is_unix(packet) && (info->open & engine->config->open_commands) == 0)
        return CONTROL_UNAUTHORISED;
    memset(&arguments, 0, sizeof(arguments));
    control_decode(control_layout(info->request), packet->bytes + CONTROL_REQUEST_HEADER,
                   &arguments);
    return handler(engine, &arguments, results);
}

void control_packet(struct engine *engine, const struct packet *packet) {
    struct control_request request;
    const struct control_command_info *info;
    union control_payload results;

    if (!sender_allowed(engine, packet))
        return;
    if (packet->length < SHORTEST_REQUEST || packet->length > CONTROL_MAX_REQUEST ||
        !control_request_decode(packet->bytes, packet->length, &request) || request.type != 1) {
        engine->counters.malformed++;
        return;
    }
    engine->counters.command_hits++;
    if (over_limit(engine, packet)) {
        engine->counters.command_drops++;
        return;
    }
    if (request.version < OLDEST_ANSWERED)
        return;
    memset(&results, 0, sizeof(results));
    info = control_command_for_length(request.command, packet->length);
    answer(engine, packet, &request, perform(engine, packet, &request, info, &results), info,
           &results);
}
