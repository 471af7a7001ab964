/*
 * The operation `mount.nfs`: a NULL call to a server of NFS, to its mountd or to its portmapper. It does nothing there, and its answer proves that the program
 * itself lives, where an open port proves the kernel alone. Where mountd listens the portmapper is asked.
 *
 * One function for each step: the portmapper's port and answer, then the program's.
 */
#include "mount.h"
#include "rpc.h"

enum { SERVICE_NFS, SERVICE_MOUNTD, SERVICE_PORTMAPPER };
enum { NULL_PROCEDURE = 0, GETPORT = 3, OVER_TCP = 6, MOST_INPUT = 2048 };

static const char *const services[] = { "nfs", "mountd", "portmapper", NULL };

static const struct {
    uint32_t program, version, port; /* port 0: the portmapper knows */
    const char *name;
} known[] = {
    [SERVICE_NFS] = { RPC_NFS, 3, 2049, "nfs" },
    [SERVICE_MOUNTD] = { RPC_MOUNTD, 3, 0, "mountd" },
    [SERVICE_PORTMAPPER] = { RPC_PORTMAPPER, 2, 111, "the portmapper" },
};

struct state {
    talon_op link;
    uint32_t xid, port;     /* of the call that is on its way */
    int asks_portmapper, up, over; /* over: judged; what still comes in the same turn is not looked at */
    uint64_t asked_ns;
    unsigned char record[RPC_REPLY];
};

_Static_assert(sizeof(struct state) <= MOUNT_NFS_RUN, "a run of `nfs` needs more room");

const struct talon_option mount_nfs_options[] = {
    { .name = "host", TALON_STRING_AT(struct mount_nfs_conf, host), .flags = TALON_REQUIRED, .help = "The server: a name or an address." },
    { .name = "service",
      TALON_ENUM_AT(struct mount_nfs_conf, service),
      .choices = services,
      .fallback = "nfs",
      .help = "Which of its programs is called." },
    { .name = "port",
      TALON_INT_AT(struct mount_nfs_conf, port),
      .max = 65535,
      .fallback = "0",
      .help = "Where that program listens; 0: 2049 for nfs, 111 for the portmapper, and mountd's is asked of the portmapper." },
    { .name = "portmapper",
      TALON_INT_AT(struct mount_nfs_conf, portmapper),
      .min = 1,
      .max = 65535,
      .fallback = "111",
      .help = "Where the portmapper listens that is asked for mountd's port." },
    { .name = "version",
      TALON_INT_AT(struct mount_nfs_conf, version),
      .max = 255,
      .fallback = "0",
      .help = "Which version of the program must be there; 0: 3 of nfs and mountd, 2 of the portmapper." },
    { .name = NULL },
};

const struct talon_metric mount_nfs_metrics[] = {
    { .name = "connect_time", .unit = "s", .help = "From the start until the connection to that program stood." },
    { .name = "call_time", .unit = "s", .help = "From the call to its answer." },
    { .name = NULL },
};

int mount_nfs_validate(const void *given, struct talon_problem *problem)
{
    const struct mount_nfs_conf *conf = given;

    if (*conf->host && strlen(conf->host) < 256 && !strpbrk(conf->host, " /\t\n"))
        return 0;
    problem->option = "host";
    snprintf(problem->text, sizeof problem->text, "is no name of a host: write it without a port and without a path");
    return 1;
}

/* "mountd at nas.example:2049" */
static const char *callee(struct talon_run *run)
{
    const struct mount_nfs_conf *conf = run->conf;
    const struct state *state = run->state;
    const char *name = known[state->asks_portmapper ? SERVICE_PORTMAPPER : conf->service].name;

    return talon_text(run, strchr(conf->host, ':') ? "%s at [%s]:%u" : "%s at %s:%u", name, conf->host, state->port);
}

static uint32_t program_version(const struct mount_nfs_conf *conf)
{
    return conf->version ? (uint32_t)conf->version : known[conf->service].version;
}

/* ---- the answer */

static void call(struct talon_run *run, uint32_t port, int asks_portmapper);

static void found_port(struct talon_run *run, const struct rpc_reply *reply)
{
    const struct mount_nfs_conf *conf = run->conf;
    struct state *state = run->state;

    if (!reply->has_word || reply->word > 65535) {
        talon_done(run, TALON_FAIL, "protocol.bad", "%s named no port", callee(run));
    } else if (reply->word == 0) {
        talon_done(run, TALON_FAIL, "rpc.not_registered", "%s does not know %s (version %u over TCP): it does not run there", callee(run),
                   known[conf->service].name, program_version(conf));
    } else {
        run->host->stop(run, state->link);
        call(run, reply->word, 0);
    }
}

static void answered(struct talon_run *run, const struct rpc_reply *reply)
{
    const struct mount_nfs_conf *conf = run->conf;
    const struct state *state = run->state;
    const uint64_t took = run->host->now_ns(run) - state->asked_ns;

    (void)reply;
    run->host->metric(run, "call_time", (double)took / 1e9, "s");
    talon_done(run, TALON_OK, "rpc.ok", "%s (version %u) answered in %s", callee(run), program_version(conf), talon_show_time(run, took));
}

static void take_reply(struct talon_run *run, size_t n)
{
    const struct state *state = run->state;
    struct rpc_reply reply;

    switch (rpc_read_reply(state->record, n, state->xid, &reply)) {
    case RPC_SUCCESS: (state->asks_portmapper ? found_port : answered)(run, &reply); break;
    case RPC_NO_PROGRAM: talon_done(run, TALON_FAIL, "rpc.no_program", "%s says that this program does not run", callee(run)); break;
    case RPC_NO_VERSION:
        talon_done(run, TALON_FAIL, "rpc.version", "%s offers the versions %u to %u, expected %u", callee(run), reply.low, reply.high,
                   program_version(run->conf));
        break;
    case RPC_REFUSED_AUTH:
        talon_done(run, TALON_UNKNOWN, "auth.rejected", "%s wants credentials even for a call that does nothing (%u)", callee(run), reply.low);
        break;
    case RPC_SYSTEM_ERROR: talon_done(run, TALON_FAIL, "rpc.error", "%s answered that it lacks something, such as memory", callee(run)); break;
    case RPC_NO_PROCEDURE:
    case RPC_GARBAGE:
    case RPC_REFUSED_RPC: talon_done(run, TALON_FAIL, "protocol.bad", "%s does not understand the call", callee(run)); break;
    case RPC_OTHER_CALL: talon_done(run, TALON_FAIL, "protocol.bad", "%s answered another call than ours", callee(run)); break;
    case RPC_NO_REPLY: talon_done(run, TALON_FAIL, "protocol.bad", "%s does not speak RPC", callee(run)); break;
    }
}

static void closed_early(struct talon_run *run, size_t n)
{
    if (n > 0)
        talon_done(run, TALON_FAIL, "protocol.short", "%s closed the connection within its answer", callee(run));
    else
        talon_done(run, TALON_FAIL, "connect.closed", "%s closed the connection without an answer", callee(run));
}

static size_t heard(struct talon_run *run, void *arg, const char *bytes, size_t n, int last)
{
    struct state *state = run->state;
    size_t length, used = 0;

    (void)arg;
    if (state->over)
        return n;
    switch (rpc_read_record((const unsigned char *)bytes, n, state->record, &length, &used)) {
    case RPC_WHOLE:
        state->over = 1;
        take_reply(run, length);
        return used;
    case RPC_MORE:
        state->over = last;
        if (last)
            closed_early(run, n);
        return 0;
    default: break;
    }
    state->over = 1;
    talon_done(run, TALON_FAIL, "protocol.bad", "%s does not speak RPC, it sent \"%s\"", callee(run), talon_quote(run, bytes, n, 60));
    return n;
}

/* ---- the call */

static void linked(struct talon_run *run, void *arg, const struct talon_link *link)
{
    const struct mount_nfs_conf *conf = run->conf;
    struct state *state = run->state;
    const uint32_t wanted[] = { known[conf->service].program, program_version(conf), OVER_TCP, 0 };
    unsigned char bytes[RPC_CALL];
    size_t n;

    (void)arg;
    if (state->over)
        return;
    if (link->error.code && !state->up) {
        talon_failed(run, &link->error, "cannot connect to %s", callee(run));
        return;
    }
    if (link->error.code) {
        talon_failed(run, &link->error, "connected to %s, but it did not answer", callee(run));
        return;
    }
    state->up = 1;
    if (!state->asks_portmapper)
        run->host->metric(run, "connect_time", (double)link->connect_ns / 1e9, "s");
    if (state->asks_portmapper)
        n = rpc_write_call(bytes, state->xid, RPC_PORTMAPPER, known[SERVICE_PORTMAPPER].version, GETPORT, wanted, sizeof wanted / sizeof *wanted);
    else
        n = rpc_write_call(bytes, state->xid, known[conf->service].program, program_version(conf), NULL_PROCEDURE, NULL, 0);
    state->asked_ns = run->host->now_ns(run);
    run->host->send(run, state->link, bytes, n);
}

static void call(struct talon_run *run, uint32_t port, int asks_portmapper)
{
    const struct mount_nfs_conf *conf = run->conf;
    struct state *state = run->state;

    state->xid = (uint32_t)(run->id * 2 + (uint64_t)asks_portmapper);
    state->port = port;
    state->asks_portmapper = asks_portmapper;
    state->up = state->over = 0;
    state->link = run->host->connect(run, TALON_REQUEST(talon_connect, .max_input = MOST_INPUT, .to = { .host = conf->host, .port = port }, .data = heard),
                                     linked, NULL);
}

void mount_nfs_start(struct talon_run *run)
{
    const struct mount_nfs_conf *conf = run->conf;
    const uint32_t port = conf->port ? (uint32_t)conf->port : known[conf->service].port;

    call(run, port ? port : (uint32_t)conf->portmapper, port == 0);
}
