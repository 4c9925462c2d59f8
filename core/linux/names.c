/* Names to addresses (names.h). */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "core/linux/names.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/linux/socket.h"
#include "core/linux/thread.h"

#define NAME_MAX_LENGTH  253
#define LABEL_MAX_LENGTH 63

struct lookup {
    struct lookup *next;
    int result; /* the pipe's writing end */
    uint32_t id;
    int family;
    char name[];
};

void names_init(struct names *names) {
    *names = (struct names){.pipe = {-1, -1}};
}

bool names_possible(const char *name) {
    size_t length = strlen(name), label = 0;

    if (length > 0 && name[length - 1] == '.')
        length--;
    for (size_t i = 0; i < length; i++) {
        if (name[i] <= ' ' || name[i] >= 0x7f || name[i] == '%')
            return false;
        label = name[i] == '.' ? 0 : label + 1;
        if (label > LABEL_MAX_LENGTH || (name[i] == '.' && (i == 0 || name[i - 1] == '.')))
            return false;
    }
    return length > 0 && length <= NAME_MAX_LENGTH;
}

static bool is_listed(const struct address *addresses, int count, const struct address *address) {
    for (int i = 0; i < count; i++)
        if (address_equal(&addresses[i], address))
            return true;
    return false;
}

/* Addresses that need an interface beside them (fe80::1%eth0) are of no use: an address is all that
 * a source keeps. bindacqdevice and binddevice say the interface of all. */
static bool has_scope(const struct addrinfo *info) {
    return info->ai_family == AF_INET6 &&
           ((const struct sockaddr_in6 *)(const void *)info->ai_addr)->sin6_scope_id != 0;
}

enum resolve_status names_resolve(const char *name, int family, struct address *addresses, int size,
                                  int *count) {
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM};
    struct addrinfo *list, *info;

    *count = 0;
    if (!names_possible(name))
        return RESOLVE_FAILED;
    if (family == ADDRESS_IPV4)
        hints.ai_family = AF_INET;
    else if (family == ADDRESS_IPV6)
        hints.ai_family = AF_INET6;
    if (getaddrinfo(name, NULL, &hints, &list) != 0)
        return RESOLVE_AGAIN;
    for (info = list; info && *count < size; info = info->ai_next) {
        struct sockaddr_storage address;
        struct endpoint endpoint;

        if (info->ai_addrlen > sizeof address || has_scope(info))
            continue;
        memcpy(&address, info->ai_addr, info->ai_addrlen);
        if (socket_address_to_endpoint(&address, &endpoint) &&
            !is_listed(addresses, *count, &endpoint.address))
            addresses[(*count)++] = endpoint.address;
    }
    freeaddrinfo(list);
    return *count > 0 ? RESOLVE_OK : RESOLVE_AGAIN;
}

static void *run_lookup(void *argument) {
    const struct lookup *lookup = argument;
    struct names_answer answer;
    ssize_t written;

    memset(&answer, 0, sizeof answer);
    answer.id = lookup->id;
    answer.status = names_resolve(lookup->name, lookup->family, answer.addresses, CONFIG_MAX_POOL,
                                  &answer.count);
    do
        written = write(lookup->result, &answer, sizeof answer);
    while (written < 0 && errno == EINTR);
    return NULL;
}

bool names_ask(struct names *names, uint32_t id, const char *name, int family) {
    size_t size = strlen(name) + 1;
    struct lookup *lookup;

    if (names->waiting >= NAMES_MAX_WAITING ||
        (names->pipe[0] < 0 && pipe2(names->pipe, O_CLOEXEC) < 0))
        return false;
    lookup = malloc(sizeof *lookup + size);
    if (!lookup)
        return false;
    *lookup = (struct lookup){.result = names->pipe[1], .id = id, .family = family};
    memcpy(lookup->name, name, size);
    if (!names->first && !thread_start(run_lookup, lookup)) {
        free(lookup);
        return false;
    }
    if (names->first)
        names->last->next = lookup;
    else
        names->first = lookup;
    names->last = lookup;
    names->waiting++;
    return true;
}

int names_descriptor(const struct names *names) {
    return names->first ? names->pipe[0] : -1;
}

static void drop_first(struct names *names) {
    struct lookup *done = names->first;

    names->first = done->next;
    names->waiting--;
    free(done);
}

bool names_answer(struct names *names, struct names_answer *answer) {
    ssize_t length = read(names->pipe[0], answer, sizeof *answer);

    if (length != (ssize_t)sizeof *answer)
        return false; /* EINTR: the pipe is looked at again */
    drop_first(names);
    /* Without a thread the rest is answered here, each in its turn: "try again". */
    if (names->first && !thread_start(run_lookup, names->first)) {
        struct names_answer again;

        memset(&again, 0, sizeof again);
        again.id = names->first->id;
        again.status = RESOLVE_AGAIN;
        if (write(names->pipe[1], &again, sizeof again) < 0)
            return true; /* an empty pipe takes it */
    }
    return true;
}

/* The thread of a lookup under way still has the first request and the pipe: they stay until the
 * process ends. */
void names_close(struct names *names) {
    if (names->first) {
        names->first->next = NULL;
        return;
    }
    if (names->pipe[0] >= 0) {
        close(names->pipe[0]);
        close(names->pipe[1]);
    }
    names_init(names);
}
