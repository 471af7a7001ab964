/*
 * Ids on the wire: see ids.h. The keys of a connection are random; its ids are made from them one by one, since asking the system for each would cost as
 * much as all the rest of a run, and no two are ever the same, since mix() maps no two numbers to one.
 *
 * A table with open addressing; what is taken out closes its gap, so it never fills with graves.
 */
#include "hosts/ids.h"

#include "base/os/random.h"

#include <stdlib.h>
#include <string.h>

enum { SMALLEST = 64 };

void ids_init(struct ids *ids)
{
    *ids = (struct ids){ .key = { random_id(), random_id(), random_id() } };
}

void ids_free(struct ids *ids)
{
    free(ids->slots);
    *ids = (struct ids){ .given = 0 };
}

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* The mark: differs for each connection and kind, so that an instance's id is never taken for a run's, nor another host's for one's own. */
static uint64_t mark(const struct ids *ids, enum id_kind kind, uint64_t id)
{
    return mix(mix(id ^ ids->key[0]) + ids->key[1] + (uint64_t)kind);
}

/* ---- the table: ids are random, so their own bits are the hash */

static size_t next_slot(const struct ids *ids, size_t i)
{
    return (i + 1) & (ids->room - 1);
}

static size_t find_slot(const struct ids *ids, uint64_t id)
{
    size_t i = (size_t)id & (ids->room - 1);

    while (ids->slots[i].id != 0 && ids->slots[i].id != id)
        i = next_slot(ids, i);
    return i;
}

static bool grow(struct ids *ids)
{
    struct ids bigger = *ids;

    if (ids->slots && ids->n * 2 < ids->room)
        return true;
    bigger.room = ids->slots ? ids->room * 2 : SMALLEST;
    bigger.slots = calloc(bigger.room, sizeof *bigger.slots);
    if (!bigger.slots)
        return false;
    for (size_t i = 0; i < ids->room; i++)
        if (ids->slots[i].id != 0)
            bigger.slots[find_slot(&bigger, ids->slots[i].id)] = ids->slots[i];
    free(ids->slots);
    *ids = bigger;
    return true;
}

uint64_t ids_give(struct ids *ids, void *owner)
{
    uint64_t id;

    if (!grow(ids))
        return 0;
    do {
        id = mix(++ids->given ^ ids->key[2]);
    } while (id == 0);
    ids->slots[find_slot(ids, id)] = (struct ids_slot){ .id = id, .owner = owner };
    ids->n++;
    return id;
}

void ids_take(struct ids *ids, uint64_t id)
{
    size_t gap, i, home;

    if (!ids->slots || id == 0)
        return;
    gap = find_slot(ids, id);
    if (ids->slots[gap].id == 0)
        return;
    ids->n--;
    for (i = next_slot(ids, gap); ids->slots[i].id != 0; i = next_slot(ids, i)) {
        home = (size_t)ids->slots[i].id & (ids->room - 1);
        if (((i - home) & (ids->room - 1)) < ((i - gap) & (ids->room - 1)))
            continue; /* it would come to stand before its home */
        ids->slots[gap] = ids->slots[i];
        gap = i;
    }
    ids->slots[gap] = (struct ids_slot){ .id = 0 };
}

/* ---- as text: the id and its mark in hexadecimal */

static void write_hex(uint64_t value, char *text)
{
    static const char digits[] = "0123456789abcdef";

    for (int i = 15; i >= 0; i--) {
        text[i] = digits[value & 15];
        value >>= 4;
    }
}

static bool read_hex(const char *text, uint64_t *value)
{
    *value = 0;
    for (int i = 0; i < 16; i++) {
        char c = text[i];

        if (c >= '0' && c <= '9')
            *value = *value << 4 | (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            *value = *value << 4 | (uint64_t)(c - 'a' + 10);
        else
            return false;
    }
    return true;
}

void ids_write(const struct ids *ids, enum id_kind kind, uint64_t id, char text[ID_TEXT])
{
    write_hex(id, text);
    write_hex(mark(ids, kind, id), text + 16);
    text[32] = '\0';
}

enum id_state ids_find(const struct ids *ids, enum id_kind kind, const char *text, uint64_t *id, void **owner)
{
    uint64_t marked;
    size_t i;

    if (strlen(text) != ID_TEXT - 1 || !read_hex(text, id) || !read_hex(text + 16, &marked) || *id == 0 || marked != mark(ids, kind, *id))
        return ID_NEVER;
    if (!ids->slots)
        return ID_OVER;
    i = find_slot(ids, *id);
    *owner = ids->slots[i].owner;
    return ids->slots[i].id != 0 ? ID_KNOWN : ID_OVER;
}
