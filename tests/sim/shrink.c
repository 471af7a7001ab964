/* Shrinks histories: leaves out half of the steps, then quarters, and so on, as long as a rule is broken still. */
#include "shrink.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_TRIES = 3000, MOST_STEPS = 10000000 };

/* One piece is left out; it stays so when a rule is broken without it as well. */
static bool try_without(struct shrunk *s, uint64_t from, uint64_t n)
{
    unsigned char *before = malloc(s->steps + 1);
    uint64_t end = from + n < s->steps ? from + n : s->steps, steps = s->steps;

    if (!before)
        abort();
    memcpy(before, s->left_out, s->steps);
    memset(s->left_out + from, 1, end - from);
    if (memcmp(before, s->left_out, steps) != 0 && s->play(s)) {
        free(before);
        return true;
    }
    memcpy(s->left_out, before, steps);
    free(before);
    return false;
}

static void count(struct shrunk *s)
{
    s->n_kept = 0;
    for (uint64_t i = 0; i < s->steps; i++)
        s->n_kept += !s->left_out[i];
}

void shrink(struct shrunk *s)
{
    unsigned tries = 0;

    s->left_out = calloc(s->steps + 1, 1);
    if (!s->left_out)
        abort();
    if (s->play(s))
        for (uint64_t n = (s->steps + 1) / 2; n > 0; n /= 2)
            for (uint64_t from = s->steps; from > 0 && tries < MOST_TRIES; tries++) {
                from = from > n ? from - n : 0;
                try_without(s, from, n);
                from = from < s->steps ? from : s->steps;
            }
    count(s);
}

void shrink_free(struct shrunk *shrunk)
{
    free(shrunk->left_out);
    shrunk->left_out = NULL;
}

/* ---- as text ---- */

void shrink_write(const struct shrunk *s, FILE *out)
{
    fprintf(out, "%s\nseed %llu\nsteps %llu\nkeep", s->kind, (unsigned long long)s->seed, (unsigned long long)s->steps);
    for (uint64_t i = 0; i < s->steps; i++) {
        uint64_t from = i;

        if (s->left_out[i])
            continue;
        while (i + 1 < s->steps && !s->left_out[i + 1])
            i++;
        fprintf(out, i > from ? " %llu-%llu" : " %llu", (unsigned long long)from, (unsigned long long)i);
    }
    fprintf(out, "\n");
}

static bool read_kept(struct shrunk *s, FILE *in)
{
    unsigned long long from, to;

    while (fscanf(in, "%llu", &from) == 1) {
        int c = fgetc(in);

        to = from;
        if (c == '-' && fscanf(in, "%llu", &to) != 1)
            return false;
        if (to < from || to >= s->steps)
            return false;
        memset(s->left_out + from, 0, to - from + 1);
        s->n_kept += to - from + 1;
    }
    return feof(in) != 0;
}

bool shrink_read(struct shrunk *s, FILE *in)
{
    unsigned long long seed, steps;

    memset(s, 0, sizeof *s);
    if (fscanf(in, "%15s seed %llu steps %llu keep", s->kind, &seed, &steps) != 3 || steps > MOST_STEPS)
        return false;
    s->seed = seed;
    s->steps = steps;
    s->left_out = malloc(steps + 1);
    if (!s->left_out)
        abort();
    memset(s->left_out, 1, steps + 1);
    return read_kept(s, in);
}
