/* The problems of a configuration as a compiler would print them. */
#ifndef CLI_PROBLEMS_H
#define CLI_PROBLEMS_H

#include "config/config.h"

/* To standard error; `quiet`: only when there is an error (a good configuration's warnings are validate's business). */
void problems_print(const struct config *config, bool quiet);

#endif
