/* `programs:`, piece by piece: what programs.c and programs_parts.c share. */
#ifndef CONFIG_PROGRAMS_H
#define CONFIG_PROGRAMS_H

#include "config/work.h"

#define PROGRAM_SECOND ((uint64_t)1000000000u)

struct program_reading {
    struct config *c;
    struct model_program *made;
    const struct node *map;
};

/* "programs.worker.KEY = VALUE" for config show; from NULL: built in. */
void program_show(struct program_reading *r, const char *key, const char *value, const struct node *from);
void program_show_time(struct program_reading *r, const char *key, uint64_t ns, const struct node *from);
/* The keys of a part that is a map; NULL: it is not there, or is no map and that was told. */
const struct node *program_part(struct program_reading *r, const char *name, const char *const *keys, size_t n, const char *of);
void program_command(struct program_reading *r, const struct node *node, const char *what, const char *const **command);

/* programs_parts.c */
void program_env(struct program_reading *r);
void program_port(struct program_reading *r);
void program_call(struct program_reading *r);
void program_health(struct program_reading *r);
void program_drain(struct program_reading *r);

#endif
