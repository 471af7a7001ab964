/* What the system tells of processes, and of those that somebody has left behind: one file for each system. */
#ifndef BASE_OS_PROCESS_H
#define BASE_OS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What runs for a check bears this in its environment, with who started it behind: "PID-HEX-NUMBER", the pid of the plugin host first. */
#define PROCESS_MARK "TALON_RUN"
/* What a supervised program bears, and all that it starts, with its name behind (core/programs). */
#define PROCESS_PROGRAM_MARK "TALON_PROGRAM"

/* Processes that our children leave behind become our children, where the system can do that. */
void process_adopt_orphans(void);
/* Our direct children, the first `room` of them. Where there is no adopting, none is told. */
size_t process_children(pid_t *pids, size_t room);
/* All processes whose mark we may see, the first `room` of them; where marks cannot be seen, none. */
size_t process_marked(pid_t *pids, size_t room);
/* Does the process bear a mark with this beginning ("": any)? What follows the beginning goes into rest, cut to its room. */
bool process_mark(pid_t pid, const char *beginning, char *rest, size_t room);
/* The value of a variable of its environment, cut to the room. False: it has none, or that cannot be seen. */
bool process_variable(pid_t pid, const char *name, char *value, size_t room);
/* When it was started, in a unit that only compares: 0: there is no such process, or it cannot be told. */
uint64_t process_started(pid_t pid);
/* Is that the program's name ("talon-host"), as far as the system keeps it? */
bool process_is(pid_t pid, const char *name);
/* Bytes of memory that this process has for itself, where no limit of the system bounds them; 0: one does. */
uint64_t process_memory(void);
/* Bytes of memory that a process of ours has for itself, and how many descriptors it has open. False: it cannot be told. */
bool process_size(pid_t pid, uint64_t *bytes, unsigned *descriptors);
/* Its state as a word for people ("D, waits in the kernel"); "" where it cannot be told. */
const char *process_state(pid_t pid);
/* Was it stopped by a signal? */
bool process_is_stopped(pid_t pid);

#endif
