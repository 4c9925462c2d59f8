/* A driftfile: read at the start, written at the end. */
#include "tests/fuzz/fuzz.h"

static const char *const lines[] = {"driftfile /drift", "maxdrift 500", NULL};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct sim *sim = fuzz_world(lines);

    sim_write(sim_node(sim, 0), "/drift", data, size);
    sim_run(sim, 2.0);
    sim_free(sim);
    return 0;
}
