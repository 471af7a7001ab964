/* `talon migrate CONFIG.toml [SERVICES.toml]`: prints the new configuration, and says on standard error what it could not carry. No file is written. */
#include "cli/migrate.h"

#include "base/os/files.h"
#include "base/os/install_paths.h"
#include "cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_MAX = 64 << 20, PROFILE_MAX = 256 << 10, FULL_PATH = 4096 };

static const char usage[] = "talon migrate CONFIG.toml [SERVICES.toml] >talon.yaml";

/* Appends the file; says what is wrong with it. */
static bool read_file(const char *path, struct buffer *bytes)
{
    char why[256];

    if (files_read(path, bytes, why, sizeof why) && !bytes->failed)
        return true;
    fprintf(stderr, "talon migrate: %s cannot be read: %s\n", path, bytes->failed ? "it is larger than any such file" : why);
    return false;
}

/* Where the old program looked, from what its main file says. False: no such file is named, or there is no home. */
static bool find_services(const struct old *old, char path[FULL_PATH])
{
    const char *file = old->services_file, *home = getenv("HOME");

    if (!file || (file[0] == '~' && (file[1] != '/' || !home)))
        return false;
    return snprintf(path, FULL_PATH, "%s%s", file[0] == '~' ? home : "", file[0] == '~' ? file + 1 : file) < FULL_PATH;
}

static bool read_services(struct arena *arena, const char *given, struct old *old, struct old_notes *notes)
{
    struct buffer bytes = buffer_make(OLD_FILE_MAX);
    char path[FULL_PATH];
    bool good;

    if (!given && !find_services(old, path)) {
        fprintf(stderr, "talon migrate: no file of services is given or named, so none is carried\n");
        return true;
    }
    good = read_file(given ? given : path, &bytes);
    if (good) {
        notes->file = given ? given : path;
        old_read_services(arena, buffer_string(&bytes), bytes.len, old, notes);
    } else if (!given) {
        fprintf(stderr, "talon migrate: that is where %s says that the services stand; give their file as the second name\n", notes->file);
    }
    buffer_free(&bytes);
    return good;
}

static int print(const struct old *old, struct old_notes *notes)
{
    struct buffer profile = buffer_make(PROFILE_MAX), out = buffer_make(0);
    char path[FULL_PATH], checks[FULL_PATH];
    int code = CLI_UNKNOWN;

    snprintf(path, sizeof path, "%s/profiles/panda.yaml", install_data_folder());
    snprintf(checks, sizeof checks, "%s/checks", install_data_folder());
    if (read_file(path, &profile)) {
        if (!old_write(old, buffer_string(&profile), checks, &out))
            fprintf(stderr, "talon migrate: %s has no `vars:`; install Talon anew\n", path);
        else if (out.failed)
            fprintf(stderr, "talon migrate: no memory\n");
        else
            code = cli_print(&out);
    }
    if (code == CLI_OK)
        old_tell_lost(old, notes);
    buffer_free(&profile);
    buffer_free(&out);
    return code;
}

/* With the arena's guard set by the caller. */
static int migrate(struct arena *arena, const char *config, const char *services, struct old *old)
{
    struct old_notes notes = { .file = config };
    struct buffer bytes = buffer_make(OLD_FILE_MAX);
    bool good = read_file(config, &bytes);

    if (good) {
        old_read_config(arena, buffer_string(&bytes), bytes.len, old, &notes);
        good = read_services(arena, services, old, &notes);
    }
    buffer_free(&bytes);
    if (notes.errors > 0)
        fprintf(stderr, "talon migrate: nothing is written: mend %s first; the old program may have passed over it in silence\n", notes.errors == 1 ? "that" : "those");
    notes.file = config;
    return good && notes.errors == 0 ? print(old, &notes) : CLI_UNKNOWN;
}

int cli_migrate(int argc, char **argv)
{
    static const struct cli_option options[] = { CLI_NO_MORE };
    struct arena *arena;
    struct old *old;
    int code, words = cli_options(argc, argv, options, usage, &code);

    if (words < 0)
        return code;
    if (words < 1 || words > 2) {
        fprintf(stderr, "talon migrate: takes the old program's main file, and its file of services where the main file does not name it\nusage: %s\n", usage);
        return CLI_UNKNOWN;
    }
    arena = arena_create(ARENA_MAX);
    old = calloc(1, sizeof *old);
    if (!arena || !old || setjmp(*arena_guard(arena))) {
        fprintf(stderr, "talon migrate: no memory\n");
        code = CLI_UNKNOWN;
    } else {
        code = migrate(arena, argv[1], words == 2 ? argv[2] : NULL, old);
    }
    free(old);
    arena_free(arena);
    return code;
}
