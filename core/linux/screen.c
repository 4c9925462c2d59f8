/* The screen of the kernel (screen.h), a program of its packet filter. It knows of the header its
 * length, version and mode, and of the tail what RFC 7822 section 3 says of it: a code of at most
 * so many bytes, or, in version 4, an extension field that fits. */
#include "core/linux/screen.h"

#include <linux/filter.h>
#include <stdint.h>
#include <sys/socket.h>

#include "core/wire/ntp.h"

#define START       8 /* of the payload: a UDP socket's filter sees the UDP header too */
#define TAIL        (START + NTP_HEADER_SIZE)
#define CODE_V3     68 /* the longest key ID and code of versions 1 to 3 */
#define CODE_V4     24 /* what is longer in version 4 are extension fields */
#define FIELD_LEAST 16

#define VERSION(number) ((number) << 3)
#define MODES_FROM_4    4

/* Instructions to skip, from one to another. */
#define FROM(here, there) (uint8_t)((there) - (here)-1)
#define LOAD(size, at)    BPF_STMT(BPF_LD | (size) | BPF_ABS, at)
#define IF(here, condition, value, yes, no)                                                        \
    BPF_JUMP(BPF_JMP | (condition), value, FROM(here, yes), FROM(here, no))
enum { VERSION_4 = 13, FIELD = 15, PASS = 19, DROP };

static const struct sock_filter program[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
    BPF_STMT(BPF_MISC | BPF_TAX, 0), /* X: the length, from here on */
    IF(2, BPF_JGE, TAIL, 3, DROP),
    IF(3, BPF_JGT, START + NTP_PACKET_MAX_SIZE, DROP, 4),
    IF(4, BPF_JSET, 3, DROP, 5), /* not in words of 4 bytes */
    LOAD(BPF_B, START),
    IF(6, BPF_JSET, MODES_FROM_4, DROP, 7),
    BPF_STMT(BPF_ALU | BPF_AND, VERSION(7)),
    IF(8, BPF_JEQ, 0, DROP, 9),
    IF(9, BPF_JEQ, VERSION(4), VERSION_4, 10),
    IF(10, BPF_JGT, VERSION(4), DROP, 11),
    BPF_STMT(BPF_MISC | BPF_TXA, 0),
    IF(12, BPF_JGT, TAIL + CODE_V3, DROP, PASS),
    BPF_STMT(BPF_MISC | BPF_TXA, 0), /* VERSION_4 */
    IF(14, BPF_JGT, TAIL + CODE_V4, FIELD, PASS),
    LOAD(BPF_H, TAIL + 2), /* FIELD: its length */
    IF(16, BPF_JGE, FIELD_LEAST, 17, DROP),
    IF(17, BPF_JSET, 3, DROP, 18),
    IF(18, BPF_JGT | BPF_X, 0, DROP, PASS),
    BPF_STMT(BPF_RET, UINT32_MAX), /* PASS */
    BPF_STMT(BPF_RET, 0),          /* DROP */
};

void screen_attach(int fd) {
    struct sock_fprog filter = {sizeof program / sizeof program[0],
                                (struct sock_filter *)program}; /* only read */

    setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
}
