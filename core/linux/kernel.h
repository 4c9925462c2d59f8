/* Numbers of the Linux interface that musl does not define and that we do not want kernel headers
 * for: linux/net_tstamp.h, linux/sock_diag.h, linux/capability.h, linux/seccomp.h. They are part of
 * the kernel's promise to user space.
 */
#ifndef CHRONOBOX_LINUX_KERNEL_H
#define CHRONOBOX_LINUX_KERNEL_H

/* SO_TIMESTAMPING */
#define STAMP_TX_SOFTWARE 0x002
#define STAMP_RX_SOFTWARE 0x008
#define STAMP_SOFTWARE    0x010 /* report what was taken */
#define STAMP_OPT_CMSG    0x400 /* pktinfo with looped transmit stamps too */

/* SO_MEMINFO: what it tells, and where the datagrams are that found no room */
#define SOCKET_MEMORY 55
#define MEMORY_VALUES 9
#define MEMORY_DROPS  8

/* capabilities */
#define CAPABILITY_VERSION_3        0x20080522
#define CAPABILITY_NET_BIND_SERVICE 10
#define CAPABILITY_SYS_TIME         25

/* seccomp(2): SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC */
#define SECCOMP_FILTER      1
#define SECCOMP_ALL_THREADS 1

#endif
