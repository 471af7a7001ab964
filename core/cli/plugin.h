/* The parts of `talon plugin` that have a file of their own. */
#ifndef CLI_PLUGIN_H
#define CLI_PLUGIN_H

/* Writes a plugin to begin with into folder (NULL: one of its name here). Returns the exit code. */
int plugin_new(const char *name, const char *folder);

#endif
