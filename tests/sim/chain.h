/* Three services in a chain whose last fails first by a shorter interval: the first is the only root cause, whatever the phases. */
#ifndef SIM_CHAIN_H
#define SIM_CHAIN_H

#include "sim.h"

/* One random phase; broken "": it held. True: the third failed while the first had not yet, which is what it is about. */
bool chain_run(uint64_t seed, char broken[SIM_TEXT]);

#endif
