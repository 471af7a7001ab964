/* What the files of the plugin `mount` share, and what differs between systems: the table of what is mounted. */
#ifndef MOUNT_H
#define MOUNT_H

#include <stdint.h>
#include <talon/plugin.h>

struct mount_entry {
    char point[1024], source[512], type[64];
    int read_only;
};

/* What stands on `path` in the table of mounts, the latest where several are stacked; the server of a network file system is not asked, so this never
 * hangs. Returns 1, 0: nothing is mounted on it, or -1: errno says why the table cannot be read. */
int mount_find(const char *path, struct mount_entry *entry);

struct mount_space {
    double size, free, available; /* bytes; available: to those who are not root */
    double inodes, inodes_free;   /* 0: the file system counts none */
};

/* Asks the file system itself, and hangs where its server does. Returns 0, or an errno. */
int mount_room(const char *path, struct mount_space *space);

/* What of an entry is wrong for what the options ask. The options of each operation begin with these. */
struct mount_expected {
    const char *path, *source, *type;
    int32_t writable;
};

/* The four options of struct mount_expected, which is the member `expected` of struct S. */
#define MOUNT_OPTIONS(S)                                                                                                                               \
    { .name = "path",                                                                                                                                  \
      TALON_PATH_AT(struct S, expected.path),                                                                                                          \
      .flags = TALON_REQUIRED,                                                                                                                         \
      .help = "Where it is mounted, as the table of mounts has it." },                                                                                 \
        { .name = "source",                                                                                                                            \
          TALON_STRING_AT(struct S, expected.source),                                                                                                  \
          .help = "What must be mounted there: a device, or SERVER:/FOLDER of NFS; not given: anything." },                                            \
        { .name = "type",                                                                                                                              \
          TALON_STRING_AT(struct S, expected.type),                                                                                                    \
          .help = "The type that it must have, such as `nfs`, which stands for `nfs4` too." },                                                         \
    {                                                                                                                                                  \
        .name = "writable", TALON_BOOL_AT(struct S, expected.writable), .fallback = "true", .help = "Whether a file system mounted read-only is wrong." \
    }

/* Finds what is mounted and judges it. 1: the run has ended; else entry is filled. */
int mount_judge_entry(struct talon_run *run, const struct mount_expected *expected, struct mount_entry *entry);

/* The operations `point`, `table` and `nfs`, each in a file of its own. */
struct mount_point_conf {
    struct mount_expected expected;
    double warn, fail;
    const char *sentinel, *probe;
};

struct mount_table_conf {
    struct mount_expected expected;
};

struct mount_nfs_conf {
    const char *host;
    int32_t service;
    int64_t port, portmapper, version;
};

enum { MOUNT_NFS_RUN = 1280 }; /* bytes of a run of `nfs` */

extern const struct talon_option mount_point_options[], mount_table_options[], mount_nfs_options[];
extern const struct talon_metric mount_point_metrics[], mount_nfs_metrics[];
int mount_point_validate(const void *given, struct talon_problem *problem);
int mount_nfs_validate(const void *given, struct talon_problem *problem);
void mount_point_start(struct talon_run *run);
void mount_table_start(struct talon_run *run);
void mount_nfs_start(struct talon_run *run);

#endif
