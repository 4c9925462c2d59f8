/* What the configuration parser asks of the world (core/conf): files, shell patterns, names. */
#ifndef CHRONOBOX_LINUX_CONF_READER_H
#define CHRONOBOX_LINUX_CONF_READER_H

#include <stdbool.h>

#include "core/conf/conf.h"

/* Stateless; no context. */
extern const struct conf_reader linux_conf_reader;

/* Shell patterns of one path component: * ? [a-z] [!a-z]; a backslash takes the next byte as it is.
 */
bool pattern_match(const char *pattern, const char *name);

/* Paths that match, wild cards allowed in every component (conf_reader.match_files). */
char **pattern_find_files(void *context, const char *pattern, int *count);

#endif
