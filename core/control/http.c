/*
 * The control socket's HTTP, in the library's thread: reads a request, says who may ask and what there is to be asked, and lets the connection sleep until the
 * loop (or the clock) has answered. One request a connection.
 */
#include "control/control_private.h"

#include "base/os/clock.h"
#include "base/text.h"
#include "control/commands.h"
#include "control/peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECTION_MEMORY = 32 << 10 }; /* for a head and what the library notes of it */

/* ---- answers */

static struct MHD_Response *make_response(struct buffer *body, const char *allow)
{
    struct MHD_Response *response = NULL;

    if (!body->failed && body->len > 0)
        response = MHD_create_response_from_buffer(body->len, body->data, MHD_RESPMEM_MUST_FREE);
    if (!response) {
        buffer_free(body);
        return NULL;
    }
    *body = buffer_make(0);
    if (MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json") == MHD_YES &&
        MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store") == MHD_YES &&
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close") == MHD_YES &&
        (!allow || MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, allow) == MHD_YES))
        return response;
    MHD_destroy_response(response);
    return NULL;
}

static void turn_to(struct control *control, struct connection *connection, enum connection_stage stage)
{
    pthread_mutex_lock(&control->lock);
    connection->stage = stage;
    connection->since = clock_awake();
    pthread_mutex_unlock(&control->lock);
}

/* Takes the bytes. */
static enum MHD_Result answer(struct control *control, struct connection *connection, unsigned status, struct buffer *body, const char *allow)
{
    struct MHD_Response *response = make_response(body, allow);
    enum MHD_Result queued;

    if (!response)
        return MHD_NO; /* no memory: the connection ends */
    turn_to(control, connection, CONNECTION_ANSWERING);
    queued = MHD_queue_response(connection->handle, status, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result refuse(struct control *control, struct connection *connection, unsigned status, const char *error, const char *message, const char *allow)
{
    struct buffer body = buffer_make(0);

    asks_write_refusal(&body, error, message);
    return answer(control, connection, status, &body, allow);
}

static enum MHD_Result refuse_stranger(struct control *control, struct connection *connection)
{
    char message[320];

    if (control->settings.group)
        snprintf(message, sizeof message, "this user may not command Talon: only the user that it runs as, members of the group %.128s and root may", control->settings.group);
    else
        snprintf(message, sizeof message, "this user may not command Talon: only the user that it runs as and root may (`control.group` lets a group in)");
    return refuse(control, connection, 403, "forbidden", message, NULL);
}

static enum MHD_Result refuse_path(struct control *control, struct connection *connection)
{
    struct buffer message = buffer_make(0);
    enum MHD_Result queued;

    buffer_text(&message, "there are ");
    for (size_t i = 0; i < control->settings.n_commands; i++)
        buffer_printf(&message, "%s%s %s", i > 0 ? ", " : "", control->settings.commands[i].method, control->settings.commands[i].path);
    queued = refuse(control, connection, 404, "not_found", buffer_string(&message), NULL);
    buffer_free(&message);
    return queued;
}

/* ---- a request */

static bool is_large(struct MHD_Connection *handle)
{
    const char *length = MHD_lookup_connection_value(handle, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);

    return length && strtoull(length, NULL, 10) > CONTROL_BODY;
}

/* The connection sleeps, and the loop is told. It is put to sleep first: it may be woken at once. */
static enum MHD_Result ask(struct control *control, struct connection *connection, const struct control_command *command, const char *name)
{
    char user[CONTROL_USER];

    peer_name(connection->fd, user, sizeof user);
    turn_to(control, connection, CONNECTION_WAITING);
    MHD_suspend_connection(connection->handle);
    connection->ask = asks_put(&control->asks, command, name, user, &connection->body, clock_awake(), connection);
    if (connection->ask)
        control_asked(control);
    else
        MHD_resume_connection(connection->handle);
    return MHD_YES;
}

static enum MHD_Result begin(struct control *control, struct connection *connection, const char *method, const char *url)
{
    const struct control_command *command;
    char name[CONTROL_NAME], allow[COMMANDS_ALLOW];

    switch (commands_find(&control->settings, method, url, &command, name, allow)) {
    case COMMANDS_NO_PATH:
        return refuse_path(control, connection);
    case COMMANDS_NO_METHOD:
        return refuse(control, connection, 405, "method_not_allowed", "this path has other methods; the Allow header lists them", allow);
    case COMMANDS_FOUND:
        break;
    }
    connection->begun = true;
    return ask(control, connection, command, name);
}

/* The connection has been woken. */
static enum MHD_Result go_on(struct control *control, struct connection *connection)
{
    struct buffer body = buffer_make(0);
    unsigned status;

    if (!connection->ask)
        return refuse(control, connection, 503, "busy", "too many commands wait for the loop; try again", NULL);
    if (!asks_collect(connection->ask, &status, &body))
        return MHD_NO;
    asks_leave(connection->ask);
    connection->ask = NULL;
    return answer(control, connection, status, &body, NULL);
}

/* Called once when the head is whole, for each part of a body, when all of it is in, and again when the connection was woken. An answer at the first call makes
 * the library close the connection without reading the body. */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *handle, const char *url, const char *method, const char *version, const char *part,
                                  size_t *part_size, void **context)
{
    struct control *control = arg;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(handle, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct connection *connection = info ? info->socket_context : NULL;

    (void)version;
    if (!connection)
        return MHD_NO;
    if (!*context) {
        *context = connection;
        if (!connection->trusted)
            return refuse_stranger(control, connection);
        return is_large(handle) ? refuse(control, connection, 413, "too_large", "a request is at most 64 KiB", NULL) : MHD_YES;
    }
    if (connection->begun)
        return go_on(control, connection);
    if (*part_size == 0)
        return begin(control, connection, method, url);
    buffer_add(&connection->body, part, *part_size);
    *part_size = 0;
    return connection->body.failed ? MHD_NO : MHD_YES; /* one that did not say how large it is */
}

/* ---- connections */

static struct connection *enter(struct control *control, struct MHD_Connection *handle, int fd)
{
    const bool trusted = peer_may(fd, control->settings.group ? &control->group : NULL);
    struct connection *found = NULL;
    bool first = true;

    pthread_mutex_lock(&control->lock);
    for (size_t i = 0; i < CONTROL_CONNECTIONS; i++) {
        first = first && !control->connections[i].used;
        if (!found && !control->connections[i].used)
            found = &control->connections[i];
    }
    if (found)
        *found = (struct connection){ .used = true, .fd = fd, .since = clock_awake(), .handle = handle, .trusted = trusted, .body = buffer_make(CONTROL_BODY) };
    pthread_mutex_unlock(&control->lock);
    if (first)
        control_wake(control);
    return found;
}

static void leave(struct control *control, struct connection *connection)
{
    if (connection->ask)
        asks_leave(connection->ask);
    buffer_free(&connection->body);
    pthread_mutex_lock(&control->lock);
    *connection = (struct connection){ .used = false };
    pthread_mutex_unlock(&control->lock);
}

static void on_connection(void *arg, struct MHD_Connection *handle, void **context, enum MHD_ConnectionNotificationCode code)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CONNECTION_FD);

    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        *context = info ? enter(arg, handle, info->connect_fd) : NULL;
    else if (*context)
        leave(arg, *context);
}

void http_wake(void *waiter)
{
    struct connection *connection = waiter;

    MHD_resume_connection(connection->handle);
}

struct MHD_Daemon *http_start(struct control *control)
{
    /* poll() does for so few, everywhere. A 33rd connection waits in the socket's backlog: none of the others stays for long. The library's own timeout, of
     * inactivity, is not needed. */
    return MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, control, MHD_OPTION_LISTEN_SOCKET, control->listener,
                            MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONTROL_CONNECTIONS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
                            MHD_OPTION_CONNECTION_TIMEOUT, 0u, MHD_OPTION_NOTIFY_CONNECTION, on_connection, control, MHD_OPTION_END);
}
