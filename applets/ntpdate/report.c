/* What ntpdate prints, in the classic program's form: other programs read it. */
#include <math.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "applets/ntpdate/ntpdate.h"
#include "core/linux/clock.h"
#include "core/linux/log_sink.h"

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

static struct {
    struct log_sink syslog;
    bool quiet; /* only errors */
} log_target = {.syslog = {.syslog = -1}};

static char last_message[LOG_MESSAGE_SIZE];

/* Names and paths may hold anything. */
static void print_json_string(const char *name, const char *text) {
    printf("\"%s\":\"", name);
    for (; *text != '\0'; text++)
        putchar((unsigned char)*text < ' ' || *text == '"' || *text == '\\' ? '?' : *text);
    printf("\",");
}

void ntpdate_print_json(const struct ntpdate_server *server, const struct ntpdate_result *result,
                        bool adjusted, bool failed) {
    static const char leaps[][9] = {"no-leap", "add-leap", "del-leap"};

    putchar('{');
    if (server != NULL) {
        ns_t now = ns_add_seconds(system_clock_read(), adjusted ? 0 : result->offset);
        struct timespec time = {.tv_sec = (time_t)ns_floor_seconds(now)};
        char format[64];

        snprintf(format, sizeof format, "\"time\":\"%%Y-%%m-%%dT%%H:%%M:%%S.%06d%%z\",",
                 (int)((now - time.tv_sec * NS_PER_S) / 1000));
        tool_print_time(stdout, format, &time);
        printf("\"offset\":%.6f,\"precision\":%.6f,\"stratum\":%d,", result->offset,
               result->distance, server->header.stratum);
        print_json_string("leap", leaps[server->header.leap]);
        print_json_string("host", server->host);
        print_json_string("ip", server->text);
    }
    if (failed)
        print_json_string("error", last_message);
    printf("\"adjusted\":%s}\n", adjusted ? "true" : "false");
}

void ntpdate_log_open(const struct ntpdate_settings *settings) {
    log_sink_init(&log_target.syslog);
    log_target.syslog.program = "ntpdate";
    if (settings->syslog && !log_sink_open_syslog(&log_target.syslog))
        ntpdate_log(true, "no syslog here");
    log_target.quiet = settings->json;
}

void ntpdate_log(bool is_error, const char *format, ...) {
    struct timespec now = {.tv_sec = time(NULL)};
    FILE *stream = is_error ? stderr : stdout;
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(last_message, sizeof last_message, format, arguments);
    va_end(arguments);
    fflush(stdout);
    if (log_target.syslog.syslog >= 0) {
        struct log log = log_sink_log(&log_target.syslog);

        log.write(log.context, is_error ? LOG_ERROR_LEVEL : LOG_INFO_LEVEL, last_message);
    } else if (is_error || !log_target.quiet) {
        tool_print_time(stream, "%e %b %H:%M:%S", &now);
        fprintf(stream, " ntpdate[%d]: %s\n", (int)getpid(), last_message);
    }
}
