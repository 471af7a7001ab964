/* Three services in a chain whose last fails first by a shorter interval: the first is the only root cause, whatever the phases. */
#ifndef SIM_CHAIN_H
#define SIM_CHAIN_H

#include "sim.h"

/* One random phase; "": it held. */
void chain_run(uint64_t seed, char broken[SIM_TEXT]);

#endif
