/* What the files of the plugin `systemd` share: the properties of a unit as systemctl shows them, and the judgement of them. */
#ifndef SYSTEMD_H
#define SYSTEMD_H

#include <talon/plugin.h>

struct systemd_conf {
    const char *unit;
    int32_t user;
    uint64_t max_age;
    int64_t warn_restarts;
};

struct systemd_self {
    int seen;
    int64_t restarts; /* as they were at the last run */
};

enum { SYSTEMD_WORD = 160 };

/* Each word is "" where systemd does not say it. Times are of the calendar in ns, -1: never; orders are µs since the boot, 0: never. */
struct systemd_unit {
    char id[SYSTEMD_WORD], load[SYSTEMD_WORD], active[SYSTEMD_WORD], sub[SYSTEMD_WORD], result[SYSTEMD_WORD], type[SYSTEMD_WORD];
    char file_state[SYSTEMD_WORD], condition[SYSTEMD_WORD], triggered_by[SYSTEMD_WORD], load_error[SYSTEMD_WORD];
    int64_t main_pid, main_code, main_status, restarts, memory; /* main_code: as waitid(2) has it; -1: not said */
    int64_t active_since, triggered;
    int64_t order_active, order_left, order_main_exit, order_condition;
};

struct systemd_restart_conf {
    const char *unit;
    int32_t user;
};

struct systemd_restart { /* of a run */
    const char *before; /* in which state it was, in words */
};

extern const struct talon_option systemd_restart_options[];
int systemd_restart_validate(const void *conf, struct talon_problem *problem);
void systemd_restart_start(struct talon_run *run);

/* A name as units have them, without patterns: systemctl would take those for many. */
int systemd_is_unit(const char *unit);
/* Runs systemctl, the whole of whose arguments is argv. */
void systemd_ask(struct talon_run *run, const char *const *argv, int user, talon_exit_fn *then);
/* `systemctl show` of a unit, for systemd_read_show(). */
void systemd_show(struct talon_run *run, const char *unit, int user, talon_exit_fn *then);

/* The -p argument with every property that is read. */
extern const char systemd_properties[];
/* Reads what `systemctl show` printed under TZ=UTC. Returns 0 where it has no state of a unit. */
int systemd_read_show(const char *text, size_t n, struct systemd_unit *unit);
/* "Mon 2026-01-05 10:20:30 UTC" in ns since 1970, -1: it is none. */
int64_t systemd_read_time(const char *text);

/* What its main process came to, in words: "it exited with 203 (EXEC: its program cannot be executed)"; "": nothing is known. */
const char *systemd_exit_words(struct talon_run *run, const struct systemd_unit *unit);
/* Ends the run. `restarts`: new ones since the last run. */
void systemd_judge(struct talon_run *run, const struct systemd_unit *unit, int64_t restarts);

#endif
