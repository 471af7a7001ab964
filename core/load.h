/*
 * Loads a configuration: joins config (pure) with the hosts that know what plugins can do. One state machine for the daemon's start,
 * its reloads, `talon check` and `talon validate`, so that they can never judge one file differently.
 *
 *   read the files -> describe each plugin -> check -> ask the plugins' own validation -> the model, whole or not at all
 *
 * Nothing blocks but the reading of the files themselves.
 */
#ifndef LOAD_H
#define LOAD_H

#include "config/config.h"
#include "hosts/hosts.h"

struct load;

/* model: one user, yours; NULL: there were errors, see config_problems(). config: borrowed for the call, freed after it unless the callee takes it by
 * load_take(). Called once, never from within load_start(). */
typedef void load_done_fn(void *arg, struct load *load, struct model *model, struct config *config);

struct load_request {
    struct ev_loop *loop;
    struct hosts *hosts;
    const char *file;
    const struct config_source *source; /* the last good one, borrowed until done; NULL: from the disk */
    size_t n_variables;                 /* of the main file's, those that have another value; borrowed for load_start() */
    const struct config_variable *variables;
    bool programs_only;                 /* of the checks only those that programs' health hangs on are enabled */
    bool tolerate;                      /* a plugin that cannot be had makes its checks unknown instead of being an error */
    load_done_fn *done;
    void *arg;
};

/* NULL: no memory. */
struct load *load_start(const struct load_request *request);
/* No callback follows. NULL: nothing. */
void load_stop(struct load *load);
/* Within done(): did memory lack for a part of it? Then it is worth another try. */
bool load_was_short(const struct load *load);
/* Within done(): the config is the caller's now, to be freed with config_free(). */
struct config *load_take(struct load *load);

#endif
