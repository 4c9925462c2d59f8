/* A dump file: its samples are used for the choice of sources, and written again. */
#include "tests/fuzz/fuzz.h"

static const char *const lines[] = {"dumpdir /d", "server 192.168.1.10 iburst",
                                    "server 192.168.1.11 maxsamples 8", NULL};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct sim *sim = fuzz_world(lines);
    struct sim_node *node = sim_node(sim, 0);

    node->options.reload_dumps = true;
    sim_write(node, "/d/192.168.1.10.dat", data, size);
    sim_write(node, "/d/192.168.1.11.dat", data, size);
    sim_run(sim, 100.0);
    sim_free(sim);
    return 0;
}
