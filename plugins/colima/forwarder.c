/*
 * The check type `colima.forwarder`: what Lima's forwarding has left behind. Its host agent has leaked one connection for each request until, at 2048 of them,
 * nothing was forwarded any more; and crashes leave `limactl usernet` processes behind, of which the next one cannot start. Both are seen long before.
 */
#include "colima.h"
#include "forwarder.h"
#include "witness.h"

#include <errno.h>

const struct talon_option forwarder_options[] = {
    { .name = "folder",
      TALON_PATH_AT(struct forwarder_conf, folder),
      .fallback = "~/.colima/_lima/colima",
      .help = "The folder of the Lima instance; the default is that of Colima's default profile." },
    { .name = "warn",
      TALON_INT_AT(struct forwarder_conf, warn),
      .min = 1,
      .max = 65535,
      .fallback = "1000",
      .help = "So many connections of the host agent that only their peers have closed are a warning." },
    { .name = "fail",
      TALON_INT_AT(struct forwarder_conf, fail),
      .min = 1,
      .max = 65535,
      .fallback = "1900",
      .help = "The same for a failure; at 2048 Lima forwards nothing any more." },
    { .name = "most_usernet",
      TALON_INT_AT(struct forwarder_conf, most_usernet),
      .max = 1000,
      .fallback = "2",
      .help = "At most so many `limactl usernet` processes; more are orphans of crashes." },
    { .name = NULL },
};

const struct talon_metric forwarder_metrics[] = {
    { .name = "close_wait", .unit = "", .help = "Connections of the host agent that only their peers have closed (CLOSE_WAIT)." },
    { .name = "usernet", .unit = "", .help = "Processes of `limactl usernet`." },
    { .name = NULL },
};

int forwarder_validate(const void *given, struct talon_problem *problem)
{
    const struct forwarder_conf *conf = given;

    if (conf->warn <= conf->fail)
        return 0;
    problem->option = "warn";
    snprintf(problem->text, sizeof problem->text, "must not be above `fail`");
    return 1;
}

static void judge(struct talon_run *run, long waiting, long usernet)
{
    const struct forwarder_conf *conf = run->conf;

    run->host->metric(run, "close_wait", (double)waiting, "");
    run->host->metric(run, "usernet", (double)usernet, "");
    if (waiting >= conf->fail)
        talon_done(run, TALON_FAIL, "colima.leak", "the host agent holds %ld connections that their peers have closed; at 2048 it forwards nothing any more", waiting);
    else if (usernet > conf->most_usernet)
        talon_done(run, TALON_FAIL, "colima.usernet", "%ld processes of limactl usernet run, at most %ld belong here: crashes have left the others", usernet,
                   (long)conf->most_usernet);
    else if (waiting >= conf->warn)
        talon_done(run, TALON_WARN, "colima.leak", "the host agent holds %ld connections that their peers have closed", waiting);
    else
        talon_done(run, TALON_OK, "colima.ok", "%ld connections wait to be closed, %ld usernet processes", waiting, usernet);
}

void forwarder_start(struct talon_run *run)
{
    const struct forwarder_conf *conf = run->conf;
    struct lima lima;
    long waiting, usernet;

    if (!lima_look(run, conf->folder, &lima)) {
        talon_done(run, TALON_UNKNOWN, "colima.missing", "cannot look into %s: %s", conf->folder, strerror(errno));
        return;
    }
    waiting = lima.agent.alive ? forwarder_close_wait(lima.agent.pid) : 0;
    usernet = waiting < 0 ? -1 : forwarder_find("limactl", "usernet", NULL, NULL, 0);
    if (waiting < 0 || usernet < 0)
        talon_done(run, TALON_UNKNOWN, "process.hidden", "cannot see %s: %s", waiting < 0 ? "the connections of the host agent" : "the processes of this machine",
                   strerror(errno));
    else
        judge(run, waiting, usernet);
}
