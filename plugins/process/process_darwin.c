/* Processes and listening sockets on macOS: libproc. What belongs to other users is told to root alone; then the answer
 * is PROCESS_HIDDEN. */
#define _DARWIN_C_SOURCE
#include "process.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libproc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/proc.h>
#include <sys/proc_info.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST_FDS = 65536 };

/* ---- one process ---- */

enum process_answer process_look(pid_t pid, struct process_facts *facts)
{
    struct proc_bsdinfo about;
    struct proc_taskinfo task;
    struct timespec now;
    const char *name;

    if (proc_pidinfo(pid, PROC_PIDTBSDINFO, 0, &about, sizeof about) != (int)sizeof about)
        return kill(pid, 0) == 0 || errno == EPERM ? PROCESS_HIDDEN : PROCESS_NO;
    name = about.pbi_name[0] ? about.pbi_name : about.pbi_comm;
    snprintf(facts->name, sizeof facts->name, "%s", name);
    facts->zombie = about.pbi_status == SZOMB;
    clock_gettime(CLOCK_REALTIME, &now);
    facts->uptime = (double)now.tv_sec - (double)about.pbi_start_tvsec;
    facts->memory = -1;
    if (proc_pidinfo(pid, PROC_PIDTASKINFO, 0, &task, sizeof task) == (int)sizeof task)
        facts->memory = (double)task.pti_resident_size;
    return PROCESS_YES;
}

int process_is_called(pid_t pid, const struct process_facts *facts, const char *name)
{
    char path[PROC_PIDPATHINFO_MAXSIZE];
    const char *file;

    if (strcmp(facts->name, name) == 0)
        return 1;
    if (proc_pidpath(pid, path, sizeof path) <= 0)
        return 0;
    file = strrchr(path, '/');
    return strcmp(file ? file + 1 : path, name) == 0;
}

/* ---- all processes ---- */

struct process_scan {
    pid_t *pids;
    size_t n, at;
};

struct process_scan *process_scan_open(void)
{
    struct process_scan *scan = calloc(1, sizeof *scan);
    int room = proc_listallpids(NULL, 0), got;

    if (!scan || room <= 0) {
        free(scan);
        return NULL;
    }
    room += 64; /* some may have been born since */
    scan->pids = calloc((size_t)room, sizeof *scan->pids);
    got = scan->pids ? proc_listallpids(scan->pids, room * (int)sizeof *scan->pids) : 0;
    if (got <= 0) {
        free(scan->pids);
        free(scan);
        return NULL;
    }
    scan->n = (size_t)got;
    return scan;
}

pid_t process_scan_next(struct process_scan *scan)
{
    while (scan->at < scan->n) {
        const pid_t pid = scan->pids[scan->at++];

        if (pid > 0)
            return pid;
    }
    return 0;
}

void process_scan_close(void *arg)
{
    struct process_scan *scan = arg;

    free(scan->pids);
    free(scan);
}

int process_scan_is_partial(void)
{
    return 0; /* every process is listed with its name */
}

/* ---- who listens ---- */

static int is_listener(const struct socket_fdinfo *found, const struct process_address *wanted)
{
    const struct in_sockinfo *in = &found->psi.soi_proto.pri_tcp.tcpsi_ini;

    if (found->psi.soi_kind != SOCKINFO_TCP || found->psi.soi_proto.pri_tcp.tcpsi_state != TSI_S_LISTEN ||
        ntohs((uint16_t)in->insi_lport) != wanted->port)
        return 0;
    if (in->insi_vflag & INI_IPV6)
        return process_address_covers(wanted, AF_INET6, (const unsigned char *)&in->insi_laddr.ina_6);
    return process_address_covers(wanted, AF_INET, (const unsigned char *)&in->insi_laddr.ina_46.i46a_addr4);
}

enum process_answer process_listens(pid_t pid, const struct process_address *address,
                                    const struct process_sockets *sockets)
{
    const int room = proc_pidinfo(pid, PROC_PIDLISTFDS, 0, NULL, 0);
    enum process_answer answer = PROCESS_NO;
    struct proc_fdinfo *fds;
    struct socket_fdinfo found;
    int got, n;

    (void)sockets;
    if (room <= 0)
        return kill(pid, 0) != 0 && errno == ESRCH ? PROCESS_NO : PROCESS_HIDDEN;
    fds = calloc(1, (size_t)room);
    if (!fds)
        return PROCESS_HIDDEN;
    got = proc_pidinfo(pid, PROC_PIDLISTFDS, 0, fds, room);
    n = got / (int)sizeof *fds;
    for (int i = 0; answer == PROCESS_NO && i < n && i < MOST_FDS; i++)
        if (fds[i].proc_fdtype == PROX_FDTYPE_SOCKET &&
            proc_pidfdinfo(pid, fds[i].proc_fd, PROC_PIDFDSOCKETINFO, &found, sizeof found) == (int)sizeof found &&
            is_listener(&found, address))
            answer = PROCESS_YES;
    free(fds);
    return got > 0 ? answer : PROCESS_HIDDEN;
}

/* The system has no table of sockets that a user may read: every process is asked. */
enum process_answer process_listeners(const struct process_address *address, struct process_sockets *sockets)
{
    struct process_scan *scan = process_scan_open();
    enum process_answer answer = PROCESS_NO;
    pid_t pid;

    if (!scan)
        return PROCESS_HIDDEN;
    while (answer != PROCESS_YES && (pid = process_scan_next(scan)) != 0) {
        const enum process_answer one = process_listens(pid, address, sockets);

        answer = one == PROCESS_NO ? answer : one;
    }
    process_scan_close(scan);
    return answer;
}
