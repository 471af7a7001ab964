/* What the files of the plugin `launchd` share. */
#ifndef LAUNCHD_H
#define LAUNCHD_H

#include "launchctl.h"

#include <talon/plugin.h>

enum launchd_kind { LAUNCHD_KEEPALIVE, LAUNCHD_INTERVAL, LAUNCHD_WATCH, LAUNCHD_ONESHOT, LAUNCHD_RETIRED, LAUNCHD_IDLE };

struct launchd_conf {
    const char *label, *domain;
    int32_t kind;
    int64_t uid;
    uint64_t interval, grace;
    int64_t warn_restarts;
};

/* What a check remembers between its runs. */
struct launchd_self {
    char domain[64];       /* where the job was found last; "": nowhere yet */
    int seen;              /* what follows was filled in by a run */
    long runs, pid;        /* as they were then */
    uint64_t advanced_ns;  /* when `runs` was first seen as it is, by now_ns() */
    int64_t begun_ns;      /* when process `pid` began, by unix_ns(); 0: not known */
};

/* What a run has found out. */
struct launchd_found {
    struct launchctl_job job;
    const char *domain;  /* where */
    int64_t begun_ns;    /* of its process; 0: not known */
    long restarts;       /* since the last run; 0 where this is the first */
    uint64_t idle_ns;    /* how long `runs` has stood still, as far as this was watched */
};

enum { LAUNCHD_DOMAINS = 3 };

struct launchd_act_conf {
    const char *label, *domain;
    int64_t uid;
    int32_t kill;
};

struct launchd_act { /* of a run */
    const char *domains[LAUNCHD_DOMAINS];
    size_t n, at;
    const char *trouble;       /* why one domain could not be asked; NULL: all were */
    const char *target;        /* DOMAIN/LABEL, where it was found */
    const char *before;        /* its state then, in words */
    const char *by_hand;       /* the command with which a person does the same */
    struct launchctl_job job;
    int boots_out;
};

extern const struct talon_option launchd_kickstart_options[], launchd_bootout_options[];
int launchd_act_validate(const void *conf, struct talon_problem *problem);
void launchd_kickstart_start(struct talon_run *run);
void launchd_bootout_start(struct talon_run *run);

/* Can label and domain (NULL: not given) be those of a job? 0: problem says which is not, and how it is written. */
int launchd_is_named(const char *label, const char *domain, struct talon_problem *problem);
/* Runs launchctl with these arguments, bounded in what it prints. */
void launchd_ask(struct talon_run *run, talon_exit_fn *then, const char *const *argv);
/* Where a job is looked for, in this order: `domain`, where it is given, else gui, user and system, those of the user `uid` (0: see the option's help). Returns
 * how many there are. */
size_t launchd_domains(struct talon_run *run, const char *domain, int64_t uid, const char *domains[LAUNCHD_DOMAINS]);

/* What its last run came to, in words: "exit code 78 (EX_CONFIG: ...)". Lives as long as the run. */
const char *launchd_end_words(struct talon_run *run, const struct launchctl_job *job);
/* Ends the run by the rules of the job's kind. */
void launchd_judge(struct talon_run *run, const struct launchd_found *found);

#endif
