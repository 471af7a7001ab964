/*
 * Which slots a check gets. Cold wake-ups are what a steady state costs, so checks share them: a slot is a twentieth of the interval, at
 * most 500 ms, those of one plugin and path stand together in as few slots as keep the bursts small, and these are spread evenly over
 * the interval. The seed turns the whole, so that many machines with one configuration do not beat in step.
 */
#include "engine/engine_private.h"

#include "base/text.h"

#include <stdlib.h>

#define WIDEST_SLOT (500 * (uint64_t)NS_PER_MS)
enum { SLOTS_AT_LEAST = 20, BUNCH_AT_LEAST = 8 };

struct seat {
    uint64_t every;
    size_t plugin, path, check;
};

static int compare(size_t a, size_t b)
{
    return a < b ? -1 : a > b;
}

static int by_group(const void *left, const void *right)
{
    const struct seat *a = left, *b = right;

    if (a->every != b->every)
        return a->every < b->every ? -1 : 1;
    if (a->plugin != b->plugin)
        return compare(a->plugin, b->plugin);
    if (a->path != b->path)
        return compare(a->path, b->path);
    return compare(a->check, b->check);
}

static bool same_group(const struct seat *a, const struct seat *b)
{
    return a->every == b->every && a->plugin == b->plugin && a->path == b->path;
}

static size_t length_of(const struct seat *seats, size_t n, bool (*same)(const struct seat *, const struct seat *))
{
    size_t length = 1;

    while (length < n && same(&seats[0], &seats[length]))
        length++;
    return length;
}

static bool same_interval(const struct seat *a, const struct seat *b)
{
    return a->every == b->every;
}

static size_t bunches_of(size_t n, size_t bunch)
{
    return (n + bunch - 1) / bunch;
}

/* All checks of one interval. */
static void spread(struct tables *t, const struct seat *seats, size_t n, uint64_t seed)
{
    uint64_t every = seats->every;
    uint64_t width = every / SLOTS_AT_LEAST < WIDEST_SLOT ? every / SLOTS_AT_LEAST : WIDEST_SLOT;
    uint64_t slots = width > 0 ? every / width : 1;
    uint64_t turn = text_hash(TEXT_HASH ^ seed, &every, sizeof every) % slots;
    size_t bunch = bunches_of(n, SLOTS_AT_LEAST) > BUNCH_AT_LEAST ? bunches_of(n, SLOTS_AT_LEAST) : BUNCH_AT_LEAST;
    size_t all = 0, number = 0;

    for (size_t i = 0, size; i < n; i += size) {
        size = length_of(&seats[i], n - i, same_group);
        all += bunches_of(size, bunch);
    }
    for (size_t i = 0, size; i < n; i += size) {
        size = length_of(&seats[i], n - i, same_group);
        for (size_t k = 0; k < size; k++)
            t->checks[seats[i + k].check].phase = (turn + (number + k / bunch) * slots / all) % slots * width;
        number += bunches_of(size, bunch);
    }
}

bool slots_spread(struct tables *t, uint64_t seed)
{
    const struct model *model = t->model;
    struct seat *seats = calloc(model->n_checks + 1, sizeof *seats);
    size_t n = 0;

    if (!seats)
        return false;
    for (size_t i = 0; i < model->n_checks; i++)
        if (model->checks[i].enabled)
            seats[n++] = (struct seat){ model->checks[i].every, model->operations[model->checks[i].operation].plugin, model->checks[i].path, i };
    qsort(seats, n, sizeof *seats, by_group);
    for (size_t i = 0, length; i < n; i += length) {
        length = length_of(&seats[i], n - i, same_interval);
        spread(t, &seats[i], length, seed);
    }
    free(seats);
    return true;
}
