/*
 * The endpoint: libmicrohttpd in its own thread, see serve.h. The library reads requests and writes answers; request.c says which may be answered,
 * answers.c with what, clients.c how long each may take. Nothing here waits for the daemon's loop, and the loop waits for nothing here: they share a
 * snapshot, a number, and no more.
 */
#include "serve/endpoint.h"

#include "base/moment.h"
#include "base/os/clock.h"
#include "serve/answers.h"
#include "serve/listener.h"
#include "serve/past.h"
#include "serve/serve_system.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEFAULT_STALL (10 * (uint64_t)NS_PER_S)
#define LAST_ANSWERS (200 * (uint64_t)NS_PER_MS)

/* A connection's pool holds the head and what the library notes of it. Descriptors that the rest of the process needs are left to it. */
enum { CONNECTION_MEMORY = 32 << 10, OTHER_DESCRIPTORS = 256, MOST_CLIENTS = 1024 };

struct serve {
    struct MHD_Daemon *daemon;
    struct clients *clients;
    struct answers *answers;
    struct past *past;
    char **allow_hosts;          /* NULL-terminated */
    int listener;
    uint16_t port;
    uint64_t stall;
    atomic_uint_least64_t turned; /* awake; when the loop has turned last */
};

/* ---- a request, in the order in which the library tells of it */

static struct client *client_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info ? info->socket_context : NULL;
}

static const char *const *hosts_of(const struct serve *serve)
{
    return (const char *const *)serve->allow_hosts;
}

/* The request line is in. What this returns is the request's context from now on. */
static void *on_target(void *arg, const char *target, struct MHD_Connection *connection)
{
    struct serve *serve = arg;
    struct client *client = client_of(connection);

    if (client) {
        request_begin(&client->request, target, hosts_of(serve));
        client_reading(client);
    }
    return client;
}

static bool is_stalled(const struct serve *serve)
{
    uint64_t now = clock_awake(), turned = atomic_load_explicit(&serve->turned, memory_order_relaxed);

    return now > turned && now - turned >= serve->stall;
}

static enum MHD_Result give(struct client *client, struct MHD_Connection *connection, struct answer got)
{
    enum MHD_Result queued;

    client_answering(client);
    if (!got.response)
        return MHD_NO; /* no memory: the connection ends */
    queued = MHD_queue_response(connection, got.status, got.response);
    if (got.owned)
        MHD_destroy_response(got.response);
    return queued;
}

/* The connection sleeps until the store has answered; then the library calls again. */
static enum MHD_Result answer_past(struct serve *serve, struct client *client, struct MHD_Connection *connection)
{
    struct past_question *question = client->question;
    struct snapshot *snapshot;
    struct answer refused;

    client->question = NULL;
    if (question)
        return give(client, connection, past_answer(serve->past, question));
    snapshot = answers_snapshot(serve->answers);
    client_answering(client);
    client->question = past_ask(serve->past, snapshot, &client->request, connection, &refused);
    snapshot_drop(snapshot);
    return client->question ? MHD_YES : give(client, connection, refused);
}

static enum MHD_Result answer(struct serve *serve, struct client *client, struct MHD_Connection *connection)
{
    const struct request *request = &client->request;

    if (request->judgement != REQUEST_GOOD)
        return give(client, connection, answers_refuse(serve->answers, request->judgement));
    if (past_is_asked(request))
        return answer_past(serve, client, connection);
    return give(client, connection, answers_get(serve->answers, request, is_stalled(serve)));
}

/* Called once when the head is whole, for each part of a body, and when all of it is in. An answer at the first call makes the library close the connection
 * afterwards: that is for bodies which are not to come. */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url, const char *method, const char *version, const char *body,
                                  size_t *body_size, void **context)
{
    struct client *client = *context;
    struct request *request;

    (void)url, (void)body;
    if (!client)
        return MHD_NO;
    request = &client->request;
    if (!request->judged) {
        request_judge(request, connection, method, version, hosts_of(arg));
        if (request->expects && request->has_body && past_is_asked(request))
            request->judgement = REQUEST_LARGE_BODY; /* it would sleep before its body is in */
        return request->has_body && (request->expects || request->large_body || request->judgement == REQUEST_BAD) ? answer(arg, client, connection) : MHD_YES;
    }
    if (*body_size == 0)
        return answer(arg, client, connection);
    request->bytes += *body_size;
    *body_size = 0;
    return request->bytes <= REQUEST_HEAD_MAX + REQUEST_BODY_MAX ? MHD_YES : MHD_NO;
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **context, enum MHD_RequestTerminationCode code)
{
    struct serve *serve = arg;
    struct client *client = *context;

    (void)connection, (void)code;
    if (!client)
        return;
    if (client->question)
        past_leave(serve->past, client->question);
    client->question = NULL;
    client_answered(client, client->request.bytes);
}

static void on_connection(void *arg, struct MHD_Connection *connection, void **context, enum MHD_ConnectionNotificationCode code)
{
    struct serve *serve = arg;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        *context = info ? clients_enter(serve->clients, info->connect_fd) : NULL;
    else if (*context)
        clients_leave(serve->clients, *context);
}

/* ---- start */

static struct clients_bounds default_bounds(void)
{
    struct clients_bounds bounds = {
        .most = MOST_CLIENTS,
        .first_byte = 5 * (uint64_t)NS_PER_S,
        .whole = 5 * (uint64_t)NS_PER_S,
        .idle = 30 * (uint64_t)NS_PER_S,
        .answer = 30 * (uint64_t)NS_PER_S,
        .look = 250 * (uint64_t)NS_PER_MS,
    };
    struct rlimit limit;

    /* Where the process may have few descriptors, clients may not have them all */
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < MOST_CLIENTS + CLIENTS_SPARE + OTHER_DESCRIPTORS)
        bounds.most = (unsigned)(limit.rlim_cur > 2 * OTHER_DESCRIPTORS ? limit.rlim_cur - OTHER_DESCRIPTORS : limit.rlim_cur / 2);
    bounds.crowd = bounds.most / 4 * 3;
    return bounds;
}

static char **copy_hosts(const char *const *hosts)
{
    size_t n = 0;
    char **copy;

    while (hosts && hosts[n])
        n++;
    copy = calloc(n + 1, sizeof *copy);
    for (size_t i = 0; copy && i < n; i++) {
        copy[i] = strdup(hosts[i]);
        if (copy[i])
            continue;
        while (i-- > 0)
            free(copy[i]);
        free(copy);
        return NULL;
    }
    return copy;
}

static void free_hosts(char **hosts)
{
    for (size_t i = 0; hosts && hosts[i]; i++)
        free(hosts[i]);
    free(hosts);
}

static struct MHD_Daemon *start_daemon(struct serve *serve, const struct clients_bounds *bounds)
{
    /* The port is that of the listening socket. No timeout of the library's: inactivity is not what is bounded, see clients.h. */
    return MHD_start_daemon(serve_polling | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME, serve->port, NULL, NULL, on_request, serve, MHD_OPTION_LISTEN_SOCKET, serve->listener,
                            MHD_OPTION_CONNECTION_LIMIT, bounds->most + CLIENTS_SPARE, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
                            MHD_OPTION_CONNECTION_TIMEOUT, 0u, MHD_OPTION_URI_LOG_CALLBACK, on_target, serve, MHD_OPTION_NOTIFY_COMPLETED, on_completed, serve,
                            MHD_OPTION_NOTIFY_CONNECTION, on_connection, serve, MHD_OPTION_END);
}

/* The threads get no signals: those are the daemon's loop's. */
static bool start_threads(struct serve *serve, const struct clients_bounds *bounds)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    serve->clients = clients_create(bounds);
    if (serve->clients)
        serve->daemon = start_daemon(serve, bounds);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!serve->daemon && fcntl(serve->listener, F_GETFD) < 0)
        serve->listener = -1; /* of its ways to fail, some close the socket */
    return serve->daemon != NULL;
}

struct serve *endpoint_start(const struct serve_settings *settings, const struct clients_bounds *bounds, char *why, size_t why_size)
{
    struct serve *serve = calloc(1, sizeof *serve);

    snprintf(why, why_size, "no memory, descriptor or thread for the endpoint");
    if (!serve)
        return NULL;
    serve->port = settings->port;
    serve->stall = settings->stall > 0 ? settings->stall : DEFAULT_STALL;
    atomic_init(&serve->turned, clock_awake());
    serve->listener = listener_open(settings->host, &serve->port, why, why_size);
    if (serve->listener >= 0) {
        serve->allow_hosts = copy_hosts(settings->allow_hosts);
        serve->answers = answers_create();
        serve->past = past_create();
        if (serve->allow_hosts && serve->answers && serve->past && start_threads(serve, bounds))
            return serve;
    }
    serve_stop(serve);
    return NULL;
}

struct serve *serve_start(const struct serve_settings *settings, char *why, size_t why_size)
{
    struct clients_bounds bounds = default_bounds();

    return endpoint_start(settings, &bounds, why, why_size);
}

/* ---- while it runs, and its end */

uint16_t serve_port(const struct serve *serve)
{
    return serve->port;
}

void serve_publish(struct serve *serve, struct snapshot *snapshot)
{
    answers_publish(serve->answers, snapshot);
}

void serve_past(struct serve *serve, struct store *store, serve_ask *ask)
{
    past_store(serve->past, store, ask);
}

void serve_turned(struct serve *serve, uint64_t awake)
{
    atomic_store_explicit(&serve->turned, awake, memory_order_relaxed);
    past_look(serve->past, awake);
}

void serve_stop(struct serve *serve)
{
    if (!serve)
        return;
    if (serve->daemon) {
        if (MHD_quiesce_daemon(serve->daemon) < 0) /* no one comes any more; the socket is ours again, to be closed when no thread polls it */
            serve->listener = -1;
        past_end(serve->past); /* the library may not be stopped while a connection sleeps */
        clients_drain(serve->clients, LAST_ANSWERS);
        MHD_stop_daemon(serve->daemon);
    }
    clients_free(serve->clients);
    if (serve->listener >= 0)
        close(serve->listener);
    answers_free(serve->answers);
    past_free(serve->past);
    free_hosts(serve->allow_hosts);
    free(serve);
}
