/*
 * Ending what is left behind: see strays.h. Who kills a process that forks without end, and then its child, is always one behind; who kills all that he sees
 * gives those that he has not seen yet the room to fork again. So all are stopped first, until a look finds none that is not: what is stopped does not
 * fork. Then all are killed.
 */
#include "base/os/strays.h"

#include "base/os/process.h"

#include <signal.h>
#include <sys/types.h>

enum { MOST = 1024, LOOKS = 50, REST = 64 };

struct strays {
    pid_t pids[MOST];
    size_t n;
};

static bool has(const struct strays *strays, pid_t pid)
{
    for (size_t i = 0; i < strays->n; i++)
        if (strays->pids[i] == pid)
            return true;
    return false;
}

/* Stops those that are new, and says how many there were. */
static size_t stop_new(struct strays *strays, const char *beginning, bool (*spare)(const char *rest))
{
    static pid_t marked[MOST];
    const size_t n = process_marked(marked, MOST), before = strays->n;
    char rest[REST];

    for (size_t i = 0; i < n && strays->n < MOST; i++) {
        if (has(strays, marked[i]) || !process_mark(marked[i], beginning, rest, sizeof rest) || (spare && spare(rest)))
            continue;
        if (kill(marked[i], SIGSTOP) == 0)
            strays->pids[strays->n++] = marked[i];
    }
    return strays->n - before;
}

size_t strays_end(const char *beginning, bool (*spare)(const char *rest))
{
    static struct strays strays;
    char rest[REST];

    strays.n = 0;
    for (int looks = 0; looks < LOOKS && stop_new(&strays, beginning, spare) > 0; looks++)
        ;
    for (size_t i = 0; i < strays.n; i++)
        if (process_mark(strays.pids[i], beginning, rest, sizeof rest)) /* or somebody else has its number by now */
            kill(strays.pids[i], SIGKILL);
    return strays.n;
}
