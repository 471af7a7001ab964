/*
 * What launchctl says of a job, read: its print, its two lists and its refusals. Pure, so that every shape that was ever recorded can be tried anywhere.
 *
 * launchctl(1) calls the output of `print` "not API in any sense at all", so only `key = value` of the outermost block is looked at, a key that is not there is
 * "not known", and what cannot be understood is an error and never a verdict.
 */
#ifndef LAUNCHD_LAUNCHCTL_H
#define LAUNCHD_LAUNCHCTL_H

#include <stdbool.h>
#include <stddef.h>

enum launchctl_state {
    LAUNCHCTL_RUNNING,
    LAUNCHCTL_IDLE,         /* "not running", in older releases "waiting": what a job with an interval does between its runs */
    LAUNCHCTL_HELD_BACK,    /* "spawn scheduled": it ended too soon and is held back for its ThrottleInterval */
    LAUNCHCTL_SPAWN_FAILED, /* its program could not be started */
    LAUNCHCTL_OTHER_STATE,  /* a word that is not known here: see state_text */
};

enum launchctl_end { LAUNCHCTL_END_UNKNOWN, LAUNCHCTL_NEVER_ENDED, LAUNCHCTL_EXITED, LAUNCHCTL_SIGNALLED };

struct launchctl_job {
    char label[256];
    enum launchctl_state state;
    char state_text[64];     /* launchctl's own word */
    long pid;                /* 0: none */
    long runs;               /* since it was loaded; -1: not said */
    enum launchctl_end end;  /* of its last run */
    int end_code;            /* the exit code or the signal */
    char end_reason[64];     /* such as OS_REASON_CODESIGNING; "": not said */
    long interval_s;         /* StartInterval; 0: none */
};

/* The output of `launchctl print DOMAIN/LABEL`: n bytes, borrowed. False: `why` says in a sentence what was not understood. */
bool launchctl_read_print(const char *text, size_t n, struct launchctl_job *job, char *why, size_t why_n);

/* The output of `launchctl list LABEL`, a property list in NeXT's style, whose LastExitStatus is a raw status of wait(2). Errors as above. */
bool launchctl_read_list(const char *text, size_t n, struct launchctl_job *job, char *why, size_t why_n);

/* The row of `label` in the output of `launchctl list`: PID, status (an exit code, negative: a signal) and label. False and an empty `why`: no such row. */
bool launchctl_find_row(const char *text, size_t n, const char *label, struct launchctl_job *job, char *why, size_t why_n);

/* Does the output of `launchctl print-disabled DOMAIN` say that the label is disabled? A label that is not there is not. */
bool launchctl_is_disabled(const char *text, size_t n, const char *label);

enum launchctl_refusal {
    LAUNCHCTL_DONE,
    LAUNCHCTL_NO_JOB,        /* the domain is there and has no such job */
    LAUNCHCTL_NO_DOMAIN,     /* nobody is logged in there */
    LAUNCHCTL_NOT_ALLOWED,   /* it needs root */
    LAUNCHCTL_DISABLED,
    LAUNCHCTL_BAD_TARGET,
    LAUNCHCTL_OTHER_REFUSAL,
};

/* What an exit code of launchctl means; `said` is its standard error, since 1 means several things. */
enum launchctl_refusal launchctl_refusal(int exit_code, const char *said);

#endif
