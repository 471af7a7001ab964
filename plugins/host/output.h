/* What a child has printed: the head half and the tail half of what may be kept; what lies between is drained and counted. */
#ifndef HOST_OUTPUT_H
#define HOST_OUTPUT_H

#include <stddef.h>

struct output {
    char *bytes;            /* head, then the tail as a ring; NULL: nothing was printed */
    size_t head, tail;      /* room of each */
    size_t n_head, n_tail;  /* bytes in each */
    size_t at;              /* where the ring's next byte goes */
    size_t dropped;
};

/* max: bytes to be kept. Allocates nothing yet. */
struct output output_make(size_t max);
void output_add(struct output *output, const char *bytes, size_t n);
/* All that is kept in one piece, with a NUL behind it; the length in n. To be called once, at the end. Freed with the output. */
const char *output_text(struct output *output, size_t *n);
void output_free(struct output *output);

#endif
