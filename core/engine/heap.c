/* A binary heap that knows where each item stands, so that the time of any one of a thousand checks can change in a few steps. */
#include "engine/engine_private.h"

#include <stdlib.h>
#include <string.h>

bool heap_make(struct heap *heap, size_t room)
{
    heap->n = 0;
    heap->room = room;
    heap->items = calloc(room + 1, sizeof *heap->items);
    heap->at = calloc(room + 1, sizeof *heap->at);
    heap->keys = calloc(room + 1, sizeof *heap->keys);
    if (!heap->items || !heap->at || !heap->keys)
        return false;
    for (size_t i = 0; i < room; i++) {
        heap->at[i] = SIZE_MAX;
        heap->keys[i] = NEVER;
    }
    return true;
}

void heap_free(struct heap *heap)
{
    free(heap->items);
    free(heap->at);
    free(heap->keys);
    memset(heap, 0, sizeof *heap);
}

static bool before(const struct heap *heap, size_t a, size_t b)
{
    return heap->keys[a] != heap->keys[b] ? heap->keys[a] < heap->keys[b] : a < b;
}

static void place(struct heap *heap, size_t at, size_t item)
{
    heap->items[at] = item;
    heap->at[item] = at;
}

/* Moves the item from where it stands towards the top or the bottom, whichever is right. */
static void sift(struct heap *heap, size_t item)
{
    size_t at = heap->at[item];

    while (at > 0 && before(heap, item, heap->items[(at - 1) / 2])) {
        place(heap, at, heap->items[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    for (;;) {
        size_t child = 2 * at + 1;

        if (child + 1 < heap->n && before(heap, heap->items[child + 1], heap->items[child]))
            child++;
        if (child >= heap->n || !before(heap, heap->items[child], item))
            break;
        place(heap, at, heap->items[child]);
        at = child;
    }
    place(heap, at, item);
}

static void take_out(struct heap *heap, size_t item)
{
    size_t at = heap->at[item];
    size_t last = heap->items[--heap->n];

    heap->at[item] = SIZE_MAX;
    if (last == item)
        return;
    place(heap, at, last);
    sift(heap, last);
}

void heap_set(struct heap *heap, size_t item, uint64_t key)
{
    bool in = heap->at[item] != SIZE_MAX;

    if (heap->keys[item] == key)
        return;
    heap->keys[item] = key;
    if (in && key == NEVER) {
        take_out(heap, item);
        return;
    }
    if (!in)
        place(heap, heap->n++, item);
    sift(heap, item);
}

uint64_t heap_least(const struct heap *heap, size_t *item)
{
    if (heap->n == 0)
        return NEVER;
    *item = heap->items[0];
    return heap->keys[heap->items[0]];
}
