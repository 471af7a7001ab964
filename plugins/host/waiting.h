/* Operations that wait for a free child or descriptor: they are tried again when one may be free, first come, first served, until their run's deadline. */
#ifndef HOST_WAITING_H
#define HOST_WAITING_H

#include <stdbool.h>
#include <stdint.h>

struct waiting {
    struct waiting *next, **at; /* at NULL: does not wait */
    uint64_t since, took;       /* by turn_now(); and ns of earlier times */
    void (*retry)(struct waiting *);
};

/* retry is called from the loop, never from here; by then it waits no more. */
void waiting_add(struct waiting *waiting, void (*retry)(struct waiting *));
void waiting_remove(struct waiting *waiting);
/* Has it waited for at least half of the time since that moment? Then what came of it is no evidence against anybody else. */
bool waiting_was_long(const struct waiting *waiting, uint64_t began);
/* Something has become free. */
void waiting_stir(void);

#endif
