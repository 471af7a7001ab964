/*
 * Starts child processes as design.md 10 wants them: own process group, no inherited descriptors, a stated PATH, default signal
 * handling, die with the parent where the system can do that. Waiting is the caller's business (libev's child watcher).
 */
#ifndef BASE_OS_CHILD_H
#define BASE_OS_CHILD_H

#include <sys/types.h>

struct child_request {
    const char *const *argv;   /* argv[0]: a path with a slash, or a name looked up in `path` */
    const char *const *env;    /* the whole environment, NULL-terminated; NULL: only PATH, HOME, USER, LANG, TZ, TMPDIR, SSL_CERT_FILE, SSL_CERT_DIR as they are here */
    const char *path;          /* where to look: "/usr/bin:/bin"; also the child's PATH if env is NULL. NULL: ours */
    const char *folder;        /* NULL: / */
    int in, out, err;          /* become 0, 1, 2; -1: /dev/null. Stay open here: the caller closes its copies */
    int die_with_parent;       /* not 0: SIGKILL when this process dies (Linux); elsewhere the child must watch its socket */
    int new_session;           /* not 0: setsid instead of a process group alone */
};

/* Starts it and returns its pid, or -1 with errno and, in why, a sentence ("limactl is not found in /usr/bin:/bin"). Blocks only until exec
 * has happened or failed. ENOENT: not found. EACCES: not executable. ENOTDIR: the folder cannot be entered. Else our own trouble (EAGAIN, ENOMEM, EMFILE).
 * With die_with_parent, call it from a thread that lives as long as the process: Linux takes the end of that thread for the parent's. */
pid_t child_start(const struct child_request *request, char *why, size_t why_size);
/* Looks a program up as child_start would: `~` and relative paths are made absolute, relative folders in `path` are passed over. Writes its path and returns 1; 0: not found; -1: found, not executable. */
int child_find(const char *program, const char *path, char *found, size_t found_size);

#endif
