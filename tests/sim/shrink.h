/* A history that breaks a rule, made as short as it can be (delta debugging over its steps), and written down so that it is tried again for ever. */
#ifndef SIM_SHRINK_H
#define SIM_SHRINK_H

#include "history.h"

#include <stdio.h>

struct shrunk {
    uint64_t seed, steps;
    const struct model *model; /* NULL: a random one */
    unsigned char *left_out; /* steps bytes */
    uint64_t n_kept;
    char broken[SIM_TEXT];
};

/* Of a history that breaks a rule within so many steps. */
struct shrunk shrink(uint64_t seed, uint64_t steps, const struct model *model);
void shrink_free(struct shrunk *shrunk);
/* As text: "random" or "profile", "seed N", "steps N", "keep N N-N ...". */
void shrink_write(const struct shrunk *shrunk, FILE *out);
/* Reads such a text; false: it is none. */
bool shrink_read(struct shrunk *shrunk, FILE *in, const struct model *profile);

#endif
