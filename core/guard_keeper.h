/* The guard's part in keeping programs: it starts the keeper (programs/keeper.h) when a core asks for it, brings the two together, and has it end the programs. */
#ifndef GUARD_KEEPER_H
#define GUARD_KEEPER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct guard_keeper {
    pid_t pid;        /* 0: there is none */
    int link;
    bool told;        /* to end the programs and itself */
    uint64_t kill_at; /* awake; UINT64_MAX: never */
};

/* Starts it if there is none, and gives one end of a new socket to it and the other to the core. What fails is logged, and asked for again by the core. */
void guard_keeper_join(struct guard_keeper *keeper, int core);
/* Was that process it? Then it is gone; its programs are not. */
bool guard_keeper_ended(struct guard_keeper *keeper, pid_t pid);
/* Ends the programs, and with them the keeper; asked again: at once. Nothing where there is none. */
void guard_keeper_end(struct guard_keeper *keeper, uint64_t now);
/* One that does not end is killed in the end. */
void guard_keeper_look(struct guard_keeper *keeper, uint64_t now);

#endif
