/* What ntpdate prints, in the classic program's form: other programs read it. */
#include <math.h>
#include <stdarg.h>
#include <time.h>
#include <unistd.h>

#include "applets/ntpdate/ntpdate.h"

/* The classic "delay" is no round trip time but a bound that its selection worked with: the errors
 * of both clocks and a constant are in it, and it has a floor. */
#define LOCAL_PRECISION -6
#define MIN_DISPERSION  0.01
#define MIN_DELAY       0.02

static double shown_delay(const struct ntpdate_server *server, int sample) {
    double delay = server->samples[sample].delay + ldexp(1, LOCAL_PRECISION) +
                   ldexp(1, server->header.precision) + MIN_DISPERSION;

    return fmax(delay, MIN_DELAY);
}

static void print_timestamp(const char *caption, ntp_time_t stamp, ns_t near) {
    ns_t time = ntp_time_to_ns(stamp, near);
    struct timespec when = {.tv_sec = (time_t)ns_floor_seconds(time)};

    printf("%s%08x.%08x  ", caption, (unsigned)(stamp >> 32), (unsigned)stamp);
    tool_print_time(stdout, "%a, %b %e %Y %H:%M:%S", &when);
    printf(".%03d\n", (int)((time - when.tv_sec * NS_PER_S) / 1000000));
}

static void print_reference_id(const struct ntp_header *header) {
    uint32_t id = header->reference_id;

    printf("refid [");
    if (header->stratum > 1) {
        printf("%u.%u.%u.%u", id >> 24, id >> 16 & 255, id >> 8 & 255, id & 255);
    } else {
        for (int shift = 24; shift >= 0; shift -= 8) {
            char letter = (char)(id >> shift & 127);

            if (letter >= ' ')
                putchar(letter);
        }
    }
    printf("], root delay %.6f, root dispersion %.6f\n", header->root_delay,
           header->root_dispersion);
}

static void print_details(const struct ntpdate_server *server) {
    const struct ntp_header *header = &server->header;
    double dispersion = 0;

    printf("server %s, port %d\n", server->text, server->port);
    printf("stratum %d, precision %d, leap %d%d, trust 000\n", header->stratum, header->precision,
           header->leap >> 1, header->leap & 1);
    print_reference_id(header);
    print_timestamp("reference time:      ", header->reference_time, server->sent_at);
    print_timestamp("originate timestamp: ", ntp_time_from_ns(server->sent_at), server->sent_at);
    print_timestamp("transmit timestamp:  ", header->transmit_time, server->sent_at);
    printf("filter delay: ");
    for (int i = 0; i < server->answered; i++)
        printf(" %.5f", shown_delay(server, i));
    printf("\nfilter offset:");
    for (int i = 0; i < server->answered; i++) {
        printf(" %+.6f", server->samples[i].offset);
        dispersion = fmax(dispersion,
                          fabs(server->samples[i].offset - server->samples[server->best].offset));
    }
    printf("\ndelay %.5f, dispersion %.5f, offset %+.6f\n\n",
           server->answered ? shown_delay(server, server->best) : 0.0, dispersion,
           server->samples[server->best].offset);
}

void ntpdate_print_server(const struct ntpdate_server *server, bool debug) {
    if (debug)
        print_details(server);
    else
        printf("server %s, stratum %d, offset %+.6f, delay %.5f\n", server->text,
               server->header.stratum, server->samples[server->best].offset,
               server->answered > 0 ? shown_delay(server, server->best) : 0.0);
}

void ntpdate_log(FILE *stream, const char *format, ...) {
    struct timespec now = {.tv_sec = time(NULL)};
    va_list arguments;

    fflush(stdout);
    tool_print_time(stream, "%e %b %H:%M:%S", &now);
    fprintf(stream, " ntpdate[%d]: ", (int)getpid());
    va_start(arguments, format);
    vfprintf(stream, format, arguments);
    va_end(arguments);
    fputc('\n', stream);
}
