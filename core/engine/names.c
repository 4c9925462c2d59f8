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

static void resolve_at(struct engine *engine, struct group *group, ns_t when) {
    group->next_resolve = when;
    if (when < engine->names_due)
        engine->names_due = when;
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

    while (index < engine->group_count &&
           (engine->groups[index].used || engine->groups[index].resolving))
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
    *group = (struct group){.config = *config,
                            .used = true,
                            .online = config->online,
                            .is_name = is_name,
                            .next_resolve = NS_NEVER};
    if (index == engine->group_count)
        engine->group_count++;
    if (is_name && config->type == SOURCE_POOL)
        wanted = config->max_sources * POOL_FACTOR < CONFIG_MAX_POOL
                     ? config->max_sources * POOL_FACTOR
                     : CONFIG_MAX_POOL;
    for (int i = 0; i < wanted; i++) {
        struct source *source = sources_new(engine, index);

        if (source == NULL || (!is_name && !sources_set_address(engine, source, &address))) {
            sources_remove_group(engine, index);
            return ADD_NO_MEMORY;
        }
    }
    if (is_name)
        resolve_at(engine, group, engine_monotonic(engine));
    if (config->key != 0)
        keys_check(&engine->keys, config->key, engine_log(engine));
    return ADD_OK;
}

/* Asks for the group's name now. */
static void resolve(struct engine *engine, struct group *group, ns_t now) {
    resolve_at(engine, group, now);
    group->retries = 0;
}

void sources_resolve_now(struct engine *engine) {
    for (int i = 0; i < engine->group_count; i++) {
        if (engine->groups[i].next_resolve != NS_NEVER)
            resolve(engine, &engine->groups[i], engine_monotonic(engine));
    }
}

void sources_refresh(struct engine *engine) {
    for (int i = 0; i < engine->group_count; i++) {
        if (engine->groups[i].is_name)
            resolve(engine, &engine->groups[i], engine_monotonic(engine));
    }
    for (int i = 0; i < engine->source_count; i++)
        engine->sources[i]->stale = engine->sources[i]->resolved;
}

/* Only one in a refresh interval, so that a pool whose name has ever other addresses does not lose
 * its members all at once; first the one that was looked up longest ago. */
static void refresh_in_turn(struct engine *engine, struct source *source, ns_t now) {
    ns_t interval = engine->config->refresh * NS_PER_S;
    struct group *group = &engine->groups[source->group];

    if (interval == 0 || now < engine->next_refresh || now - source->confirmed < interval ||
        !group->is_name || group->resolving || group->next_resolve != NS_NEVER)
        return;
    for (int i = 0; i < engine->source_count; i++) {
        const struct source *other = engine->sources[i];

        if (other->resolved && other->association.reachability != 0 &&
            engine->groups[other->group].is_name && other->confirmed < source->confirmed)
            return;
    }
    engine->next_refresh = now + interval;
    source->stale = true;
    source->confirmed = now;
    resolve(engine, group, now);
}

/* The next source of the group that an address is wanted for: a placeholder, or one whose own is no
 * longer listed. */
static struct source *next_waiting(const struct engine *engine, int index) {
    for (int i = 0; i < engine->source_count; i++) {
        struct source *source = engine->sources[i];

        if (source->group == index && (!source->resolved || source->stale))
            return source;
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

/* Those whose address is still among the answers keep it; the others do until there is one. */
static void confirm_listed(struct engine *engine, int index, const struct address *addresses,
                           int count) {
    for (int i = 0; i < count; i++) {
        struct source *source = sources_find(engine, &addresses[i]);

        if (source != NULL && source->group == index) {
            source->stale = false;
            source->confirmed = engine_monotonic(engine);
        }
    }
}

static bool is_usable(struct engine *engine, const struct group *group,
                      const struct address *address) {
    return (group->config.family == ADDRESS_NONE || group->config.family == address->family) &&
           sources_find(engine, address) == NULL &&
           sources_routable(engine, &(struct endpoint){*address, (uint16_t)group->config.port});
}

static void use_addresses(struct engine *engine, int index, const struct address *addresses,
                          int count) {
    struct source *useless = replaceable(engine, index), *source;
    int first =
        useless != NULL && count > 0 ? (int)(random_u32(&engine->random) % (unsigned)count) : 0;

    confirm_listed(engine, index, addresses, count);
    for (int i = 0; i < count && i < CONFIG_MAX_POOL; i++) {
        const struct address *address = &addresses[(first + i) % count];

        source = next_waiting(engine, index);
        if (source == NULL)
            source = useless;
        if (source == NULL)
            break;
        if (!is_usable(engine, &engine->groups[index], address))
            continue;
        if (source == useless)
            useless = NULL;
        if (source->resolved)
            replace(engine, source, address);
        else
            sources_set_address(engine, source, address);
    }
}

void sources_resolved(struct engine *engine, int index, enum resolve_status status,
                      const struct address *addresses, int count) {
    struct group *group;
    ns_t now = engine_monotonic(engine);

    if (index < 0 || index >= engine->group_count)
        return;
    group = &engine->groups[index];
    group->resolving = false;
    if (!group->used)
        return;
    group->next_resolve = NS_NEVER;
    if (status == RESOLVE_OK)
        use_addresses(engine, index, addresses, count);
    if (status == RESOLVE_FAILED) {
        log_warning(engine_log(engine), "Invalid host %s", group->config.name);
        group->failed = true;
        return;
    }
    if (next_waiting(engine, index) != NULL && !group->pool_complete) {
        resolve_at(engine, group, now + retry_delay(group));
        group->retries++;
    }
}

static void ask(struct engine *engine, int index) {
    struct group *group = &engine->groups[index];
    int family =
        group->config.family != ADDRESS_NONE ? group->config.family : engine->options.family;

    group->resolving = true;
    if (!engine->host->resolve_name(engine->host->context, (uint32_t)index, group->config.name,
                                    family))
        sources_resolved(engine, index, RESOLVE_AGAIN, NULL, 0);
}

void names_run(struct engine *engine, ns_t now) {
    if (engine->names_due > now)
        return;
    engine->names_due = NS_NEVER;
    for (int i = 0; i < engine->group_count; i++) {
        struct group *group = &engine->groups[i];

        if (!group->used || group->resolving)
            continue;
        if (group->next_resolve <= now)
            ask(engine, i);
        else if (group->next_resolve < engine->names_due)
            engine->names_due = group->next_resolve;
    }
}

ns_t names_next(const struct engine *engine) {
    return engine->names_due;
}

/* Enough members of a pool have answered: the others go. */
void names_answered(struct engine *engine, struct source *source) {
    struct group *group = &engine->groups[source->group];
    int index = source->group, answered = 0;

    refresh_in_turn(engine, source, engine_monotonic(engine));
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
    ns_t when;

    if (!group->is_name || group->resolving || group->next_resolve != NS_NEVER ||
        !is_useless(source))
        return;
    when = engine_monotonic(engine);
    if (when < group->replace_after)
        when = group->replace_after;
    resolve_at(engine, group, when);
    group->replace_after =
        group->next_resolve + ns_from_seconds(random_uniform(&engine->random) * REPLACE_SPREAD_S);
}

void names_forget(struct engine *engine, int index) {
    int members = 0;

    for (int i = 0; i < engine->source_count; i++)
        members += engine->sources[i]->group == index;
    /* A line of a directory's file is not taken for a new one at the next reload. */
    if (members <= 1)
        engine->groups[index].used = engine->groups[index].from_directory;
}

void sources_remove_group(struct engine *engine, int index) {
    for (int i = engine->source_count - 1; i >= 0; i--) {
        if (engine->sources[i]->group == index)
            sources_remove(engine, i);
    }
    engine->groups[index].used = false;
}

void sources_log(const struct engine *engine, const char *what, const struct source *source) {
    const struct group *group = &engine->groups[source->group];
    char text[SOURCE_TEXT_SIZE];

    if (group->config.type == SOURCE_POOL && group->is_name)
        log_info(engine_log(engine), "%s pool %s", what, group->config.name);
    else
        log_info(engine_log(engine), "%s source %s", what, sources_format(engine, source, text));
}
