/*
 * The operation `mount.table`, and what `mount.point` has in common with it: is the right thing mounted? Only the kernel's table is read, so this tells also
 * what is mounted where a server hangs.
 */
#include "mount.h"

#include <errno.h>

const struct talon_option mount_table_options[] = { MOUNT_OPTIONS(mount_table_conf), { .name = NULL } };

static int begins(const char *text, const char *beginning)
{
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

/* `nfs` means every version of it, which Linux calls nfs and nfs4. */
static int is_type(const char *type, const char *wanted)
{
    return strcmp(type, wanted) == 0 || (strcmp(wanted, "nfs") == 0 && begins(type, "nfs"));
}

/* A trailing slash of the folder is no difference. */
static int is_source(const char *source, const char *wanted)
{
    const size_t n = strlen(source), m = strlen(wanted);
    const size_t a = n > 1 && source[n - 1] == '/' && source[n - 2] != ':' ? n - 1 : n;
    const size_t b = m > 1 && wanted[m - 1] == '/' && wanted[m - 2] != ':' ? m - 1 : m;

    return a == b && memcmp(source, wanted, a) == 0;
}

static const char *word(struct talon_run *run, const char *text)
{
    return talon_quote(run, text, strlen(text), 160);
}

int mount_judge_entry(struct talon_run *run, const struct mount_expected *expected, struct mount_entry *entry)
{
    char path[1024];
    size_t n = strlen(expected->path);
    int found;

    snprintf(path, sizeof path, "%s", expected->path);
    for (; n > 1 && n < sizeof path && path[n - 1] == '/'; n--)
        path[n - 1] = '\0';
    found = mount_find(path, entry);
    if (found < 0) {
        talon_done(run, TALON_UNKNOWN, "local", "cannot read the table of mounts: %s", strerror(errno));
        return 1;
    }
    if (!found) {
        talon_done(run, TALON_FAIL, "mount.missing", "nothing is mounted on %s", expected->path);
        return 1;
    }
    run->host->detail(run, "source", word(run, entry->source));
    run->host->detail(run, "type", word(run, entry->type));
    if (expected->source && !is_source(entry->source, expected->source))
        talon_done(run, TALON_FAIL, "mount.source", "%s is mounted on %s, expected %s", word(run, entry->source), expected->path, expected->source);
    else if (expected->type && !is_type(entry->type, expected->type))
        talon_done(run, TALON_FAIL, "mount.type", "%s is of the type %s, expected %s", expected->path, word(run, entry->type), expected->type);
    else if (expected->writable && entry->read_only)
        talon_done(run, TALON_FAIL, "mount.read_only", "%s is mounted read-only", expected->path);
    else
        return 0;
    return 1;
}

void mount_table_start(struct talon_run *run)
{
    const struct mount_table_conf *conf = run->conf;
    struct mount_entry entry;

    if (!mount_judge_entry(run, &conf->expected, &entry))
        talon_done(run, TALON_OK, "mount.ok", "%s is mounted (%s)", word(run, entry.source), word(run, entry.type));
}
