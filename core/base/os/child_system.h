/* Starting a process, the part that each system does in its own way: one file for each defines it. Private to child.c. */
#ifndef BASE_OS_CHILD_SYSTEM_H
#define BASE_OS_CHILD_SYSTEM_H

#include <sys/types.h>

struct child_plan {
    const char *program; /* absolute */
    char *const *argv;
    char *const *env;
    const char *folder;
    int fds[3];          /* become 0, 1, 2; all above 2 */
    int die_with_parent, new_session;
};

/* Returns 0 and the pid when the program runs, else errno of what failed, and nothing is left of the child. */
int child_system_start(const struct child_plan *plan, pid_t *pid);

#endif
