/* What the directories say now against what they said last (reload.h). */
#include "core/engine/reload.h"

#include <stdlib.h>
#include <string.h>

#include "core/conf/conf.h"
#include "core/engine/handlers.h"
#include "core/engine/names.h"
#include "core/engine/sources.h"

struct entry {
    struct source_config config;
    bool known; /* there is a source for it already */
};

struct reading {
    struct entry entries[CONFIG_MAX_SOURCES];
    int count;
};

/* By name, and a server before the pool of that name. */
static bool is_behind(const struct source_config *a, const struct source_config *b) {
    int order = strcmp(a->name, b->name);

    return order > 0 || (order == 0 && a->type > b->type);
}

static void take(void *context, const struct source_config *source) {
    struct reading *reading = context;
    int at = reading->count;

    if (at == CONFIG_MAX_SOURCES)
        return;
    reading->count++;
    for (; at > 0 && is_behind(&reading->entries[at - 1].config, source); at--)
        reading->entries[at] = reading->entries[at - 1];
    reading->entries[at] = (struct entry){.config = *source};
}

/* Both come from the parser, which starts from zeroed bytes: their padding is equal too. */
static bool is_same(const void *a, const void *b) {
    return memcmp(a, b, sizeof(struct source_config)) == 0;
}

static bool is_listed(struct reading *reading, const struct source_config *config) {
    for (int i = 0; i < reading->count; i++) {
        struct entry *entry = &reading->entries[i];

        if (!entry->known && is_same(&entry->config, config))
            return entry->known = true;
    }
    return false;
}

static void remove_source(struct engine *engine, int index) {
    for (int i = 0; i < engine->source_count; i++) {
        if (engine->sources[i]->group != index)
            continue;
        sources_log(engine, "Removed", engine->sources[i]);
        break;
    }
    sources_remove_group(engine, index);
    selection_run(engine, NULL);
}

static void add_source(struct engine *engine, const struct source_config *config) {
    static const char *const reasons[] = {
        [ADD_IN_USE] = "Already in use",          [ADD_TOO_MANY] = "Too many sources",
        [ADD_INVALID_FAMILY] = "Invalid address", [ADD_INVALID_NAME] = "Invalid name",
        [ADD_NO_MEMORY] = "Too many sources",
    };
    enum add_result result = sources_add(engine, config);
    const struct source *source;

    if (result != ADD_OK) {
        log_error(engine_log(engine), "Could not add source %s : %s", config->name,
                  reasons[result]);
        return;
    }
    source = engine->sources[engine->source_count - 1];
    engine->groups[source->group].from_directory = true;
    sources_log(engine, "Added", source);
}

void reload_sources(struct engine *engine) {
    char *const *line = engine->config->sourcedirs;
    struct reading *reading;

    if (*line == NULL || (reading = calloc(1, sizeof(*reading))) == NULL)
        return;
    for (; *line != NULL; line++)
        conf_read_sources(engine->host->conf_reader, *line, take, reading);
    for (int i = 0; i < engine->group_count; i++) {
        const struct group *group = &engine->groups[i];

        if (group->used && group->from_directory && !is_listed(reading, &group->config))
            remove_source(engine, i);
    }
    for (int i = 0; i < reading->count; i++) {
        if (!reading->entries[i].known)
            add_source(engine, &reading->entries[i].config);
    }
    free(reading);
}

enum control_status action_reload_sources(struct engine *engine,
                                          const union control_payload *arguments,
                                          union control_payload *results) {
    (void)arguments;
    (void)results;
    reload_sources(engine);
    return CONTROL_SUCCESS;
}
