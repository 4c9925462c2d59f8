/* Replies of the control protocol as the whole of chronyc takes them: a byte for the command, one
 * for the options, then for each of its requests a flag byte and a chunk, the reply. The client of
 * the protocol is compiled in here with a network and a clock of its own: nothing is sent, nothing
 * is waited for. */
#include <poll.h>
#include <sys/socket.h>

#include "tests/fuzz/fuzz.h"

static ssize_t take_request(int fd, const void *bytes, size_t length, int flags);
static ssize_t give_reply(int fd, void *bytes, size_t length, int flags);
static int wait_for_reply(struct pollfd *entries, nfds_t count, int milliseconds);
static ns_t read_clock(void);

#define send                 take_request
#define recv                 give_reply
#define poll                 wait_for_reply
#define monotonic_clock_read read_clock
/* NOLINTNEXTLINE(bugprone-suspicious-include): so that it calls the four above */
#include "core/linux/control_client.c"
#undef send
#undef recv
#undef poll
#undef monotonic_clock_read

#include "applets/applets.h"

#define AS_IT_IS 1 /* not even the header is made right */
#define REPLIES  40

static const char *const commands[] = {
    "tracking",
    "sources -a",
    "sourcestats -a",
    "selectdata -a -v",
    "authdata -a",
    "ntpdata",
    "activity",
    "serverstats",
    "smoothing",
    "rtcdata",
    "clients",
    "clients -k",
    "manual list",
    "settime 12:00",
    "sourcename 127.0.0.1",
    "waitsync 1",
    "online",
    "accheck 10.0.0.1",
    "local",
    "ntpdata 127.0.0.1",
    "offset 127.0.0.1 1",
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static struct input input;
static uint8_t asked[CONTROL_REQUEST_HEADER];
static bool is_asked; /* and not answered yet */
static int replies;
static ns_t elapsed;

static ssize_t take_request(int fd, const void *bytes, size_t length, int flags) {
    (void)fd;
    (void)flags;
    memcpy(asked, bytes, sizeof(asked));
    is_asked = true;
    return (ssize_t)length;
}

/* When nothing is to come, time goes on instead. */
static int wait_for_reply(struct pollfd *entries, nfds_t count, int milliseconds) {
    (void)entries;
    (void)count;
    elapsed += (milliseconds / 1000 + 1) * NS_PER_S;
    return is_asked && input.left > 0 && replies < REPLIES;
}

static ns_t read_clock(void) {
    return elapsed;
}

static ssize_t give_reply(int fd, void *bytes, size_t length, int flags) {
    uint8_t kind = input_byte(&input), reply[2048] = {0};
    size_t given = input_chunk(&input, reply, sizeof(reply));

    (void)fd;
    (void)flags;
    replies++;
    if ((kind & AS_IT_IS) == 0) {
        reply[0] = asked[0];
        reply[1] = CONTROL_TYPE_REPLY;
        reply[2] = reply[3] = 0;
        memcpy(reply + 4, asked + 4, 2);
        memcpy(reply + 16, asked + 8, 4);
        given = given < CONTROL_REPLY_HEADER ? CONTROL_REPLY_HEADER : given;
        is_asked = false;
    }
    given = given < length ? given : length;
    memcpy(bytes, reply, given);
    return (ssize_t)given;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char line[64], options[] = "-n\0-nc\0-nj\0-N\0-Nc\0-nw\0-nce";
    char *words[] = {"chronyc", "-h", "127.0.0.1", options, line, NULL};

    input = (struct input){data, size};
    is_asked = false;
    replies = 0;
    elapsed = 0;
    snprintf(line, sizeof(line), "%s", commands[input_byte(&input) % COMMANDS]);
    for (unsigned skip = input_byte(&input) % 7; skip > 0; skip--)
        words[3] += strlen(words[3]) + 1;
    chronyc_main(5, words);
    return 0;
}
