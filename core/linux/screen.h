/* What no NTP server answers stays in the kernel: it wakes nobody, and takes no place in the queue
 * from those who ask for the time. */
#ifndef CHRONOBOX_LINUX_SCREEN_H
#define CHRONOBOX_LINUX_SCREEN_H

/* For UDP sockets of servers. Whatever is a request (core/ntp/respond.h) or comes from a peer
 * passes; of random bytes one in hundreds. A kernel without filters lets everything pass. */
void screen_attach(int fd);

#endif
