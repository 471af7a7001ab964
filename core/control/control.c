/*
 * The control socket: its life, the loop's side, and the clock. The clock is a thread of its own, since what it watches over is a loop that may stand still and a
 * library that bounds inactivity only; it sleeps while there are no connections.
 */
#include "control/control.h"

#include "base/os/clock.h"
#include "control/control_private.h"

#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LAST_ANSWERS (200 * (uint64_t)NS_PER_MS)

enum { GROUP_BUFFER = 64 << 10, DRAIN_LOOK_MS = 5 };

/* ---- the loop's side */

static void on_asked(struct ev_loop *loop, ev_async *asked, int events)
{
    struct control *control = asked->data;
    struct control_ask *ask;

    (void)loop, (void)events;
    while ((ask = asks_take(&control->asks)))
        ask->command->call(control->settings.arg, ask);
}

void control_asked(struct control *control)
{
    ev_async_send(control->settings.loop, &control->asked);
}

/* ---- the clock */

static bool is_over(const struct control *control, const struct connection *connection, uint64_t now)
{
    const uint64_t longest = connection->stage == CONNECTION_READING ? control->bounds.request : control->bounds.taking;

    return connection->stage != CONNECTION_WAITING && now >= connection->since + longest;
}

/* Sends away who takes too long; are there any connections at all? It is shut down, not closed: the descriptor stays the library's. */
static bool look(struct control *control, uint64_t now)
{
    bool any = false;

    for (size_t i = 0; i < CONTROL_CONNECTIONS; i++) {
        struct connection *connection = &control->connections[i];

        any = any || connection->used;
        if (!connection->used || connection->shut || !is_over(control, connection, now))
            continue;
        connection->shut = true;
        shutdown(connection->fd, SHUT_RDWR);
    }
    return any;
}

static void *look_always(void *arg)
{
    struct control *control = arg;
    struct pollfd wake = { .fd = control->wake[0], .events = POLLIN };
    bool ending = false, any = false;
    char bytes[16];

    while (!ending) {
        uint64_t now;

        poll(&wake, 1, any ? (int)(control->bounds.look / NS_PER_MS) : -1);
        while (read(control->wake[0], bytes, sizeof bytes) > 0)
            continue;
        pthread_mutex_lock(&control->lock);
        now = clock_awake();
        any = look(control, now);
        ending = control->ending;
        pthread_mutex_unlock(&control->lock);
        asks_give_up(&control->asks, now, control->bounds.command);
    }
    return NULL;
}

void control_wake(struct control *control)
{
    while (write(control->wake[1], "", 1) < 0 && errno == EINTR)
        continue;
}

static void stop_clock(struct control *control)
{
    if (!control->ticking)
        return;
    pthread_mutex_lock(&control->lock);
    control->ending = true;
    pthread_mutex_unlock(&control->lock);
    control_wake(control);
    pthread_join(control->clock, NULL);
    control->ticking = false;
}

/* ---- start */

static bool find_group(struct control *control, char *why, size_t why_size)
{
    char *room = malloc(GROUP_BUFFER);
    struct group entry, *found = NULL;
    int error = room ? getgrnam_r(control->settings.group, &entry, room, GROUP_BUFFER, &found) : ENOMEM;

    if (found)
        control->group = found->gr_gid;
    else if (error != 0)
        snprintf(why, why_size, "the group %.128s of `control.group` cannot be looked up: %s", control->settings.group, strerror(error));
    else
        snprintf(why, why_size, "there is no group %.128s on this host; make it, or set `control.group` to another", control->settings.group);
    free(room);
    return found != NULL;
}

static bool copy_settings(struct control *control, const struct control_settings *settings)
{
    control->settings = *settings;
    control->settings.path = strdup(settings->path);
    control->settings.group = settings->group ? strdup(settings->group) : NULL;
    return control->settings.path && (!settings->group || control->settings.group);
}

static bool open_wake(struct control *control)
{
    if (pipe(control->wake) != 0) {
        control->wake[0] = control->wake[1] = -1;
        return false;
    }
    for (int i = 0; i < 2; i++)
        if (fcntl(control->wake[i], F_SETFD, FD_CLOEXEC) != 0 || fcntl(control->wake[i], F_SETFL, O_NONBLOCK) != 0)
            return false;
    return true;
}

/* The threads get no signals: those are the daemon's loop's. */
static bool start_threads(struct control *control)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    control->ticking = pthread_create(&control->clock, NULL, look_always, control) == 0;
    if (control->ticking)
        control->daemon = http_start(control);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!control->daemon && fcntl(control->listener, F_GETFD) < 0)
        control->listener = -1; /* of the library's ways to fail, some close the socket */
    return control->daemon != NULL;
}

static bool start(struct control *control, char *why, size_t why_size)
{
    const struct control_settings *settings = &control->settings;

    if (settings->group && !find_group(control, why, why_size))
        return false;
    control->listener = socket_open(settings->path, settings->group ? &control->group : NULL, &control->file, why, why_size);
    if (control->listener < 0)
        return false;
    if (open_wake(control) && start_threads(control))
        return true;
    snprintf(why, why_size, "no memory, descriptor or thread for the control socket");
    return false;
}

struct control *control_start_within(const struct control_settings *settings, const struct control_bounds *bounds, char *why, size_t why_size)
{
    struct control *control = calloc(1, sizeof *control);

    snprintf(why, why_size, "no memory for the control socket");
    if (!control)
        return NULL;
    control->bounds = *bounds;
    control->listener = control->wake[0] = control->wake[1] = -1;
    pthread_mutex_init(&control->lock, NULL);
    asks_begin(&control->asks, http_wake);
    ev_async_init(&control->asked, on_asked);
    control->asked.data = control;
    ev_async_start(settings->loop, &control->asked);
    if (copy_settings(control, settings) && start(control, why, why_size))
        return control;
    control_stop(control);
    return NULL;
}

struct control *control_start(const struct control_settings *settings, char *why, size_t why_size)
{
    const struct control_bounds bounds = {
        .request = 5 * (uint64_t)NS_PER_S,
        .command = 10 * (uint64_t)NS_PER_S,
        .taking = 10 * (uint64_t)NS_PER_S,
        .look = 250 * (uint64_t)NS_PER_MS,
    };

    return control_start_within(settings, &bounds, why, why_size);
}

bool control_is_there(const struct control *control)
{
    return socket_is_there(control->settings.path, &control->file);
}

/* ---- its end */

static bool has_answers_to_give(struct control *control)
{
    bool any = false;

    pthread_mutex_lock(&control->lock);
    for (size_t i = 0; i < CONTROL_CONNECTIONS; i++)
        any = any || (control->connections[i].used && !control->connections[i].shut && control->connections[i].stage != CONNECTION_READING);
    pthread_mutex_unlock(&control->lock);
    return any;
}

static void stop_daemon(struct control *control)
{
    const uint64_t until = clock_awake() + LAST_ANSWERS;

    if (!control->daemon)
        return;
    if (MHD_quiesce_daemon(control->daemon) < 0) /* no one comes any more; the socket is ours again */
        control->listener = -1;
    asks_give_up_all(&control->asks);
    while (has_answers_to_give(control) && clock_awake() < until)
        poll(NULL, 0, DRAIN_LOOK_MS);
    MHD_stop_daemon(control->daemon);
}

void control_stop(struct control *control)
{
    if (!control)
        return;
    if (control->listener >= 0)
        socket_remove(control->settings.path, &control->file);
    stop_daemon(control);
    stop_clock(control);
    ev_async_stop(control->settings.loop, &control->asked);
    asks_end(&control->asks);
    if (control->listener >= 0)
        close(control->listener);
    for (int i = 0; i < 2; i++)
        if (control->wake[i] >= 0)
            close(control->wake[i]);
    pthread_mutex_destroy(&control->lock);
    free((char *)(uintptr_t)control->settings.path);
    free((char *)(uintptr_t)control->settings.group);
    free(control);
}
