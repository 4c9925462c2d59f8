/* Datagrams that nobody should send: damaged ones, one after the other or as fast as they can be
 * made, and the honest client who asks meanwhile. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/interop/probe.h"

#define NOISE_BATCH   16        /* fewer than any socket's queue takes */
#define FLOOD_LIMIT   100000000 /* datagrams */
#define FLOOD_VARIETY 4096      /* different ones; making each anew would slow the flood down */
#define STEADY_LIMIT  100000    /* questions */
#define STEADY_WAIT   10        /* ms between them */
#define ANSWER_WAIT   2000      /* ms */

static void damage(uint8_t *bytes, size_t length) {
    for (unsigned hits = 1 + random_below(6); hits > 0; hits--)
        bytes[random_below((unsigned)length)] = (uint8_t)random_u32();
}

static size_t garbage(uint8_t *bytes) {
    size_t length = random_below(1500) + 1;

    random_fill(bytes, length);
    return length;
}

/* Half of the noise is plain noise; the other half is nearly right, to get further in. */
size_t noise_datagram(bool ntp, uint8_t *bytes) {
    static const unsigned commands[] = {1,  2,  3,  14, 15, 25, 33, 34,
                                        44, 54, 57, 64, 65, 67, 68, 69};
    size_t length;

    if (random_below(2) == 0)
        return garbage(bytes);
    random_fill(bytes, MAX_DATAGRAM);
    if (ntp) {
        ntp_question(bytes);
        length = NTP_HEADER + 4 * random_below(60);
        put16(bytes + NTP_HEADER, random_u32() & 0xffff);
        put16(bytes + NTP_HEADER + 2, 4 * random_below(40));
        damage(bytes, NTP_HEADER + 4);
        return length;
    }
    length = 20 + random_below(600);
    control_question(bytes, commands[random_below(sizeof(commands) / sizeof(commands[0]))], length);
    random_fill(bytes + 20, length - 20);
    if (random_below(4) == 0)
        damage(bytes, length);
    return length;
}

void probe_noise(bool ntp, unsigned long count) {
    uint8_t bytes[MAX_DATAGRAM] = {0}, answer[MAX_DATAGRAM];
    int descriptor = open_socket(NULL);

    for (unsigned long sent = 0; sent < count; sent++) {
        size_t length = noise_datagram(ntp, bytes);

        if (!ntp && get16(bytes + 4) == CONTROL_SHUTDOWN)
            continue;
        say(descriptor, bytes, length);
        if (sent % NOISE_BATCH == 0)
            settle(ntp);
        while (hear(descriptor, answer, 0) >= 0)
            ;
    }
    settle(ntp);
    printf("%lu datagrams, and it answers\n", count);
}

static double seconds(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* At full speed; answers are not read. Half of what is nearly right is right for NTP, and would be
 * a crowd of clients: to the NTP port goes plain garbage. */
void probe_flood(bool ntp, unsigned long duration) {
    static uint8_t datagrams[FLOOD_VARIETY][MAX_DATAGRAM];
    static size_t lengths[FLOOD_VARIETY];
    double end = seconds() + (double)duration;
    int descriptor = open_socket(NULL);
    unsigned long sent = 0;

    for (size_t i = 0; i < FLOOD_VARIETY; i++) {
        lengths[i] = ntp ? garbage(datagrams[i]) : noise_datagram(ntp, datagrams[i]);
        if (!ntp && get16(datagrams[i] + 4) == CONTROL_SHUTDOWN)
            datagrams[i][5] = 0;
    }
    for (; sent < FLOOD_LIMIT && (sent % 64 != 0 || seconds() < end); sent++)
        say(descriptor, datagrams[sent % FLOOD_VARIETY], lengths[sent % FLOOD_VARIETY]);
    printf("%lu datagrams\n", sent);
}

/* A question every few ms for as long as the file is there. */
void probe_steady(const char *file) {
    const struct timespec pause = {0, STEADY_WAIT * 1000000L};
    int descriptor = open_socket(NULL), asked = 0, missed = 0;
    double worst = 0.0;

    for (; asked < STEADY_LIMIT && access(file, F_OK) == 0; asked++) {
        uint8_t question[NTP_HEADER], answer[MAX_DATAGRAM];
        double start = seconds(), took;
        ssize_t heard;

        say(descriptor, question, ntp_question(question));
        do
            heard = hear(descriptor, answer, ANSWER_WAIT);
        while (heard >= 0 && memcmp(answer + 24, question + 40, 8) != 0);
        took = seconds() - start;
        missed += heard < 0;
        worst = took > worst ? took : worst;
        nanosleep(&pause, NULL);
    }
    printf("asked %d, missed %d, the slowest answer after %.1f ms\n", asked, missed, worst * 1e3);
}
