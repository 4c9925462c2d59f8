/* The test's hand and eye in the virtual machine: /guest of a second archive behind the initramfs
 * that ships. It loads the modules that the network needs, then does what the second serial port
 * says, one command a line, words separated by tabs. What a command prints goes back, and behind it
 * a line "=> STATUS".
 *
 * Called with `init` it leaves process 1 to the real one once the modules are there. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define MAX_WORDS       64
#define MAX_LINE        4096
#define NTP_UNIX_OFFSET 2208988800.0 /* s from 1900 to 1970 */
#define ASK_TIMEOUT_MS  500
#define NOT_FOUND       127

static char line[MAX_LINE];

static int fail(const char *what) {
    printf("%s: %s\n", what, strerror(errno));
    return 1;
}

/* Modules that need each other are numbered in /modules. */
static void load_modules(void) {
    for (int i = 0;; i++) {
        char path[32];
        int file;

        snprintf(path, sizeof path, "/modules/%02d.ko", i);
        file = open(path, O_RDONLY | O_CLOEXEC);
        if (file < 0)
            return;
        if (syscall(SYS_finit_module, file, "", 0) < 0)
            fprintf(stderr, "guest: %s: %s\n", path, strerror(errno));
        close(file);
    }
}

static bool set(int control, unsigned long request, const char *device, const char *address) {
    struct ifreq interface = {0};
    struct sockaddr_in *to = (struct sockaddr_in *)&interface.ifr_addr;

    snprintf(interface.ifr_name, sizeof interface.ifr_name, "%s", device);
    if (address) {
        to->sin_family = AF_INET;
        inet_pton(AF_INET, address, &to->sin_addr);
    } else {
        interface.ifr_flags = IFF_UP;
    }
    return ioctl(control, (int)request, &interface) == 0;
}

/* qemu's user network: 10.0.2.2 is the machine outside. */
static int start_network(void) {
    int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool done = set(control, SIOCSIFFLAGS, "lo", NULL) &&
                set(control, SIOCSIFADDR, "eth0", "10.0.2.15") &&
                set(control, SIOCSIFNETMASK, "eth0", "255.255.255.0") &&
                set(control, SIOCSIFFLAGS, "eth0", NULL);

    close(control);
    return done ? 0 : fail("network");
}

/* --- the clock
 * ---------------------------------------------------------------------------------------------------
 */

static double now(void) {
    struct timespec time;

    clock_gettime(CLOCK_REALTIME, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* What the kernel says of its clock: frequency in ppm with both knobs, and whether it counts as
 * synchronised. */
static int show_clock(void) {
    struct timex state = {0};

    if (adjtimex(&state) < 0)
        return fail("adjtimex");
    printf("time=%.6f frequency=%.3f unsynchronised=%d maxerror=%ld\n", now(),
           (double)(state.tick - 10000) * 100.0 + (double)state.freq / 65536.0,
           (state.status & STA_UNSYNC) != 0, state.maxerror);
    return 0;
}

static int set_frequency(const char *ppm) {
    struct timex state = {
        .modes = ADJ_FREQUENCY | ADJ_TICK, .tick = 10000, .freq = (long)(atof(ppm) * 65536.0)};

    return adjtimex(&state) < 0 ? fail("adjtimex") : 0;
}

static int step(const char *seconds) {
    long microseconds = (long)(atof(seconds) * 1e6), whole = microseconds / 1000000;
    struct timex state = {.modes = ADJ_SETOFFSET};

    if (microseconds % 1000000 < 0)
        whole--;
    state.time.tv_sec = whole;
    state.time.tv_usec = microseconds - whole * 1000000;
    return adjtimex(&state) < 0 ? fail("adjtimex") : 0;
}

static int set_time(const char *unix_seconds) {
    struct timespec time = {.tv_sec = atol(unix_seconds)};

    return clock_settime(CLOCK_REALTIME, &time) < 0 ? fail("clock_settime") : 0;
}

/* A driftfile as it was left at some time. */
static int set_file_time(const char *path, const char *unix_seconds) {
    struct timespec times[2] = {{.tv_sec = atol(unix_seconds)}, {.tv_sec = atol(unix_seconds)}};

    return utimensat(AT_FDCWD, path, times, 0) < 0 ? fail(path) : 0;
}

static double ntp_time(const uint8_t *bytes) {
    double seconds = (double)((uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
                              (uint32_t)bytes[2] << 8 | bytes[3]);
    double fraction = (double)((uint32_t)bytes[4] << 24 | (uint32_t)bytes[5] << 16 |
                               (uint32_t)bytes[6] << 8 | bytes[7]);

    return seconds - NTP_UNIX_OFFSET + fraction / 4294967296.0;
}

/* A client that shares nothing with what is tested: the answer with the shortest way of several.
 * The offset is what the server is ahead of us. The server's era is ours (until 2036). */
static int ask(const char *address, const char *port, int times) {
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), answers = 0;
    double best = 1e9, offset = 0.0;
    uint8_t bytes[48];
    unsigned leap = 3, stratum = 0;

    inet_pton(AF_INET, address, &server.sin_addr);
    if (connect(udp, (struct sockaddr *)&server, sizeof server) < 0) {
        close(udp);
        return fail("connect");
    }
    for (int i = 0; i < times; i++) {
        struct pollfd wait = {.fd = udp, .events = POLLIN};
        double sent, received, there, back;

        memset(bytes, 0, sizeof bytes);
        bytes[0] = 4 << 3 | 3;
        sent = now();
        if (send(udp, bytes, sizeof bytes, 0) < 0 || poll(&wait, 1, ASK_TIMEOUT_MS) != 1 ||
            recv(udp, bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
            continue;
        received = now();
        there = ntp_time(bytes + 32) - sent;
        back = received - ntp_time(bytes + 40);
        answers++;
        if (there + back < best) {
            best = there + back;
            offset = (there - back) / 2.0;
        }
        leap = bytes[0] >> 6;
        stratum = bytes[1];
    }
    close(udp);
    printf("answers=%d leap=%u stratum=%u offset=%.6f delay=%.6f\n", answers, leap, stratum, offset,
           best);
    return answers == 0;
}

/* --- programs
 * ----------------------------------------------------------------------------------------------------
 */

static int status_of(int wait_status) {
    return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

/* log: a file that the output is added to; NULL: it is ours. */
static pid_t start(char **words, const char *log) {
    pid_t child = fork();

    if (child == 0) {
        if (log) {
            int file = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);

            dup2(file, STDOUT_FILENO);
            dup2(file, STDERR_FILENO);
        }
        execv(words[0], words);
        printf("%s: %s\n", words[0], strerror(errno));
        exit(NOT_FOUND);
    }
    return child;
}

static int wait_for(pid_t child) {
    int wait_status;

    if (waitpid(child, &wait_status, 0) != child)
        return fail("waitpid");
    return status_of(wait_status);
}

/* The words of a command, by the name of its first. */
static int run(char **words, int count) {
    if (count == 1 && strcmp(words[0], "clock") == 0)
        return show_clock();
    if (count == 2 && strcmp(words[0], "frequency") == 0)
        return set_frequency(words[1]);
    if (count == 2 && strcmp(words[0], "step") == 0)
        return step(words[1]);
    if (count == 2 && strcmp(words[0], "settime") == 0)
        return set_time(words[1]);
    if (count == 3 && strcmp(words[0], "filetime") == 0)
        return set_file_time(words[1], words[2]);
    if (count == 4 && strcmp(words[0], "ask") == 0)
        return ask(words[1], words[2], atoi(words[3]));
    if (count >= 3 && strcmp(words[0], "start") == 0) {
        printf("%d\n", (int)start(words + 2, words[1]));
        return 0;
    }
    if (count == 1 && strcmp(words[0], "network") == 0)
        return start_network();
    if (count == 3 && strcmp(words[0], "kill") == 0)
        return kill(atoi(words[2]), atoi(words[1])) < 0 ? fail("kill") : 0;
    if (count == 2 && strcmp(words[0], "wait") == 0)
        return wait_for(atoi(words[1]));
    if (count >= 1 && words[0][0] == '/')
        return wait_for(start(words, NULL));
    printf("guest: what is %s?\n", count > 0 ? words[0] : "nothing");
    return NOT_FOUND;
}

static void serve(void) {
    while (fgets(line, sizeof line, stdin)) {
        char *words[MAX_WORDS + 1];
        int count = 0;

        for (char *word = strtok(line, "\t\n"); word && count < MAX_WORDS;
             word = strtok(NULL, "\t\n"))
            words[count++] = word;
        words[count] = NULL;

        int status = run(words, count);

        printf("=> %d\n", status);
    }
}

/* Bytes go through as they are. */
static void open_port(void) {
    int port = open("/dev/ttyS1", O_RDWR | O_NOCTTY);
    struct termios terminal;

    if (port < 0 || tcgetattr(port, &terminal) < 0) {
        perror("guest: /dev/ttyS1");
        exit(1);
    }
    terminal.c_iflag = terminal.c_oflag = terminal.c_lflag = 0;
    terminal.c_cflag |= CREAD | CLOCAL;
    cfsetspeed(&terminal, B115200);
    tcsetattr(port, TCSANOW, &terminal);
    dup2(port, STDIN_FILENO);
    dup2(port, STDOUT_FILENO);
    dup2(port, STDERR_FILENO);
    close(port);
    setvbuf(stdout, NULL, _IONBF, 0);
}

int main(int argc, char **argv) {
    bool real = argc > 1 && strcmp(argv[1], "init") == 0;

    load_modules();
    if (real && fork() > 0) {
        execv("/init", argv + 1);
        perror("guest: /init");
        return 1;
    }
    if (real) {
        setsid();
    } else {
        mkdir("/proc", 0755);
        mkdir("/dev", 0755);
        mount("proc", "/proc", "proc", 0, NULL);
        mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
    }
    /* The real one mounts /dev. */
    while (access("/dev/ttyS1", F_OK) < 0)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    open_port();
    printf("guest\n=> 0\n");
    serve();
    return 0;
}
