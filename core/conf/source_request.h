/* A source as a line of the configuration says it, and as ADD_SOURCE and ADD_SOURCE2 carry it. */
#ifndef CHRONOBOX_CONF_SOURCE_REQUEST_H
#define CHRONOBOX_CONF_SOURCE_REQUEST_H

#include "core/conf/config.h"
#include "core/wire/control.h"

/* Copy the members that are the same number in both, nothing else. */
void source_request_from_config(struct control_add_source *request,
                                const struct source_config *source);
void source_request_to_config(const struct control_add_source *request,
                              struct source_config *source);

#endif
