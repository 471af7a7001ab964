/*
 * `talon plugin new NAME [FOLDER]`: copies the installed template, with the plugin's name in place of @name@. It writes nothing over anything: where one of its
 * files exists already, none is written.
 */
#include "cli/plugin.h"

#include "base/buffer.h"
#include "base/os/files.h"
#include "base/os/install_paths.h"
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_MAX_LENGTH = 32, TEMPLATE_MAX = 65536, FULL_PATH = 4096 };

static const char hole[] = "@name@";

static const struct template_file {
    const char *from; /* in the template's folder */
    const char *to;   /* @name@ as in the texts */
} files[] = {
    { "check.c.template", "@name@.c" },
    { "test_check.c.template", "test_@name@.c" },
    { "Makefile.template", "Makefile" },
    { "README.md.template", "README.md" },
};

enum { FILES = sizeof files / sizeof *files };

/* The same rule as for a descriptor (rules.md 5.4), and a letter first, since it is to be written in YAML and C. */
static bool name_is_good(const char *name)
{
    const size_t n = strlen(name);

    return n > 0 && n <= NAME_MAX_LENGTH && name[0] >= 'a' && name[0] <= 'z' && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == n;
}

/* Talon's own plugin of that name would be found in its place. */
static bool name_is_taken(const char *name)
{
    char path[FULL_PATH];

    for (const char *const *folder = install_plugin_folders(); *folder; folder++) {
        snprintf(path, sizeof path, "%s/%s.so", *folder, name);
        if (access(path, F_OK) == 0)
            return true;
    }
    return false;
}

static void fill(struct buffer *out, const char *text, const char *name)
{
    const char *next;

    for (; (next = strstr(text, hole)) != NULL; text = next + strlen(hole)) {
        buffer_add(out, text, (size_t)(next - text));
        buffer_text(out, name);
    }
    buffer_text(out, text);
}

/* Where file i goes. False: too long. */
static bool place(char path[FULL_PATH], const char *folder, size_t i, const char *name)
{
    struct buffer file = buffer_make(0);
    int n;

    fill(&file, files[i].to, name);
    n = file.failed ? -1 : snprintf(path, FULL_PATH, "%s/%s", folder, buffer_string(&file));
    buffer_free(&file);
    return n > 0 && n < FULL_PATH;
}

static int refuse_existing(const char *path)
{
    fprintf(stderr, "talon plugin new: %s exists already, so nothing was written; name another folder\n", path);
    return CLI_UNKNOWN;
}

/* Only if the file is not there yet. */
static bool write_new(const char *path, const struct buffer *text)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    size_t done = 0;
    ssize_t n = 0;

    if (fd < 0)
        return false;
    while (done < text->len && (n = write(fd, text->data + done, text->len - done)) > 0)
        done += (size_t)n;
    if (close(fd) != 0 || done < text->len) {
        unlink(path);
        return false;
    }
    return true;
}

static int write_one(const char *folder, size_t i, const char *name)
{
    struct buffer template = buffer_make(TEMPLATE_MAX), text = buffer_make(0);
    char from[FULL_PATH], to[FULL_PATH], why[256] = "no memory";
    int code = CLI_UNKNOWN;

    if (!place(to, folder, i, name) || snprintf(from, sizeof from, "%s/%s", install_template_folder(), files[i].from) >= (int)sizeof from) {
        fprintf(stderr, "talon plugin new: the path of the folder is too long\n");
        return CLI_UNKNOWN;
    }
    if (files_read(from, &template, why, sizeof why))
        fill(&text, buffer_string(&template), name);
    if (text.len == 0 || text.failed)
        fprintf(stderr, "talon plugin new: the template cannot be read: %s: %s; is Talon installed whole?\n", from, why);
    else if (!write_new(to, &text))
        fprintf(stderr, "talon plugin new: %s cannot be written: %s\n", to, strerror(errno));
    else
        code = CLI_OK;
    buffer_free(&template);
    buffer_free(&text);
    return code;
}

static int write_all(const char *folder, const char *name)
{
    char path[FULL_PATH];
    int code = CLI_OK;
    size_t n = 0;

    for (; n < FILES && code == CLI_OK; n++)
        code = write_one(folder, n, name);
    for (size_t i = 0; code != CLI_OK && i + 1 < n; i++) /* half a plugin helps nobody; the last one was not written */
        if (place(path, folder, i, name))
            unlink(path);
    return code;
}

/* NULL: it is there, or was made. */
static const char *make_folder(const char *folder)
{
    struct stat st;

    if (mkdir(folder, 0755) == 0)
        return NULL;
    if (errno != EEXIST)
        return strerror(errno);
    return stat(folder, &st) == 0 && S_ISDIR(st.st_mode) ? NULL : "it is no folder";
}

int plugin_new(const char *name, const char *given)
{
    const char *folder = given ? given : name, *trouble;
    char path[FULL_PATH];

    if (!name_is_good(name)) {
        fprintf(stderr, "talon plugin new: %s is no name for a plugin: a letter, then letters, digits and _, all of them small, %d at most\n", name, NAME_MAX_LENGTH);
        return CLI_UNKNOWN;
    }
    if (name_is_taken(name)) {
        fprintf(stderr, "talon plugin new: Talon has a plugin named %s of its own; choose another name\n", name);
        return CLI_UNKNOWN;
    }
    for (size_t i = 0; i < FILES; i++)
        if (place(path, folder, i, name) && access(path, F_OK) == 0)
            return refuse_existing(path);
    trouble = make_folder(folder);
    if (trouble) {
        fprintf(stderr, "talon plugin new: the folder %s cannot be made: %s\n", folder, trouble);
        return CLI_UNKNOWN;
    }
    if (write_all(folder, name) != CLI_OK)
        return CLI_UNKNOWN;
    printf("the plugin %s is in %s now: `make -C %s` builds it, `make -C %s test` tests it; %s/README.md tells the rest\n", name, folder, folder, folder, folder);
    return CLI_OK;
}
