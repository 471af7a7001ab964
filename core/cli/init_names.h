/* Names and scalars for the configuration that `talon init` writes: whatever the system calls a thing, what stands in the file is well formed. */
#ifndef CLI_INIT_NAMES_H
#define CLI_INIT_NAMES_H

#include "base/buffer.h"

#include <stdint.h>

enum { INIT_NAME = 64, INIT_NAMES = 256 };

struct init_names { /* taken so far */
    char all[INIT_NAMES][INIT_NAME];
    size_t n;
};

/* Makes a name of rules.md 1.5 of any text that is not taken yet, and takes it: "Volumes/My Disk" is volumes-my-disk, then volumes-my-disk-2. */
void init_names_take(struct init_names *names, const char *text, char name[INIT_NAME]);

/* Appends valid UTF-8 as a YAML scalar that reads back as it is, in a flow mapping too: plain where that is safe, else in double quotes. `${` stays what it is. */
void init_scalar(struct buffer *out, const char *text);

struct init_usual {
    uint16_t port;
    const char *name, *title;
};

/* Who usually listens on that port; NULL: nobody in particular. */
const struct init_usual *init_usual(uint16_t port);

#endif
