/* See refused.c. */
#ifndef CONFIG_REFUSED_H
#define CONFIG_REFUSED_H

#include "config/work.h"

void refused_list(struct config *c);
/* Question i was answered with a refusal of the option (dotted, NULL: of the whole). */
void refused_tell(struct config *c, size_t i, const char *path, const char *text);
/* Question i could not be put. */
void refused_warn(struct config *c, size_t i, const char *text);

#endif
