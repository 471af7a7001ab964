/*
 * From the model's checks to instances in plugin hosts: resolves their secrets, sets them up, starts and cancels their runs, and keeps the ones
 * that a reload did not change, with their connections. Used by the daemon and by `talon check`; knows nothing of verdicts.
 */
#ifndef INSTANCES_H
#define INSTANCES_H

#include "base/result.h"
#include "config/secrets.h"
#include "hosts/hosts.h"
#include "model.h"

struct instances;

struct instances_calls {
    /* The run has ended; result: one user, the callee's. Exactly once for each run that was not cancelled. */
    void (*done)(void *arg, size_t check, uint64_t run, struct result *result);
    /* Something changed, says the plugin. */
    void (*nudge)(void *arg, size_t check);
    /* Bytes that outlive a restart; NULL: not wanted. recall returns how many it wrote into bytes. */
    void (*save)(void *arg, const char *full_name, const void *bytes, size_t n);
    size_t (*recall)(void *arg, const char *full_name, void *bytes, size_t room);
    void *arg;
};

enum { INSTANCES_SAVED = 4096 }; /* bytes that an instance may save */

/* NULL: no memory. */
struct instances *instances_create(struct ev_loop *loop, struct hosts *hosts, struct secrets *secrets, const struct instances_calls *calls);
/* Tears all down; nothing is called any more. */
void instances_free(struct instances *instances);
/* Takes over a new model: checks of the same full name and fingerprint keep their instance, others are set up or torn down (their runs cancelled, without
 * a call). `wanted`: which checks to set up, one byte each; NULL: every enabled one. Keeps the model. False: no memory; the old ones go on. */
bool instances_model(struct instances *instances, const struct model *model, const unsigned char *wanted);
/* The same in two steps, for who has more to take over than this: the first needs memory (false: there is none) and changes nothing, the second, with the same
 * model and before anything else is called, needs none. instances_forget() instead of it leaves all as it is. */
bool instances_prepare(struct instances *instances, const struct model *model, const unsigned char *wanted);
void instances_take(struct instances *instances, const struct model *model, const unsigned char *wanted);
void instances_forget(struct instances *instances);
/* The check's instance is set up anew with its next run, since what it is to recall has changed. */
void instances_renew(struct instances *instances, size_t check);
/* Starts a run. What goes wrong becomes its result, later. flags: HOSTS_ONCE, HOSTS_NUDGED. */
void instances_start(struct instances *instances, size_t check, uint64_t run, uint64_t timeout, unsigned flags);
/* No call follows for this run. */
void instances_cancel(struct instances *instances, uint64_t run);

#endif
