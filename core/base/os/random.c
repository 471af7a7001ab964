/* Ids that cannot be guessed: see random.h. The system's source is asked in random_linux.c and random_darwin.c. */
#include "base/os/random.h"

#include "base/os/random_system.h"
#include "base/text.h"

#include <stdatomic.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

/* Not secret, but never the same twice: better than no run at all. */
static uint64_t mixed(void)
{
    static atomic_uint count;
    struct timespec t = { 0 };
    unsigned long long hash = TEXT_HASH;
    const unsigned long long facts[2] = { (unsigned long long)getpid(), atomic_fetch_add(&count, 1) };

    clock_gettime(CLOCK_MONOTONIC, &t);
    hash = text_hash(hash, &t.tv_sec, sizeof t.tv_sec);
    hash = text_hash(hash, &t.tv_nsec, sizeof t.tv_nsec);
    return text_hash(hash, facts, sizeof facts);
}

uint64_t random_id(void)
{
    uint64_t id = 0;

    if (!random_system(&id, sizeof id))
        id = mixed();
    return id != 0 ? id : 1;
}
