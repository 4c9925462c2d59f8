/* Configured names (names.h). A group is one line of the configuration; its sources are
 * placeholders until the resolver answers. Every failure but an impossible name is tried again: in
 * a container the name service comes late. */
#include "core/engine/names.h"

#include <string.h>

#include "core/engine/sources.h"

#define RETRY_FIRST_S    28   /* then doubled ... */
#define RETRY_DOUBLINGS  7    /* ... up to 3584 s */
#define POOL_FACTOR      2    /* placeholders per wanted pool member */
#define REPLACE_AFTER    8    /* unanswered polls ... */
#define REPLACE_BAD      4    /* ... or samples of a source that selection rejects */
#define REPLACE_SPREAD_S 3584 /* the next replacement comes at most this much later, at random */

static ns_t retry_delay(const struct group *group) {
    int doublings = group->retries < RETRY_DOUBLINGS ? group->retries : RETRY_DOUBLINGS;

    return ((ns_t)RETRY_FIRST_S << doublings) * NS_PER_S;
}

static bool printable_name(const char *name) {
    for (const char *c = name; *c != '\0'; c++) {
        if (*c <= ' ' || *c > '~')
            return false;
    }
    return *name != '\0';
}

enum add_result sources_add(struct engine *engine, const struct source_config *config) {
    struct address address;
    bool is_name = !address_parse(config->name, &address);
    int wanted = 1, index = 0;
    struct group *group;

    while (index < engine->group_count && engine->groups[index].used)
        index++;
    if (index >= ENGINE_MAX_GROUPS || engine->source_count >= ENGINE_MAX_SOURCES)
        return ADD_TOO_MANY;
    if (!is_name && config->family != ADDRESS_NONE && config->family != address.family)
        return ADD_INVALID_FAMILY;
    if (!is_name && sources_find(engine, &address) != NULL)
        return ADD_IN_USE;
    if (!printable_name(config->name))
        return ADD_INVALID_NAME;

    group = &engine->groups[index];
    *group = (struct group){
        .config = *config, .used = true, .is_name = is_name, .next_resolve = NS_NEVER};
    if (index == engine->group_count)
        engine->group_count++;
    if (is_name && config->type == SOURCE_POOL)
        wanted = config->max_sources * POOL_FACTOR < CONFIG_MAX_POOL
                     ? config->max_sources * POOL_FACTOR
                     : CONFIG_MAX_POOL;
    for (int i = 0; i < wanted; i++) {
        struct source *source = sources_new(engine, index);

        if (source == NULL || (!is_name && !sources_set_address(engine, source, &address)))
            return ADD_NO_MEMORY;
    }
    if (is_name)
        group->next_resolve = engine_monotonic(engine);
    return ADD_OK;
}

void sources_resolve_now(struct engine *engine) {
    ns_t now = engine_monotonic(engine);

    for (int i = 0; i < engine->group_count; i++) {
        struct group *group = &engine->groups[i];

        if (group->next_resolve != NS_NEVER && !group->resolving) {
            group->next_resolve = now;
            group->retries = 0;
        }
    }
}

/* Addresses of names that are still needed, most of all those of groups with placeholders. */
static bool needs_address(const struct engine *engine, int index) {
    for (int i = 0; i < engine->source_count; i++) {
        if (engine->sources[i]->group == index && !engine->sources[i]->resolved)
            return true;
    }
    return false;
}

static struct source *next_placeholder(struct engine *engine, int index) {
    for (int i = 0; i < engine->source_count; i++) {
        if (engine->sources[i]->group == index && !engine->sources[i]->resolved)
            return engine->sources[i];
    }
    return NULL;
}

static bool is_useless(const struct source *source) {
    return source->association.unreachable_polls >= REPLACE_AFTER ||
           source->view.bad_updates >= REPLACE_BAD;
}

/* The source of a group that deserves another address: the one that has been silent for longest, or
 * is no good. */
static struct source *replaceable(struct engine *engine, int index) {
    struct source *worst = NULL;

    for (int i = 0; i < engine->source_count; i++) {
        struct source *source = engine->sources[i];

        if (source->group == index && source->resolved && is_useless(source) &&
            (worst == NULL ||
             source->association.unreachable_polls > worst->association.unreachable_polls))
            worst = source;
    }
    return worst;
}

static void replace(struct engine *engine, struct source *source, const struct address *address) {
    char old[ADDRESS_TEXT_SIZE], text[SOURCE_TEXT_SIZE];

    address_format(&source->association.remote.address, old);
    if (sources_set_address(engine, source, address))
        log_info(engine_log(engine), "Source %s replaced with %s", old,
                 sources_format(engine, source, text));
}

/* The name's own server's address is still among the answers: nothing to replace it with. */
static void use_addresses(struct engine *engine, int index, const struct address *addresses,
                          int count) {
    struct group *group = &engine->groups[index];
    struct source *useless = replaceable(engine, index);
    int first =
        useless != NULL && count > 0 ? (int)(random_u32(&engine->random) % (unsigned)count) : 0;

    for (int i = 0; i < count && i < CONFIG_MAX_POOL; i++) {
        const struct address *address = &addresses[(first + i) % count];
        struct source *placeholder = next_placeholder(engine, index);

        if (group->config.family != ADDRESS_NONE && group->config.family != address->family)
            continue;
        if (sources_find(engine, address) != NULL)
            continue;
        if (placeholder != NULL) {
            sources_set_address(engine, placeholder, address);
        } else if (useless != NULL) {
            replace(engine, useless, address);
            useless = NULL;
        }
    }
}

void sources_resolved(struct engine *engine, int index, enum resolve_status status,
                      const struct address *addresses, int count) {
    struct group *group;
    ns_t now = engine_monotonic(engine);

    if (index < 0 || index >= engine->group_count || !engine->groups[index].used)
        return;
    group = &engine->groups[index];
    group->resolving = false;
    group->next_resolve = NS_NEVER;
    if (status == RESOLVE_FAILED) {
        log_warning(engine_log(engine), "Invalid host %s", group->config.name);
        group->failed = true;
        return;
    }
    if (status == RESOLVE_OK)
        use_addresses(engine, index, addresses, count);
    if (needs_address(engine, index) && !group->pool_complete) {
        group->next_resolve = now + retry_delay(group);
        group->retries++;
    }
}

void names_run(struct engine *engine, ns_t now) {
    for (int i = 0; i < engine->group_count; i++) {
        struct group *group = &engine->groups[i];
        int family =
            group->config.family != ADDRESS_NONE ? group->config.family : engine->options.family;

        if (!group->used || group->resolving || group->next_resolve > now)
            continue;
        group->resolving = true;
        if (!engine->host->resolve_name(engine->host->context, (uint32_t)i, group->config.name,
                                        family))
            sources_resolved(engine, i, RESOLVE_AGAIN, NULL, 0);
    }
}

ns_t names_next(const struct engine *engine) {
    ns_t next = NS_NEVER;

    for (int i = 0; i < engine->group_count; i++) {
        const struct group *group = &engine->groups[i];

        if (group->used && !group->resolving && group->next_resolve < next)
            next = group->next_resolve;
    }
    return next;
}

/* Enough members of a pool have answered: the others go. */
void names_answered(struct engine *engine, struct source *source) {
    struct group *group = &engine->groups[source->group];
    int index = source->group, answered = 0;

    if (source->answered)
        return;
    source->answered = true;
    if (group->config.type != SOURCE_POOL || !group->is_name)
        return;
    for (int i = 0; i < engine->source_count; i++)
        answered += engine->sources[i]->group == index && engine->sources[i]->answered;
    if (answered < group->config.max_sources)
        return;
    group->pool_complete = true;
    group->next_resolve = NS_NEVER;
    for (int i = engine->source_count - 1; i >= 0; i--) {
        if (engine->sources[i]->group == index && !engine->sources[i]->answered)
            sources_remove(engine, i);
    }
}

void names_watch(struct engine *engine, struct source *source) {
    struct group *group = &engine->groups[source->group];

    if (!group->is_name || group->resolving || group->next_resolve != NS_NEVER ||
        !is_useless(source))
        return;
    group->next_resolve = engine_monotonic(engine);
    if (group->next_resolve < group->replace_after)
        group->next_resolve = group->replace_after;
    group->replace_after =
        group->next_resolve + ns_from_seconds(random_uniform(&engine->random) * REPLACE_SPREAD_S);
}

void names_forget(struct engine *engine, int index) {
    int members = 0;

    for (int i = 0; i < engine->source_count; i++)
        members += engine->sources[i]->group == index;
    if (members <= 1)
        engine->groups[index].used = false;
}
