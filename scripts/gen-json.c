/* Writes docs/json.md from the rows of the control protocol: what `chronyc -j` prints. */
#include <stdio.h>
#include <string.h>

#include "applets/chronyc/json.h"

struct row {
    const char *name, *type, *unit; /* as in the lists */
};

/* The objects by layout. */
#define ROW(structure, member, type, unit) {#member, #type, #unit},
#define NO_ROW(bits, bytes)
#define ROWS(layout, LIST) static const struct row layout##_rows[] = {LIST(ROW, NO_ROW, 0){NULL}};
JSON_LAYOUTS(ROWS, NO_ROW)

/* The commands that have a report; a name: a member in front of the rows. */
static const struct {
    const char *command, *shape;
    const struct row *rows;
    const char *remark;
} reports[] = {
    {"tracking", "An object with `name`", tracking_rows,
     "`current_correction` is positive when the system clock is slow, `last_offset` when it was "
     "fast, `freq_ppm` when "
     "the clock gains."},
    {"waitsync, top", "An array of objects", tracking_rows, "An entry a try, or a second."},
    {"sources", "An array of objects with `name`", source_data_rows,
     "Offsets are positive when the local clock is fast. Of a reference clock `ip_addr` is its "
     "reference ID."},
    {"sourcestats", "An array of objects with `name`", sourcestats_rows,
     "`est_offset` is positive when the local clock is fast."},
    {"selectdata", "An array of objects with `name`", select_data_rows,
     "`state_char` is the letter that `selectdata -v` explains."},
    {"authdata", "An array of objects with `name`", auth_data_rows, ""},
    {"ntpdata", "An array of objects", ntp_data2_rows,
     "`offset` is positive when the local clock is slow. chronyd before 4.6 has no `total_kernel_` "
     "and `total_hw_`."},
    {"plot", "An array of objects", history_sample_rows,
     "The samples that the daemon holds of one source, the oldest one first. `offset` is positive "
     "when the local clock "
     "was fast. chrony's daemons do not tell them (status 502)."},
    {"activity", "An object", activity_rows, ""},
    {"serverstats", "An object", server_stats4_rows,
     "chronyd before 4.4 ends with `ntp_span_seconds`."},
    {"clients", "An array of objects with `name`", client_access_rows, ""},
    {"smoothing", "An object", smoothing_rows,
     "`offset` is positive when clients are served a time ahead of true time."},
    {"rtcdata", "An object", rtc_rows, ""},
    {"manual list", "An array of objects", manual_list_sample_rows, ""},
    {"settime", "An object", manual_timestamp_rows,
     "`offset` is positive when the clock was fast."},
    {"sourcename", "An object", ntp_source_name_rows, ""},
};

/* What a unit of the lists is to a reader; "" = a plain value of the type. */
static const struct {
    const char *name, *type, *unit;
} units[] = {
    {"NONE", NULL, ""},
    {"SECONDS", NULL, "s"},
    {"LOG2", NULL, "log2 of seconds"},
    {"PPM", NULL, "ppm"},
    {"PPM_PER_SECOND", NULL, "ppm per second"},
    {"BITS", NULL, "bits"},
    {"BYTES", NULL, "bytes"},
    {"REGISTER", NULL, "a bit for each of the last 8 polls, 1 for the last one"},
    {"REFERENCE_ID", "string", "8 hexadecimal digits"},
    {"YES_NO", "boolean", ""},
    {"SELECT_OPTIONS", "array", "words of "},
    {"NTP_FLAGS", "array", "words of "},
    {"SMOOTHING_FLAGS", "array", "words of "},
    {NULL, "string", "one word of "}, /* all others */
};

static const struct {
    const char *unit, *words;
} words[] = {
#define WORDS(unit, list) {#unit, list},
    JSON_WORDS(WORDS)
#undef WORDS
};

static const char *json_type(const struct row *row) {
    if (strcmp(row->type, "ADDRESS") == 0 || strcmp(row->type, "NAME") == 0 ||
        strcmp(row->type, "CHAR") == 0)
        return "string";
    return "number";
}

static void print_row(const struct row *row) {
    int i = 0;
    while (units[i].name && strcmp(units[i].name, row->unit) != 0)
        i++;
    const char *type = units[i].type ? units[i].type : json_type(row);
    printf("| `%s` | %s | %s", row->name, type, units[i].unit);
    if (strcmp(row->type, "TIME") == 0)
        printf(" since 1970 UTC");
    if (strncmp(units[i].unit, "words", 5) == 0 || strncmp(units[i].unit, "one", 3) == 0)
        printf("`%s`", row->unit);
    puts(" |");
}

int main(void) {
    puts("# JSON of chronyc\n\n"
         "<!-- made by scripts/gen-json from core/wire/control_fields.h -->\n\n"
         "`chronyc -j COMMAND` prints one JSON document a command, on one line each: also with "
         "`-m` and when commands\n"
         "come from standard input. It is valid JSON in every state, in ASCII; `-e` adds no "
         "dots.\n\n"
         "    {\"command\":\"activity\",\"report\":{\"online\":3,...},\"status\":200}\n"
         "    "
         "{\"command\":\"sources\",\"report\":[{\"name\":\"192.0.2.1\",...},...],\"status\":200}\n"
         "    {\"command\":\"smoothing\",\"status\":505,\"error\":\"Facility not enabled in "
         "daemon\"}\n"
         "    {\"command\":\"foo\",\"status\":null,\"error\":\"Unrecognized command\"}\n\n"
         "| member | type | |\n|---|---|---|\n"
         "| `command` | string | the first word; empty when no command could be run |\n"
         "| `report` | object or array | below; left out by commands that have none, or failed "
         "before it |\n"
         "| `status` | number or null | what chronyc's status line begins with: 200, 208 "
         "(allowed), 209 (denied), or "
         "the number of an error; null: an error without a number, of what was typed |\n"
         "| `error` | string | its text; only of a command that failed, with exit status 1 |\n\n"
         "A list that breaks off in the middle has the entries so far, and `error`. What is not "
         "known, or has never\n"
         "happened, is `null`. `name` is what the table has in its first column: an address, a "
         "reference clock's ID "
         "or,\n"
         "with `-N`, the name as configured.\n\n"
         "`keygen` reports `id`, `type` and `key`; `help` an array of `syntax` and `meaning`.\n\n"
         "## Reports");
    for (int i = 0; i < (int)(sizeof(reports) / sizeof(reports[0])); i++) {
        printf("\n### %s\n\n%s.%s%s\n\n| member | type | unit |\n|---|---|---|\n",
               reports[i].command, reports[i].shape, *reports[i].remark ? " " : "",
               reports[i].remark);
        for (const struct row *row = reports[i].rows; row->name; row++)
            print_row(row);
    }
    puts("\n## Words\n\n| name | words |\n|---|---|");
    for (int i = 1; i < (int)(sizeof(words) / sizeof(words[0])); i++) { /* booleans have none */
        printf("| `%s` | ", words[i].unit);
        for (const char *word = words[i].words; *word;) {
            int length = (int)strcspn(word, "|");
            if (length > 0)
                printf("%s`%.*s`", word == words[i].words ? "" : ", ", length, word);
            word += length + (word[length] == '|');
        }
        puts(" |");
    }
    return 0;
}
