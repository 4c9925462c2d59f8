/* The reports, one row per value, in the order and with the columns that chronyc has. Each list is
 * read twice: for the numbers of its rows, and for their formats, one behind the other in a string.
 */
#include <stddef.h>

#include "applets/chronyc/report.h"

#define ROW(member, kind, detail, format)    {offsetof(struct S, member), REPORT_##kind, detail},
#define FORMAT(member, kind, detail, format) format "\0"
#define REPORT(name, label_width, LIST)                                                            \
    static const struct report_row name##_rows[] = {LIST(ROW)};                                    \
    const struct report report_##name = {                                                          \
        name##_rows, LIST(FORMAT), sizeof(name##_rows) / sizeof(name##_rows[0]), label_width}

#define S control_tracking
#define TRACKING(R)                                                                                \
    R(ref_id, INTEGER, 0, "Reference ID%08jX")                                                     \
    R(ip_addr, NAME, 0, " (%-*s)\n")                                                               \
    R(stratum, INTEGER, 0, "Stratum%ju\n")                                                         \
    R(ref_time, DATE, 0, "Ref time (UTC)%s\n")                                                     \
    R(current_correction, SLOW, 0, "System time%s of NTP time\n")                                  \
    R(last_offset, FLOAT, 0, "Last offset%+.9f seconds\n")                                         \
    R(rms_offset, FLOAT, 0, "RMS offset%.9f seconds\n")                                            \
    R(freq_ppm, FAST, 0, "Frequency%s\n")                                                          \
    R(resid_freq_ppm, FLOAT, 0, "Residual freq%+.3f ppm\n")                                        \
    R(skew_ppm, FLOAT, 0, "Skew%.3f ppm\n")                                                        \
    R(root_delay, FLOAT, 0, "Root delay%.9f seconds\n")                                            \
    R(root_dispersion, FLOAT, 0, "Root dispersion%.9f seconds\n")                                  \
    R(last_update_interval, FLOAT, 0, "Update interval%.1f seconds\n")                             \
    R(leap_status, WORD, WORDS_LEAP, "Leap status%s\n")
REPORT(tracking, 16, TRACKING);

#define TOP_TRACKING(R)                                                                            \
    R(ref_id, INTEGER, 0, "Reference %08jX")                                                       \
    R(ip_addr, NAME, 0, " (%-*s)")                                                                 \
    R(stratum, INTEGER, 0, "  stratum %ju")                                                        \
    R(leap_status, WORD, WORDS_LEAP, "  %s\n")                                                     \
    R(current_correction, SLOW, 0, "Clock %s of NTP time\n")                                       \
    R(last_offset, FLOAT, 0, "Last offset %+.9f")                                                  \
    R(rms_offset, FLOAT, 0, "  RMS %.9f seconds\n")                                                \
    R(freq_ppm, FAST, 0, "Frequency %s")                                                           \
    R(skew_ppm, FLOAT, 0, "  skew %.3f ppm\n")                                                     \
    R(root_delay, FLOAT, 0, "Root delay %.9f")                                                     \
    R(root_dispersion, FLOAT, 0, "  dispersion %.9f seconds\n\n")
REPORT(top_tracking, 0, TOP_TRACKING);
#undef S

#define S control_source_data
#define SOURCES(R)                                                                                 \
    R(mode, WORD, WORDS_SOURCE_MODE, "%s")                                                         \
    R(state, WORD, WORDS_SOURCE_STATE, "%s ")                                                      \
    R(ip_addr, NAME, 27, "%-*s")                                                                   \
    R(stratum, INTEGER, 0, "  %2ju")                                                               \
    R(poll, INTEGER, 0, "  %2jd")                                                                  \
    R(reachability, INTEGER, 0, "   %3jo")                                                         \
    R(since_sample, INTERVAL, 0, "  %s")                                                           \
    R(latest_meas, OFFSET, 1, "  %s")                                                              \
    R(orig_latest_meas, OFFSET, 1, "[%s]")                                                         \
    R(latest_meas_err, OFFSET, 0, " +/- %s\n")
REPORT(sources, 0, SOURCES);

#define TOP(R)                                                                                     \
    R(mode, WORD, WORDS_SOURCE_MODE, "%s")                                                         \
    R(state, WORD, WORDS_SOURCE_STATE, "%s ")                                                      \
    R(ip_addr, NAME, 27, "%-*s")                                                                   \
    R(reachability, INTEGER, 0, " %3jo")                                                           \
    R(since_sample, INTERVAL, 0, "  %s")                                                           \
    R(latest_meas, OFFSET, 1, "  %s")
REPORT(top, 0, TOP);
#undef S

#define S control_sourcestats
#define SOURCESTATS(R)                                                                             \
    R(ip_addr, NAME, 25, "%-*s")                                                                   \
    R(n_samples, INTEGER, 0, " %3ju")                                                              \
    R(n_runs, INTEGER, 0, " %3ju")                                                                 \
    R(span_seconds, INTERVAL, 0, "  %s")                                                           \
    R(resid_freq_ppm, FREQUENCY, 1, " %s")                                                         \
    R(skew_ppm, FREQUENCY, 0, " %s")                                                               \
    R(est_offset, OFFSET, 1, "  %s")                                                               \
    R(sd, OFFSET, 0, "  %s\n")
REPORT(sourcestats, 0, SOURCESTATS);
#undef S

#define S control_select_data
#define SELECTDATA(R)                                                                              \
    R(state_char, CHAR, 0, "%s ")                                                                  \
    R(ip_addr, NAME, 25, "%-*s")                                                                   \
    R(authentication, WORD, WORDS_AUTH, " %s")                                                     \
    R(conf_options, OPTIONS, 0, " %s")                                                             \
    R(eff_options, OPTIONS, 0, " %s")                                                              \
    R(last_sample_ago, INTERVAL, 0, " %s")                                                         \
    R(score, FLOAT, 0, " %5.1f")                                                                   \
    R(lo_limit, OFFSET, 1, " %s")                                                                  \
    R(hi_limit, OFFSET, 1, " %s")                                                                  \
    R(leap, WORD, REPORT_TWO_WORDS(WORDS_LEAP_LETTER, WORDS_LEAP), "  %s\n")
REPORT(selectdata, 0, SELECTDATA);
#undef S

#define S control_auth_data
#define AUTHDATA(R)                                                                                \
    R(mode, NAME, 27, "%-*s")                                                                      \
    R(mode, WORD, WORDS_AUTH_MODE, " %4s")                                                         \
    R(key_id, INTEGER, 0, " %5ju")                                                                 \
    R(key_type, INTEGER, 0, " %4ju")                                                               \
    R(key_length, INTEGER, 0, " %4ju")                                                             \
    R(last_ke_ago, INTERVAL, 0, " %s")                                                             \
    R(ke_attempts, INTEGER, 0, " %4ju")                                                            \
    R(nak, INTEGER, 0, " %4ju")                                                                    \
    R(cookies, INTEGER, 0, " %4ju")                                                                \
    R(cookie_length, INTEGER, 0, " %4ju\n")
REPORT(authdata, 0, AUTHDATA);
#undef S

/* Flags: tests 1 to 3, 5 to 7, A to D. */
#define TESTS(lowest, count) ((lowest) << 4 | (count))

#define S control_ntp_data
#define NTPDATA(R)                                                                                 \
    R(remote_addr, ADDRESS, 0, "Remote address%s")                                                 \
    R(remote_addr, ADDRESS_ID, 0, " (%08jX)\n")                                                    \
    R(remote_port, INTEGER, 0, "Remote port%ju\n")                                                 \
    R(local_addr, ADDRESS, 0, "Local address%s")                                                   \
    R(local_addr, ADDRESS_ID, 0, " (%08jX)\n")                                                     \
    R(leap, WORD, WORDS_LEAP, "Leap status%s\n")                                                   \
    R(version, INTEGER, 0, "Version%ju\n")                                                         \
    R(mode, WORD, WORDS_NTP_MODE, "Mode%s\n")                                                      \
    R(stratum, INTEGER, 0, "Stratum%ju\n")                                                         \
    R(poll, INTEGER, 0, "Poll interval%jd")                                                        \
    R(poll, POWER, 0, " (%.0f seconds)\n")                                                         \
    R(precision, INTEGER, 0, "Precision%jd")                                                       \
    R(precision, POWER, 0, " (%.9f seconds)\n")                                                    \
    R(root_delay, FLOAT, 0, "Root delay%.6f seconds\n")                                            \
    R(root_dispersion, FLOAT, 0, "Root dispersion%.6f seconds\n")                                  \
    R(ref_id, INTEGER, 0, "Reference ID%08jX")                                                     \
    R(ref_id, NTP_REFERENCE, 0, " (%s)\n")                                                         \
    R(ref_time, DATE, 0, "Reference time%s\n")                                                     \
    R(offset, FLOAT, 0, "Offset%+.9f seconds\n")                                                   \
    R(peer_delay, FLOAT, 0, "Peer delay%.9f seconds\n")                                            \
    R(peer_dispersion, FLOAT, 0, "Peer dispersion%.9f seconds\n")                                  \
    R(response_time, FLOAT, 0, "Response time%.9f seconds\n")                                      \
    R(jitter_asymmetry, FLOAT, 0, "Jitter asymmetry%+.2f\n")                                       \
    R(flags, BITS, TESTS(7, 3), "NTP tests%s")                                                     \
    R(flags, BITS, TESTS(4, 3), " %s")                                                             \
    R(flags, BITS, TESTS(0, 4), " %s\n")                                                           \
    R(flags, FLAG, CONTROL_NTP_INTERLEAVED, "Interleaved%s\n")                                     \
    R(flags, FLAG, CONTROL_NTP_AUTHENTICATED, "Authenticated%s\n")                                 \
    R(tx_tss_char, TIMESTAMPING, 0, "TX timestamping%s\n")                                         \
    R(rx_tss_char, TIMESTAMPING, 0, "RX timestamping%s\n")                                         \
    R(total_tx_count, INTEGER, 0, "Total TX%ju\n")                                                 \
    R(total_rx_count, INTEGER, 0, "Total RX%ju\n")                                                 \
    R(total_valid_count, INTEGER, 0, "Total valid RX%ju\n")                                        \
    R(total_good_count, INTEGER, 0, "Total good RX%ju\n")                                          \
    R(total_kernel_tx_ts, INTEGER, 0, "Total kernel TX%ju\n")                                      \
    R(total_kernel_rx_ts, INTEGER, 0, "Total kernel RX%ju\n")                                      \
    R(total_hw_tx_ts, INTEGER, 0, "Total HW TX%ju\n")                                              \
    R(total_hw_rx_ts, INTEGER, 0, "Total HW RX%ju\n")
REPORT(ntpdata, 16, NTPDATA);
#undef S

#define S control_activity
#define ACTIVITY(R)                                                                                \
    R(online, INTEGER, 0, "%ju sources online\n")                                                  \
    R(offline, INTEGER, 0, "%ju sources offline\n")                                                \
    R(burst_online, INTEGER, 0, "%ju sources doing burst (return to online)\n")                    \
    R(burst_offline, INTEGER, 0, "%ju sources doing burst (return to offline)\n")                  \
    R(unresolved, INTEGER, 0, "%ju sources with unknown address\n")
REPORT(activity, 0, ACTIVITY);
#undef S

#define S control_server_stats
#define SERVERSTATS(R)                                                                             \
    R(ntp_hits, INTEGER, 0, "NTP packets received%ju\n")                                           \
    R(ntp_drops, INTEGER, 0, "NTP packets dropped%ju\n")                                           \
    R(cmd_hits, INTEGER, 0, "Command packets received%ju\n")                                       \
    R(cmd_drops, INTEGER, 0, "Command packets dropped%ju\n")                                       \
    R(log_drops, INTEGER, 0, "Client log records dropped%ju\n")                                    \
    R(nke_hits, INTEGER, 0, "NTS-KE connections accepted%ju\n")                                    \
    R(nke_drops, INTEGER, 0, "NTS-KE connections dropped%ju\n")                                    \
    R(ntp_auth_hits, INTEGER, 0, "Authenticated NTP packets%ju\n")                                 \
    R(ntp_interleaved_hits, INTEGER, 0, "Interleaved NTP packets%ju\n")                            \
    R(ntp_timestamps, INTEGER, 0, "NTP timestamps held%ju\n")                                      \
    R(ntp_span_seconds, INTEGER, 0, "NTP timestamp span%ju\n")                                     \
    R(ntp_daemon_rx_timestamps, INTEGER, 0, "NTP daemon RX timestamps%ju\n")                       \
    R(ntp_daemon_tx_timestamps, INTEGER, 0, "NTP daemon TX timestamps%ju\n")                       \
    R(ntp_kernel_rx_timestamps, INTEGER, 0, "NTP kernel RX timestamps%ju\n")                       \
    R(ntp_kernel_tx_timestamps, INTEGER, 0, "NTP kernel TX timestamps%ju\n")                       \
    R(ntp_hw_rx_timestamps, INTEGER, 0, "NTP hardware RX timestamps%ju\n")                         \
    R(ntp_hw_tx_timestamps, INTEGER, 0, "NTP hardware TX timestamps%ju\n")
REPORT(serverstats, 27, SERVERSTATS);
#undef S

#define S control_client_access
#define CLIENTS(R)                                                                                 \
    R(ip, NAME, 25, "%-*s")                                                                        \
    R(ntp_hits, INTEGER, 0, "  %6ju")                                                              \
    R(ntp_drops, INTEGER, 0, "  %5ju")                                                             \
    R(ntp_interval, LOG2, 0, "  %s")                                                               \
    R(ntp_timeout_interval, LOG2, 0, "  %s")                                                       \
    R(last_ntp_hit_ago, INTERVAL, 0, "  %s")                                                       \
    R(cmd_hits, INTEGER, 0, "  %6ju")                                                              \
    R(cmd_drops, INTEGER, 0, "  %5ju")                                                             \
    R(cmd_interval, LOG2, 0, "  %s")                                                               \
    R(last_cmd_hit_ago, INTERVAL, 0, "  %s\n")
REPORT(clients, 0, CLIENTS);
#undef S

#define S control_smoothing
#define SMOOTHING(R)                                                                               \
    R(flags, FLAG, CONTROL_SMOOTHING_ACTIVE, "Active%s")                                           \
    R(flags, WORD, WORDS_LEAP_ONLY, " %s\n")                                                       \
    R(offset, FLOAT, 0, "Offset%+.9f seconds\n")                                                   \
    R(freq_ppm, FLOAT, 0, "Frequency%+.6f ppm\n")                                                  \
    R(wander_ppm, FLOAT, 0, "Wander%+.6f ppm per second\n")                                        \
    R(last_update_ago, FLOAT, 0, "Last update%.1f seconds ago\n")                                  \
    R(remaining_time, FLOAT, 0, "Remaining time%.1f seconds\n")
REPORT(smoothing, 15, SMOOTHING);
#undef S

#define S control_rtc
#define RTCDATA(R)                                                                                 \
    R(ref_time, DATE, 0, "RTC ref time (UTC)%s\n")                                                 \
    R(n_samples, INTEGER, 0, "Number of samples%ju\n")                                             \
    R(n_runs, INTEGER, 0, "Number of runs%ju\n")                                                   \
    R(span_seconds, INTERVAL, 0, "Sample span period%s\n")                                         \
    R(rtc_seconds_fast, FLOAT, 0, "RTC is fast by%12.6f seconds\n")                                \
    R(rtc_gain_rate_ppm, FLOAT, 0, "RTC gains time at%9.3f ppm\n")
REPORT(rtcdata, 19, RTCDATA);
#undef S

#define S control_history_sample
#define HISTORY(R)                                                                                 \
    R(when, DATE, 0, "%s")                                                                         \
    R(offset, OFFSET, 0, "%s")                                                                     \
    R(peer_delay, OFFSET, 0, "%s")                                                                 \
    R(error, OFFSET, 0, "%s")
REPORT(history, 0, HISTORY);
#undef S

#define S control_manual_list_sample
#define MANUAL(R)                                                                                  \
    R(when, SHORT_DATE, 0, "%s")                                                                   \
    R(slewed_offset, FLOAT, 0, " %10.2f")                                                          \
    R(orig_offset, FLOAT, 0, " %10.2f")                                                            \
    R(residual, FLOAT, 0, " %10.2f\n")
REPORT(manual, 0, MANUAL);
#undef S
