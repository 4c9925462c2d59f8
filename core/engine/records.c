/* The log files' rows (records.h). A banner stands before the first row and then before every
 * logbanner-th. */
#include "core/engine/records.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/engine/reference.h"
#include "core/engine/sources.h"

#define ROW_SIZE    512
#define MAX_CAPTION 255

struct log_table {
    const char *name, *caption;
};

static const struct log_table log_tables[LOG_FILE_COUNT] = {
    [LOG_FILE_MEASUREMENTS] =
        {"measurements",
         "   Date (UTC) Time     IP Address   L St 123 567 ABCD  LP RP Score    Offset  Peer del. "
         "Peer disp.  Root del. Root disp. Refid     MTxRx"},
    [LOG_FILE_STATISTICS] =
        {"statistics", "   Date (UTC) Time     IP Address    Std dev'n Est offset  Offset sd  Diff "
                       "freq   Est skew  Stress  Ns  Bs  Nr  Asym"},
    [LOG_FILE_TRACKING] =
        {"tracking",
         "   Date (UTC) Time     IP Address   St   Freq ppm   Skew ppm     Offset L Co  "
         "Offset sd Rem. corr. Root delay Root disp. Max. error"},
    [LOG_FILE_TEMPCOMP] = {"tempcomp", "   Date (UTC) Time        Temp.       Comp."},
    [LOG_FILE_SELECTION] =
        {"selection",
         "   Date (UTC) Time     IP Address   S EOpts Reach Score Last sample  Low end   High end"},
};

static bool wanted(const struct engine *engine, enum log_file file) {
    return engine->config->log_dir != NULL && (engine->config->log_files & 1u << file) != 0;
}

static void append(struct engine *engine, enum log_file file, const char *row) {
    const struct log_table *table = &log_tables[file];
    int every = engine->config->log_banner;
    char banner[3 * MAX_CAPTION + ROW_SIZE], line[MAX_CAPTION + 1];
    struct text text;

    text_init(&text, banner, sizeof(banner));
    if (every > 0 && engine->log_rows[file] % every == 0) {
        memset(line, '=', sizeof(line));
        line[strlen(table->caption)] = '\0';
        text_printf(&text, "%s\n%s\n%s\n", line, table->caption, line);
    }
    engine->log_rows[file]++;
    text_printf(&text, "%s\n", row);
    engine->host->append_log(engine->host->context, table->name, banner);
}

static char leap_letter(int leap) {
    return "N+-?"[leap & 3];
}

static char digit(unsigned tests, unsigned test) {
    return tests & test ? '1' : '0';
}

void records_measurement(struct engine *engine, const struct source *source, bool accepted) {
    const struct association *association = &source->association;
    const struct response_report *report = &association->raw;
    unsigned t = report->tests;
    char row[ROW_SIZE], date[TIME_TEXT_SIZE], address[ADDRESS_TEXT_SIZE];
    bool raw = wanted(engine, LOG_FILE_RAW_MEASUREMENTS);

    if (!raw && (!wanted(engine, LOG_FILE_MEASUREMENTS) || !accepted))
        return;
    snprintf(row, sizeof(row),
             "%s %-15s %c %2d %c%c%c %c%c%c %c%c%c%c  %2d %2d %4.2f %10.3e %10.3e %10.3e %10.3e "
             "%10.3e %08X %d%c %c %c",
             time_format(ns_floor_seconds(engine_ntp(engine)), ' ', date),
             address_format(&association->remote.address, address),
             leap_letter(report->header.leap), report->header.stratum, digit(t, TEST_1),
             digit(t, TEST_2), digit(t, TEST_3), digit(t, TEST_5), digit(t, TEST_6),
             digit(t, TEST_7), digit(t, TEST_A), digit(t, TEST_B), digit(t, TEST_C),
             digit(t, TEST_D), association->poll, report->header.poll, association->poll_score,
             report->offset, report->delay, report->dispersion, report->header.root_delay,
             report->header.root_dispersion, (unsigned)report->header.reference_id,
             report->header.mode, report->interleaved ? 'I' : 'B', (char)report->transmit_source,
             (char)report->receive_source);
    append(engine, LOG_FILE_MEASUREMENTS, row);
}

void records_statistics(struct engine *engine, const struct source *source,
                        const struct estimate *estimate) {
    char row[ROW_SIZE], date[TIME_TEXT_SIZE], address[ADDRESS_TEXT_SIZE];

    if (!wanted(engine, LOG_FILE_STATISTICS))
        return;
    snprintf(row, sizeof(row),
             "%s %-15s %10.3e %10.3e %10.3e %10.3e %10.3e %7.1e %3d %3d %3d %5.2f",
             time_format(ns_floor_seconds(estimate->time), ' ', date),
             address_format(&source->association.remote.address, address), estimate->deviation,
             0.0 - estimate->offset, estimate->offset_error, 0.0 - estimate->frequency,
             estimate->skew, estimate->stress, estimate->samples, estimate->first, estimate->runs,
             0.0 - estimate->asymmetry);
    append(engine, LOG_FILE_STATISTICS, row);
}

void records_selection(struct engine *engine, const struct source *source, ns_t now) {
    const struct select_source *view = &source->view;
    char row[ROW_SIZE], date[TIME_TEXT_SIZE], address[ADDRESS_TEXT_SIZE];

    if (!wanted(engine, LOG_FILE_SELECTION))
        return;
    snprintf(row, sizeof(row), "%s %-15s %c -%c%c%c%c %4o %5.2f %10.3e %10.3e %10.3e",
             time_format(ns_floor_seconds(now), ' ', date),
             address_format(&source->association.remote.address, address), (char)view->state,
             view->options & SELECT_OPTION_NOSELECT ? 'N' : '-',
             view->options & SELECT_OPTION_PREFER ? 'P' : '-',
             view->options & SELECT_OPTION_TRUST ? 'T' : '-',
             view->options & SELECT_OPTION_REQUIRE ? 'R' : '-', view->reachability, view->score,
             view->last_sample_ago, 0.0 - view->high, 0.0 - view->low);
    append(engine, LOG_FILE_SELECTION, row);
}

void records_temperature(struct engine *engine, double reading, double compensation) {
    char row[ROW_SIZE], date[TIME_TEXT_SIZE];

    if (!wanted(engine, LOG_FILE_TEMPCOMP))
        return;
    snprintf(row, sizeof(row), "%s %11.4e %11.4e",
             time_format(ns_floor_seconds(engine_ntp(engine)), ' ', date), reading, compensation);
    append(engine, LOG_FILE_TEMPCOMP, row);
}

void records_tracking(struct engine *engine, ns_t now, double offset, double max_error) {
    const struct reference *reference = &engine->reference;
    char row[ROW_SIZE], date[TIME_TEXT_SIZE], address[ADDRESS_TEXT_SIZE];
    /* chrony writes a correction of nothing as -0. */
    double remaining = -(0.0 - clock_remaining(&engine->clock, engine_clock(engine)));

    if (!wanted(engine, LOG_FILE_TRACKING))
        return;
    snprintf(row, sizeof(row),
             "%s %-15s %2d %10.3f %10.3f %10.3e %c %2d %10.3e %10.3e %10.3e %10.3e %10.3e",
             time_format(ns_floor_seconds(now), ' ', date),
             engine->manual.applying   ? "MANU"
             : reference->synchronised ? address_format(&reference->address, address)
                                       : "0.0.0.0",
             reference->stratum, 0.0 - clock_frequency(&engine->clock) * 1e6, reference->skew * 1e6,
             0.0 - offset, leap_letter(reference->leap),
             reference->synchronised ? reference->combined : 0, reference->offset_error, remaining,
             reference->root_delay,
             reference->synchronised ? reference_dispersion(engine, now)
                                     : reference->root_dispersion,
             max_error);
    append(engine, LOG_FILE_TRACKING, row);
}
