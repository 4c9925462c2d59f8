/* help: every command with its arguments, and what it is for in a few words. */
#include <stdio.h>
#include <string.h>

#include "applets/chronyc/chronyc.h"

#define SYNTAX_COLUMNS 28

/* Lines are "syntax\tmeaning"; groups begin with a title and end with an empty line. */
static const char help[] =
    "System clock:\n"
    "tracking\tShow how the clock is doing\n"
    "makestep\tStep away the remaining correction\n"
    "makestep <threshold> <updates>\tSet when to step by itself\n"
    "maxupdateskew <skew>\tSet the skew limit of frequency updates\n"
    "waitsync [<max-tries> [<max-correction> [<max-skew> [<interval>]]]]\tWait for "
    "synchronisation\n"
    "\n"
    "Time sources:\n"
    "sources [-a] [-v]\tShow sources\n"
    "sourcestats [-a] [-v]\tShow their statistics\n"
    "selectdata [-a] [-v]\tShow how they are selected\n"
    "selectopts <address|refid> <+|-options>\tChange selection options\n"
    "reselect\tSelect anew\n"
    "reselectdist <dist>\tSet the reselection distance\n"
    "offset <address|refid> <offset>\tSet the offset correction of a source\n"
    "\n"
    "NTP sources:\n"
    "activity\tCount sources by state\n"
    "authdata [-a] [-v]\tShow authentication\n"
    "ntpdata [<address>]\tShow the last measurement\n"
    "add server <name> [options]\tAdd a server\n"
    "add pool <name> [options]\tAdd a pool\n"
    "add peer <name> [options]\tAdd a peer\n"
    "delete <address>\tRemove a source\n"
    "burst <n-good>/<n-max> [[<mask>/]<address>]\tMeasure quickly\n"
    "maxdelay <address> <delay>\tSet the delay limit\n"
    "maxdelayratio <address> <ratio>\tSet the delay ratio limit\n"
    "maxdelaydevratio <address> <ratio>\tSet the delay deviation limit\n"
    "minpoll <address> <poll>\tSet the minimum poll interval\n"
    "maxpoll <address> <poll>\tSet the maximum poll interval\n"
    "minstratum <address> <stratum>\tSet the minimum stratum\n"
    "offline [[<mask>/]<address>]\tStop polling\n"
    "online [[<mask>/]<address>]\tPoll again\n"
    "onoffline\tDecide that by the network's state\n"
    "polltarget <address> <target>\tSet the poll target\n"
    "refresh\tResolve names anew\n"
    "reload sources\tRead the *.sources files anew\n"
    "sourcename <address>\tShow the configured name\n"
    "\n"
    "Manual time input:\n"
    "manual off|on|reset\tSwitch settime, drop its samples\n"
    "manual list\tShow its samples\n"
    "manual delete <index>\tDelete one of them\n"
    "settime <time>\tTell the time\n"
    "\n"
    "NTP access:\n"
    "accheck <address>\tIs this client allowed\n"
    "clients [-p <packets>] [-k] [-r]\tShow clients\n"
    "serverstats\tShow server counters\n"
    "allow [<subnet>]\tAllow clients\n"
    "allow all [<subnet>]\tAllow clients and drop narrower rules\n"
    "deny [<subnet>]\tDeny clients\n"
    "deny all [<subnet>]\tDeny clients and drop narrower rules\n"
    "local [options]\tServe time without a source\n"
    "local off\tStop that\n"
    "smoothtime reset|activate\tReset or start smoothing\n"
    "smoothing\tShow smoothing\n"
    "\n"
    "Monitoring access:\n"
    "cmdaccheck <address>\tIs this monitor allowed\n"
    "cmdallow [<subnet>]\tAllow monitors\n"
    "cmdallow all [<subnet>]\tAllow monitors and drop narrower rules\n"
    "cmddeny [<subnet>]\tDeny monitors\n"
    "cmddeny all [<subnet>]\tDeny monitors and drop narrower rules\n"
    "\n"
    "Real-time clock:\n"
    "rtcdata\tShow the RTC\n"
    "trimrtc\tSet it to system time\n"
    "writertc\tSave its parameters\n"
    "\n"
    "Other daemon commands:\n"
    "cyclelogs\tReopen log files\n"
    "dump\tSave measurements\n"
    "rekey\tRead keys anew\n"
    "reset sources\tDrop all measurements\n"
    "shutdown\tStop the daemon\n"
    "\n"
    "Client commands:\n"
    "dns -n|+n\tShow addresses or names\n"
    "dns -4|-6|-46\tLook names up for these\n"
    "timeout <milliseconds>\tSet the first timeout\n"
    "retries <retries>\tSet the number of retries\n"
    "keygen [<id> [<type> [<bits>]]]\tMake a line for the key file\n"
    "exit|quit\tLeave\n"
    "help\tShow this help\n"
    "\n";

enum chronyc_outcome chronyc_help(struct chronyc *session, const struct chronyc_command *command,
                                  char *arguments) {
    (void)session;
    (void)command;
    (void)arguments;
    for (const char *line = help; *line; line = strchr(line, '\n') + 1) {
        int length = (int)strcspn(line, "\t\n");
        printf("%-*.*s", SYNTAX_COLUMNS, length, line);
        if (line[length] == '\t') {
            if (length >= SYNTAX_COLUMNS)
                printf("\n%*s", SYNTAX_COLUMNS, "");
            const char *meaning = line + length + 1;
            printf("%.*s", (int)strcspn(meaning, "\n"), meaning);
        }
        putchar('\n');
    }
    return CHRONYC_DONE;
}
