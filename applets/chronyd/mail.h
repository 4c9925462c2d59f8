/* mailonchange: telling a person that the clock was wrong. */
#ifndef CHRONOBOX_APPLETS_CHRONYD_MAIL_H
#define CHRONOBOX_APPLETS_CHRONYD_MAIL_H

#include "core/base/log.h"

/* Sends a mail to `address` about an adjustment of `offset` that is larger than `threshold` (both
 * s), through /usr/lib/sendmail or /usr/sbin/sendmail in a process of its own; nobody waits for it.
 * That it cannot be sent is logged. */
void mail_change(const struct log *log, const char *address, double offset, double threshold);

#endif
