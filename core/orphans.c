/* Ending what nobody waits for any more: see orphans.h. */
#include "orphans.h"

#include "base/os/process.h"
#include "base/os/strays.h"

#include <signal.h>
#include <stdlib.h>

enum { MOST = 1024, REST = 64 };

size_t orphans_end_ours(void)
{
    static pid_t pids[MOST];
    const size_t n = process_children(pids, MOST);
    char rest[REST];
    size_t ended = 0;

    for (size_t i = 0; i < n; i++)
        if (process_mark(pids[i], "", rest, sizeof rest))
            ended += strays_end(rest, NULL); /* with all that it has started */
    return ended;
}

/* Its mark begins with the pid of its plugin host. That pid may be another process by now, even another host: which is younger, then. */
static bool is_orphan(pid_t pid)
{
    char rest[REST];
    pid_t host;

    if (!process_mark(pid, "", rest, sizeof rest))
        return false;
    host = (pid_t)strtol(rest, NULL, 10);
    return host > 0 && (!process_is(host, "talon-host") || process_started(host) > process_started(pid));
}

size_t orphans_end_all(void)
{
    static pid_t pids[MOST];
    const size_t n = process_marked(pids, MOST);
    size_t ended = 0;

    for (size_t i = 0; i < n; i++)
        if (is_orphan(pids[i]))
            ended += kill(pids[i], SIGKILL) == 0;
    return ended;
}
