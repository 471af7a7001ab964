/* Finds the command that a request means: see commands.h. */
#include "control/commands.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Is it that path? The part for which the star stands goes into name. */
static bool matches(const char *pattern, const char *path, char name[CONTROL_NAME])
{
    const char *star = strchr(pattern, '*');
    const size_t before = star ? (size_t)(star - pattern) : 0;
    size_t n;

    name[0] = '\0';
    if (!star)
        return strcmp(pattern, path) == 0;
    if (strncmp(pattern, path, before) != 0)
        return false;
    n = strcspn(path + before, "/");
    if (n == 0 || n >= CONTROL_NAME || strcmp(path + before + n, star + 1) != 0)
        return false;
    memcpy(name, path + before, n);
    name[n] = '\0';
    return true;
}

static void add_method(char allow[COMMANDS_ALLOW], const char *method)
{
    const size_t n = strlen(allow);

    snprintf(allow + n, COMMANDS_ALLOW - n, "%s%s", n > 0 ? ", " : "", method);
}

enum commands_found commands_find(const struct control_settings *settings, const char *method, const char *path, const struct control_command **command,
                                  char name[CONTROL_NAME], char allow[COMMANDS_ALLOW])
{
    allow[0] = '\0';
    for (size_t i = 0; i < settings->n_commands; i++) {
        *command = &settings->commands[i];
        if (!matches((*command)->path, path, name))
            continue;
        if (strcmp((*command)->method, method) == 0)
            return COMMANDS_FOUND;
        add_method(allow, (*command)->method);
    }
    return allow[0] ? COMMANDS_NO_METHOD : COMMANDS_NO_PATH;
}
