/* A real configuration in the simulator: what core/config makes of a profile. */
#ifndef SIM_PROFILE_H
#define SIM_PROFILE_H

#include "model.h"

/* One user, yours to drop; ends the program with the problems when it cannot be read. Plugins are not asked: the judgement knows nothing of options.
 * plugins: the folder of their sources. */
const struct model *profile_model(const char *file, const char *plugins);

#endif
