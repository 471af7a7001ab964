/* What differs between systems in a plugin host: one file for each. */
#ifndef HOST_SYSTEM_H
#define HOST_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Processes that our children leave behind become our children, where the system can do that. */
void system_adopt_orphans(void);
/* Our direct children, the first `room` of them. Where there is no adopting, none is told. */
size_t system_children(pid_t *pids, size_t room);
/* Does the process have TALON_RUN with this beginning in its environment? What follows the beginning goes into rest. */
bool system_mark(pid_t pid, const char *beginning, char *rest, size_t room);
/* Bytes of memory that this process has for itself, where no limit of the system bounds them; 0: one does. */
uint64_t system_memory(void);
/* Its state as a word for people ("D, waits in the kernel"); "" where it cannot be told. */
const char *system_state(pid_t pid);

#endif
