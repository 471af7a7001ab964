/* A use of an action that Talon runs of its own accord: to tell people, to ask an agent, to say that it lives. What it says each time is not configured. */
#ifndef CONFIG_OUTWARD_H
#define CONFIG_OUTWARD_H

#include "config/work.h"

/* An option that each use has its own value for. */
struct outward_option {
    const char *name, *stand_in; /* while the others are judged; NULL: nothing */
    bool wanted;                 /* an action without it will not do */
};

enum { OUTWARD_OPTIONS = 4 };

struct outward {
    const char *what;            /* "a channel" */
    const struct outward_option *options;
    size_t n;
    bool has[OUTWARD_OPTIONS];   /* of those options, which the action takes: written by outward_action() */
};

/* Judges the options and writes the conf without those. False: it will not do, and that is told. */
bool outward_action(struct config *c, const struct entry *type, struct outward *outward, struct model_action *action);
/* `{key: value}` as if it stood at that place. Lives as long as the config. */
const struct entry *outward_entry(struct config *c, const char *type, const char *const *keys, const struct node *const *values, size_t n, struct place at);
/* One node of text. */
const struct node *outward_text(struct config *c, const char *text, struct place at);

#endif
