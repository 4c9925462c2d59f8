/* The rows of the control protocol, made from the lists of control_fields.h and control_commands.h,
 * and how a row is found by its number. */
#include "core/wire/control.h"

#define LENGTH_U8      1
#define LENGTH_I8      1
#define LENGTH_CHAR    1
#define LENGTH_U16     2
#define LENGTH_I16     2
#define LENGTH_U32     4
#define LENGTH_I32     4
#define LENGTH_U64     8
#define LENGTH_LOW32   4
#define LENGTH_FLOAT   4
#define LENGTH_TIME    CONTROL_TIME_LENGTH
#define LENGTH_ADDRESS CONTROL_ADDRESS_LENGTH
#define LENGTH_NAME    CONTROL_NAME_SIZE
#define LENGTH_SAMPLES (CONTROL_MAX_SAMPLES * LENGTH_manual_list_sample)
#define LENGTH_CLIENTS (CONTROL_MAX_CLIENTS * LENGTH_client_access)
#define LENGTH_HISTORY (CONTROL_MAX_HISTORY * LENGTH_history_sample)

/* A name is bytes to the codec. */
#define CONTROL_NAME CONTROL_BYTES

#define ADD(structure, member, type, unit) +LENGTH_##type
#define ADD_PAD(bits, bytes)               +bytes
#define LENGTH(layout, structure, LIST)    LENGTH_##layout = 0 LIST(ADD, ADD_PAD, structure),
enum { LENGTH_none = 0, CONTROL_LAYOUTS(LENGTH) };

#define ROW(structure, member, type, unit)                                                         \
    {offsetof(struct control_##structure, member), LENGTH_##type, CONTROL_##type,                  \
     CONTROL_UNIT_##unit},
#define PAD(bits, bytes) {0, bytes, CONTROL_##bits, CONTROL_UNIT_NONE},
#define LAYOUT(layout, structure, LIST)                                                            \
    static const struct control_field layout##_rows[] = {LIST(ROW, PAD, structure)};               \
    const struct control_layout control_layout_##layout = {                                        \
        layout##_rows, sizeof(layout##_rows) / sizeof(layout##_rows[0]), LENGTH_##layout};
CONTROL_LAYOUTS(LAYOUT)

const struct control_layout control_layout_none = {NULL, 0, 0};

#define ADDRESS(layout, structure, LIST) &control_layout_##layout,
static const struct control_layout *const layouts[] = {&control_layout_none,
                                                       CONTROL_LAYOUTS(ADDRESS)};

const struct control_layout *control_layout(enum control_layout_number number) {
    return layouts[number];
}

#define LARGER(a, b) ((a) > (b) ? (a) : (b))
#define COMMAND(number, NAME, open, request, REPLY, reply)                                         \
    {CONTROL_OPEN_##open,                                                                          \
     LARGER(CONTROL_REQUEST_HEADER + (int)LENGTH_##request,                                        \
            CONTROL_REPLY_HEADER + (int)LENGTH_##reply),                                           \
     number,                                                                                       \
     CONTROL_RPY_##REPLY,                                                                          \
     CONTROL_LAYOUT_##request,                                                                     \
     CONTROL_LAYOUT_##reply},
static const struct control_command_info commands[] = {CONTROL_COMMANDS(COMMAND)};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

const struct control_command_info *control_command(unsigned number) {
    return control_command_for_length(number, CONTROL_MAX_REQUEST);
}

const struct control_command_info *control_command_for_length(unsigned number, size_t length) {
    const struct control_command_info *found = NULL;
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (commands[i].number != number)
            continue;
        found = &commands[i];
        if (length >= found->min_length)
            break;
    }
    return found;
}

const struct control_layout *control_reply_layout(unsigned reply_type) {
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (commands[i].reply_type == reply_type)
            return control_layout(commands[i].reply);
    return NULL;
}
