/* The applet table: APPLET(name, function, summary). Dispatch, --list, --help and --install come
 * from it. */
#ifndef CHRONOBOX_APPLETS_APPLETS_H
#define CHRONOBOX_APPLETS_APPLETS_H

#define APPLETS(APPLET)                                                                            \
    APPLET(chronyd, chronyd_main, "NTP daemon: client and server")                                 \
    APPLET(chronyc, chronyc_main, "query and control a running chronyd")                           \
    APPLET(ntpdate, ntpdate_main, "ask NTP servers once, set the clock if asked")                  \
    APPLET(healthcheck, healthcheck_main, "is the local chronyd well: exit status 0 or 1")         \
    APPLET(entrypoint, entrypoint_main, "PID 1 of a container: chronyd beside a command")          \
    APPLET(init, init_main, "PID 1 of a machine: chronyd and nothing else")                        \
    APPLET(synctest, synctest_main, "wait for synchronisation and report it")                      \
    APPLET(cat, cat_main, "print files")                                                           \
    APPLET(date, date_main, "print the date")                                                      \
    APPLET(nc, nc_main, "probe TCP and UDP ports")                                                 \
    APPLET(ping, ping_main, "ICMP echo")                                                           \
    APPLET(ps, ps_main, "list processes")                                                          \
    APPLET(tail, tail_main, "print the end of files, follow them")

#define APPLET_DECLARE(name, function, summary) int function(int argc, char **argv);
APPLETS(APPLET_DECLARE)
#undef APPLET_DECLARE

#define CHRONOBOX_VERSION "0.1.0"
/* What chronyd and chronyc say they are: tools compare it. */
#define CHRONY_VERSION "4.8-chronobox-" CHRONOBOX_VERSION

#endif
