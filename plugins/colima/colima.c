/*
 * The check type `colima.vm`: does the VM of Colima (a Lima instance) run? Asked are the files of the instance, its host agent's socket, and, where that is
 * wanted, the VM's ssh. The `colima` program is never run: it says "running" of a VM that answers nothing, and can hang within it.
 */
#include "colima.h"
#include "witness.h"

#include "kit/json.h"

#include <errno.h>

static const char *const ssh_choices[] = { "off", "banner", "login", NULL };

static const struct talon_option options[] = {
    { .name = "folder",
      TALON_PATH_AT(struct colima_conf, folder),
      .fallback = "~/.colima/_lima/colima",
      .help = "The folder of the Lima instance; the default is that of Colima's default profile." },
    { .name = "ssh",
      TALON_ENUM_AT(struct colima_conf, ssh),
      .choices = ssh_choices,
      .fallback = "off",
      .help = "Whether the VM itself is asked: for the greeting of its ssh server (banner), or by running `cat /proc/uptime` there (login)." },
    { .name = "ssh_host",
      TALON_STRING_AT(struct colima_conf, ssh_host),
      .help = "Its name in the instance's ssh.config; `lima-` and the folder's name unless given." },
    { .name = "warm_up",
      TALON_DURATION_AT(struct colima_conf, warm_up),
      .fallback = "0",
      .help = "One that was started so recently is starting, whatever answers already." },
    { .name = "stop_within",
      TALON_DURATION_AT(struct colima_conf, stop_within),
      .fallback = "3m",
      .help = "A shutdown that takes longer hangs: three minutes are what Lima itself gives a VM." },
    { .name = NULL },
};

static const struct talon_metric metrics[] = {
    { .name = "agent_uptime", .unit = "s", .help = "Since its host agent was started." },
    { .name = "agent_time", .unit = "s", .help = "How long the host agent took to answer." },
    { .name = "ssh_time", .unit = "s", .help = "How long the VM's ssh took to answer." },
    { .name = "uptime", .unit = "s", .help = "Since the VM was booted, by its own clock; with `ssh: login`." },
    { .name = NULL },
};

static int validate(const void *given, struct talon_problem *problem)
{
    const struct colima_conf *conf = given;

    problem->option = "ssh_host";
    if (conf->ssh_host && conf->ssh != COLIMA_SSH_LOGIN)
        snprintf(problem->text, sizeof problem->text, "has no effect without `ssh: login`");
    else if (conf->ssh_host && (!*conf->ssh_host || *conf->ssh_host == '-'))
        snprintf(problem->text, sizeof problem->text, "is no name of a host");
    else
        return 0;
    return 1;
}

/* ---- what the folder says */

static const char *ago(struct talon_run *run, int64_t unix_ns)
{
    const int64_t past = run->host->unix_ns(run) - unix_ns;

    return talon_show_time(run, past > 0 ? (uint64_t)past : 0);
}

static void no_folder(struct talon_run *run, const char *folder)
{
    const int why = errno;

    if (why == ENOENT || why == ENOTDIR)
        talon_done(run, TALON_FAIL, "colima.missing", "there is no VM: %s does not exist, so it was never made, or was deleted", folder);
    else
        talon_done(run, TALON_UNKNOWN, "file.denied", "cannot look into %s: %s", folder, strerror(why));
}

/* Neither agent nor driver: was that wanted? */
static void judge_down(struct talon_run *run, const struct lima *lima)
{
    const int in_this_boot = lima->signalled_at / 1000000000 >= colima_boot_time() && colima_boot_time() > 0;

    if (lima->agent.pid)
        talon_done(run, TALON_FAIL, "colima.crashed", "does not run: its host agent (process %ld) ended without a word%s%s", (long)lima->agent.pid,
                   *lima->crash ? "; last it said: " : "", lima->crash);
    else if (*lima->crash)
        talon_done(run, TALON_FAIL, "colima.crashed", "does not run: %s", lima->crash);
    else if (lima->signalled_at && in_this_boot)
        talon_done(run, TALON_STOPPED, "stopped.by_hand", "was shut down %s ago, as it was told to", ago(run, lima->signalled_at));
    else if (lima->signalled_at)
        talon_done(run, TALON_FAIL, "colima.down", "does not run: it was shut down %s ago, before this machine was started, and nothing has started it since",
                   ago(run, lima->signalled_at));
    else
        talon_done(run, TALON_FAIL, "colima.down", "does not run, and nothing tells that somebody stopped it");
}

static void starting(struct talon_run *run, const struct lima *lima)
{
    talon_done(run, TALON_STARTING, "starting", "its host agent began %s ago%s%s", ago(run, lima->agent.since * 1000000000),
               *lima->waits_for ? " and waits for the " : ", it does not run yet", lima->waits_for);
}

/* Ends the run where the files suffice; 0: both processes live. */
static int judged_by_files(struct talon_run *run, const struct lima *lima)
{
    const struct colima_conf *conf = run->conf;
    const int64_t exiting = run->host->unix_ns(run) - lima->exiting_at;

    if (!lima->agent.alive && !lima->driver.alive) {
        judge_down(run, lima);
    } else if (!lima->agent.alive) {
        talon_done(run, TALON_FAIL, "colima.no_agent", "half of it is dead: its driver (%s) runs, its host agent does not, so nothing is forwarded",
                   lima->driver_name);
    } else if (lima->exiting && exiting > (int64_t)conf->stop_within) {
        talon_done(run, TALON_FAIL, "colima.stuck", "hangs in its shutdown, which began %s ago", ago(run, lima->exiting_at));
    } else if (*lima->crash) {
        talon_done(run, TALON_FAIL, "colima.crashed", "its host agent gives up: %s", lima->crash);
    } else if (lima->exiting || lima->signalled_at) {
        talon_done(run, TALON_STOPPED, "stopped.by_hand", "is being shut down");
    } else if (!lima->running) {
        starting(run, lima);
    } else if (!lima->driver.alive) {
        talon_done(run, TALON_FAIL, "colima.no_driver", "half of it is dead: its host agent runs, its driver (%s) does not", lima->driver_name);
    } else {
        return 0;
    }
    return 1;
}

/* ---- what its agent says */

static void agent_failed(struct talon_run *run, const struct talon_error *error)
{
    const struct colima_conf *conf = run->conf;

    switch (error->code) {
    case TALON_E_NO_SOCKET:
        talon_done(run, TALON_FAIL, error->token, "its host agent runs, but its socket %s/ha.sock is gone", conf->folder);
        break;
    case TALON_E_REFUSED:
        talon_done(run, TALON_FAIL, error->token, "its host agent runs, but does not listen at %s/ha.sock any more", conf->folder);
        break;
    case TALON_E_TIMEOUT:
        talon_done(run, TALON_FAIL, error->token, "its host agent runs, but hangs: no answer at ha.sock");
        break;
    default:
        talon_failed(run, error, "its host agent does not answer at %s/ha.sock", conf->folder);
    }
}

static void agent_answered(struct talon_run *run, void *arg, const struct talon_response *got)
{
    const struct colima_conf *conf = run->conf;
    const cJSON *info;
    const char *problem;
    double port;

    (void)arg;
    if (got->error.code) {
        agent_failed(run, &got->error);
        return;
    }
    info = json_parse(run, got->body, got->body_len, &problem);
    run->host->metric(run, "agent_time", (double)got->total_ns / 1e9, "s");
    if (got->status != 200) {
        const char *words = json_string(info, "message", "");

        talon_done(run, TALON_FAIL, "colima.agent", "its host agent answers with HTTP %u%s%s", got->status, *words ? ": " : "",
                   talon_quote(run, words, strlen(words), 200));
    } else if (!cJSON_IsObject(info)) {
        talon_done(run, TALON_FAIL, "protocol.bad", "its host agent does not speak as Lima's does: %s", info ? "the body is no object" : problem);
    } else if (conf->ssh == COLIMA_SSH_OFF) {
        colima_well(run);
    } else {
        port = json_number(info, "sshLocalPort", 0);
        colima_ask_ssh(run, port >= 1 && port <= 65535 ? (uint32_t)port : 0);
    }
}

/* ---- the end of a good one */

void colima_well(struct talon_run *run)
{
    const struct colima_conf *conf = run->conf;
    const struct colima_state *state = run->state;
    const struct lima *lima = &state->lima;
    const double agent = (double)run->host->unix_ns(run) / 1e9 - (double)lima->agent.since;
    const double up = state->uptime >= 0 && state->uptime < agent ? state->uptime : agent;
    const char *shown = talon_show_time(run, up > 0 ? (uint64_t)(up * 1e9) : 0);

    if (lima->degraded)
        talon_done(run, TALON_WARN, "colima.degraded", "runs for %s, but Lima calls it degraded%s%s", shown, *lima->errors ? ": " : "", lima->errors);
    else if (up * 1e9 < (double)conf->warm_up)
        talon_done(run, TALON_STARTING, "starting", "runs for %s only", shown);
    else
        talon_done(run, TALON_OK, "colima.ok", "runs for %s (%s)", shown, lima->driver_name);
}

static void start(struct talon_run *run)
{
    const struct colima_conf *conf = run->conf;
    struct colima_state *state = run->state;

    state->uptime = -1;
    if (!lima_look(run, conf->folder, &state->lima)) {
        no_folder(run, conf->folder);
        return;
    }
    if (state->lima.agent.alive)
        run->host->metric(run, "agent_uptime", (double)run->host->unix_ns(run) / 1e9 - (double)state->lima.agent.since, "s");
    if (judged_by_files(run, &state->lima))
        return;
    run->host->http(run,
                    TALON_REQUEST(talon_http, .flags = TALON_HTTP_1, .url = "http://lima-hostagent/v1/info", .max_body = 65536,
                                  .unix_path = talon_text(run, "%s/ha.sock", conf->folder)),
                    agent_answered, NULL);
}

static const struct talon_operation operations[] = {
    { .kind = TALON_CHECK,
      .name = "vm",
      .summary = "Looks whether the VM of Colima, or of another Lima instance, runs.",
      .options = options,
      .metrics = metrics,
      .conf_size = sizeof(struct colima_conf),
      .run_size = sizeof(struct colima_state),
      .validate = validate,
      .start = start },
    { .kind = TALON_CHECK,
      .name = "inside",
      .summary = "Looks, by ssh, at ports, Docker, disk and nested virtualization within the VM.",
      .options = inside_options,
      .metrics = inside_metrics,
      .conf_size = sizeof(struct inside_conf),
      .validate = inside_validate,
      .start = inside_start },
    { .kind = TALON_CHECK,
      .name = "forwarder",
      .summary = "Counts what the forwarding of the VM's ports has left behind: connections and processes.",
      .options = forwarder_options,
      .metrics = forwarder_metrics,
      .conf_size = sizeof(struct forwarder_conf),
      .validate = forwarder_validate,
      .start = forwarder_start },
    { .kind = TALON_ACTION,
      .flags = TALON_REPEATABLE,
      .name = "start",
      .summary = "Starts the VM of a profile of Colima.",
      .options = action_options,
      .metrics = action_metrics,
      .conf_size = sizeof(struct action_conf),
      .run_size = sizeof(struct action_state),
      .impact = TALON_RESTART,
      .validate = action_validate,
      .start = action_start },
    { .kind = TALON_ACTION,
      .flags = TALON_REPEATABLE,
      .name = "stop",
      .summary = "Stops the VM of a profile of Colima, and all that runs in it.",
      .options = action_options,
      .metrics = action_metrics,
      .conf_size = sizeof(struct action_conf),
      .run_size = sizeof(struct action_state),
      .impact = TALON_DISRUPT,
      .validate = action_validate,
      .start = action_stop },
    { .kind = TALON_ACTION,
      .name = "force-cycle",
      .summary = "Stops the VM of a profile of Colima by force, and starts it again; where the stop does not work nothing is started.",
      .options = cycle_options,
      .metrics = action_metrics,
      .conf_size = sizeof(struct action_conf),
      .run_size = sizeof(struct action_state),
      .impact = TALON_DISRUPT,
      .validate = action_validate,
      .start = action_force_cycle },
    { .kind = TALON_ACTION,
      .flags = TALON_REPEATABLE,
      .name = "usernet-clean",
      .summary = "Ends the processes of `limactl usernet` that crashes have left behind, and removes their sockets; not while a VM lives.",
      .options = usernet_options,
      .metrics = usernet_metrics,
      .conf_size = sizeof(struct usernet_conf),
      .run_size = sizeof(struct usernet_state),
      .impact = TALON_RESTART,
      .start = usernet_start },
};

const struct talon_plugin talon_plugin_descriptor = {
    TALON_PLUGIN_HEAD,
    .name = "colima",
    .version = "1.0.0",
    .license = "MIT",
    .summary = "Checks of Colima's VM, and how it is started and stopped.",
    TALON_OPERATIONS(operations),
};
