/* The reports, one row per value, in the order and with the columns that chronyc has. */
#include <stddef.h>

#include "applets/chronyc/report.h"

#define REPORT(name)                                                                               \
    const struct report report_##name = {name##_rows, sizeof(name##_rows) / sizeof(name##_rows[0])}

#define ROW(member, kind, detail, format)                                                          \
    { format, offsetof(struct S, member), detail, REPORT_##kind }

#define S control_tracking
static const struct report_row tracking_rows[] = {
    ROW(ref_id, HEX, 0, "Reference ID    : %08jX"),
    ROW(ip_addr, NAME, 0, " (%-*s)\n"),
    ROW(stratum, UINT, 0, "Stratum         : %ju\n"),
    ROW(ref_time, DATE, 0, "Ref time (UTC)  : %s\n"),
    ROW(current_correction, SLOW, 0, "System time     : %s of NTP time\n"),
    ROW(last_offset, FLOAT, 0, "Last offset     : %+.9f seconds\n"),
    ROW(rms_offset, FLOAT, 0, "RMS offset      : %.9f seconds\n"),
    ROW(freq_ppm, FAST, 0, "Frequency       : %s\n"),
    ROW(resid_freq_ppm, FLOAT, 0, "Residual freq   : %+.3f ppm\n"),
    ROW(skew_ppm, FLOAT, 0, "Skew            : %.3f ppm\n"),
    ROW(root_delay, FLOAT, 0, "Root delay      : %.9f seconds\n"),
    ROW(root_dispersion, FLOAT, 0, "Root dispersion : %.9f seconds\n"),
    ROW(last_update_interval, FLOAT, 0, "Update interval : %.1f seconds\n"),
    ROW(leap_status, WORD, WORDS_LEAP, "Leap status     : %s\n"),
};
REPORT(tracking);
#undef S

#define S control_source_data
static const struct report_row sources_rows[] = {
    ROW(mode, WORD, WORDS_SOURCE_MODE, "%s"),
    ROW(state, WORD, WORDS_SOURCE_STATE, "%s "),
    ROW(ip_addr, NAME, 27, "%-*s"),
    ROW(stratum, UINT, 0, "  %2ju"),
    ROW(poll, INT, 0, "  %2jd"),
    ROW(reachability, OCTAL, 0, "   %3jo"),
    ROW(since_sample, INTERVAL, 0, "  %s"),
    ROW(latest_meas, SIGNED_OFFSET, 0, "  %s"),
    ROW(orig_latest_meas, SIGNED_OFFSET, 0, "[%s]"),
    ROW(latest_meas_err, OFFSET, 0, " +/- %s\n"),
};
REPORT(sources);
#undef S

#define S control_sourcestats
static const struct report_row sourcestats_rows[] = {
    ROW(ip_addr, NAME, 25, "%-*s"),
    ROW(n_samples, UINT, 0, " %3ju"),
    ROW(n_runs, UINT, 0, " %3ju"),
    ROW(span_seconds, INTERVAL, 0, "  %s"),
    ROW(resid_freq_ppm, SIGNED_FREQUENCY, 0, " %s"),
    ROW(skew_ppm, FREQUENCY, 0, " %s"),
    ROW(est_offset, SIGNED_OFFSET, 0, "  %s"),
    ROW(sd, OFFSET, 0, "  %s\n"),
};
REPORT(sourcestats);
#undef S

#define S control_select_data
static const struct report_row selectdata_rows[] = {
    ROW(state_char, CHAR, 0, "%c "),
    ROW(ip_addr, NAME, 25, "%-*s"),
    ROW(authentication, WORD, WORDS_AUTH, " %s"),
    ROW(conf_options, OPTIONS, 0, " %s"),
    ROW(eff_options, OPTIONS, 0, " %s"),
    ROW(last_sample_ago, INTERVAL, 0, " %s"),
    ROW(score, FLOAT, 0, " %5.1f"),
    ROW(lo_limit, SIGNED_OFFSET, 0, " %s"),
    ROW(hi_limit, SIGNED_OFFSET, 0, " %s"),
    ROW(leap, WORD, REPORT_TWO_WORDS(WORDS_LEAP_LETTER, WORDS_LEAP), "  %s\n"),
};
REPORT(selectdata);
#undef S

#define S control_auth_data
static const struct report_row authdata_rows[] = {
    ROW(mode, NAME, 27, "%-*s"),        ROW(mode, WORD, WORDS_AUTH_MODE, " %4s"),
    ROW(key_id, UINT, 0, " %5ju"),      ROW(key_type, UINT, 0, " %4ju"),
    ROW(key_length, UINT, 0, " %4ju"),  ROW(last_ke_ago, INTERVAL, 0, " %s"),
    ROW(ke_attempts, UINT, 0, " %4ju"), ROW(nak, UINT, 0, " %4ju"),
    ROW(cookies, UINT, 0, " %4ju"),     ROW(cookie_length, UINT, 0, " %4ju\n"),
};
REPORT(authdata);
#undef S

/* Flags: tests 1 to 3, 5 to 7, A to D. */
#define TESTS(lowest, count) ((lowest) << 4 | (count))

#define S control_ntp_data
static const struct report_row ntpdata_rows[] = {
    ROW(remote_addr, ADDRESS, 0, "Remote address  : %s"),
    ROW(remote_addr, ADDRESS_ID, 0, " (%08jX)\n"),
    ROW(remote_port, UINT, 0, "Remote port     : %ju\n"),
    ROW(local_addr, ADDRESS, 0, "Local address   : %s"),
    ROW(local_addr, ADDRESS_ID, 0, " (%08jX)\n"),
    ROW(leap, WORD, WORDS_LEAP, "Leap status     : %s\n"),
    ROW(version, UINT, 0, "Version         : %ju\n"),
    ROW(mode, WORD, WORDS_NTP_MODE, "Mode            : %s\n"),
    ROW(stratum, UINT, 0, "Stratum         : %ju\n"),
    ROW(poll, INT, 0, "Poll interval   : %jd"),
    ROW(poll, POWER, 0, " (%.0f seconds)\n"),
    ROW(precision, INT, 0, "Precision       : %jd"),
    ROW(precision, POWER, 0, " (%.9f seconds)\n"),
    ROW(root_delay, FLOAT, 0, "Root delay      : %.6f seconds\n"),
    ROW(root_dispersion, FLOAT, 0, "Root dispersion : %.6f seconds\n"),
    ROW(ref_id, HEX, 0, "Reference ID    : %08jX"),
    ROW(ref_id, NTP_REFERENCE, 0, " (%s)\n"),
    ROW(ref_time, DATE, 0, "Reference time  : %s\n"),
    ROW(offset, FLOAT, 0, "Offset          : %+.9f seconds\n"),
    ROW(peer_delay, FLOAT, 0, "Peer delay      : %.9f seconds\n"),
    ROW(peer_dispersion, FLOAT, 0, "Peer dispersion : %.9f seconds\n"),
    ROW(response_time, FLOAT, 0, "Response time   : %.9f seconds\n"),
    ROW(jitter_asymmetry, FLOAT, 0, "Jitter asymmetry: %+.2f\n"),
    ROW(flags, BITS, TESTS(7, 3), "NTP tests       : %s"),
    ROW(flags, BITS, TESTS(4, 3), " %s"),
    ROW(flags, BITS, TESTS(0, 4), " %s\n"),
    ROW(flags, FLAG, CONTROL_NTP_INTERLEAVED, "Interleaved     : %s\n"),
    ROW(flags, FLAG, CONTROL_NTP_AUTHENTICATED, "Authenticated   : %s\n"),
    ROW(tx_tss_char, TIMESTAMPING, 0, "TX timestamping : %s\n"),
    ROW(rx_tss_char, TIMESTAMPING, 0, "RX timestamping : %s\n"),
    ROW(total_tx_count, UINT, 0, "Total TX        : %ju\n"),
    ROW(total_rx_count, UINT, 0, "Total RX        : %ju\n"),
    ROW(total_valid_count, UINT, 0, "Total valid RX  : %ju\n"),
    ROW(total_good_count, UINT, 0, "Total good RX   : %ju\n"),
    ROW(total_kernel_tx_ts, UINT, 0, "Total kernel TX : %ju\n"),
    ROW(total_kernel_rx_ts, UINT, 0, "Total kernel RX : %ju\n"),
    ROW(total_hw_tx_ts, UINT, 0, "Total HW TX     : %ju\n"),
    ROW(total_hw_rx_ts, UINT, 0, "Total HW RX     : %ju\n"),
};
REPORT(ntpdata);
#undef S

#define S control_activity
static const struct report_row activity_rows[] = {
    ROW(online, UINT, 0, "%ju sources online\n"),
    ROW(offline, UINT, 0, "%ju sources offline\n"),
    ROW(burst_online, UINT, 0, "%ju sources doing burst (return to online)\n"),
    ROW(burst_offline, UINT, 0, "%ju sources doing burst (return to offline)\n"),
    ROW(unresolved, UINT, 0, "%ju sources with unknown address\n"),
};
REPORT(activity);
#undef S

#define S control_server_stats
static const struct report_row serverstats_rows[] = {
    ROW(ntp_hits, UINT, 0, "NTP packets received       : %ju\n"),
    ROW(ntp_drops, UINT, 0, "NTP packets dropped        : %ju\n"),
    ROW(cmd_hits, UINT, 0, "Command packets received   : %ju\n"),
    ROW(cmd_drops, UINT, 0, "Command packets dropped    : %ju\n"),
    ROW(log_drops, UINT, 0, "Client log records dropped : %ju\n"),
    ROW(nke_hits, UINT, 0, "NTS-KE connections accepted: %ju\n"),
    ROW(nke_drops, UINT, 0, "NTS-KE connections dropped : %ju\n"),
    ROW(ntp_auth_hits, UINT, 0, "Authenticated NTP packets  : %ju\n"),
    ROW(ntp_interleaved_hits, UINT, 0, "Interleaved NTP packets    : %ju\n"),
    ROW(ntp_timestamps, UINT, 0, "NTP timestamps held        : %ju\n"),
    ROW(ntp_span_seconds, UINT, 0, "NTP timestamp span         : %ju\n"),
    ROW(ntp_daemon_rx_timestamps, UINT, 0, "NTP daemon RX timestamps   : %ju\n"),
    ROW(ntp_daemon_tx_timestamps, UINT, 0, "NTP daemon TX timestamps   : %ju\n"),
    ROW(ntp_kernel_rx_timestamps, UINT, 0, "NTP kernel RX timestamps   : %ju\n"),
    ROW(ntp_kernel_tx_timestamps, UINT, 0, "NTP kernel TX timestamps   : %ju\n"),
    ROW(ntp_hw_rx_timestamps, UINT, 0, "NTP hardware RX timestamps : %ju\n"),
    ROW(ntp_hw_tx_timestamps, UINT, 0, "NTP hardware TX timestamps : %ju\n"),
};
REPORT(serverstats);
#undef S

#define S control_client_access
#define CLIENT_ROWS(kind)                                                                          \
    ROW(ip, NAME, 25, "%-*s"), ROW(ntp_hits, UINT, 0, "  %6ju"),                                   \
        ROW(ntp_drops, UINT, 0, "  %5ju"), ROW(ntp_interval, LOG2, 0, "  %s"),                     \
        ROW(ntp_timeout_interval, LOG2, 0, "  %s"), ROW(last_ntp_hit_ago, INTERVAL, 0, "  %s"),    \
        ROW(kind##_hits, UINT, 0, "  %6ju"), ROW(kind##_drops, UINT, 0, "  %5ju"),                 \
        ROW(kind##_interval, LOG2, 0, "  %s"), ROW(last_##kind##_hit_ago, INTERVAL, 0, "  %s\n")
static const struct report_row clients_rows[] = {CLIENT_ROWS(cmd)};
static const struct report_row nke_clients_rows[] = {CLIENT_ROWS(nke)};
REPORT(clients);
REPORT(nke_clients);
#undef S

#define S control_smoothing
static const struct report_row smoothing_rows[] = {
    ROW(flags, FLAG, CONTROL_SMOOTHING_ACTIVE, "Active         : %s"),
    ROW(flags, WORD, WORDS_LEAP_ONLY, " %s\n"),
    ROW(offset, FLOAT, 0, "Offset         : %+.9f seconds\n"),
    ROW(freq_ppm, FLOAT, 0, "Frequency      : %+.6f ppm\n"),
    ROW(wander_ppm, FLOAT, 0, "Wander         : %+.6f ppm per second\n"),
    ROW(last_update_ago, FLOAT, 0, "Last update    : %.1f seconds ago\n"),
    ROW(remaining_time, FLOAT, 0, "Remaining time : %.1f seconds\n"),
};
REPORT(smoothing);
#undef S

#define S control_rtc
static const struct report_row rtcdata_rows[] = {
    ROW(ref_time, DATE, 0, "RTC ref time (UTC) : %s\n"),
    ROW(n_samples, UINT, 0, "Number of samples  : %ju\n"),
    ROW(n_runs, UINT, 0, "Number of runs     : %ju\n"),
    ROW(span_seconds, INTERVAL, 0, "Sample span period : %s\n"),
    ROW(rtc_seconds_fast, FLOAT, 0, "RTC is fast by     : %12.6f seconds\n"),
    ROW(rtc_gain_rate_ppm, FLOAT, 0, "RTC gains time at  : %9.3f ppm\n"),
};
REPORT(rtcdata);
#undef S

#define S control_manual_list_sample
static const struct report_row manual_rows[] = {
    ROW(when, SHORT_DATE, 0, "%s"),
    ROW(slewed_offset, FLOAT, 0, " %10.2f"),
    ROW(orig_offset, FLOAT, 0, " %10.2f"),
    ROW(residual, FLOAT, 0, " %10.2f\n"),
};
REPORT(manual);
#undef S
