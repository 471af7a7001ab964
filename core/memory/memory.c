/* The memory's life, and how its store is: see memory.h. */
#include "memory/memory_private.h"

#include "base/os/log.h"
#include "base/shortage.h"

#include <stdio.h>
#include <stdlib.h>

#define TROUBLE_SHOWN (600 * (uint64_t)NS_PER_S) /* what happened once, and is not there any more to be seen */

struct memory *memory_create(struct store *store)
{
    struct memory *memory = store ? calloc(1, sizeof *memory) : NULL;

    if (memory)
        memory->store = store;
    else if (store)
        shortage_note();
    if (memory)
        memory->bytes = buffer_make(STORE_KEPT);
    return memory;
}

void memory_free(struct memory *memory)
{
    if (!memory)
        return;
    marks_free(&memory->marks);
    buffer_free(&memory->bytes);
    free(memory->healed);
    free(memory->incidents);
    free(memory->services);
    free(memory->wholes);
    free(memory);
}

struct store_news memory_news(struct memory *memory, const struct moment *now)
{
    const struct store_news news = memory ? store_news(memory->store) : (struct store_news){ .kind = STORE_NOTHING };

    if (news.kind == STORE_SET_ASIDE) {
        memory->aside = true;
        memory->aside_at = now->awake;
        log_error("the store was corrupt and has been set aside: history and limits of before are not known; what is known now is kept anew", NULL);
    }
    if (news.kind == STORE_SET_ASIDE || news.kind == STORE_CAME_UP)
        keep_everything(memory);
    return news;
}

void memory_look(struct memory *memory, const struct moment *now, char *trouble, size_t n)
{
    trouble[0] = '\0';
    if (!memory || store_trouble(memory->store, trouble, n))
        return;
    if (memory->aside && now->awake - memory->aside_at < TROUBLE_SHOWN)
        snprintf(trouble, n, "the store was corrupt and has been set aside (talon.db.broken): history of before is not known");
    else if (memory->trouble[0] && now->awake - memory->trouble_at < TROUBLE_SHOWN)
        snprintf(trouble, n, "%s", memory->trouble);
    else
        trouble[0] = '\0';
}
