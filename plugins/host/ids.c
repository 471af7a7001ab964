/* The core's ids and who bears them: see ids.h. */
#include "ids.h"

#include "die.h"

#include <stdlib.h>
#include <string.h>

bool id_is_good(const char *text, size_t n)
{
    if (n == 0 || n >= ID_SIZE)
        return false;
    for (size_t i = 0; i < n; i++) {
        const char c = text[i];

        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')))
            return false;
    }
    return true;
}

static uint32_t hash_of(const char *text, size_t n)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < n; i++)
        hash = (hash ^ (unsigned char)text[i]) * 16777619u;
    return hash;
}

static void grow(struct ids *ids)
{
    struct ids bigger = { .n = ids->n, .room = ids->room ? ids->room * 2 : 64 };

    bigger.heads = must_alloc(bigger.room * sizeof *bigger.heads);
    for (size_t i = 0; i < ids->room; i++) {
        while (ids->heads[i]) {
            struct id *id = ids->heads[i];

            ids->heads[i] = id->next;
            id->next = bigger.heads[id->hash & (bigger.room - 1)];
            bigger.heads[id->hash & (bigger.room - 1)] = id;
        }
    }
    free(ids->heads);
    *ids = bigger;
}

void ids_add(struct ids *ids, struct id *id, const char *text, size_t n)
{
    struct id **head;

    if (ids->n >= ids->room)
        grow(ids);
    memcpy(id->text, text, n);
    id->text[n] = '\0';
    id->hash = hash_of(text, n);
    head = &ids->heads[id->hash & (ids->room - 1)];
    id->next = *head;
    *head = id;
    ids->n++;
}

void ids_remove(struct ids *ids, struct id *id)
{
    struct id **at = &ids->heads[id->hash & (ids->room - 1)];

    while (*at != id)
        at = &(*at)->next;
    *at = id->next;
    ids->n--;
}

struct id *ids_find(const struct ids *ids, const char *text, size_t n)
{
    const uint32_t hash = hash_of(text, n);
    struct id *id = ids->room ? ids->heads[hash & (ids->room - 1)] : NULL;

    while (id && (id->hash != hash || strlen(id->text) != n || memcmp(id->text, text, n) != 0))
        id = id->next;
    return id;
}

void ids_free(struct ids *ids)
{
    free(ids->heads);
    *ids = (struct ids){ .heads = NULL };
}
