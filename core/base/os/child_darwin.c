/*
 * macOS: posix_spawn(), whose extensions do what fork and exec would have to do by hand: POSIX_SPAWN_CLOEXEC_DEFAULT closes every descriptor that
 * is not named. There is no signal at the parent's death: a child that must not outlive it watches its socket.
 */
#define _DARWIN_C_SOURCE
#include "base/os/child_system.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>

static int set_attributes(posix_spawnattr_t *attributes, const struct child_plan *plan)
{
    const int group = plan->new_session ? POSIX_SPAWN_SETSID : POSIX_SPAWN_SETPGROUP;
    sigset_t all, none;
    int error;

    sigfillset(&all);
    sigdelset(&all, SIGKILL);
    sigdelset(&all, SIGSTOP);
    sigemptyset(&none);
    error = posix_spawnattr_setflags(attributes, (short)(POSIX_SPAWN_CLOEXEC_DEFAULT | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | group));
    if (error == 0)
        error = posix_spawnattr_setsigdefault(attributes, &all);
    if (error == 0)
        error = posix_spawnattr_setsigmask(attributes, &none);
    if (error == 0 && !plan->new_session)
        error = posix_spawnattr_setpgroup(attributes, 0);
    return error;
}

static int add_actions(posix_spawn_file_actions_t *actions, const struct child_plan *plan)
{
    int error = 0;

    for (int fd = 0; fd < 3 && error == 0; fd++)
        error = posix_spawn_file_actions_adddup2(actions, plan->fds[fd], fd);
    return error == 0 ? posix_spawn_file_actions_addchdir_np(actions, plan->folder) : error;
}

int child_system_start(const struct child_plan *plan, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int error = posix_spawnattr_init(&attributes);

    if (error != 0)
        return error;
    error = posix_spawn_file_actions_init(&actions);
    if (error == 0) {
        error = set_attributes(&attributes, plan);
        if (error == 0)
            error = add_actions(&actions, plan);
        if (error == 0)
            error = posix_spawn(pid, plan->program, &actions, &attributes, plan->argv, plan->env);
        posix_spawn_file_actions_destroy(&actions);
    }
    posix_spawnattr_destroy(&attributes);
    return error;
}
