/* The commands of the control protocol, one row each: number, name, who may use it, request, reply.
 * Included by control.h. Two commands answer in an older form when the request is too short for the
 * newer reply: they have two rows, the newer first. */
#ifndef CHRONOBOX_WIRE_CONTROL_COMMANDS_H
#define CHRONOBOX_WIRE_CONTROL_COMMANDS_H

/* The names of the `opencommands` directive (chrony 4.7): which reports UDP may ask for. The bits
 * are those of the configuration's open_commands. */
enum control_open {
    CONTROL_OPEN_NEVER = 0,
    CONTROL_OPEN_ACTIVITY = 1 << 0,
    CONTROL_OPEN_AUTHDATA = 1 << 1,
    CONTROL_OPEN_CLIENTS = 1 << 2,
    CONTROL_OPEN_MANUAL = 1 << 3,
    CONTROL_OPEN_NTPDATA = 1 << 4,
    CONTROL_OPEN_RTCDATA = 1 << 5,
    CONTROL_OPEN_SELECTDATA = 1 << 6,
    CONTROL_OPEN_SERVERSTATS = 1 << 7,
    CONTROL_OPEN_SMOOTHING = 1 << 8,
    CONTROL_OPEN_SOURCENAME = 1 << 9,
    CONTROL_OPEN_SOURCES = 1 << 10,
    CONTROL_OPEN_SOURCESTATS = 1 << 11,
    CONTROL_OPEN_TRACKING = 1 << 12,
};

/* Numbers from here on are chronobox's own, for requests and replies: chrony's count up from 1. */
#define CONTROL_OURS 0x4342

/* C(number, NAME, bits of enum control_open, request layout, reply NAME, reply layout) */
#define CONTROL_COMMANDS(C)                                                                        \
    C(1, ONLINE, NEVER, address_mask, NULL, none)                                                  \
    C(2, OFFLINE, NEVER, address_mask, NULL, none)                                                 \
    C(3, BURST, NEVER, burst, NULL, none)                                                          \
    C(4, MODIFY_MINPOLL, NEVER, modify_int, NULL, none)                                            \
    C(5, MODIFY_MAXPOLL, NEVER, modify_int, NULL, none)                                            \
    C(6, DUMP, NEVER, int, NULL, none)                                                             \
    C(7, MODIFY_MAXDELAY, NEVER, modify_float, NULL, none)                                         \
    C(8, MODIFY_MAXDELAYRATIO, NEVER, modify_float, NULL, none)                                    \
    C(9, MODIFY_MAXUPDATESKEW, NEVER, float, NULL, none)                                           \
    C(11, SETTIME, NEVER, settime, MANUAL_TIMESTAMP2, manual_timestamp)                            \
    C(13, MANUAL, NEVER, int, NULL, none)                                                          \
    C(14, N_SOURCES, COUNTING, none, N_SOURCES, n_sources)                                         \
    C(15, SOURCE_DATA, SOURCES, index, SOURCE_DATA, source_data)                                   \
    C(16, REKEY, NEVER, none, NULL, none)                                                          \
    C(17, ALLOW, NEVER, subnet, NULL, none)                                                        \
    C(18, ALLOWALL, NEVER, subnet, NULL, none)                                                     \
    C(19, DENY, NEVER, subnet, NULL, none)                                                         \
    C(20, DENYALL, NEVER, subnet, NULL, none)                                                      \
    C(21, CMDALLOW, NEVER, subnet, NULL, none)                                                     \
    C(22, CMDALLOWALL, NEVER, subnet, NULL, none)                                                  \
    C(23, CMDDENY, NEVER, subnet, NULL, none)                                                      \
    C(24, CMDDENYALL, NEVER, subnet, NULL, none)                                                   \
    C(25, ACCHECK, NEVER, address, NULL, none)                                                     \
    C(26, CMDACCHECK, NEVER, address, NULL, none)                                                  \
    C(29, DEL_SOURCE, NEVER, address, NULL, none)                                                  \
    C(30, WRITERTC, NEVER, none, NULL, none)                                                       \
    C(31, DFREQ, NEVER, float, NULL, none)                                                         \
    C(33, TRACKING, TRACKING, none, TRACKING, tracking)                                            \
    C(34, SOURCESTATS, SOURCESTATS, index, SOURCESTATS, sourcestats)                               \
    C(35, RTCREPORT, RTCDATA, none, RTC, rtc)                                                      \
    C(36, TRIMRTC, NEVER, none, NULL, none)                                                        \
    C(37, CYCLELOGS, NEVER, none, NULL, none)                                                      \
    C(41, MANUAL_LIST, MANUAL, none, MANUAL_LIST2, manual_list)                                    \
    C(42, MANUAL_DELETE, NEVER, int, NULL, none)                                                   \
    C(43, MAKESTEP, NEVER, none, NULL, none)                                                       \
    C(44, ACTIVITY, ACTIVITY, none, ACTIVITY, activity)                                            \
    C(45, MODIFY_MINSTRATUM, NEVER, modify_int, NULL, none)                                        \
    C(46, MODIFY_POLLTARGET, NEVER, modify_int, NULL, none)                                        \
    C(47, MODIFY_MAXDELAYDEVRATIO, NEVER, modify_float, NULL, none)                                \
    C(48, RESELECT, NEVER, none, NULL, none)                                                       \
    C(49, RESELECTDISTANCE, NEVER, float, NULL, none)                                              \
    C(50, MODIFY_MAKESTEP, NEVER, makestep, NULL, none)                                            \
    C(51, SMOOTHING, SMOOTHING, none, SMOOTHING, smoothing)                                        \
    C(52, SMOOTHTIME, NEVER, int, NULL, none)                                                      \
    C(53, REFRESH, NEVER, none, NULL, none)                                                        \
    C(54, SERVER_STATS, SERVERSTATS, none, SERVER_STATS4, server_stats4)                           \
    C(54, SERVER_STATS_OLD, SERVERSTATS, none, SERVER_STATS3, server_stats3)                       \
    C(56, LOCAL2, NEVER, local2, NULL, none)                                                       \
    C(57, NTP_DATA, NTPDATA, address, NTP_DATA2, ntp_data2)                                        \
    C(57, NTP_DATA_OLD, NTPDATA, address, NTP_DATA, ntp_data)                                      \
    C(62, SHUTDOWN, NEVER, none, NULL, none)                                                       \
    C(63, ONOFFLINE, NEVER, none, NULL, none)                                                      \
    C(64, ADD_SOURCE, NEVER, add_source, NULL, none)                                               \
    C(65, NTP_SOURCE_NAME, SOURCENAME, address, NTP_SOURCE_NAME, ntp_source_name)                  \
    C(66, RESET_SOURCES, NEVER, none, NULL, none)                                                  \
    C(67, AUTH_DATA, AUTHDATA, address, AUTH_DATA, auth_data)                                      \
    C(68, CLIENT_ACCESSES_BY_INDEX3, CLIENTS, client_accesses_request, CLIENT_ACCESSES_BY_INDEX3,  \
      client_accesses)                                                                             \
    C(69, SELECT_DATA, SELECTDATA, index, SELECT_DATA, select_data)                                \
    C(70, RELOAD_SOURCES, NEVER, none, NULL, none)                                                 \
    C(71, DOFFSET2, NEVER, float, NULL, none)                                                      \
    C(72, MODIFY_SELECTOPTS, NEVER, selectopts, NULL, none)                                        \
    C(73, MODIFY_OFFSET, NEVER, modify_offset, NULL, none)                                         \
    C(74, LOCAL3, NEVER, local3, NULL, none)                                                       \
    C(75, ADD_SOURCE2, NEVER, add_source2, NULL, none)                                             \
    C(CONTROL_OURS, HISTORY, NTPDATA, history_request, HISTORY, history)

/* Reports that go through the list of sources count it first. */
#define CONTROL_OPEN_COUNTING                                                                      \
    (CONTROL_OPEN_AUTHDATA | CONTROL_OPEN_NTPDATA | CONTROL_OPEN_SELECTDATA |                      \
     CONTROL_OPEN_SOURCES | CONTROL_OPEN_SOURCESTATS)

#define CONTROL_COMMAND_NUMBER(number, NAME, open, request, REPLY, reply)                          \
    CONTROL_REQ_##NAME = (number),
enum control_command { CONTROL_COMMANDS(CONTROL_COMMAND_NUMBER) };

enum control_reply_type {
    CONTROL_RPY_NULL = 1,
    CONTROL_RPY_N_SOURCES = 2,
    CONTROL_RPY_SOURCE_DATA = 3,
    CONTROL_RPY_TRACKING = 5,
    CONTROL_RPY_SOURCESTATS = 6,
    CONTROL_RPY_RTC = 7,
    CONTROL_RPY_ACTIVITY = 12,
    CONTROL_RPY_SMOOTHING = 13,
    CONTROL_RPY_NTP_DATA = 16,
    CONTROL_RPY_MANUAL_TIMESTAMP2 = 17,
    CONTROL_RPY_MANUAL_LIST2 = 18,
    CONTROL_RPY_NTP_SOURCE_NAME = 19,
    CONTROL_RPY_AUTH_DATA = 20,
    CONTROL_RPY_CLIENT_ACCESSES_BY_INDEX3 = 21,
    CONTROL_RPY_SELECT_DATA = 23,
    CONTROL_RPY_SERVER_STATS3 = 24,
    CONTROL_RPY_SERVER_STATS4 = 25,
    CONTROL_RPY_NTP_DATA2 = 26,
    CONTROL_RPY_HISTORY = CONTROL_OURS,
};

struct control_command_info {
    uint16_t open;       /* bits of enum control_open; 0: Unix socket only */
    uint16_t min_length; /* bytes of a request, padding included */
    uint16_t number;     /* enum control_command */
    uint16_t reply_type; /* enum control_reply_type of a successful answer */
    uint8_t request;     /* enum control_layout_number, as is the next */
    uint8_t reply;
};

/* The row of a command number in its newest form (what a client sends); NULL: unknown, status
 * CONTROL_INVALID. */
const struct control_command_info *control_command(unsigned number);

/* The row that a daemon answers a request of `length` bytes with: the newest form for which it is
 * long enough. When it is too short for all of them the oldest one comes back, and length <
 * min_length says CONTROL_BAD_LENGTH. NULL: unknown number. */
const struct control_command_info *control_command_for_length(unsigned number, size_t length);

/* The payload of a reply type; NULL for a type that nobody knows. */
const struct control_layout *control_reply_layout(unsigned reply_type);

#endif
