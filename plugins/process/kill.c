/* The one place where a signal is sent, so that the tests can put another there. */
#include "process.h"

#include <errno.h>
#include <signal.h>

int process_kill(pid_t pid, int number)
{
    return pid > 1 && kill(pid, number) == 0 ? 0 : pid > 1 ? errno : EINVAL;
}
