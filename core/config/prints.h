/* Fingerprints, piece by piece: prints.c for checks and services, prints_runbook.c for what a runbook would do. */
#ifndef CONFIG_PRINTS_H
#define CONFIG_PRINTS_H

#include "config/work.h"

typedef unsigned long long print;

print print_text(print hash, const char *text);
print print_number(print hash, uint64_t number);
print print_secret(print hash, const struct model_secret *secret);
print print_conf(const struct model *m, print hash, const struct model_conf *conf);
print print_condition(const struct model *m, print hash, const struct model_condition *condition);
/* prints_runbook.c: steps, window and limits, with the parameters put in. */
print print_runbook(const struct model *m, print hash, const struct model_runbook *runbook);

#endif
