/* The payloads of the control protocol, one row per field: F(S, member, TYPE, unit), where unit is
 * one of enum control_unit, and P(zeroes or ones, bytes) for padding. From each list come struct
 * control_NAME and control_layout_NAME. Sign conventions differ between replies and are said beside
 * the fields; frequencies are positive when the local clock gains. Included by control.h. */
#ifndef CHRONOBOX_WIRE_CONTROL_FIELDS_H
#define CHRONOBOX_WIRE_CONTROL_FIELDS_H

/* ---- requests ---- */

/* ONLINE, OFFLINE. Family 0 in address matches every NTP source. */
#define CONTROL_ADDRESS_MASK_FIELDS(F, P, S)                                                       \
    F(S, mask, ADDRESS, NONE)                                                                      \
    F(S, address, ADDRESS, NONE)

/* BURST */
#define CONTROL_BURST_FIELDS(F, P, S)                                                              \
    CONTROL_ADDRESS_MASK_FIELDS(F, P, S)                                                           \
    F(S, n_good_samples, I32, NONE)                                                                \
    F(S, n_total_samples, I32, NONE)

/* MODIFY_MINPOLL, MODIFY_MAXPOLL, MODIFY_MINSTRATUM, MODIFY_POLLTARGET */
#define CONTROL_MODIFY_INT_FIELDS(F, P, S)                                                         \
    F(S, address, ADDRESS, NONE)                                                                   \
    F(S, new_value, I32, NONE)

/* MODIFY_MAXDELAY (s), MODIFY_MAXDELAYRATIO, MODIFY_MAXDELAYDEVRATIO */
#define CONTROL_MODIFY_FLOAT_FIELDS(F, P, S)                                                       \
    F(S, address, ADDRESS, NONE)                                                                   \
    F(S, new_value, FLOAT, NONE)

/* MODIFY_MAXUPDATESKEW (ppm), DFREQ (ppm, positive: gains), DOFFSET2 (s, positive: fast),
 * RESELECTDISTANCE (s) */
#define CONTROL_FLOAT_FIELDS(F, P, S) F(S, value, FLOAT, NONE)

/* DUMP (0), MANUAL and SMOOTHTIME (option), MANUAL_DELETE (index) */
#define CONTROL_INT_FIELDS(F, P, S) F(S, value, I32, NONE)

/* SOURCE_DATA, SOURCESTATS, SELECT_DATA */
#define CONTROL_INDEX_FIELDS(F, P, S) F(S, index, U32, NONE)

/* HISTORY: of the source with this index, from this sample on */
#define CONTROL_HISTORY_REQUEST_FIELDS(F, P, S)                                                    \
    F(S, index, U32, NONE)                                                                         \
    F(S, first, U32, NONE)

/* ALLOW .. CMDDENYALL. Family 0 means all addresses, subnet_bits is 0 then. */
#define CONTROL_SUBNET_FIELDS(F, P, S)                                                             \
    F(S, ip, ADDRESS, NONE)                                                                        \
    F(S, subnet_bits, I32, NONE)

/* ACCHECK, CMDACCHECK, DEL_SOURCE, NTP_DATA, NTP_SOURCE_NAME, AUTH_DATA */
#define CONTROL_ADDRESS_FIELDS(F, P, S) F(S, ip_addr, ADDRESS, NONE)

/* SETTIME */
#define CONTROL_SETTIME_FIELDS(F, P, S) F(S, ts, TIME, SECONDS)

/* MODIFY_MAKESTEP. A negative limit is none. */
#define CONTROL_MAKESTEP_FIELDS(F, P, S)                                                           \
    F(S, limit, I32, NONE)                                                                         \
    F(S, threshold, FLOAT, SECONDS)

/* LOCAL2 (chrony until 4.5) and what LOCAL3 added behind it */
#define CONTROL_LOCAL2_FIELDS(F, P, S)                                                             \
    F(S, on_off, I32, NONE)                                                                        \
    F(S, stratum, I32, NONE)                                                                       \
    F(S, distance, FLOAT, SECONDS)                                                                 \
    F(S, orphan, I32, NONE)

#define CONTROL_LOCAL3_FIELDS(F, P, S)                                                             \
    CONTROL_LOCAL2_FIELDS(F, P, S)                                                                 \
    F(S, activate, FLOAT, SECONDS)                                                                 \
    F(S, wait_synced, FLOAT, SECONDS)                                                              \
    F(S, wait_unsynced, FLOAT, SECONDS)

/* CLIENT_ACCESSES_BY_INDEX3 */
#define CONTROL_CLIENT_ACCESSES_REQUEST_FIELDS(F, P, S)                                            \
    F(S, first_index, U32, NONE)                                                                   \
    F(S, n_clients, U32, NONE)                                                                     \
    F(S, min_hits, U32, NONE)                                                                      \
    F(S, reset, U32, NONE)

/* MODIFY_SELECTOPTS. mask has CONTROL_SELECT_* bits, options CONTROL_ADD_* bits. Family 0: ref_id
 * decides. */
#define CONTROL_SELECTOPTS_FIELDS(F, P, S)                                                         \
    F(S, address, ADDRESS, NONE)                                                                   \
    F(S, ref_id, U32, NONE)                                                                        \
    F(S, mask, U32, NONE)                                                                          \
    F(S, options, U32, NONE)

/* MODIFY_OFFSET */
#define CONTROL_MODIFY_OFFSET_FIELDS(F, P, S)                                                      \
    F(S, address, ADDRESS, NONE)                                                                   \
    F(S, ref_id, U32, NONE)                                                                        \
    F(S, new_offset, FLOAT, SECONDS)

/* ADD_SOURCE (chrony until 4.8) and ADD_SOURCE2, which begin alike */
#define CONTROL_ADD_SOURCE_START(F, P, S)                                                          \
    F(S, type, U32, NONE)                                                                          \
    F(S, name, NAME, NONE)                                                                         \
    F(S, port, U32, NONE)                                                                          \
    F(S, minpoll, I32, LOG2)                                                                       \
    F(S, maxpoll, I32, LOG2)                                                                       \
    F(S, presend_minpoll, I32, LOG2)                                                               \
    F(S, min_stratum, U32, NONE)                                                                   \
    F(S, poll_target, U32, NONE)                                                                   \
    F(S, version, U32, NONE)                                                                       \
    F(S, max_sources, U32, NONE)                                                                   \
    F(S, min_samples, I32, NONE)                                                                   \
    F(S, max_samples, I32, NONE)

/* max_unreach is 0 from clients before chrony 4.8. */
#define CONTROL_ADD_SOURCE_FIELDS(F, P, S)                                                         \
    CONTROL_ADD_SOURCE_START(F, P, S)                                                              \
    F(S, authkey, U32, NONE)                                                                       \
    F(S, nts_port, U32, NONE)                                                                      \
    F(S, max_delay, FLOAT, SECONDS)                                                                \
    F(S, max_delay_ratio, FLOAT, NONE)                                                             \
    F(S, max_delay_dev_ratio, FLOAT, NONE)                                                         \
    F(S, min_delay, FLOAT, SECONDS)                                                                \
    F(S, asymmetry, FLOAT, NONE)                                                                   \
    F(S, offset, FLOAT, SECONDS)                                                                   \
    F(S, flags, U32, NONE)                                                                         \
    F(S, filter_length, I32, NONE)                                                                 \
    F(S, cert_set, U32, NONE)                                                                      \
    F(S, max_delay_quant, FLOAT, NONE)                                                             \
    F(S, max_unreach, I32, NONE)

/* The flags are numbered anew: see control_add_flags_narrow(). */
#define CONTROL_ADD_SOURCE2_FIELDS(F, P, S)                                                        \
    CONTROL_ADD_SOURCE_START(F, P, S)                                                              \
    F(S, max_unreach, I32, NONE)                                                                   \
    F(S, filter_length, I32, NONE)                                                                 \
    F(S, authkey, U32, NONE)                                                                       \
    F(S, nts_port, U32, NONE)                                                                      \
    F(S, cert_set, U32, NONE)                                                                      \
    F(S, max_nts_retry, I32, LOG2)                                                                 \
    F(S, max_delay, FLOAT, SECONDS)                                                                \
    F(S, max_delay_ratio, FLOAT, NONE)                                                             \
    F(S, max_delay_dev_ratio, FLOAT, NONE)                                                         \
    F(S, max_delay_quant, FLOAT, NONE)                                                             \
    F(S, min_delay, FLOAT, SECONDS)                                                                \
    F(S, asymmetry, FLOAT, NONE)                                                                   \
    F(S, offset, FLOAT, SECONDS)                                                                   \
    F(S, flags, U32, NONE)                                                                         \
    P(ZEROES, 32)

/* ---- replies ---- */

#define CONTROL_N_SOURCES_FIELDS(F, P, S) F(S, n_sources, U32, NONE)

/* Offsets are positive when the local clock is fast. since_sample: 0xffffffff = no sample. */
#define CONTROL_SOURCE_DATA_FIELDS(F, P, S)                                                        \
    F(S, ip_addr, ADDRESS, NONE)                                                                   \
    F(S, poll, I16, LOG2)                                                                          \
    F(S, stratum, U16, NONE)                                                                       \
    F(S, state, U16, SOURCE_STATE)                                                                 \
    F(S, mode, U16, SOURCE_MODE)                                                                   \
    F(S, flags, U16, NONE)                                                                         \
    F(S, reachability, U16, REGISTER)                                                              \
    F(S, since_sample, U32, SECONDS)                                                               \
    F(S, orig_latest_meas, FLOAT, SECONDS)                                                         \
    F(S, latest_meas, FLOAT, SECONDS)                                                              \
    F(S, latest_meas_err, FLOAT, SECONDS)

/* current_correction is positive when the system clock is slow, last_offset when it was fast. */
#define CONTROL_TRACKING_FIELDS(F, P, S)                                                           \
    F(S, ref_id, U32, REFERENCE_ID)                                                                \
    F(S, ip_addr, ADDRESS, NONE)                                                                   \
    F(S, stratum, U16, NONE)                                                                       \
    F(S, leap_status, U16, LEAP)                                                                   \
    F(S, ref_time, TIME, SECONDS)                                                                  \
    F(S, current_correction, FLOAT, SECONDS)                                                       \
    F(S, last_offset, FLOAT, SECONDS)                                                              \
    F(S, rms_offset, FLOAT, SECONDS)                                                               \
    F(S, freq_ppm, FLOAT, PPM)                                                                     \
    F(S, resid_freq_ppm, FLOAT, PPM)                                                               \
    F(S, skew_ppm, FLOAT, PPM)                                                                     \
    F(S, root_delay, FLOAT, SECONDS)                                                               \
    F(S, root_dispersion, FLOAT, SECONDS)                                                          \
    F(S, last_update_interval, FLOAT, SECONDS)

/* est_offset is positive when the local clock is fast. */
#define CONTROL_SOURCESTATS_FIELDS(F, P, S)                                                        \
    F(S, ref_id, U32, REFERENCE_ID)                                                                \
    F(S, ip_addr, ADDRESS, NONE)                                                                   \
    F(S, n_samples, U32, NONE)                                                                     \
    F(S, n_runs, U32, NONE)                                                                        \
    F(S, span_seconds, U32, SECONDS)                                                               \
    F(S, sd, FLOAT, SECONDS)                                                                       \
    F(S, resid_freq_ppm, FLOAT, PPM)                                                               \
    F(S, skew_ppm, FLOAT, PPM)                                                                     \
    F(S, est_offset, FLOAT, SECONDS)                                                               \
    F(S, est_offset_err, FLOAT, SECONDS)

#define CONTROL_RTC_FIELDS(F, P, S)                                                                \
    F(S, ref_time, TIME, SECONDS)                                                                  \
    F(S, n_samples, U16, NONE)                                                                     \
    F(S, n_runs, U16, NONE)                                                                        \
    F(S, span_seconds, U32, SECONDS)                                                               \
    F(S, rtc_seconds_fast, FLOAT, SECONDS)                                                         \
    F(S, rtc_gain_rate_ppm, FLOAT, PPM)

#define CONTROL_ACTIVITY_FIELDS(F, P, S)                                                           \
    F(S, online, U32, NONE)                                                                        \
    F(S, offline, U32, NONE)                                                                       \
    F(S, burst_online, U32, NONE)                                                                  \
    F(S, burst_offline, U32, NONE)                                                                 \
    F(S, unresolved, U32, NONE)

/* offset is positive when clients are served a time ahead of true time. */
#define CONTROL_SMOOTHING_FIELDS(F, P, S)                                                          \
    F(S, flags, U32, SMOOTHING_FLAGS)                                                              \
    F(S, offset, FLOAT, SECONDS)                                                                   \
    F(S, freq_ppm, FLOAT, PPM)                                                                     \
    F(S, wander_ppm, FLOAT, PPM_PER_SECOND)                                                        \
    F(S, last_update_ago, FLOAT, SECONDS)                                                          \
    F(S, remaining_time, FLOAT, SECONDS)

/* offset is positive when the clock was fast. */
#define CONTROL_MANUAL_TIMESTAMP_FIELDS(F, P, S)                                                   \
    F(S, offset, FLOAT, SECONDS)                                                                   \
    F(S, dfreq_ppm, FLOAT, PPM)                                                                    \
    F(S, new_afreq_ppm, FLOAT, PPM)

#define CONTROL_MANUAL_LIST_SAMPLE_FIELDS(F, P, S)                                                 \
    F(S, when, TIME, SECONDS)                                                                      \
    F(S, slewed_offset, FLOAT, SECONDS)                                                            \
    F(S, orig_offset, FLOAT, SECONDS)                                                              \
    F(S, residual, FLOAT, SECONDS)

#define CONTROL_MANUAL_LIST_FIELDS(F, P, S)                                                        \
    F(S, n_samples, U32, NONE)                                                                     \
    F(S, samples, SAMPLES, NONE)

/* The name fills the field without NUL when it is too long: check name[255]. */
#define CONTROL_NTP_SOURCE_NAME_FIELDS(F, P, S) F(S, name, NAME, NONE)

#define CONTROL_AUTH_DATA_FIELDS(F, P, S)                                                          \
    F(S, mode, U16, AUTH_MODE)                                                                     \
    F(S, key_type, U16, NONE)                                                                      \
    F(S, key_id, U32, NONE)                                                                        \
    F(S, key_length, U16, BITS)                                                                    \
    F(S, ke_attempts, U16, NONE)                                                                   \
    F(S, last_ke_ago, U32, SECONDS)                                                                \
    F(S, cookies, U16, NONE)                                                                       \
    F(S, cookie_length, U16, BYTES)                                                                \
    F(S, nak, U16, NONE)                                                                           \
    P(ZEROES, 2)

#define CONTROL_CLIENT_ACCESS_FIELDS(F, P, S)                                                      \
    F(S, ip, ADDRESS, NONE)                                                                        \
    F(S, ntp_hits, U32, NONE)                                                                      \
    F(S, nke_hits, U32, NONE)                                                                      \
    F(S, cmd_hits, U32, NONE)                                                                      \
    F(S, ntp_drops, U32, NONE)                                                                     \
    F(S, nke_drops, U32, NONE)                                                                     \
    F(S, cmd_drops, U32, NONE)                                                                     \
    F(S, ntp_interval, I8, LOG2)                                                                   \
    F(S, nke_interval, I8, LOG2)                                                                   \
    F(S, cmd_interval, I8, LOG2)                                                                   \
    F(S, ntp_timeout_interval, I8, LOG2)                                                           \
    F(S, last_ntp_hit_ago, U32, SECONDS)                                                           \
    F(S, last_nke_hit_ago, U32, SECONDS)                                                           \
    F(S, last_cmd_hit_ago, U32, SECONDS)

#define CONTROL_CLIENT_ACCESSES_FIELDS(F, P, S)                                                    \
    F(S, n_indices, U32, NONE)                                                                     \
    F(S, next_index, U32, NONE)                                                                    \
    F(S, n_clients, U32, NONE)                                                                     \
    F(S, clients, CLIENTS, NONE)

/* chronobox. offset is positive when the local clock was fast; error is its bound. */
#define CONTROL_HISTORY_SAMPLE_FIELDS(F, P, S)                                                     \
    F(S, when, TIME, SECONDS)                                                                      \
    F(S, offset, FLOAT, SECONDS)                                                                   \
    F(S, peer_delay, FLOAT, SECONDS)                                                               \
    F(S, error, FLOAT, SECONDS)

/* Whose samples these are; n_samples are held in all, and the n that follow first are here, the
 * newest one being number 0. */
#define CONTROL_HISTORY_FIELDS(F, P, S)                                                            \
    F(S, ref_id, U32, REFERENCE_ID)                                                                \
    F(S, ip_addr, ADDRESS, NONE)                                                                   \
    F(S, n_samples, U32, NONE)                                                                     \
    F(S, n, U32, NONE)                                                                             \
    F(S, samples, HISTORY, NONE)

#define CONTROL_SELECT_DATA_FIELDS(F, P, S)                                                        \
    F(S, ref_id, U32, REFERENCE_ID)                                                                \
    F(S, ip_addr, ADDRESS, NONE)                                                                   \
    F(S, state_char, CHAR, NONE)                                                                   \
    F(S, authentication, U8, YES_NO)                                                               \
    F(S, leap, U8, LEAP)                                                                           \
    P(ZEROES, 1)                                                                                   \
    F(S, conf_options, U16, SELECT_OPTIONS)                                                        \
    F(S, eff_options, U16, SELECT_OPTIONS)                                                         \
    F(S, last_sample_ago, U32, SECONDS)                                                            \
    F(S, score, FLOAT, NONE)                                                                       \
    F(S, lo_limit, FLOAT, SECONDS)                                                                 \
    F(S, hi_limit, FLOAT, SECONDS)

/* COUNTER is U64 for chrony from 4.4 and LOW32 (the low half of the member) before. */
#define CONTROL_SERVER_COUNTERS(F, S, COUNTER)                                                     \
    F(S, ntp_hits, COUNTER, NONE)                                                                  \
    F(S, nke_hits, COUNTER, NONE)                                                                  \
    F(S, cmd_hits, COUNTER, NONE)                                                                  \
    F(S, ntp_drops, COUNTER, NONE)                                                                 \
    F(S, nke_drops, COUNTER, NONE)                                                                 \
    F(S, cmd_drops, COUNTER, NONE)                                                                 \
    F(S, log_drops, COUNTER, NONE)                                                                 \
    F(S, ntp_auth_hits, COUNTER, NONE)                                                             \
    F(S, ntp_interleaved_hits, COUNTER, NONE)                                                      \
    F(S, ntp_timestamps, COUNTER, NONE)                                                            \
    F(S, ntp_span_seconds, COUNTER, SECONDS)

#define CONTROL_SERVER_STATS3_FIELDS(F, P, S) CONTROL_SERVER_COUNTERS(F, S, LOW32)

#define CONTROL_SERVER_STATS4_FIELDS(F, P, S)                                                      \
    CONTROL_SERVER_COUNTERS(F, S, U64)                                                             \
    F(S, ntp_daemon_rx_timestamps, U64, NONE)                                                      \
    F(S, ntp_daemon_tx_timestamps, U64, NONE)                                                      \
    F(S, ntp_kernel_rx_timestamps, U64, NONE)                                                      \
    F(S, ntp_kernel_tx_timestamps, U64, NONE)                                                      \
    F(S, ntp_hw_rx_timestamps, U64, NONE)                                                          \
    F(S, ntp_hw_tx_timestamps, U64, NONE)                                                          \
    P(ONES, 32)

/* offset is positive when the local clock is slow (the NTP sign, opposite to SOURCE_DATA). */
#define CONTROL_NTP_DATA_COMMON(F, S)                                                              \
    F(S, remote_addr, ADDRESS, NONE)                                                               \
    F(S, local_addr, ADDRESS, NONE)                                                                \
    F(S, remote_port, U16, NONE)                                                                   \
    F(S, leap, U8, LEAP)                                                                           \
    F(S, version, U8, NONE)                                                                        \
    F(S, mode, U8, NTP_MODE)                                                                       \
    F(S, stratum, U8, NONE)                                                                        \
    F(S, poll, I8, LOG2)                                                                           \
    F(S, precision, I8, LOG2)                                                                      \
    F(S, root_delay, FLOAT, SECONDS)                                                               \
    F(S, root_dispersion, FLOAT, SECONDS)                                                          \
    F(S, ref_id, U32, REFERENCE_ID)                                                                \
    F(S, ref_time, TIME, SECONDS)                                                                  \
    F(S, offset, FLOAT, SECONDS)                                                                   \
    F(S, peer_delay, FLOAT, SECONDS)                                                               \
    F(S, peer_dispersion, FLOAT, SECONDS)                                                          \
    F(S, response_time, FLOAT, SECONDS)                                                            \
    F(S, jitter_asymmetry, FLOAT, NONE)                                                            \
    F(S, flags, U16, NTP_FLAGS)                                                                    \
    F(S, tx_tss_char, CHAR, TIMESTAMPING)                                                          \
    F(S, rx_tss_char, CHAR, TIMESTAMPING)                                                          \
    F(S, total_tx_count, U32, NONE)                                                                \
    F(S, total_rx_count, U32, NONE)                                                                \
    F(S, total_valid_count, U32, NONE)                                                             \
    F(S, total_good_count, U32, NONE)

/* chrony until 4.5 */
#define CONTROL_NTP_DATA_FIELDS(F, P, S)                                                           \
    CONTROL_NTP_DATA_COMMON(F, S)                                                                  \
    P(ONES, 12)

/* chrony from 4.6 */
#define CONTROL_NTP_DATA2_FIELDS(F, P, S)                                                          \
    CONTROL_NTP_DATA_COMMON(F, S)                                                                  \
    F(S, total_kernel_tx_ts, U32, NONE)                                                            \
    F(S, total_kernel_rx_ts, U32, NONE)                                                            \
    F(S, total_hw_tx_ts, U32, NONE)                                                                \
    F(S, total_hw_rx_ts, U32, NONE)                                                                \
    P(ONES, 16)

/* ---- structures and layouts ---- */

/* X(layout, structure, list); records stand before what holds them. */
#define CONTROL_PLAIN_LAYOUTS(X)                                                                   \
    X(address_mask, address_mask, CONTROL_ADDRESS_MASK_FIELDS)                                     \
    X(burst, burst, CONTROL_BURST_FIELDS)                                                          \
    X(modify_int, modify_int, CONTROL_MODIFY_INT_FIELDS)                                           \
    X(modify_float, modify_float, CONTROL_MODIFY_FLOAT_FIELDS)                                     \
    X(float, float, CONTROL_FLOAT_FIELDS)                                                          \
    X(int, int, CONTROL_INT_FIELDS)                                                                \
    X(index, index, CONTROL_INDEX_FIELDS)                                                          \
    X(subnet, subnet, CONTROL_SUBNET_FIELDS)                                                       \
    X(address, address, CONTROL_ADDRESS_FIELDS)                                                    \
    X(settime, settime, CONTROL_SETTIME_FIELDS)                                                    \
    X(makestep, makestep, CONTROL_MAKESTEP_FIELDS)                                                 \
    X(client_accesses_request, client_accesses_request, CONTROL_CLIENT_ACCESSES_REQUEST_FIELDS)    \
    X(selectopts, selectopts, CONTROL_SELECTOPTS_FIELDS)                                           \
    X(modify_offset, modify_offset, CONTROL_MODIFY_OFFSET_FIELDS)                                  \
    X(n_sources, n_sources, CONTROL_N_SOURCES_FIELDS)                                              \
    X(source_data, source_data, CONTROL_SOURCE_DATA_FIELDS)                                        \
    X(tracking, tracking, CONTROL_TRACKING_FIELDS)                                                 \
    X(sourcestats, sourcestats, CONTROL_SOURCESTATS_FIELDS)                                        \
    X(rtc, rtc, CONTROL_RTC_FIELDS)                                                                \
    X(activity, activity, CONTROL_ACTIVITY_FIELDS)                                                 \
    X(smoothing, smoothing, CONTROL_SMOOTHING_FIELDS)                                              \
    X(manual_timestamp, manual_timestamp, CONTROL_MANUAL_TIMESTAMP_FIELDS)                         \
    X(manual_list_sample, manual_list_sample, CONTROL_MANUAL_LIST_SAMPLE_FIELDS)                   \
    X(manual_list, manual_list, CONTROL_MANUAL_LIST_FIELDS)                                        \
    X(ntp_source_name, ntp_source_name, CONTROL_NTP_SOURCE_NAME_FIELDS)                            \
    X(auth_data, auth_data, CONTROL_AUTH_DATA_FIELDS)                                              \
    X(client_access, client_access, CONTROL_CLIENT_ACCESS_FIELDS)                                  \
    X(client_accesses, client_accesses, CONTROL_CLIENT_ACCESSES_FIELDS)                            \
    X(select_data, select_data, CONTROL_SELECT_DATA_FIELDS)                                        \
    X(history_request, history_request, CONTROL_HISTORY_REQUEST_FIELDS)                            \
    X(history_sample, history_sample, CONTROL_HISTORY_SAMPLE_FIELDS)                               \
    X(history, history, CONTROL_HISTORY_FIELDS)

/* Those with two forms on the wire have the structure of the longer one. */
#define CONTROL_STRUCTURES(X)                                                                      \
    CONTROL_PLAIN_LAYOUTS(X)                                                                       \
    X(local3, local, CONTROL_LOCAL3_FIELDS)                                                        \
    X(add_source2, add_source, CONTROL_ADD_SOURCE2_FIELDS)                                         \
    X(server_stats4, server_stats, CONTROL_SERVER_STATS4_FIELDS)                                   \
    X(ntp_data2, ntp_data, CONTROL_NTP_DATA2_FIELDS)

#define CONTROL_LAYOUTS(X)                                                                         \
    CONTROL_STRUCTURES(X)                                                                          \
    X(local2, local, CONTROL_LOCAL2_FIELDS)                                                        \
    X(add_source, add_source, CONTROL_ADD_SOURCE_FIELDS)                                           \
    X(server_stats3, server_stats, CONTROL_SERVER_STATS3_FIELDS)                                   \
    X(ntp_data, ntp_data, CONTROL_NTP_DATA_FIELDS)

#define CONTROL_NAME_SIZE      256 /* NUL included */
#define CONTROL_MAX_SAMPLES    16  /* manual samples in a MANUAL_LIST reply */
#define CONTROL_MAX_CLIENTS    8   /* records in a CLIENT_ACCESSES reply */
#define CONTROL_MAX_HISTORY    16  /* samples in a HISTORY reply */
#define CONTROL_TIME_LENGTH    12
#define CONTROL_ADDRESS_LENGTH 20
#define CONTROL_NEVER          UINT32_C(0xffffffff) /* "seconds ago" of what did not happen */
#define CONTROL_NO_INTERVAL    127                  /* intervals of client records: unknown */

#define CONTROL_MEMBER_U8(name)      uint8_t name;
#define CONTROL_MEMBER_I8(name)      int8_t name;
#define CONTROL_MEMBER_CHAR(name)    char name;
#define CONTROL_MEMBER_U16(name)     uint16_t name;
#define CONTROL_MEMBER_I16(name)     int16_t name;
#define CONTROL_MEMBER_U32(name)     uint32_t name;
#define CONTROL_MEMBER_I32(name)     int32_t name;
#define CONTROL_MEMBER_U64(name)     uint64_t name;
#define CONTROL_MEMBER_FLOAT(name)   double name;
#define CONTROL_MEMBER_TIME(name)    ns_t name;
#define CONTROL_MEMBER_ADDRESS(name) struct address name;
#define CONTROL_MEMBER_NAME(name)    char name[CONTROL_NAME_SIZE];
#define CONTROL_MEMBER_SAMPLES(name) struct control_manual_list_sample name[CONTROL_MAX_SAMPLES];
#define CONTROL_MEMBER_CLIENTS(name) struct control_client_access name[CONTROL_MAX_CLIENTS];
#define CONTROL_MEMBER_HISTORY(name) struct control_history_sample name[CONTROL_MAX_HISTORY];

#define CONTROL_MEMBER(structure, name, type, unit) CONTROL_MEMBER_##type(name)
#define CONTROL_NO_MEMBER(bits, bytes)
#define CONTROL_STRUCTURE(layout, structure, LIST)                                                 \
    struct control_##structure {                                                                   \
        LIST(CONTROL_MEMBER, CONTROL_NO_MEMBER, structure)                                         \
    };
CONTROL_STRUCTURES(CONTROL_STRUCTURE)

#define CONTROL_DECLARE_LAYOUT(layout, structure, LIST)                                            \
    extern const struct control_layout control_layout_##layout;
CONTROL_LAYOUTS(CONTROL_DECLARE_LAYOUT)

/* No payload: 0 rows, length 0. */
extern const struct control_layout control_layout_none;

/* The layouts by number, which is a byte in a table where the address would be eight. */
#define CONTROL_LAYOUT_NUMBER(layout, structure, LIST) CONTROL_LAYOUT_##layout,
enum control_layout_number { CONTROL_LAYOUT_none, CONTROL_LAYOUTS(CONTROL_LAYOUT_NUMBER) };
const struct control_layout *control_layout(enum control_layout_number number);

/* ---- values of the fields above ---- */

enum control_source_state {
    CONTROL_STATE_SELECTED,
    CONTROL_STATE_NONSELECTABLE,
    CONTROL_STATE_FALSETICKER,
    CONTROL_STATE_JITTERY,
    CONTROL_STATE_UNSELECTED_COMBINED, /* combined with the selected source */
    CONTROL_STATE_SELECTABLE,
};

enum control_source_mode { CONTROL_MODE_CLIENT, CONTROL_MODE_PEER, CONTROL_MODE_REFCLOCK };

/* Bits of select_data.conf_options and eff_options, and of selectopts.mask. */
enum control_select_option {
    CONTROL_SELECT_NOSELECT = 0x1,
    CONTROL_SELECT_PREFER = 0x2,
    CONTROL_SELECT_TRUST = 0x4,
    CONTROL_SELECT_REQUIRE = 0x8,
};

enum control_add_type { CONTROL_ADD_SERVER = 1, CONTROL_ADD_PEER, CONTROL_ADD_POOL };

/* Bits of add_source.flags as ADD_SOURCE numbers them, and of selectopts.options. */
enum control_add_flag {
    CONTROL_ADD_ONLINE = 0x0001,
    CONTROL_ADD_AUTO_OFFLINE = 0x0002,
    CONTROL_ADD_IBURST = 0x0004,
    CONTROL_ADD_PREFER = 0x0008,
    CONTROL_ADD_NOSELECT = 0x0010,
    CONTROL_ADD_TRUST = 0x0020,
    CONTROL_ADD_REQUIRE = 0x0040,
    CONTROL_ADD_INTERLEAVED = 0x0080,
    CONTROL_ADD_BURST = 0x0100,
    CONTROL_ADD_NTS = 0x0200,
    CONTROL_ADD_COPY = 0x0400,
    CONTROL_ADD_EXTFIELD_F323 = 0x0800,
    CONTROL_ADD_EXTFIELD_F324 = 0x1000,
    CONTROL_ADD_IPV4 = 0x2000,
    CONTROL_ADD_IPV6 = 0x4000,
};

/* Bits of ntp_data.flags. */
enum control_ntp_flag {
    CONTROL_NTP_AUTHENTICATED = 0x8000,
    CONTROL_NTP_INTERLEAVED = 0x4000,
    CONTROL_NTP_TEST_1 = 0x0200,
    CONTROL_NTP_TEST_2 = 0x0100,
    CONTROL_NTP_TEST_3 = 0x0080,
    CONTROL_NTP_TEST_5 = 0x0040,
    CONTROL_NTP_TEST_6 = 0x0020,
    CONTROL_NTP_TEST_7 = 0x0010,
    CONTROL_NTP_TEST_A = 0x0008,
    CONTROL_NTP_TEST_B = 0x0004,
    CONTROL_NTP_TEST_C = 0x0002,
    CONTROL_NTP_TEST_D = 0x0001,
};

enum control_manual_option { CONTROL_MANUAL_OFF, CONTROL_MANUAL_ON, CONTROL_MANUAL_RESET };
enum control_smoothtime_option { CONTROL_SMOOTHTIME_RESET, CONTROL_SMOOTHTIME_ACTIVATE };
enum control_smoothing_flag { CONTROL_SMOOTHING_ACTIVE = 0x1, CONTROL_SMOOTHING_LEAP_ONLY = 0x2 };

#endif
