/*
 * Does the VM itself answer? Lima forwards its ssh server to a port of this machine: the greeting alone proves that the guest turns, without a login; the login
 * runs one command there. It never uses the connection that Lima's own ssh keeps (ssh.sock): a stale one would answer for a VM that is gone.
 */
#include "witness.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { WORDS = 200 };

/* ---- the greeting */

static void silent(struct talon_run *run, const struct talon_error *error, uint32_t port)
{
    const struct colima_state *state = run->state;

    switch (error->code) {
    case TALON_E_REFUSED:
        talon_done(run, TALON_FAIL, "colima.unreachable", "its host agent says that it runs, but nobody forwards its ssh port %u", port);
        break;
    case TALON_E_CLOSED:
        talon_done(run, TALON_FAIL, "colima.unreachable", "its host agent says that it runs, but the VM closes ssh connections without a greeting");
        break;
    case TALON_E_TIMEOUT:
        talon_done(run, TALON_FAIL, "colima.frozen", "its host agent says that it runs, but the VM does not %s: it stands still",
                   state->up ? "greet over ssh" : "accept an ssh connection");
        break;
    default:
        talon_failed(run, error, "the VM does not answer ssh at port %u", port);
    }
}

static size_t heard(struct talon_run *run, void *arg, const char *bytes, size_t n, int last)
{
    if (n >= 4 && memcmp(bytes, "SSH-", 4) == 0)
        colima_well(run);
    else if (n >= 4)
        talon_done(run, TALON_FAIL, "protocol.bad", "port %u, which its host agent names for ssh, greets with \"%s\"", *(const uint32_t *)arg,
                   talon_quote(run, bytes, n, 60));
    else if (last)
        silent(run, &(struct talon_error){ .code = TALON_E_CLOSED }, *(const uint32_t *)arg);
    return n >= 4 ? n : 0;
}

static void linked(struct talon_run *run, void *arg, const struct talon_link *link)
{
    struct colima_state *state = run->state;

    if (link->error.code) {
        silent(run, &link->error, *(const uint32_t *)arg);
        return;
    }
    state->up = 1;
    run->host->metric(run, "ssh_time", (double)link->connect_ns / 1e9, "s");
}

static void ask_greeting(struct talon_run *run, uint32_t port)
{
    uint32_t *kept = run->host->alloc(run, sizeof *kept);

    *kept = port;
    run->host->connect(run, TALON_REQUEST(talon_connect, .to = { .host = "127.0.0.1", .port = port }, .max_input = 4096, .data = heard), linked, kept);
}

/* ---- the login */

/* ssh says why in its last line. */
static const char *last_line(struct talon_run *run, const char *text, size_t n)
{
    size_t from;

    while (n > 0 && (unsigned char)text[n - 1] <= ' ')
        n--;
    for (from = n; from > 0 && text[from - 1] != '\n';)
        from--;
    return talon_quote(run, text + from, n - from, WORDS);
}

int colima_ssh_failed(struct talon_run *run, const struct talon_exit *ended, enum talon_status status)
{
    if (ended->error.code == TALON_E_TIMEOUT) {
        talon_done(run, status, "colima.frozen", "a login by ssh into the VM does not end: it stands still");
        return 1;
    }
    if (ended->error.code) {
        talon_failed(run, &ended->error, "cannot run ssh");
        return 1;
    }
    if (ended->code != 0) {
        const char *why = last_line(run, ended->err, ended->err_len);

        talon_done(run, status, "colima.unreachable", "ssh into the VM fails: %s", *why ? why : talon_text(run, "exit code %d", ended->code));
        return 1;
    }
    return 0;
}

static void logged_in(struct talon_run *run, void *arg, const struct talon_exit *ended)
{
    struct colima_state *state = run->state;
    char *end;

    (void)arg;
    if (colima_ssh_failed(run, ended, TALON_FAIL))
        return;
    state->uptime = strtod(ended->out, &end);
    if (end == ended->out || !(state->uptime >= 0 && state->uptime < 1e10)) {
        talon_done(run, TALON_FAIL, "protocol.bad", "the VM answers `cat /proc/uptime` with \"%s\"", talon_quote(run, ended->out, ended->out_len, 60));
        return;
    }
    run->host->metric(run, "uptime", state->uptime, "s");
    run->host->metric(run, "ssh_time", (double)ended->total_ns / 1e9, "s");
    colima_well(run);
}

void colima_ssh(struct talon_run *run, const char *folder, const char *host, const char *command, talon_exit_fn *done)
{
    const char *slash = strrchr(folder, '/'), *config = talon_text(run, "%s/ssh.config", folder);
    const uint64_t seconds = talon_left_ns(run) / 1000000000;
    const char *within = talon_text(run, "ConnectTimeout=%llu", seconds < 3600 ? (unsigned long long)seconds + 1 : 3600);
    const char *known = host ? host : talon_text(run, "lima-%s", slash ? slash + 1 : folder);
    const char *const argv[] = { "ssh", "-F", config, "-o", within, "-o", "BatchMode=yes", "-o", "ControlMaster=no", "-o", "ControlPath=none", "-T",
                                 known, command, NULL };

    if (access(config, R_OK) != 0)
        talon_done(run, TALON_UNKNOWN, "file.denied", "cannot read %s: %s", config, strerror(errno));
    else
        run->host->spawn(run, TALON_REQUEST(talon_command, .argv = argv, .max_output = 16384), done, NULL);
}

void colima_ask_ssh(struct talon_run *run, uint32_t port)
{
    const struct colima_conf *conf = run->conf;

    if (conf->ssh == COLIMA_SSH_LOGIN)
        colima_ssh(run, conf->folder, conf->ssh_host, "cat /proc/uptime", logged_in);
    else if (port == 0)
        talon_done(run, TALON_FAIL, "colima.agent", "its host agent names no port for ssh, so it forwards none");
    else
        ask_greeting(run, port);
}
