/* The table of services that plugins are given. */
#ifndef HOST_SERVICES_H
#define HOST_SERVICES_H

#include <talon/plugin.h>

const struct talon_host *services_table(void);
/* The calling thread is the one in which plugins may call. Once, at the start. */
void services_begin(void);

#endif
