/*
 * talon-host: runs plugins for Talon's core, on one loop in one thread, and speaks docs/plugin-protocol.md with it over the socket that is its
 * standard input and output. With --run it is the process of one blocking run: the host that started it is its core.
 */
#include "base/os/clock.h"
#include "children.h"
#include "die.h"
#include "host.h"
#include "instance.h"
#include "limits.h"
#include "match.h"
#include "modules_load.h"
#include "op.h"
#include "owner.h"
#include "plugins.h"
#include "resolve.h"
#include "run.h"
#include "services.h"
#include "system.h"
#include "turn.h"
#include "wire.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char *child_path;

void host_set_path(const char *path)
{
    if (!path)
        return;
    free(child_path);
    child_path = must_string(path);
}

const char *host_path(void)
{
    return child_path ? child_path : "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";
}

/* ---- the start */

/* A library that prints to standard output would print into the protocol: it gets standard error there, and nothing to read. */
static int move_socket(void)
{
    int type, nothing, socket;
    socklen_t n = sizeof type;

    if (getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &type, &n) != 0 || type != SOCK_STREAM)
        return -1;
    socket = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (socket < 0 || nothing < 0)
        return -1;
    dup2(nothing, STDIN_FILENO);
    close(nothing);
    dup2(STDERR_FILENO, STDOUT_FILENO);
    return socket;
}

/* What was going on is said first; then the signal does what it always does. */
static void on_crash(int number)
{
    owner_last_words(number);
    signal(number, SIG_DFL);
    raise(number);
}

static void watch_crashes(void)
{
    static const int numbers[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
    struct sigaction crash = { .sa_handler = on_crash, .sa_flags = (int)SA_NODEFER | (int)SA_RESETHAND }, before;

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL) /* AddressSanitizer says more than we would */
            sigaction(numbers[i], &crash, NULL);
}

static bool begin(int socket, bool worker)
{
    const cJSON_Hooks hooks = { .malloc_fn = must_alloc, .free_fn = free };

    cJSON_InitHooks((cJSON_Hooks *)(uintptr_t)&hooks);
    signal(SIGPIPE, SIG_IGN);
    limits_begin();
    system_adopt_orphans();
    watch_crashes();
    services_begin();
    return turn_init() && children_begin() && wire_open(socket, worker);
}

/* ---- the end */

void host_quit(void)
{
    alarm(1); /* a plugin's deferred call may hang: then the signal ends us */
    wire_mute();
    turn_stop();
}

static void end(void)
{
    instances_end_all();
    children_end();
    modules_close();
    resolve_end();
    wire_close();
    plugins_free();
    match_end();
    ops_free();
    runs_free_ids();
    instances_free_ids();
    turn_free();
    free(child_path);
}

static int refuse(const char *text)
{
    fprintf(stderr, "talon-host: %s\n", text);
    return 3;
}

int main(int argc, char **argv)
{
    const bool worker = argc == 2 && strcmp(argv[1], "--run") == 0;
    int socket;

    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return printf("talon-host %s\n", TALON_VERSION) < 0;
    if (argc > 1 && !worker)
        return refuse("takes no arguments but --version: Talon starts it, see docs/plugin-protocol.md");
    socket = move_socket();
    if (socket < 0)
        return refuse("its standard input must be a stream socket: Talon starts it, see docs/plugin-protocol.md");
    if (!begin(socket, worker))
        return refuse("no memory or no descriptor left");
    turn_run();
    end();
    return 0;
}
