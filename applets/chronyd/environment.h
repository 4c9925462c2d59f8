/* A container's configuration from its environment: the variables that images of chrony have in
 * common (docs/containers.md). Private to applets/chronyd. */
#ifndef CHRONOBOX_APPLETS_CHRONYD_ENVIRONMENT_H
#define CHRONOBOX_APPLETS_CHRONYD_ENVIRONMENT_H

#include "applets/chronyd/options.h"
#include "core/conf/conf.h"

/* Reads every variable into the configuration and the options; what is lost is logged. False:
 * conf->error names the one that is not understood. With conf->print_line, -x is printed too, as a
 * comment. */
bool environment_read(struct conf *conf, struct chronyd_options *options);

#endif
