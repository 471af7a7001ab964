/*
 * The observer's samples: see daemon_observer.h. All parts of a sample are tried at once, and one that does not come back in LONGEST has failed: the judgement
 * waits 2 s at most for it. Nothing leaves this host: asking for a way out connects a datagram socket, which sends nothing.
 */
#include "daemon_observer.h"

#include "base/os/child.h"
#include "base/os/clock.h"
#include "base/shortage.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LONGEST 1.5                                     /* s */
#define TURN .01                                        /* s: the timer by which the loop's delay is seen */
#define LATE (500 * (uint64_t)NS_PER_MS)
#define APART (30 * (uint64_t)NS_PER_S)                 /* between two that nobody asked for */
#define APART_SICK (2 * (uint64_t)NS_PER_S)
#define CLOCK_LEAST (1735689600 * (int64_t)NS_PER_S)    /* 2025-01-01: Talon is younger */

enum { TEXT = 160 };
/* The parts of a sample that take time. */
enum { PART_TURN = 1, PART_LOOPBACK = 2, PART_CHILD = 4 };

struct daemon_observer {
    struct ev_loop *loop;
    struct daemon_observer_calls calls;
    ev_timer turn, deadline;
    ev_io accepted;
    ev_child ended;
    unsigned waits;                     /* parts that have not come back; 0: no sample is on its way */
    bool again;                         /* another one is wanted, begun after this */
    uint64_t asked, asked_again;
    uint64_t turn_due, taken_at;        /* awake */
    uint64_t refused;                   /* shortage_count() of the sample before */
    int listener, client;
    pid_t child;
    bool had_route, sick;
    enum daemon_sickness found;         /* the worst, of this sample */
    char why[TEXT];                     /* and of what */
};

/* The first that is found is told; of two that excuse differently the one that excuses more. */
static void find(struct daemon_observer *o, enum daemon_sickness sickness, const char *what, const char *why)
{
    if (sickness <= o->found)
        return;
    o->found = sickness;
    snprintf(o->why, sizeof o->why, "%.70s%s%.80s", what, why[0] ? ": " : "", why);
}

static void begin(struct daemon_observer *o);

/* ---- the end of a sample */

static void close_fd(int *fd)
{
    const struct linger at_once = { .l_onoff = 1 }; /* no TIME_WAIT is left of it */

    if (*fd < 0)
        return;
    setsockopt(*fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(*fd);
    *fd = -1;
}

/* The child's own watcher is gone: libev takes its end in, whenever that comes. */
static void stop(struct daemon_observer *o)
{
    ev_timer_stop(o->loop, &o->turn);
    ev_timer_stop(o->loop, &o->deadline);
    ev_io_stop(o->loop, &o->accepted);
    ev_child_stop(o->loop, &o->ended);
    if (o->waits & PART_CHILD)
        kill(o->child, SIGKILL);
    close_fd(&o->client);
    close_fd(&o->listener);
    o->waits = 0;
}

static void tell(struct daemon_observer *o)
{
    o->sick = o->found != HOST_WELL;
    o->calls.sample(o->calls.arg, o->asked, o->found, o->why);
}

static void conclude(struct daemon_observer *o)
{
    stop(o);
    o->taken_at = clock_moment().awake;
    tell(o);
    if (!o->again || o->waits) /* the call may have begun the next */
        return;
    o->again = false;
    o->asked = o->asked_again;
    begin(o);
}

static void came_back(struct daemon_observer *o, unsigned part)
{
    o->waits &= ~part;
    if (o->waits == 0)
        conclude(o);
}

static void on_deadline(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct daemon_observer *o = timer->data;

    (void)loop, (void)events;
    if (o->waits & PART_CHILD)
        find(o, HOST_SICK, "starting a child takes longer than a second", "");
    if (o->waits & PART_LOOPBACK)
        find(o, HOST_SICK, "a connection to 127.0.0.1 takes longer than a second", "");
    conclude(o);
}

/* ---- the loop */

static void on_turn(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct daemon_observer *o = timer->data;
    const uint64_t now = clock_moment().awake;
    char late[32];

    (void)loop, (void)events;
    if (now > o->turn_due + LATE) {
        snprintf(late, sizeof late, "%u ms", (unsigned)((now - o->turn_due) / NS_PER_MS));
        find(o, HOST_SICK, "Talon does not get to run in time, a timer was late", late);
    }
    came_back(o, PART_TURN);
}

static void try_turn(struct daemon_observer *o)
{
    ev_now_update(o->loop);
    o->turn_due = clock_moment().awake + (uint64_t)(TURN * 1e9);
    ev_timer_set(&o->turn, TURN, 0.);
    ev_timer_start(o->loop, &o->turn);
    o->waits |= PART_TURN;
}

/* ---- loopback */

static void on_accepted(struct ev_loop *loop, ev_io *io, int events)
{
    struct daemon_observer *o = io->data;
    int fd = accept(o->listener, NULL, NULL);

    (void)events;
    if (fd < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED))
        return;
    if (fd < 0)
        find(o, HOST_SICK, "a connection to 127.0.0.1 cannot be taken", strerror(errno));
    close_fd(&fd);
    ev_io_stop(loop, io);
    came_back(o, PART_LOOPBACK);
}

static int open_socket(int type)
{
    const int fd = socket(AF_INET, type, 0);

    if (fd >= 0) {
        fcntl(fd, F_SETFD, FD_CLOEXEC);
        fcntl(fd, F_SETFL, O_NONBLOCK);
    }
    return fd;
}

/* A listener at a free port, and a client on its way to it. */
static bool connect_loopback(struct daemon_observer *o)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof address;

    o->listener = open_socket(SOCK_STREAM);
    o->client = open_socket(SOCK_STREAM);
    if (o->listener < 0 || o->client < 0)
        return false;
    if (bind(o->listener, (struct sockaddr *)&address, n) != 0 || listen(o->listener, 1) != 0 || getsockname(o->listener, (struct sockaddr *)&address, &n) != 0)
        return false;
    return connect(o->client, (struct sockaddr *)&address, n) == 0 || errno == EINPROGRESS || errno == EINTR;
}

static void try_loopback(struct daemon_observer *o)
{
    if (!connect_loopback(o)) {
        if (errno == EMFILE || errno == ENFILE)
            find(o, HOST_SICK, "no descriptor is left", strerror(errno));
        else
            find(o, HOST_SICK, "a connection to 127.0.0.1 fails", strerror(errno));
        return;
    }
    ev_io_set(&o->accepted, o->listener, EV_READ);
    ev_io_start(o->loop, &o->accepted);
    o->waits |= PART_LOOPBACK;
}

/* ---- a child */

static void on_ended(struct ev_loop *loop, ev_child *child, int events)
{
    (void)events;
    ev_child_stop(loop, child);
    came_back(child->data, PART_CHILD);
}

/* A host without the program proves nothing by that. */
static void try_child(struct daemon_observer *o)
{
    static const char *const argv[] = { "true", NULL };
    const struct child_request request = { .argv = argv, .path = "/usr/bin:/bin:/run/current-system/sw/bin", .in = -1, .out = -1, .err = -1, .die_with_parent = 1 };
    char why[TEXT];

    o->child = child_start(&request, why, sizeof why);
    if (o->child < 0) {
        if (errno != ENOENT)
            find(o, HOST_SICK, "no child can be started", why);
        return;
    }
    ev_child_set(&o->ended, o->child, 0);
    ev_child_start(o->loop, &o->ended);
    o->waits |= PART_CHILD;
}

/* ---- what is known at once */

/* A documentation address: what matters is whether the system knows a way to it. One that never did is not ill for that. */
static void try_route(struct daemon_observer *o)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(9) };
    const int fd = open_socket(SOCK_DGRAM);
    bool found;

    if (fd < 0)
        return; /* the loopback's part says so */
    address.sin_addr.s_addr = htonl(0xC0000201); /* 192.0.2.1 */
    found = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    if (!found && o->had_route && (errno == ENETUNREACH || errno == EHOSTUNREACH || errno == ENETDOWN || errno == EADDRNOTAVAIL))
        find(o, HOST_LOST_ITS_WAY, "this host has lost its way to other networks", strerror(errno));
    o->had_route = o->had_route || found;
    close(fd);
}

static void try_memory(struct daemon_observer *o)
{
    const uint64_t refused = shortage_count();

    if (refused != o->refused)
        find(o, HOST_SICK, "memory was refused", "");
    o->refused = refused;
}

static void try_clock(struct daemon_observer *o, int64_t wall)
{
    if (wall < CLOCK_LEAST)
        find(o, HOST_SICK, "the clock cannot be right", "it says that Talon does not exist yet");
}

/* ---- the beginning of one */

static void begin(struct daemon_observer *o)
{
    o->found = HOST_WELL;
    o->why[0] = '\0';
    ev_timer_set(&o->deadline, LONGEST, 0.);
    ev_timer_start(o->loop, &o->deadline);
    try_turn(o);
    try_loopback(o);
    try_child(o);
    try_route(o);
    try_memory(o);
    try_clock(o, clock_moment().wall);
}

void daemon_observer_ask(struct daemon_observer *o, uint64_t asked)
{
    if (o->waits) {
        o->again = true;
        o->asked_again = asked > o->asked_again ? asked : o->asked_again;
        return;
    }
    o->asked = asked;
    begin(o);
}

void daemon_observer_tick(struct daemon_observer *o, const struct moment *now)
{
    if (!o->waits && (o->taken_at == 0 || now->awake - o->taken_at >= (o->sick ? APART_SICK : APART)))
        daemon_observer_ask(o, 0);
}

/* ---- life */

struct daemon_observer *daemon_observer_create(struct ev_loop *loop, const struct daemon_observer_calls *calls)
{
    struct daemon_observer *o = calloc(1, sizeof *o);

    if (!o)
        return NULL;
    o->loop = loop;
    o->calls = *calls;
    o->listener = o->client = -1;
    o->refused = shortage_count();
    ev_timer_init(&o->turn, on_turn, 0., 0.);
    ev_timer_init(&o->deadline, on_deadline, 0., 0.);
    ev_init(&o->accepted, on_accepted);
    ev_init(&o->ended, on_ended);
    o->turn.data = o->deadline.data = o->accepted.data = o->ended.data = o;
    return o;
}

void daemon_observer_free(struct daemon_observer *o)
{
    if (!o)
        return;
    stop(o);
    free(o);
}
