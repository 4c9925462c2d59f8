/* The log files' rows (facts E.1 to E.4), each a table of columns. */
#ifndef CHRONOBOX_ENGINE_RECORDS_H
#define CHRONOBOX_ENGINE_RECORDS_H

#include "core/engine/state.h"

void records_measurement(struct engine *engine, const struct source *source, bool accepted);
void records_statistics(struct engine *engine, const struct source *source,
                        const struct estimate *estimate);
void records_selection(struct engine *engine, const struct source *source, ns_t now);

/* reading: as the sensor gives it; compensation: ppm. */
void records_temperature(struct engine *engine, double reading, double compensation);

/* offset: s, the correction applied; max_error: s, of the system clock since the last row. */
void records_tracking(struct engine *engine, ns_t now, double offset, double max_error);

#endif
