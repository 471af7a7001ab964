/* What a child runs: its arguments, and the small environment that it gets (design.md 10: nothing is inherited by accident). */
#include "spawn.h"

#include "die.h"
#include "host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const inherited[] = { "HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR" };

enum { INHERITED = sizeof inherited / sizeof *inherited };

static size_t count(const char *const *list)
{
    size_t n = 0;

    while (list && list[n])
        n++;
    return n;
}

static const char **copy_list(const char *const *list)
{
    const size_t n = count(list);
    const char **copy = must_alloc((n + 1) * sizeof *copy);

    for (size_t i = 0; i < n; i++)
        copy[i] = must_string(list[i]);
    return copy;
}

static void free_list(const char **list)
{
    for (size_t i = 0; list && list[i]; i++)
        wipe_string((char *)(uintptr_t)list[i]);
    free(list);
}

/* ---- the environment */

static char *variable(const char *name, const char *value)
{
    const size_t n = strlen(name) + strlen(value) + 2;
    char *text = must_alloc(n);

    snprintf(text, n, "%s=%s", name, value);
    return text;
}

/* Does the list say another value for the variable of this line? */
static bool is_given(const char *const *list, const char *line)
{
    const size_t n = strcspn(line, "=") + 1;

    for (size_t i = 0; list && list[i]; i++)
        if (strncmp(list[i], line, n) == 0)
            return true;
    return false;
}

static void add(const char **env, size_t *n, const char *const *given, char *line)
{
    if (is_given(given, line))
        free(line);
    else
        env[(*n)++] = line;
}

static const char **make_env(const char *const *given)
{
    const size_t n_given = count(given);
    const char **env = must_alloc((INHERITED + n_given + 3) * sizeof *env);
    size_t n = 0;

    env[n++] = must_string("TALON_RUN="); /* spawn_command_mark() */
    add(env, &n, given, variable("PATH", host_path()));
    for (size_t i = 0; i < INHERITED; i++)
        if (getenv(inherited[i]))
            add(env, &n, given, variable(inherited[i], getenv(inherited[i])));
    for (size_t i = 0; i < n_given; i++)
        if (strncmp(given[i], "TALON_RUN=", 10) != 0)
            env[n++] = must_string(given[i]);
    return env;
}

void spawn_command_mark(struct spawn_command *command)
{
    if (command->lasting)
        snprintf(command->mark, sizeof command->mark, "TALON_LASTING=1"); /* no mark: whoever looks for what a run has left, then or later, passes it by */
    else
        children_mark(command->mark);
    free((char *)(uintptr_t)command->env[0]);
    command->env[0] = must_string(command->mark);
}

/* ---- all of it */

void spawn_command_copy(struct spawn_command *to, const struct talon_command *from)
{
    to->argv = copy_list(from->argv);
    to->env = make_env(from->env);
    to->folder = must_string(from->folder);
    to->lasting = from->lasting != 0;
    if (from->input && from->input_len > 0) {
        to->input = must_copy(from->input, from->input_len);
        to->input_len = from->input_len;
    }
}

void spawn_command_free(struct spawn_command *command)
{
    free_list(command->argv);
    free_list(command->env);
    free(command->folder);
    if (command->input)
        wipe(command->input, command->input_len);
    free(command->input);
    *command = (struct spawn_command){ .argv = NULL };
}
