/* Files that want to exhaust the reader of configurations (rules.md 1.3). */
#ifndef CONFIG_HOSTILE_H
#define CONFIG_HOSTILE_H

#include "base/buffer.h"

struct hostile_file {
    const char *name;
    void (*write)(struct buffer *); /* may put others beside it, into the folder of config_support.h, as hostile.* */
};
extern const struct hostile_file hostile_files[];
extern const size_t n_hostile_files;

#endif
