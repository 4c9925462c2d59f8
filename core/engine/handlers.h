/* The control protocol's commands, one handler each; control.c has the table. */
#ifndef CHRONOBOX_ENGINE_HANDLERS_H
#define CHRONOBOX_ENGINE_HANDLERS_H

#include "core/engine/state.h"
#include "core/wire/control.h"

#define CONTROL_UNION_MEMBER(layout, name, FIELDS) struct control_##name as_##name;
union control_payload {
    CONTROL_STRUCTURES(CONTROL_UNION_MEMBER)
};

/* arguments: the decoded request; results: zeroed, to be filled on CONTROL_SUCCESS. */
typedef enum control_status control_handler(struct engine *engine,
                                            const union control_payload *arguments,
                                            union control_payload *results);

/* reports.c */
control_handler answer_n_sources, answer_source_data, answer_tracking, answer_sourcestats,
    answer_activity, answer_server_stats, answer_ntp_data, answer_source_name,
    answer_client_accesses, answer_select_data, answer_history;

/* authentication.c */
control_handler action_rekey, answer_auth_data;

/* reload.c */
control_handler action_reload_sources;

/* smoothing.c */
control_handler answer_smoothing, action_smoothtime;

/* manual.c */
control_handler action_settime, action_manual, action_manual_delete, answer_manual_list;

/* dump.c */
control_handler action_dump;

/* tuning.c */
control_handler action_dfreq, action_doffset, action_reselect_distance, action_modify_maxupdateskew,
    action_modify_offset, action_modify_selectopts, action_onoffline;

/* actions.c */
control_handler action_online, action_offline, action_burst, action_modify_minpoll,
    action_modify_maxpoll, action_modify_maxdelay, action_modify_maxdelayratio,
    action_modify_maxdelaydevratio, action_modify_minstratum, action_modify_polltarget,
    action_makestep, action_modify_makestep, action_reselect, action_refresh, action_reset_sources,
    action_shutdown, action_add_source, action_add_source2, action_delete_source, action_local,
    action_cyclelogs, action_allow, action_allow_all, action_deny, action_deny_all,
    action_command_allow, action_command_allow_all, action_command_deny, action_command_deny_all,
    action_check_access, action_check_command_access;

#endif
