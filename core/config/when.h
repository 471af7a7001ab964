/* The language of conditions (rules.md 1.10). */
#ifndef CONFIG_WHEN_H
#define CONFIG_WHEN_H

#include "config/work.h"

enum when_outcome {
    WHEN_READ,
    WHEN_WRONG,  /* told */
    WHEN_UNKNOWN /* it speaks of what cannot be judged here: other services without the main file, a plugin that cannot be had */
};

/* Reads the text of `when:` in that service into the model's arena. */
enum when_outcome when_read(struct config *c, const struct service_plan *service, const struct node *node, struct model_condition *condition);
/* The same for another key (`what`), whose condition may ask witnesses alone: it decides how a repair goes on, and not whether there is one. */
enum when_outcome when_read_of(struct config *c, const struct service_plan *service, const struct node *node, const char *what, struct model_condition *condition);

#endif
