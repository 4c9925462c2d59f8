/* init: process 1 of a machine that has nothing but this binary (docs/initramfs.md). It mounts what
 * the kernel tells of itself, brings up the interface that the kernel's command line names, keeps
 * chronyd running as entrypoint does, and ends the machine when it is told to. */
#include <errno.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "applets/applets.h"
#include "applets/entrypoint.h"
#include "core/base/address.h"
#include "core/linux/files.h"

static const char usage[] = "usage: init [chronyd [CHRONYD-OPTION...]], as process 1\n";

/* 10 s for a network interface to appear. */
#define DEVICE_LOOKS   100
#define DEVICE_LOOK_NS 100000000L

static const char *const mounts[][2] = {{"proc", "/proc"}, {"sysfs", "/sys"}, {"devtmpfs", "/dev"}};

/* The fields of ip= (Documentation/admin-guide/nfs/nfsroot.rst) that are used. */
enum { IP_ADDRESS, IP_GATEWAY = 2, IP_NETMASK, IP_DEVICE = 5, IP_DNS = 7, IP_FIELDS };

static void complain(const char *what) {
    fprintf(stderr, "init: %s: %s\n", what, strerror(errno));
}

/* What is mounted already stays: the kernel refuses it a second time. */
static void mount_all(void) {
    for (size_t i = 0; i < sizeof mounts / sizeof mounts[0]; i++) {
        const char *type = mounts[i][0], *target = mounts[i][1];

        mkdir(target, 0755);
        if (mount(type, target, type, 0, NULL) < 0 && errno != EBUSY)
            complain(target);
    }
}

/* False with errno set. */
static bool parse(const char *text, struct sockaddr *to) {
    struct address address;

    errno = EINVAL;
    if (!address_parse(text, &address) || address.family != ADDRESS_IPV4)
        return false;
    to->sa_family = AF_INET;
    memcpy(&((struct sockaddr_in *)to)->sin_addr, address.bytes, sizeof(struct in_addr));
    return true;
}

/* A driver may need a moment to find its hardware. */
static bool bring_up(int control, struct ifreq *interface) {
    const struct timespec pause = {.tv_nsec = DEVICE_LOOK_NS};

    for (int i = 0; i < DEVICE_LOOKS && ioctl(control, SIOCGIFFLAGS, interface) < 0; i++)
        nanosleep(&pause, NULL);
    interface->ifr_flags |= IFF_UP;
    return ioctl(control, SIOCSIFFLAGS, interface) == 0;
}

static bool name_servers(const char *text) {
    static const struct log silent = {NULL, NULL};
    char line[ADDRESS_TEXT_SIZE];

    if (!*text)
        return true;
    mkdir("/etc", 0755);
    snprintf(line, sizeof line, "nameserver %s\n", text);
    return file_replace(&silent, "/etc/resolv.conf", line, 0644);
}

/* False with errno set. */
static bool configure(int control, struct ifreq *interface, char *fields[IP_FIELDS]) {
    struct rtentry route = {.rt_flags = RTF_UP | RTF_GATEWAY,
                            .rt_dst.sa_family = AF_INET,
                            .rt_genmask.sa_family = AF_INET};

    strncpy(interface->ifr_name, *fields[IP_DEVICE] ? fields[IP_DEVICE] : "eth0", IFNAMSIZ - 1);
    return bring_up(control, interface) && parse(fields[IP_ADDRESS], &interface->ifr_addr) &&
           ioctl(control, SIOCSIFADDR, interface) == 0 &&
           (!*fields[IP_NETMASK] || (parse(fields[IP_NETMASK], &interface->ifr_netmask) &&
                                     ioctl(control, SIOCSIFNETMASK, interface) == 0)) &&
           (!*fields[IP_GATEWAY] || (parse(fields[IP_GATEWAY], &route.rt_gateway) &&
                                     ioctl(control, SIOCADDRT, &route) == 0)) &&
           name_servers(fields[IP_DNS]);
}

/* The kernel leaves ip= to us, in the environment, when it has no drivers built in that it could
 * configure itself. */
static void start_network(void) {
    struct ifreq interface = {.ifr_name = "lo"};
    char *text = getenv("ip"), *fields[IP_FIELDS];
    int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    bring_up(control, &interface);
    if (text) {
        for (int i = 0; i < IP_FIELDS; i++) {
            fields[i] = text;
            text += strcspn(text, ":");
            if (*text)
                *text++ = '\0';
        }
        if (!configure(control, &interface, fields))
            complain("ip=");
    }
    close(control);
}

int init_main(int argc, char **argv) {
    int number;

    if (getpid() != 1) {
        fputs(usage, stdout);
        return argc != 2 || strcmp(argv[1], "--help") != 0;
    }
    mount_all();
    start_network();
    reboot(RB_DISABLE_CAD); /* Ctrl-Alt-Del becomes SIGINT to us */
    /* Words from "chronyd" on are for it; others on the kernel's command line are not for us. */
    while (argc > 1 && strcmp(argv[1], "chronyd") != 0) {
        argv++;
        argc--;
    }
    number = entrypoint_keep_daemon(argc, argv);
    sync();
    reboot(number == SIGINT ? RB_AUTOBOOT : RB_POWER_OFF);
    return 1; /* not ours to end: a container */
}
