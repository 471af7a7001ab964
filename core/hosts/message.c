/*
 * Reading messages: see message.h. cJSON takes each value from malloc and gives each back by itself, forty times for one result, which was a third of what
 * the core spends on a check. So the values of one message come from one block, which is empty again when the message is dropped; what does not fit there
 * comes from malloc as ever.
 */
#include "hosts/message.h"

#include "base/shortage.h"
#include "base/text.h"

#include <cjson/cJSON.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

enum { BLOCK = 24 << 10 };

static struct {
    alignas(max_align_t) unsigned char bytes[BLOCK];
    size_t used;
    bool reading;  /* a message is read into it */
    bool taken;    /* a message lies in it */
    bool overflow; /* and not all of it */
} block;

static void *take_elsewhere(size_t n)
{
    void *found = malloc(n);

    if (!found)
        shortage_note();
    return found;
}

static void *take(size_t n)
{
    const size_t size = (n + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    void *found = block.bytes + block.used;

    if (block.reading && size >= n && size <= BLOCK - block.used) {
        block.used += size;
        return found;
    }
    block.overflow = block.overflow || block.reading;
    return take_elsewhere(n);
}

static void give(void *bytes)
{
    const uintptr_t at = (uintptr_t)bytes, first = (uintptr_t)block.bytes;

    if (at < first || at >= first + BLOCK)
        free(bytes);
}

void message_begin(void)
{
    cJSON_Hooks hooks = { .malloc_fn = take, .free_fn = give };

    cJSON_InitHooks(&hooks);
}

struct cJSON *message_read(const char *line, size_t n)
{
    const bool mine = !block.taken;
    cJSON *message;

    if (text_valid_utf8(line, n) != n)
        return NULL;
    block.reading = mine;
    message = cJSON_ParseWithOpts(line, NULL, 1);
    block.reading = false;
    if (mine && !message) {
        block.used = 0;
        block.overflow = false;
    }
    block.taken = block.taken || (mine && message);
    return message;
}

void message_drop(struct cJSON *message)
{
    const uintptr_t at = (uintptr_t)message, first = (uintptr_t)block.bytes;
    const bool mine = at >= first && at < first + BLOCK;

    if (!mine || block.overflow)
        cJSON_Delete(message);
    if (!mine)
        return;
    block.used = 0;
    block.taken = block.overflow = false;
}
