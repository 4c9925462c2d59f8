/* Control requests with every kind of header and length, and every command. Of a reply its header
 * and its length are said; the content is what the reports are compared for. */
#include <stdio.h>
#include <string.h>

#include "tests/interop/probe.h"

static void print_control(const uint8_t *request, const uint8_t *answer, ssize_t length) {
    if (length < 28) {
        puts(length < 0 ? "no answer" : "SHORT ANSWER");
        return;
    }
    printf("%zd bytes, version %d type %d command %u reply %u status %u%s%s%s\n", length, answer[0],
           answer[1], get16(answer + 4), get16(answer + 6), get16(answer + 8),
           get16(answer + 2) != 0 ? ", RESERVED BITS" : "",
           get32(answer + 12) != 0 || get16(answer + 10) != 0 || get32(answer + 20) != 0 ||
                   get32(answer + 24) != 0
               ? ", PADDING"
               : "",
           memcmp(answer + 16, request + 8, 4) != 0 ? ", OTHER SEQUENCE" : "");
}

static void try_control(int descriptor, const uint8_t *request, size_t length) {
    uint8_t answer[MAX_DATAGRAM];
    ssize_t heard = ask(false, descriptor, request, length, answer);

    print_control(request, answer, heard);
}

static void try_control_headers(int descriptor) {
    static const struct {
        const char *name;
        unsigned at;
    } fields[] = {
        {"version", 0}, {"type", 1}, {"first reserved byte", 2}, {"second reserved byte", 3}};
    uint8_t request[MAX_DATAGRAM];

    for (size_t field = 0; field < sizeof(fields) / sizeof(fields[0]); field++) {
        for (unsigned value = 0; value < 256; value += value < 9 ? 1 : 41) {
            size_t length = control_question(request, CONTROL_TRACKING, 104);

            request[fields[field].at] = (uint8_t)value;
            printf("%s %u: ", fields[field].name, value);
            try_control(descriptor, request, length);
            printf("%s %u, short: ", fields[field].name, value);
            try_control(descriptor, request, 30);
        }
    }
    control_question(request, CONTROL_TRACKING, 104);
    put16(request + 6, 3);
    printf("attempt 3: ");
    try_control(descriptor, request, 104);
    random_fill(request + 12, 92);
    printf("random padding: ");
    try_control(descriptor, request, 104);
}

/* Over UDP nothing is changed by any of these: what changes something is refused there. */
static void try_control_lengths(int descriptor) {
    static const unsigned commands[] = {0,  1,  14, 15, 33, 34, 35,  41,   44,
                                        51, 54, 57, 64, 65, 68, 255, 65535};
    static const unsigned lengths[] = {1,   4,   19,  20,  27,  28,  29,  31,   32,  47,  48,  51,
                                       52,  55,  56,  59,  60,  71,  72,  75,   76,  83,  84,  103,
                                       104, 151, 152, 171, 172, 195, 196, 283,  284, 371, 372, 415,
                                       416, 519, 520, 859, 860, 861, 864, 1200, 2000};
    uint8_t request[MAX_DATAGRAM];

    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        for (size_t k = 0; k < sizeof(lengths) / sizeof(lengths[0]); k++) {
            control_question(request, commands[i], lengths[k]);
            printf("command %u length %u: ", commands[i], lengths[k]);
            try_control(descriptor, request, lengths[k]);
        }
    }
}

static void try_commands(int descriptor, unsigned first, unsigned last) {
    uint8_t request[MAX_DATAGRAM];

    for (unsigned command = first; command <= last; command++) {
        control_question(request, command, CONTROL_PADDED);
        printf("command %u, empty: ", command);
        try_control(descriptor, request, CONTROL_PADDED);
    }
}

void probe_control(void) {
    int descriptor = open_socket(NULL);

    try_control_headers(descriptor);
    if (unix_folder != NULL)
        return;
    try_control_lengths(descriptor);
    try_commands(descriptor, 0, 300);
}

/* What is left of the daemon's state afterwards is anybody's guess. The one command after which
 * there is no daemon is left out. */
void probe_commands(void) {
    int descriptor = open_socket(NULL);

    try_commands(descriptor, 0, CONTROL_SHUTDOWN - 1);
    try_commands(descriptor, CONTROL_SHUTDOWN + 1, 300);
}
