/* The core's ids and who bears them: a hash table whose entries lie in their bearers, so that neither adding nor removing one can fail for memory. */
#ifndef HOST_IDS_H
#define HOST_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ID_SIZE = 33 }; /* 32 letters and digits, and a NUL */

struct id {
    struct id *next;
    uint32_t hash;
    char text[ID_SIZE];
};

struct ids {
    struct id **heads;
    size_t n, room; /* room: a power of two, 0: nothing yet */
};

/* Is it an id of docs/plugin-protocol.md: 1 to 32 letters and digits? */
bool id_is_good(const char *text, size_t n);
/* Makes the id and adds it; text is a good one that nobody in the table bears. */
void ids_add(struct ids *ids, struct id *id, const char *text, size_t n);
void ids_remove(struct ids *ids, struct id *id);
/* NULL: nobody bears it. */
struct id *ids_find(const struct ids *ids, const char *text, size_t n);
/* Frees the table, not the bearers. */
void ids_free(struct ids *ids);

#endif
