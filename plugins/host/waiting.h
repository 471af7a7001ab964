/* Operations that wait for a free child or descriptor: they are tried again when one may be free, first come, first served, until their run's deadline. */
#ifndef HOST_WAITING_H
#define HOST_WAITING_H

struct waiting {
    struct waiting *next, **at; /* at NULL: does not wait */
    void (*retry)(struct waiting *);
};

/* retry is called from the loop, never from here; by then it waits no more. */
void waiting_add(struct waiting *waiting, void (*retry)(struct waiting *));
void waiting_remove(struct waiting *waiting);
/* Something has become free. */
void waiting_stir(void);

#endif
