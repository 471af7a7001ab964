/* Reads zones from the system's files: see zones.h. UTC needs none. */
#include "base/os/zones.h"

#include "base/os/files.h"

#include <stdio.h>
#include <string.h>

static const char *const folders[] = { "/usr/share/zoneinfo", "/var/db/timezone/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo" };

enum { FOLDERS = sizeof folders / sizeof *folders };

/* Names are paths below that folder, and stay there. */
static bool is_name(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/";

    return name[0] != '\0' && name[0] != '/' && strlen(name) < 100 && name[strspn(name, letters)] == '\0' && !strstr(name, "//") &&
           name[strlen(name) - 1] != '/';
}

static bool read_file(const char *path, struct zone *zone, struct zone_change *room, char *why, size_t why_size)
{
    struct buffer bytes = buffer_make(ZONE_FILE_SIZE);
    bool good = files_read(path, &bytes, why, why_size);

    if (good && !zone_read(zone, room, (const unsigned char *)buffer_string(&bytes), bytes.len)) {
        snprintf(why, why_size, "%s is no file of a time zone", path);
        good = false;
    }
    buffer_free(&bytes);
    return good;
}

bool zones_read(const char *name, struct zone *zone, struct zone_change *room, char *why, size_t why_size)
{
    char path[256];

    if (!name) {
        if (!read_file("/etc/localtime", zone, room, why, why_size))
            zone_utc(zone); /* what the C library takes then, too */
        return true;
    }
    if (strcmp(name, "UTC") == 0) {
        zone_utc(zone);
        return true;
    }
    if (!is_name(name)) {
        snprintf(why, why_size, "a name such as Europe/Berlin is expected");
        return false;
    }
    for (size_t i = 0; i < FOLDERS; i++) {
        snprintf(path, sizeof path, "%s/%s", folders[i], name);
        if (read_file(path, zone, room, why, why_size))
            return true;
    }
    snprintf(why, why_size, "the system knows no such zone (in %s)", folders[0]);
    return false;
}
