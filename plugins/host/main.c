/*
 * talon-host: runs plugins for Talon's core, on one loop in one thread, and speaks docs/plugin-protocol.md with it over the socket that is its
 * standard input and output. With --run it is the process of one blocking run: the host that started it is its core.
 */
#include "host.h"
#include "owner.h"
#include "turn.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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
    watch_crashes();
    if (!host_begin(socket, worker))
        return refuse("no memory or no descriptor left");
    turn_run();
    host_end();
    return 0;
}
