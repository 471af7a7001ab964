/*
 * Linux: vfork and exec. The child tells through a pipe that exec closes whether it got there, so that the caller knows it from the answer and not
 * from a strange exit code. It borrows the memory of its parent until then, which costs a tenth of what copying its tables would: so between the two
 * only what is safe after fork in a process with threads is called (signal-safety(7)), nothing is written but locals of functions that never return, and
 * all signals are blocked.
 */
#define _GNU_SOURCE
#include "base/os/child_system.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STATUS_FD = 3, ENOUGH_FDS = 65536 };

/* Closes everything from first on: with one call where the kernel has it (5.9), else one by one up to the limit. */
static void close_from(int first)
{
    struct rlimit limit;
    int end = ENOUGH_FDS;

#ifdef SYS_close_range
    if (syscall(SYS_close_range, (unsigned)first, ~0u, 0u) == 0)
        return;
#endif
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < (rlim_t)end)
        end = (int)limit.rlim_cur;
    for (int fd = first; fd < end; fd++)
        close(fd);
}

static void reset_signals(void)
{
    struct sigaction by_default = { .sa_handler = SIG_DFL };
    sigset_t none;

    sigemptyset(&by_default.sa_mask);
    for (int number = 1; number < NSIG; number++)
        sigaction(number, &by_default, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the child. Returns only when something failed; *status is where to tell it. */
static void become(const struct child_plan *plan, pid_t parent, int *status)
{
    if ((plan->new_session ? setsid() : setpgid(0, 0)) < 0)
        return;
    if (plan->die_with_parent && (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)) /* it may have died before it was asked for */
        return;
    for (int fd = 0; fd < 3; fd++)
        if (dup2(plan->fds[fd], fd) < 0)
            return;
    if (*status != STATUS_FD && dup2(*status, STATUS_FD) < 0)
        return;
    *status = STATUS_FD;
    if (fcntl(STATUS_FD, F_SETFD, FD_CLOEXEC) != 0)
        return;
    close_from(STATUS_FD + 1);
    if (chdir(plan->folder) != 0)
        return;
    reset_signals();
    execve(plan->program, plan->argv, plan->env);
}

static _Noreturn void run_child(const struct child_plan *plan, pid_t parent, int status)
{
    int error;

    become(plan, parent, &status);
    error = errno != 0 ? errno : ECHILD;
    _exit(write(status, &error, sizeof error) < 0 ? 126 : 127);
}

/* What the child tells: 0 when exec has closed the pipe. */
static int read_status(int fd)
{
    int error = 0;
    ssize_t n;

    do {
        n = read(fd, &error, sizeof error);
    } while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof error ? error : 0;
}

static void reap(pid_t pid)
{
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

int child_system_start(const struct child_plan *plan, pid_t *pid)
{
    const pid_t parent = getpid();
    sigset_t all, before;
    int status[2], error;
    pid_t child;

    if (pipe2(status, O_CLOEXEC) != 0)
        return errno;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* a handler of ours must not run in the child */
    errno = 0;
    child = vfork();
    if (child == 0)
        run_child(plan, parent, status[1]);
    error = child < 0 ? errno : 0;
    *pid = child;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(status[1]);
    if (error == 0 && (error = read_status(status[0])) != 0)
        reap(*pid);
    close(status[0]);
    return error;
}
