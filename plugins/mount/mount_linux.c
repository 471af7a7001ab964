/* The table of mounts on Linux: /proc/self/mountinfo (proc(5)), which the kernel answers from memory. */
#include "mount.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/statvfs.h>

/* The table writes blanks and backslashes as \040: back to what they are, in place. */
static void unescape(char *text)
{
    char *to = text;

    for (; *text; text++) {
        if (text[0] == '\\' && text[1] >= '0' && text[1] <= '3' && text[2] >= '0' && text[2] <= '7' && text[3] >= '0' && text[3] <= '7') {
            *to++ = (char)((text[1] - '0') * 64 + (text[2] - '0') * 8 + (text[3] - '0'));
            text += 3;
        } else {
            *to++ = *text;
        }
    }
    *to = '\0';
}

/* Is this word among the options, which have commas between? */
static int has_option(const char *options, const char *word)
{
    const size_t n = strlen(word);

    for (; options; options = strchr(options, ',')) {
        options += *options == ',';
        if (strncmp(options, word, n) == 0 && (options[n] == '\0' || options[n] == ','))
            return 1;
    }
    return 0;
}

/* "36 35 98:0 /root /point rw,noatime shared:1 - ext4 /dev/sda1 rw": the optional fields end with the lone dash. 1: it is of this path. */
static int read_line(char *line, const char *path, struct mount_entry *entry)
{
    char *rest = NULL, *point, *options, *type, *source, *super, *dash = strstr(line, " - ");

    if (!dash)
        return 0;
    *dash = '\0';
    for (int i = 0; i < 4; i++)
        strtok_r(i == 0 ? line : NULL, " ", &rest);
    point = strtok_r(NULL, " ", &rest);
    options = strtok_r(NULL, " ", &rest);
    rest = NULL;
    type = strtok_r(dash + 3, " ", &rest);
    source = strtok_r(NULL, " ", &rest);
    super = strtok_r(NULL, " \n", &rest);
    if (!point || !options || !type || !source)
        return 0;
    unescape(point);
    if (strcmp(point, path) != 0)
        return 0;
    unescape(source);
    snprintf(entry->point, sizeof entry->point, "%s", point);
    snprintf(entry->source, sizeof entry->source, "%s", source);
    snprintf(entry->type, sizeof entry->type, "%s", type);
    entry->read_only = has_option(options, "ro") || (super && has_option(super, "ro"));
    return 1;
}

int mount_find(const char *path, struct mount_entry *entry)
{
    FILE *table = fopen("/proc/self/mountinfo", "re");
    char *line = NULL;
    size_t size = 0;
    int found = 0, failed;

    if (!table)
        return -1;
    while (getline(&line, &size, table) > 0)
        found |= read_line(line, path, entry);
    failed = ferror(table) ? errno : 0;
    free(line);
    fclose(table);
    errno = failed;
    return failed ? -1 : found;
}

int mount_room(const char *path, struct mount_space *space)
{
    struct statvfs found;
    double block;

    while (statvfs(path, &found) != 0)
        if (errno != EINTR)
            return errno;
    block = (double)(found.f_frsize ? found.f_frsize : found.f_bsize);
    *space = (struct mount_space){ .size = (double)found.f_blocks * block,
                                   .free = (double)found.f_bfree * block,
                                   .available = (double)found.f_bavail * block,
                                   .inodes = (double)found.f_files,
                                   .inodes_free = (double)found.f_ffree };
    return 0;
}
