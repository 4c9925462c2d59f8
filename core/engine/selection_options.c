/* What selection is told beside the sources' own words (selection.h). */
#include "core/engine/selection.h"

bool selection_is_authenticated(const struct source *source) {
    return source->association.config.key != 0 || source->association.config.nts;
}

static bool is_unselectable(const struct source *source) {
    return (source->association.config.select_options & SELECT_OPTION_NOSELECT) != 0;
}

/* Sources that are configured noselect are neither counted nor changed. */
struct added_options selection_added_options(const struct engine *engine) {
    struct added_options added = {0, 0};
    bool authenticated = false, other = false;

    for (int i = 0; i < engine->source_count; i++) {
        const struct source *source = engine->sources[i];

        if (!is_unselectable(source))
            *(selection_is_authenticated(source) ? &authenticated : &other) = true;
    }
    switch (engine->config->auth_select_mode) {
    case AUTH_SELECT_REQUIRE:
        added.other = SELECT_OPTION_NOSELECT;
        break;
    case AUTH_SELECT_PREFER:
        added.other = authenticated ? SELECT_OPTION_NOSELECT : 0;
        break;
    case AUTH_SELECT_MIX:
        added.authenticated =
            authenticated && other ? SELECT_OPTION_TRUST | SELECT_OPTION_REQUIRE : 0;
        break;
    default:
        break;
    }
    return added;
}

unsigned selection_options(const struct source *source, const struct added_options *added) {
    unsigned own = source->association.config.select_options;

    if (is_unselectable(source))
        return own;
    return own | (selection_is_authenticated(source) ? added->authenticated : added->other);
}

uint32_t selection_orphan_id(const struct engine *engine) {
    const struct association *best = NULL;
    uint32_t least = UINT32_MAX;

    for (int i = 0; i < engine->source_count; i++) {
        const struct association *association = &engine->sources[i]->association;
        uint32_t id = association_reference_id(&association->remote.address);

        if (association->reachability == 0 || association->stratum != engine->local.stratum ||
            association->leap == NTP_LEAP_UNSYNCHRONISED || id > least)
            continue;
        best = association;
        least = id;
    }
    return best != NULL ? association_reference_id(&best->report.local) : 0;
}
