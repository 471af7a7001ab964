/*
 * macOS: nobody can adopt orphans there, and the environment of another process is not to be read without being root. So what leaves its process group
 * cannot be found again; what stays in it can be killed. Nor does a limit bound what malloc() gives: it is looked at.
 */
#define _DARWIN_C_SOURCE
#include "base/os/process.h"

#include <libproc.h>
#include <mach/mach.h>
#include <string.h>
#include <sys/param.h>
#include <sys/proc.h>
#include <sys/proc_info.h>
#include <sys/resource.h>

enum { MOST_DESCRIPTORS = 8192 };

void process_adopt_orphans(void)
{
}

size_t process_children(pid_t *pids, size_t room)
{
    (void)pids, (void)room;
    return 0;
}

bool process_mark(pid_t pid, const char *beginning, char *rest, size_t room)
{
    (void)pid, (void)beginning, (void)rest, (void)room;
    return false;
}

bool process_variable(pid_t pid, const char *name, char *value, size_t room)
{
    (void)pid, (void)name, (void)value, (void)room;
    return false;
}

size_t process_marked(pid_t *pids, size_t room)
{
    (void)pids, (void)room;
    return 0;
}

uint64_t process_started(pid_t pid)
{
    struct proc_bsdinfo info;

    if (proc_pidinfo(pid, PROC_PIDTBSDINFO, 0, &info, sizeof info) != (int)sizeof info)
        return 0;
    return info.pbi_start_tvsec * UINT64_C(1000000) + info.pbi_start_tvusec;
}

bool process_is(pid_t pid, const char *name)
{
    char found[2 * MAXCOMLEN + 1];

    return proc_name(pid, found, sizeof found) > 0 && strncmp(found, name, 2 * MAXCOMLEN) == 0;
}

uint64_t process_memory(void)
{
    task_vm_info_data_t info;
    mach_msg_type_number_t n = TASK_VM_INFO_COUNT;

    if (task_info(mach_task_self(), TASK_VM_INFO, (task_info_t)&info, &n) != KERN_SUCCESS)
        return 0;
    return info.phys_footprint;
}

const char *process_state(pid_t pid)
{
    struct proc_bsdinfo info;

    if (proc_pidinfo(pid, PROC_PIDTBSDINFO, 0, &info, sizeof info) != (int)sizeof info)
        return "";
    return info.pbi_status == SSTOP ? "stopped" : info.pbi_status == SZOMB ? "a zombie" : info.pbi_status == SRUN ? "running" : "sleeping";
}

bool process_is_stopped(pid_t pid)
{
    struct proc_bsdinfo info;

    return proc_pidinfo(pid, PROC_PIDTBSDINFO, 0, &info, sizeof info) == (int)sizeof info && info.pbi_status == SSTOP;
}

bool process_size(pid_t pid, uint64_t *bytes, unsigned *descriptors)
{
    struct proc_fdinfo open[MOST_DESCRIPTORS];
    struct rusage_info_v2 usage;
    const int n = proc_pidinfo(pid, PROC_PIDLISTFDS, 0, open, sizeof open);

    if (n < 0 || proc_pid_rusage(pid, RUSAGE_INFO_V2, (rusage_info_t *)&usage) != 0)
        return false;
    *descriptors = (unsigned)((size_t)n / sizeof *open);
    *bytes = usage.ri_phys_footprint;
    return true;
}
