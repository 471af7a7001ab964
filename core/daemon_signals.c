/* Signals for the daemon: see daemon_signals.h. */
#include "daemon_signals.h"

#include "base/os/log.h"
#include "guarded.h"

#include <ev.h>
#include <signal.h>
#ifdef TALON_DEBUG_HOOKS
#include <unistd.h>
#endif

static struct daemon_signals told;
static ev_signal hangup, terminate, interrupt;

static void on_hangup(struct ev_loop *loop, ev_signal *signal, int events)
{
    (void)loop, (void)signal, (void)events;
    log_info("told to reload", NULL);
    told.reload(told.arg);
}

static void on_terminate(struct ev_loop *loop, ev_signal *signal, int events)
{
    (void)loop, (void)signal, (void)events;
    log_info("told to stop", NULL);
    told.quit(told.arg);
}

static void on_guard_gone(void *arg)
{
    (void)arg;
    log_warn("the guard has ended, so the core does as well", NULL);
    told.quit(told.arg);
}

#ifdef TALON_DEBUG_HOOKS
static ev_signal block;

/* For tests: from now on the loop stands still, for good. */
static void on_block(struct ev_loop *loop, ev_signal *signal, int events)
{
    (void)loop, (void)signal, (void)events;
    for (;;)
        pause();
}
#endif

void daemon_signals_begin(struct ev_loop *loop, const struct daemon_signals *signals)
{
    told = *signals;
    ev_signal_init(&hangup, on_hangup, SIGHUP);
    ev_signal_init(&terminate, on_terminate, SIGTERM);
    ev_signal_init(&interrupt, on_terminate, SIGINT);
    ev_signal_start(loop, &hangup);
    ev_signal_start(loop, &terminate);
    ev_signal_start(loop, &interrupt);
    guarded_watch(loop, on_guard_gone, NULL);
#ifdef TALON_DEBUG_HOOKS
    ev_signal_init(&block, on_block, SIGUSR2);
    ev_signal_start(loop, &block);
#endif
}

void daemon_signals_end(struct ev_loop *loop)
{
    guarded_end(loop);
    ev_signal_stop(loop, &hangup);
    ev_signal_stop(loop, &terminate);
    ev_signal_stop(loop, &interrupt);
#ifdef TALON_DEBUG_HOOKS
    ev_signal_stop(loop, &block);
#endif
}
