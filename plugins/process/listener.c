/*
 * Whom `process.signal` means by `listens`: the process that holds the listening socket of a port. Who is only connected to it is no listener and is never
 * found. All processes are looked at in slices, since the host's loop turns between them; where one that listens there has another name, nobody is signalled.
 */
#include "signal_action.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { SLICE = 64 };

/* 1: this one is not the one that is meant, and the run has ended. */
static int is_strange(struct talon_run *run, pid_t pid, const struct process_facts *facts)
{
    const struct signal_conf *conf = run->conf;

    if (process_is_called(pid, facts, conf->name))
        return 0;
    talon_done(run, TALON_UNKNOWN, "refused.other", "process %ld, which listens on %s, is called %s, not %s: nobody was signalled", (long)pid, conf->listens,
               facts->name, conf->name);
    return 1;
}

static void scanned(struct talon_run *run)
{
    const struct signal_conf *conf = run->conf;
    const struct signal_state *state = run->state;
    struct process_facts facts;

    if (state->pid == 0)
        talon_done(run, TALON_UNKNOWN, "refused.rights", "user %ld may not see who listens on %s, so nobody was signalled; a person looks at: sudo lsof -nP -iTCP:%s -sTCP:LISTEN",
                   (long)geteuid(), conf->listens, conf->listens);
    else if (process_look(state->pid, &facts) != PROCESS_YES)
        talon_done(run, TALON_OK, "process.gone", "%s, process %ld, has just ended: nobody was signalled", conf->name, (long)state->pid);
    else
        signal_found(run, &facts);
}

static void scan_slice(struct talon_run *run, void *arg)
{
    struct signal_state *state = run->state;
    struct process_facts facts;

    (void)arg;
    for (int i = 0; i < SLICE; i++) {
        const pid_t pid = process_scan_next(state->scan);

        if (pid == 0) {
            scanned(run);
            return;
        }
        if (process_listens(pid, &state->address, &state->sockets) != PROCESS_YES || process_look(pid, &facts) != PROCESS_YES || facts.zombie)
            continue;
        if (is_strange(run, pid, &facts))
            return;
        if (state->pid == 0)
            state->pid = pid;
    }
    run->host->timer(run, 0, scan_slice, NULL);
}

void listener_find(struct talon_run *run)
{
    const struct signal_conf *conf = run->conf;
    struct signal_state *state = run->state;

    process_address_read(conf->listens, &state->address);
    if (process_listeners(&state->address, &state->sockets) == PROCESS_NO) {
        talon_done(run, TALON_OK, "process.none", "nobody listens on %s: nobody was signalled", conf->listens);
        return;
    }
    state->scan = process_scan_open();
    if (!state->scan) {
        talon_done(run, TALON_UNKNOWN, "local", "cannot list the processes: %s", strerror(errno));
        return;
    }
    run->host->defer(run, process_scan_close, state->scan);
    scan_slice(run, NULL);
}
