/* What a child has printed: see output.h. */
#include "output.h"

#include "die.h"

#include <stdlib.h>
#include <string.h>

struct output output_make(size_t max)
{
    return (struct output){ .head = max - max / 2, .tail = max / 2 };
}

/* Into the ring; what it overwrites is dropped. */
static void add_tail(struct output *output, const char *bytes, size_t n)
{
    char *ring = output->bytes + output->head;

    if (n > output->tail) {
        output->dropped += n - output->tail;
        bytes += n - output->tail;
        n = output->tail;
    }
    while (n > 0) {
        const size_t left = output->tail - output->at, piece = n < left ? n : left;
        const size_t free_bytes = output->tail - output->n_tail;

        memcpy(ring + output->at, bytes, piece);
        output->dropped += piece > free_bytes ? piece - free_bytes : 0;
        output->n_tail += piece < free_bytes ? piece : free_bytes;
        output->at = (output->at + piece) % output->tail;
        bytes += piece;
        n -= piece;
    }
}

void output_add(struct output *output, const char *bytes, size_t n)
{
    size_t first = output->head - output->n_head;

    if (n == 0)
        return;
    if (!output->bytes)
        output->bytes = must_alloc(output->head + output->tail + 1);
    first = n < first ? n : first;
    memcpy(output->bytes + output->n_head, bytes, first);
    output->n_head += first;
    if (output->tail > 0)
        add_tail(output, bytes + first, n - first);
    else
        output->dropped += n - first;
}

const char *output_text(struct output *output, size_t *n)
{
    char *straight;

    *n = output->n_head + output->n_tail;
    if (!output->bytes)
        return "";
    if (output->n_tail == output->tail && output->at > 0) { /* the ring is full, and its first byte is somewhere in it */
        straight = must_alloc(output->head + output->tail + 1);
        memcpy(straight, output->bytes, output->n_head);
        memcpy(straight + output->n_head, output->bytes + output->head + output->at, output->tail - output->at);
        memcpy(straight + output->n_head + output->tail - output->at, output->bytes + output->head, output->at);
        free(output->bytes);
        output->bytes = straight;
    }
    output->bytes[*n] = '\0';
    return output->bytes;
}

void output_free(struct output *output)
{
    free(output->bytes);
    output->bytes = NULL;
}
