/*
 * The ids of one connection: random, found in constant time, and able to prove that they were given out. Each carries a mark that only
 * this process can make, so an id that is over (messages cross) is told from one that never was (desync) without keeping the old ones.
 */
#ifndef HOSTS_IDS_H
#define HOSTS_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum id_kind { ID_RUN = 1, ID_INSTANCE, ID_QUESTION };
enum id_state { ID_NEVER, ID_OVER, ID_KNOWN };
enum { ID_TEXT = 33 }; /* 32 letters and digits, and a NUL */

struct ids_slot {
    uint64_t id; /* 0: free */
    void *owner;
};

struct ids {
    uint64_t key[3];
    uint64_t given;         /* how many */
    struct ids_slot *slots; /* NULL: none yet */
    size_t n, room;         /* room: a power of two */
};

void ids_init(struct ids *ids);
void ids_free(struct ids *ids);
/* A new id, which is found from now on. Never 0. 0: no memory. */
uint64_t ids_give(struct ids *ids, void *owner);
/* It is over. One that is not there: nothing. */
void ids_take(struct ids *ids, uint64_t id);
void ids_write(const struct ids *ids, enum id_kind kind, uint64_t id, char text[ID_TEXT]);
enum id_state ids_find(const struct ids *ids, enum id_kind kind, const char *text, uint64_t *id, void **owner);

#endif
