/* What the system says of processes and of who listens: process_linux.c (/proc) and process_darwin.c (libproc). Nothing
 * here blocks. */
#ifndef PROCESS_H
#define PROCESS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { PROCESS_NAME = 64 };

struct process_facts {
    char name[PROCESS_NAME]; /* as the system shortens it */
    int zombie;              /* ended, not yet waited for */
    double uptime;           /* s; negative: not known */
    double memory;           /* bytes resident; negative: not known */
};

enum process_answer {
    PROCESS_NO,
    PROCESS_YES,
    PROCESS_HIDDEN, /* it exists, or may, but we lack the right to see it */
};

/* Is there such a process, and what is it? facts is filled on PROCESS_YES alone. */
enum process_answer process_look(pid_t pid, struct process_facts *facts);
/* Is it called so: by its short name, or by the file name of its program? */
int process_is_called(pid_t pid, const struct process_facts *facts, const char *name);

/* Sends a signal to that one process. 0, or an errno. */
int process_kill(pid_t pid, int number);

/* All processes, one after another. NULL: errno says why. */
struct process_scan;
struct process_scan *process_scan_open(void);
pid_t process_scan_next(struct process_scan *scan); /* 0: that was the last one */
void process_scan_close(void *scan);
/* Are there processes that a scan does not show? */
int process_scan_is_partial(void);

/* ---- who listens ---- */

struct process_address {
    int family; /* AF_INET, AF_INET6; AF_UNSPEC: on any address */
    int either; /* "localhost": of both families */
    unsigned char bytes[16];
    uint16_t port;
};

/* Reads `PORT`, `*:PORT`, `HOST:PORT` with an address or `localhost` as host. Returns 0 when it is none of them. */
int process_address_read(const char *text, struct process_address *address);
/* Does a socket that is bound to these bytes (all zero: any address) accept what comes for the wanted address? */
int process_address_covers(const struct process_address *wanted, int family, const unsigned char *bound);

enum { PROCESS_SOCKETS = 64 };

struct process_sockets { /* listening sockets, as the system numbers them */
    uint64_t ids[PROCESS_SOCKETS];
    size_t n;
};

/* Does anybody listen there? Fills sockets. PROCESS_HIDDEN: cannot be told. */
enum process_answer process_listeners(const struct process_address *address, struct process_sockets *sockets);
/* Does this process hold one of them? */
enum process_answer process_listens(pid_t pid, const struct process_address *address,
                                    const struct process_sockets *sockets);

#endif
