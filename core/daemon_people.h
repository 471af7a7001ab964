/*
 * What people ask the daemon over its control socket, and how each is answered: silence, pause, acknowledge, why, incidents, the log, reports of jobs. Whoever asks
 * is named by the kernel, and that name goes into the note of what is done, so that it is known later who did it.
 */
#ifndef DAEMON_PEOPLE_H
#define DAEMON_PEOPLE_H

#include "control/control.h"
#include "engine/engine.h"
#include "heal/heal.h"
#include "serve/snapshot.h"

enum { PEOPLE_REPORT = 4096 }; /* bytes that are kept of a check's reports */

struct daemon_people_calls {
    /* Hands a command to the engine. NULL: it is done; else why not. */
    const char *(*command)(void *arg, const struct engine_command *command);
    /* What is concluded now. The caller's; NULL: no memory, or there is no configuration yet. */
    struct snapshot *(*snapshot)(void *arg);
    /* What the check's instance is to recall: what there is (returns its length), and what it is from now on. The second has it checked at once. */
    size_t (*recall)(void *arg, size_t check, char bytes[PEOPLE_REPORT]);
    void (*report)(void *arg, size_t check, const void *bytes, size_t n);
    /* Hands a command to repair. NULL: it is done, or has begun; else why not. */
    const char *(*heal)(void *arg, const struct heal_command *command);
    /* The number of the newest run; the newest one of a service, as JSON ({"run":0}: there is none); what one by hand would do, as JSON (nothing: no memory). */
    uint64_t (*last_run)(void *arg);
    void (*story)(void *arg, const char *service, struct buffer *out);
    void (*plan)(void *arg, size_t service, const char *runbook, bool force, struct buffer *out);
    void *arg;
};

/* Each takes the ask; calls is borrowed. */
void people_silence(const struct daemon_people_calls *calls, struct control_ask *ask);
void people_unsilence(const struct daemon_people_calls *calls, struct control_ask *ask);
void people_pause(const struct daemon_people_calls *calls, struct control_ask *ask);
void people_resume(const struct daemon_people_calls *calls, struct control_ask *ask);
void people_ack(const struct daemon_people_calls *calls, struct control_ask *ask);
void people_unack(const struct daemon_people_calls *calls, struct control_ask *ask);
void people_why(const struct daemon_people_calls *calls, struct control_ask *ask);
void people_incidents(const struct daemon_people_calls *calls, struct control_ask *ask);
void people_incident(const struct daemon_people_calls *calls, struct control_ask *ask);
void people_log(const struct daemon_people_calls *calls, struct control_ask *ask);
/* daemon_people_heal.c */
void people_heal(const struct daemon_people_calls *calls, struct control_ask *ask);
void people_rearm(const struct daemon_people_calls *calls, struct control_ask *ask);
void people_plan(const struct daemon_people_calls *calls, struct control_ask *ask);
void people_run(const struct daemon_people_calls *calls, struct control_ask *ask);
void people_limits(const struct daemon_people_calls *calls, struct control_ask *ask);
/* daemon_reports.c */
void people_push(const struct daemon_people_calls *calls, struct control_ask *ask);

/* Is it a check that is told by people_push()? */
bool people_takes_reports(const struct model *model, size_t check);

/* ---- shared with daemon_reports.c and daemon_people_heal.c */

/* "there is no service named X; did you mean `Y`?" as a 404. */
void people_refuse_name(const struct snapshot *snapshot, struct control_ask *ask, const char *what, const char *name);
void people_refuse_memory(struct control_ask *ask);

#endif
