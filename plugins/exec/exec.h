/* What the files of the `exec` plugin share. */
#ifndef EXEC_H
#define EXEC_H

#include <talon/plugin.h>

/* Judges the exit of a monitoring plugin by its rules, and ends the run. It has exited by itself. */
void exec_nagios_judge(struct talon_run *run, const struct talon_exit *ended);
/* The first (or last) line of n bytes that holds anything, on one line for a summary; "": there is none. */
const char *exec_first_line(struct talon_run *run, const char *text, size_t n);
const char *exec_last_line(struct talon_run *run, const char *text, size_t n);

#endif
