/* help: every command with its arguments, and what it is for in a few words. */
#include <stdio.h>
#include <string.h>

#include "applets/chronyc/chronyc.h"

#define SYNTAX_COLUMNS 28

const char chronyc_help_text[] =
    "System clock:\n"
    "tracking\tHow the clock does\n"
    "makestep\tStep now\n"
    "makestep <threshold> <updates>\tWhen to step\n"
    "maxupdateskew <skew>\tLimit\n"
    "waitsync [<max-tries> [<max-correction> [<max-skew> [<interval>]]]]\tWait\n"
    "\n"
    "Time sources:\n"
    "sources [-a] [-v]\tSources\n"
    "sourcestats [-a] [-v]\tStatistics\n"
    "selectdata [-a] [-v]\tSelection\n"
    "selectopts <address|refid> <+|-options>\tChange it\n"
    "reselect\tSelect again\n"
    "reselectdist <dist>\tReluctance\n"
    "offset <address|refid> <offset>\tCorrection\n"
    "\n"
    "NTP sources:\n"
    "activity\tSources by state\n"
    "authdata [-a] [-v]\tAuthentication\n"
    "ntpdata [<address>]\tLast measurement\n"
    "add server <name> [options]\tNew server\n"
    "add pool <name> [options]\tNew pool\n"
    "add peer <name> [options]\tNew peer\n"
    "delete <address>\tRemove source\n"
    "burst <n-good>/<n-max> [[<mask>/]<address>]\tMeasure now\n"
    "maxdelay <address> <delay>\tLimit\n"
    "maxdelayratio <address> <ratio>\tLimit\n"
    "maxdelaydevratio <address> <ratio>\tLimit\n"
    "minpoll <address> <poll>\tLimit\n"
    "maxpoll <address> <poll>\tLimit\n"
    "minstratum <address> <stratum>\tLimit\n"
    "offline [[<mask>/]<address>]\tStop polling\n"
    "online [[<mask>/]<address>]\tPoll\n"
    "onoffline\tAs the network is\n"
    "polltarget <address> <target>\tSamples\n"
    "refresh\tResolve names\n"
    "reload sources\tRead *.sources\n"
    "sourcename <address>\tAs configured\n"
    "\n"
    "Manual time input:\n"
    "manual off|on|reset\tSwitch it\n"
    "manual list\tSamples\n"
    "manual delete <index>\tRemove sample\n"
    "settime <time>\tNew sample\n"
    "\n"
    "NTP access:\n"
    "accheck <address>\tMay it\n"
    "clients [-p <packets>] [-k] [-r]\tWho asked\n"
    "serverstats\tCounters\n"
    "allow [<subnet>]\tThis\n"
    "allow all [<subnet>]\tAnd all within\n"
    "deny [<subnet>]\tThis\n"
    "deny all [<subnet>]\tAnd all within\n"
    "local [options]\tServe unsynchronised\n"
    "local off\tDo not\n"
    "smoothtime reset|activate\tSmoothing\n"
    "smoothing\tHow far it is\n"
    "\n"
    "Monitoring access:\n"
    "cmdaccheck <address>\tMay it\n"
    "cmdallow [<subnet>]\tThis\n"
    "cmdallow all [<subnet>]\tAnd all within\n"
    "cmddeny [<subnet>]\tThis\n"
    "cmddeny all [<subnet>]\tAnd all within\n"
    "\n"
    "Real-time clock:\n"
    "rtcdata\tHow it does\n"
    "trimrtc\tSet it\n"
    "writertc\tSave how it does\n"
    "\n"
    "Other daemon commands:\n"
    "cyclelogs\tReopen logs\n"
    "dump\tSave samples\n"
    "rekey\tRead keys\n"
    "reset sources\tDrop samples\n"
    "shutdown\tStop it\n"
    "\n"
    "Client commands:\n"
    "top\tThe clock and its sources, live\n"
    "plot [<address|refid>] [--svg <file>]\tOffsets of a source\n"
    "dns -n|+n\tShow names: no, yes\n"
    "dns -4|-6|-46\tFamily of lookups\n"
    "timeout <milliseconds>\tFirst wait\n"
    "retries <retries>\tMore tries\n"
    "keygen [<id> [<type> [<bits>]]]\tNew key\n"
    "exit|quit\tLeave\n"
    "help\tPrint this help\n"
    "\n";

/* In JSON; titles and empty lines are none. */
static void print_entry(struct json *json, const char *line, int length) {
    const char *meaning = line + length + 1;
    if (line[length] != '\t')
        return;
    json_begin_object(json);
    printf("\"syntax\":\"%.*s\",\"meaning\":\"%.*s\"}", length, line, (int)strcspn(meaning, "\n"),
           meaning);
}

enum chronyc_outcome chronyc_help(struct chronyc *session, const struct chronyc_command *command,
                                  char *arguments) {
    (void)command;
    (void)arguments;
    if (session->json)
        json_begin_list(session->json);
    for (const char *line = chronyc_help_text; *line; line += strcspn(line, "\n") + 1) {
        int length = (int)strcspn(line, "\t\n");
        if (session->json) {
            print_entry(session->json, line, length);
            continue;
        }
        printf("%-*.*s", SYNTAX_COLUMNS, length, line);
        line += length;
        if (*line == '\t') {
            if (length >= SYNTAX_COLUMNS)
                printf("\n%*s", SYNTAX_COLUMNS, "");
            printf("%.*s", (int)strcspn(line + 1, "\n"), line + 1);
        }
        putchar('\n');
    }
    return CHRONYC_DONE;
}
