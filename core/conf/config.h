/* Everything a chrony configuration can say, as one value. The table directives.def names each
 * directive's member; nothing here knows what anyone does with it. Times are seconds and rates ppm,
 * as they are written. */
#ifndef CHRONOBOX_CONF_CONFIG_H
#define CHRONOBOX_CONF_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/address.h"

#define CONFIG_MAX_SOURCES      1024 /* server, pool and peer lines */
#define CONFIG_MAX_RULES        1024 /* allow, deny, cmdallow, cmddeny lines */
#define CONFIG_MAX_BROADCASTS   16
#define CONFIG_MAX_REFCLOCKS    16
#define CONFIG_MAX_DIRECTORIES  10 /* sourcedir lines; directories of one confdir line */
#define CONFIG_MAX_CERTIFICATES 8  /* ntsservercert, ntsserverkey, ntstrustedcerts lines each */
#define CONFIG_MAX_INTERFACES   8  /* hwtimestamp lines */
#define CONFIG_MAX_AEADS        4
#define CONFIG_MAX_WORKERS      64
#define CONFIG_MAX_NAME         256 /* host names, with NUL */
#define CONFIG_MAX_POOL         16  /* addresses used of one name */

enum source_type {
    SOURCE_SERVER = 1,
    SOURCE_PEER = 2,
    SOURCE_POOL = 3
}; /* the control protocol's numbers */

enum auth_select_mode {
    AUTH_SELECT_MIX,
    AUTH_SELECT_IGNORE,
    AUTH_SELECT_PREFER,
    AUTH_SELECT_REQUIRE
};
enum hw_receive_filter {
    HW_FILTER_DEFAULT,
    HW_FILTER_NONE,
    HW_FILTER_NTP,
    HW_FILTER_PTP,
    HW_FILTER_ALL
};
enum leap_second_mode { LEAP_MODE_SYSTEM, LEAP_MODE_SLEW, LEAP_MODE_STEP, LEAP_MODE_IGNORE };

#define EXTENSION_EXPERIMENTAL_F323  0x1
#define EXTENSION_NETWORK_CORRECTION 0x2 /* 010A, also written F324 */

#define PRESEND_OFF 100

/* One server, pool or peer line. */
struct source_config {
    enum source_type type;
    char name[CONFIG_MAX_NAME]; /* host name or address as written */
    int family;                 /* enum address_family to resolve to; ADDRESS_NONE = any */
    int port;
    int minpoll, maxpoll; /* log2 s */
    int presend;          /* log2 s, PRESEND_OFF = off */
    int min_stratum;
    int poll_target;
    int version;                  /* 0 = automatic */
    int max_sources;              /* pools */
    int min_samples, max_samples; /* -1 = the directive's */
    int max_unreach;
    int filter;   /* samples, 0 = off */
    uint32_t key; /* 0 = none */
    uint32_t certset;
    int nts_port;
    int max_nts_retry; /* log2 s */
    double max_delay, max_delay_ratio, max_delay_dev_ratio, max_delay_quant;
    double min_delay, asymmetry, offset;
    unsigned select_options; /* SELECT_OPTION_* of track/select.h */
    unsigned extensions;     /* EXTENSION_* */
    bool online, auto_offline, iburst, burst, xleave, nts, copy;
};

/* One allow/deny line. An empty subnet (family NONE) is everything. */
struct access_rule {
    bool allow;
    bool all; /* prunes the more specific rules below it */
    struct address subnet;
    int bits;
};

struct rate_limit {
    bool enabled;
    int interval, burst, leak, kod;
};

struct local_config {
    bool enabled, orphan;
    int stratum;
    double distance, activate;         /* s of root distance */
    double wait_synced, wait_unsynced; /* s */
};

struct broadcast_config {
    int interval; /* s */
    struct endpoint destination;
};

enum log_file {
    LOG_FILE_MEASUREMENTS,
    LOG_FILE_RAW_MEASUREMENTS, /* into the same file, every response */
    LOG_FILE_STATISTICS,
    LOG_FILE_TRACKING,
    LOG_FILE_SELECTION,
    LOG_FILE_RTC,
    LOG_FILE_REFCLOCKS,
    LOG_FILE_TEMPCOMP,
    LOG_FILE_COUNT
};

/* A refclock line; kept as text until its drivers exist. */
struct refclock_config {
    char driver[16];
    char parameter[CONFIG_MAX_NAME];
    char reference_id[5]; /* "" = of driver and index */
    char lock_reference_id[5];
    int poll, driver_poll, filter, rate, min_samples, max_samples, max_unreach, max_lock_age,
        stratum;
    double offset, delay, precision, max_dispersion, pulse_width;
    unsigned select_options;
    bool pps, tai, local, optional;
};

/* A string that is NULL was not configured: the program's default holds. Lists of strings end with
 * a NULL. */
struct config {
    char *sourcedirs[CONFIG_MAX_DIRECTORIES + 1]; /* a line each, directories as words; NULL ends */

    /* sockets */
    int acquisition_port; /* -1 = a new port a request */
    int port, command_port, nts_port, ptp_port, ptp_domain;
    struct address bind_address4, bind_address6;
    struct address bind_acquisition_address4, bind_acquisition_address6;
    struct address bind_command_address4, bind_command_address6;
    char *bind_command_path; /* NULL = default, "" or "/" = off */
    char *bind_device, *bind_acquisition_device, *bind_command_device;
    int dscp;

    /* selection */
    enum auth_select_mode auth_select_mode;
    double combine_limit, max_distance, max_jitter, reselect_distance, stratum_weight;
    int min_sources, min_stratum, max_stratum, min_samples, max_samples;
    int refresh; /* s */

    /* clock */
    double corr_time_ratio, max_change_offset, max_clock_error, max_drift, max_slew_rate,
        max_update_skew;
    int max_change_start, max_change_ignore;
    double make_step_threshold;
    int make_step_limit; /* 0 = off, < 0 = always */
    int fallback_drift_min, fallback_drift_max;
    double clock_precision; /* s, 0 = measure */
    char *drift_file;
    int drift_file_interval; /* s */
    enum leap_second_mode leap_second_mode;
    char *leap_seconds_list, *leap_seconds_timezone;
    double log_change; /* s */
    char *mail_on_change_address;
    double mail_on_change_threshold;
    double smooth_max_frequency, smooth_max_wander; /* ppm, ppm/s; 0 = off */
    bool smooth_leap_only;
    char *temp_comp_file, *temp_comp_points_file;
    double temp_comp_interval, temp_comp_t0, temp_comp_k0, temp_comp_k1, temp_comp_k2;
    double
        init_step_slew_threshold; /* s, < 0 = off; the names below are as written, not resolved */
    char init_step_slew_names[CONFIG_MAX_POOL][CONFIG_MAX_NAME];
    int init_step_slew_count;
    struct local_config local;
    bool manual, rtc_sync, rtc_on_utc;
    char *rtc_device, *rtc_file, *hwclock_file;
    double rtc_auto_trim;

    /* serving and clients */
    struct rate_limit ntp_rate_limit, command_rate_limit, nts_rate_limit;
    uint64_t client_log_limit; /* bytes */
    bool no_client_log;
    unsigned open_commands; /* bits of enum open_command */
    char *ntp_signd_socket;

    /* files, logs, process */
    char *log_dir, *dump_dir, *key_file, *pid_file, *user;
    unsigned log_files; /* 1 << enum log_file */
    int log_banner;
    bool lock_all;
    int sched_priority;
    int workers; /* our own directive: threads that serve, 0 = the main loop */

    /* parsed, and for a later issue */
    struct hw_timestamp_config {
        char interface[16];   /* or "*" */
        int minpoll, maxpoll; /* log2 s */
        int min_samples, max_samples;
        double precision, tx_compensation, rx_compensation; /* s */
        enum hw_receive_filter receive_filter;
        bool no_cross_timestamp;
    } hw_timestamps[CONFIG_MAX_INTERFACES]; /* the first line of an interface counts */
    int hw_timestamp_count;
    double hw_timestamp_timeout;
    int max_tx_buffers, max_nts_connections, no_cert_time_check, nts_processes, nts_refresh,
        nts_rotate;
    bool no_system_cert;
    char *nts_dump_dir, *nts_ntp_server;
    int nts_aeads[CONFIG_MAX_AEADS],
        nts_aead_count; /* in order of preference; unknown numbers are not kept */
    char *nts_server_certs[CONFIG_MAX_CERTIFICATES + 1];
    char *nts_server_keys[CONFIG_MAX_CERTIFICATES + 1];
    struct trusted_certs {
        uint32_t set; /* 0 = the system's too */
        char *path;
    } nts_trusted_certs[CONFIG_MAX_CERTIFICATES];
    int nts_trusted_cert_count;

    /* what repeats */
    struct source_config sources[CONFIG_MAX_SOURCES];
    int source_count;
    struct access_rule ntp_rules[CONFIG_MAX_RULES], command_rules[CONFIG_MAX_RULES];
    int ntp_rule_count, command_rule_count;
    struct broadcast_config broadcasts[CONFIG_MAX_BROADCASTS];
    int broadcast_count;
    struct refclock_config refclocks[CONFIG_MAX_REFCLOCKS];
    int refclock_count;
};

/* `opencommands` names, in bit order. */
enum open_command {
    OPEN_ACTIVITY,
    OPEN_AUTHDATA,
    OPEN_CLIENTS,
    OPEN_MANUAL,
    OPEN_NTPDATA,
    OPEN_RTCDATA,
    OPEN_SELECTDATA,
    OPEN_SERVERSTATS,
    OPEN_SMOOTHING,
    OPEN_SOURCENAME,
    OPEN_SOURCES,
    OPEN_SOURCESTATS,
    OPEN_TRACKING,
};

#define OPEN_COMMANDS_DEFAULT                                                                      \
    (1u << OPEN_ACTIVITY | 1u << OPEN_MANUAL | 1u << OPEN_RTCDATA | 1u << OPEN_SMOOTHING |         \
     1u << OPEN_SOURCENAME | 1u << OPEN_SOURCES | 1u << OPEN_SOURCESTATS | 1u << OPEN_TRACKING)

#endif
