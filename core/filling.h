/*
 * An operation's options with their secrets put in: for checks, which keep an instance, and for actions, which are one run. Asks for one secret after the other,
 * since each may come from a command, and leaves no copy of a value behind.
 */
#ifndef FILLING_H
#define FILLING_H

#include "config/secrets.h"
#include "model.h"

enum { FILLING_SECRETS = 16 }; /* in one operation's options */

/* filled: all of it is there; wiped after the call. NULL: refused, by that reason and sentence. All are borrowed for the call. */
typedef void filling_done(void *arg, const struct buffer *filled, const char *reason, const char *why);

/* The caller's storage, zeroed before its first use. */
struct filling {
    struct secrets *secrets;
    const struct model *model;       /* kept while it asks */
    const struct model_conf *conf;   /* of it */
    struct secrets_question *asking; /* NULL: it does not ask now */
    struct filling_value {
        char *bytes;
        size_t n;
    } values[FILLING_SECRETS];
    size_t n;
    uint64_t fresh_until;            /* elapsed (a lease runs out in sleep, too); when a secret must be asked for again. UINT64_MAX: never; 0: at once */
    filling_done *done;
    void *arg;
};

/* Where there is no secret to be asked for it is done before it returns; else later. One at a time: nothing may be asked still. */
void filling_start(struct filling *filling, struct secrets *secrets, const struct model *model, const struct model_conf *conf, filling_done *done, void *arg);
/* No call follows; what was there already is wiped. Of one that does not ask: nothing. */
void filling_stop(struct filling *filling);

#endif
