/* Finds the command that a request means. Pure. Private to control. */
#ifndef CONTROL_COMMANDS_H
#define CONTROL_COMMANDS_H

#include "control/control.h"

enum { COMMANDS_ALLOW = 64 };

enum commands_found { COMMANDS_FOUND, COMMANDS_NO_PATH, COMMANDS_NO_METHOD };

/* FOUND: *command, and the name in its path ("": none). NO_METHOD: `allow` lists the methods that the path has, for the Allow header. */
enum commands_found commands_find(const struct control_settings *settings, const char *method, const char *path, const struct control_command **command,
                                  char name[CONTROL_NAME], char allow[COMMANDS_ALLOW]);

#endif
