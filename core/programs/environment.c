/* The environment of a program: see environment.h. Nothing here is handed to a shell: a file of variables is read, not run. */
#include "programs/environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void wipe(char *text)
{
    volatile char *byte = text;

    while (*byte)
        *byte++ = '\0';
}

struct environment *environment_create(const char *path)
{
    static const char *const names[] = { "HOME", "USER", "LANG", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR" };
    struct environment *environment = calloc(1, sizeof *environment);
    bool good = environment && environment_set(environment, "PATH", path, strlen(path));

    for (size_t i = 0; good && i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);

        good = !value || environment_set(environment, names[i], value, strlen(value));
    }
    if (good)
        return environment;
    environment_free(environment);
    return NULL;
}

void environment_free(struct environment *environment)
{
    if (!environment)
        return;
    for (size_t i = 0; i < environment->n; i++) {
        wipe(environment->all[i]);
        free(environment->all[i]);
    }
    free(environment);
}

static size_t place_of(const struct environment *environment, const char *name, size_t n)
{
    size_t i = 0;

    while (i < environment->n && !(strncmp(environment->all[i], name, n) == 0 && environment->all[i][n] == '='))
        i++;
    return i;
}

static bool set(struct environment *environment, const char *name, size_t n_name, const char *value, size_t n)
{
    const size_t i = place_of(environment, name, n_name);
    char *made = i < ENVIRONMENT_VARIABLES ? malloc(n_name + n + 2) : NULL;

    if (!made)
        return false;
    memcpy(made, name, n_name);
    made[n_name] = '=';
    memcpy(made + n_name + 1, value, n);
    made[n_name + 1 + n] = '\0';
    if (i < environment->n) {
        wipe(environment->all[i]);
        free(environment->all[i]);
    } else {
        environment->n++;
    }
    environment->all[i] = made;
    return true;
}

bool environment_set(struct environment *environment, const char *name, const char *value, size_t n)
{
    return set(environment, name, strlen(name), value, n);
}

/* ---- a file */

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";

/* Without the quotes around all of it, or the blanks behind it. */
static void bare(const char **value, size_t *n)
{
    const char quote = **value;

    while (*n > 0 && strchr(" \t\r", (*value)[*n - 1]))
        (*n)--;
    if (*n >= 2 && (quote == '"' || quote == '\'') && (*value)[*n - 1] == quote) {
        (*value)++;
        *n -= 2;
    }
}

static bool read_line(struct environment *environment, const char *line, size_t n)
{
    const char *end = line + n, *value;
    size_t n_name, n_value;

    while (line < end && strchr(" \t", *line))
        line++;
    if (line == end || *line == '#' || *line == '\r')
        return true;
    if ((size_t)(end - line) > 7 && strncmp(line, "export ", 7) == 0)
        line += 7 + strspn(line + 7, " \t");
    n_name = strspn(line, letters);
    if (n_name == 0 || line + n_name >= end || line[n_name] != '=' || (line[0] >= '0' && line[0] <= '9'))
        return false;
    value = line + n_name + 1;
    n_value = (size_t)(end - value);
    bare(&value, &n_value);
    return set(environment, line, n_name, value, n_value);
}

size_t environment_read(struct environment *environment, const char *text)
{
    size_t bad = 0;

    while (*text) {
        const size_t n = strcspn(text, "\n");

        bad += !read_line(environment, text, n);
        text += n + (text[n] == '\n');
    }
    return bad;
}
