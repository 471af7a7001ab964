/*
 * macOS: nobody can adopt orphans there, and the environment of another process is not to be read without being root. So what leaves its process group
 * cannot be found again; what stays in it can be killed.
 */
#define _DARWIN_C_SOURCE
#include "system.h"

#include <libproc.h>
#include <sys/proc.h>
#include <sys/proc_info.h>

void system_adopt_orphans(void)
{
}

size_t system_children(pid_t *pids, size_t room)
{
    (void)pids, (void)room;
    return 0;
}

bool system_mark(pid_t pid, const char *beginning, char *rest, size_t room)
{
    (void)pid, (void)beginning, (void)rest, (void)room;
    return false;
}

const char *system_state(pid_t pid)
{
    struct proc_bsdinfo info;

    if (proc_pidinfo(pid, PROC_PIDTBSDINFO, 0, &info, sizeof info) != (int)sizeof info)
        return "";
    return info.pbi_status == SSTOP ? "stopped" : info.pbi_status == SZOMB ? "a zombie" : info.pbi_status == SRUN ? "running" : "sleeping";
}
