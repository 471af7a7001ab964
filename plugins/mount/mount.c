/* The check types of `mount`: a mount point that must answer, the table of mounts, and the server of NFS. */
#include "mount.h"

static const struct talon_operation operations[] = {
    { .kind = TALON_CHECK,
      .flags = TALON_BLOCKING,
      .name = "point",
      .summary = "Looks whether the right file system is mounted, answers, and has room left.",
      .options = mount_point_options,
      .metrics = mount_point_metrics,
      .conf_size = sizeof(struct mount_point_conf),
      .validate = mount_point_validate,
      .start = mount_point_start },
    { .kind = TALON_CHECK,
      .name = "table",
      .summary = "Looks whether the right file system is mounted, without asking that itself, so that this answers also where a server hangs.",
      .options = mount_table_options,
      .conf_size = sizeof(struct mount_table_conf),
      .start = mount_table_start },
    { .kind = TALON_CHECK,
      .name = "nfs",
      .summary = "Calls a server of NFS, which proves that it lives, where an open port proves the kernel alone.",
      .options = mount_nfs_options,
      .metrics = mount_nfs_metrics,
      .conf_size = sizeof(struct mount_nfs_conf),
      .run_size = MOUNT_NFS_RUN,
      .validate = mount_nfs_validate,
      .start = mount_nfs_start },
};

const struct talon_plugin talon_plugin_descriptor = {
    TALON_PLUGIN_HEAD,
    .name = "mount",
    .version = "1.0.0",
    .license = "MIT",
    .summary = "Checks of mounted file systems and of NFS.",
    TALON_OPERATIONS(operations),
};
