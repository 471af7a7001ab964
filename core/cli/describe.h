/* The descriptions of the plugins that are installed and of those that the configuration names, for the commands that show them. */
#ifndef CLI_DESCRIBE_H
#define CLI_DESCRIBE_H

#include <stdbool.h>
#include <stddef.h>

struct described {
    char *name, *path;       /* path: "" for a plugin that is a command */
    char *description;       /* JSON; NULL: it cannot be had */
    char *why;               /* then a sentence */
};

struct descriptions {
    struct described *all;   /* by name */
    size_t n;
};

/* Asks for `only` (a name, or the path of a shared object), or for all (NULL). config: the file that may name more, or NULL. False: a sentence was printed. */
bool describe_all(const char *only, const char *config, struct descriptions *descriptions);
void describe_free(struct descriptions *descriptions);

#endif
