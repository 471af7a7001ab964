/*
 * A doubly linked ring whose links live inside what they chain: adding and taking out cost nothing and need no memory, so a queue of the
 * wire never fails to grow. Private to core/hosts.
 */
#ifndef HOSTS_LIST_H
#define HOSTS_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct link {
    struct link *next, *prev; /* both NULL: in no list */
};

/* What holds this link as its `member`. */
#define LINK_OF(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))
/* Every link of the list; the one at hand may be taken out. */
#define LIST_EACH(at, list) for (struct link *at = (list)->next, *at##_next = at->next; at != (list); at = at##_next, at##_next = at->next)

static inline void list_init(struct link *list)
{
    list->next = list->prev = list;
}

static inline bool list_empty(const struct link *list)
{
    return list->next == list;
}

static inline bool link_listed(const struct link *link)
{
    return link->next != NULL;
}

/* To the end, unless it is in a list already. */
static inline void list_add(struct link *list, struct link *link)
{
    if (link_listed(link))
        return;
    link->prev = list->prev;
    link->next = list;
    list->prev->next = link;
    list->prev = link;
}

/* Out of whichever list it is in, if it is in one. */
static inline void list_remove(struct link *link)
{
    if (!link_listed(link))
        return;
    link->prev->next = link->next;
    link->next->prev = link->prev;
    link->next = link->prev = NULL;
}

#endif
