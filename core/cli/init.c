/* `talon init`: looks around on this host and writes a first configuration, never over one that is there unless told so. */
#include "cli/init.h"

#include "base/os/files.h"
#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char usage[] = "talon init [--config FILE] [--force] [--print]";

static int refuse_existing(const char *file)
{
    fprintf(stderr, "talon init: %s exists already and stays as it is; --force writes over it, --print shows what would be written\n", file);
    return CLI_UNKNOWN;
}

static bool make_folder_of(const char *file, char *why, size_t why_size)
{
    char folder[4096];
    const char *slash = strrchr(file, '/');

    snprintf(folder, sizeof folder, "%.*s", (int)(slash - file), file);
    return slash == file || files_make_folder(folder, why, why_size);
}

/* Puts a finished file in its place, unless something has come there meanwhile. Some file systems know no second names: there the look that was taken before has
 * to do. */
static int put_in_place(const char *from, const char *file)
{
    struct stat found;
    int error;

    if (link(from, file) == 0) {
        unlink(from);
        return CLI_OK;
    }
    error = errno;
    if (error != EEXIST && lstat(file, &found) != 0 && errno == ENOENT && rename(from, file) == 0)
        return CLI_OK;
    unlink(from);
    if (error == EEXIST)
        return refuse_existing(file);
    fprintf(stderr, "talon init: %s cannot be made: %s\n", file, strerror(error));
    return CLI_UNKNOWN;
}

static int save(const char *file, const struct buffer *text, bool force)
{
    char why[1024], beside[4200];

    if (force || snprintf(beside, sizeof beside, "%s.%ld", file, (long)getpid()) >= (int)sizeof beside)
        snprintf(beside, sizeof beside, "%s", file);
    if (!make_folder_of(file, why, sizeof why) || !files_write(beside, text->data, text->len, 0644, true, why, sizeof why)) {
        fprintf(stderr, "talon init: %s\n", why);
        return CLI_UNKNOWN;
    }
    return force ? CLI_OK : put_in_place(beside, file);
}

/* What was found and what to do next; where the file itself goes to standard output, this goes to standard error. */
static void tell(const struct init_found *found, const char *file, bool given, struct buffer *out)
{
    init_tell(found, out);
    if (!file)
        return;
    buffer_printf(out, "wrote %s\nnext: `talon check%s%s` tries every check once, `talon run%s%s` watches from now on\n", file, given ? " --config " : "",
                  given ? file : "", given ? " --config " : "", given ? file : "");
}

static int print(const struct init_found *found, const struct buffer *text)
{
    struct buffer said = buffer_make(0);
    int code = cli_print(text);

    tell(found, NULL, false, &said);
    fputs(buffer_string(&said), stderr);
    buffer_free(&said);
    return code;
}

static int write_file(const struct init_found *found, const struct buffer *text, const char *file, bool given, bool force)
{
    struct buffer said = buffer_make(0);
    int code = save(file, text, force);

    if (code == CLI_OK) {
        tell(found, file, given, &said);
        code = cli_print(&said);
    }
    buffer_free(&said);
    return code;
}

int cli_init(int argc, char **argv)
{
    const char *config = NULL;
    bool force = false, only_print = false;
    struct cli_option options[] = {
        { "config", CLI_TEXT, &config, "where to write it, in place of the usual file" },
        { "force", CLI_FLAG, &force, "write over a file that is there" },
        { "print", CLI_FLAG, &only_print, "to standard output; no file is touched" },
        CLI_NO_MORE,
    };
    struct buffer text = buffer_make(0);
    struct init_found *found;
    struct stat existing;
    char file[4096];
    int code, words = cli_options(argc, argv, options, usage, &code);

    if (words < 0)
        return code;
    if (words > 0) {
        fprintf(stderr, "talon init: takes no names, but got `%s`\nusage: %s\n", argv[1], usage);
        return CLI_UNKNOWN;
    }
    if (!cli_new_config_file(config, file, sizeof file))
        return CLI_UNKNOWN;
    if (!only_print && !force && lstat(file, &existing) == 0)
        return refuse_existing(file);
    found = calloc(1, sizeof *found);
    if (found)
        init_look(found);
    if (!found || !init_write(found, &text)) {
        fprintf(stderr, "talon init: no memory\n");
        code = CLI_UNKNOWN;
    } else {
        code = only_print ? print(found, &text) : write_file(found, &text, file, config != NULL, force);
    }
    free(found);
    buffer_free(&text);
    return code;
}
