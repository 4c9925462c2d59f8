/* The key file, and what is reported about keys (authentication.h). */
#include "core/engine/authentication.h"

#include <stdlib.h>
#include <string.h>

#include <mbedtls/platform_util.h>

#include "core/engine/handlers.h"
#include "core/engine/sources.h"

#define MODE_SYMMETRIC 1
#define BITS_PER_BYTE  8

void authentication_load(struct engine *engine) {
    const struct host *host = engine->host;
    const char *path = engine->config->key_file;
    char *text;

    keys_free(&engine->keys);
    if (path == NULL)
        return;
    text = host->read_secret(host->context, path);
    if (text != NULL && keys_load(&engine->keys, text, strlen(text), path, &host->log))
        log_info(&host->log, "Loaded %d symmetric keys", engine->keys.count);
    else
        log_warning(&host->log, "Could not open keyfile %s", path);
    if (text != NULL)
        mbedtls_platform_zeroize(text, strlen(text));
    free(text);
}

enum control_status action_rekey(struct engine *engine, const union control_payload *arguments,
                                 union control_payload *results) {
    (void)arguments;
    (void)results;
    authentication_load(engine);
    return CONTROL_SUCCESS;
}

enum control_status answer_auth_data(struct engine *engine, const union control_payload *arguments,
                                     union control_payload *results) {
    const struct source *source = sources_find(engine, &arguments->as_address.ip_addr);
    struct control_auth_data *data = &results->as_auth_data;
    const struct key *key;

    if (source == NULL)
        return CONTROL_NO_SUCH_SOURCE;
    data->last_ke_ago = CONTROL_NEVER;
    data->key_id = engine->groups[source->group].config.key;
    if (data->key_id == 0)
        return CONTROL_SUCCESS;
    data->mode = MODE_SYMMETRIC;
    key = keys_find(&engine->keys, data->key_id);
    if (key != NULL) {
        data->key_type = key->type->number;
        data->key_length = (uint16_t)(key->length * BITS_PER_BYTE);
    }
    return CONTROL_SUCCESS;
}
