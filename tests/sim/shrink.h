/*
 * A history that breaks a rule, made as short as it can be (delta debugging over its steps), and written down so that it is tried again for ever. Whose history it
 * is does not matter here: it is played by whoever brings it.
 */
#ifndef SIM_SHRINK_H
#define SIM_SHRINK_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { SHRINK_TEXT = 512, SHRINK_KIND = 16 };

struct shrunk {
    char kind[SHRINK_KIND]; /* the first word of its text: which histories those are */
    uint64_t seed, steps;
    unsigned char *left_out; /* steps bytes: not taken. What the others throw is the same as with them */
    uint64_t n_kept;
    char broken[SHRINK_TEXT];
    /* False: no rule is broken. Else `broken` says which, and `steps` how many were taken until then. */
    bool (*play)(struct shrunk *shrunk);
    const void *with; /* for whoever plays */
};

/* Of a history that breaks a rule within its steps: kind, seed, steps, play and with are set. */
void shrink(struct shrunk *shrunk);
void shrink_free(struct shrunk *shrunk);
/* As text: its kind, "seed N", "steps N", "keep N N-N ...". */
void shrink_write(const struct shrunk *shrunk, FILE *out);
/* Reads such a text; false: it is none. */
bool shrink_read(struct shrunk *shrunk, FILE *in);

#endif
