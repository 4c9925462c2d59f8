/* A name server's answer. */
#include "core/libc/dns.h"
#include "tests/fuzz/fuzz.h"

static void read_records(const struct dns_exchange *exchange, enum dns_type type) {
    struct dns_cursor cursor = dns_records(exchange);
    const uint8_t *data;
    size_t length;
    char name[DNS_MAX_NAME + 1];

    while ((data = dns_next(&cursor, type, &length)) != NULL)
        dns_read_name(exchange, data, name, sizeof(name));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct dns_exchange exchange = {0};

    /* Only what begins like the question is taken for its answer. */
    if (!dns_write_query(&exchange, "pool.test", DNS_IPV4))
        abort();
    if (size > sizeof(exchange.answer) || size < exchange.query_length)
        return 0;
    memcpy(exchange.answer, data, size);
    exchange.answer_length = size;
    dns_code(&exchange);
    read_records(&exchange, DNS_IPV4);
    read_records(&exchange, DNS_IPV6);
    read_records(&exchange, DNS_POINTER);
    return 0;
}
