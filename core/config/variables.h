/* `${vars.x}`, `${env.X}`, `${each}`, `${secrets.x}` put into texts, after parsing and never parsed again. */
#ifndef CONFIG_VARIABLES_H
#define CONFIG_VARIABLES_H

#include "config/work.h"

struct spot {
    size_t at, secret; /* the secret's value belongs before byte `at` */
};

struct text {
    const char *text;
    size_t n, n_spots;
    const struct spot *spots;
    bool environment; /* it came out of the environment: not to be shown in problems */
    bool known;       /* false: a variable of the main file, which nobody has read */
};

/* Reads `vars:` of the main file. */
void variables_read(struct config *c, const struct node *map);
/* The text with its variables put in. `secrets`: references are allowed; else they are told as an error, with `what` as the option's name. False: told to be wrong. */
bool variables_text(struct config *c, const struct node *node, const char *what, bool secrets, struct text *out);

#endif
