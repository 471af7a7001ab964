/* The guard and the keeper of programs: see guard_keeper.h. */
#include "guard_keeper.h"

#include "base/moment.h"
#include "base/os/child.h"
#include "base/os/install_paths.h"
#include "base/os/log.h"
#include "base/os/pass.h"
#include "guard.h"
#include "programs/keeper.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#define LONGEST_DRAIN (660 * (uint64_t)NS_PER_S) /* a minute more than any program may be given */
#define AT_ONCE (5 * (uint64_t)NS_PER_S)

extern char **environ;

static bool make_pair(int ends[2])
{
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return false;
    for (int i = 0; i < 2; i++)
        fcntl(ends[i], F_SETFD, FD_CLOEXEC);
    return true;
}

static void start(struct guard_keeper *keeper)
{
    const char *const argv[] = { install_keeper_program(), NULL };
    struct child_request request = { .argv = argv, .env = (const char *const *)environ, .out = STDOUT_FILENO, .err = STDERR_FILENO };
    char why[512] = "no descriptor left";
    int ends[2];

    if (!make_pair(ends)) {
        log_error("the keeper of programs cannot be started", "why", why, NULL);
        return;
    }
    request.in = ends[1];
    keeper->pid = child_start(&request, why, sizeof why);
    close(ends[1]);
    if (keeper->pid < 0) {
        log_error("the keeper of programs cannot be started", "why", why, NULL);
        keeper->pid = 0;
        close(ends[0]);
        return;
    }
    keeper->link = ends[0];
    keeper->kill_at = UINT64_MAX;
    keeper->told = false;
}

void guard_keeper_join(struct guard_keeper *keeper, int core)
{
    int ends[2];

    if (!keeper->pid)
        start(keeper);
    if (!keeper->pid || keeper->told || !make_pair(ends))
        return;
    if (!pass_send(keeper->link, KEEPER_CORE, ends[0]) || !pass_send(core, GUARD_KEEPER, ends[1]))
        log_warn("core and keeper cannot be brought together; the core asks again", NULL);
    close(ends[0]);
    close(ends[1]);
}

bool guard_keeper_ended(struct guard_keeper *keeper, pid_t pid)
{
    if (pid != keeper->pid)
        return false;
    if (!keeper->told)
        log_error("the keeper of programs has ended; they run on, and another one takes them over", NULL);
    close(keeper->link);
    keeper->pid = 0;
    keeper->kill_at = UINT64_MAX;
    return true;
}

void guard_keeper_end(struct guard_keeper *keeper, uint64_t now)
{
    if (!keeper->pid)
        return;
    pass_send(keeper->link, keeper->told ? KEEPER_NOW : KEEPER_DRAIN, -1);
    kill(keeper->pid, SIGCONT);
    keeper->kill_at = now + (keeper->told ? AT_ONCE : LONGEST_DRAIN);
    keeper->told = true;
}

void guard_keeper_look(struct guard_keeper *keeper, uint64_t now)
{
    if (!keeper->pid || now < keeper->kill_at)
        return;
    log_error("the keeper of programs does not end, and is killed", NULL);
    keeper->kill_at = UINT64_MAX;
    kill(keeper->pid, SIGKILL);
}
