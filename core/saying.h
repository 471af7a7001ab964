/*
 * An action with what is said this time: the options that config left out (core/config/outward.h) put before the others, by their places in the text, so that
 * nothing in which secrets may stand is read again.
 */
#ifndef SAYING_H
#define SAYING_H

#include "base/buffer.h"
#include "model.h"

struct saying {
    struct model_action what; /* as the model's, with another conf */
    char *json;
    struct model_hole *holes;
};

/* fields: members of a JSON object, `"text":"..."`; not empty. False: no memory. */
bool saying_make(struct saying *saying, const struct model_action *action, const struct buffer *fields);
/* Of an all-zero one: nothing. */
void saying_free(struct saying *saying);

#endif
