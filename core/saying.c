/* See saying.h. */
#include "saying.h"

#include "base/shortage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool saying_make(struct saying *saying, const struct model_action *action, const struct buffer *fields)
{
    const struct model_conf *conf = &action->conf;
    const char *rest = conf->json + 1; /* behind its brace */
    const size_t before = fields->len + (*rest == '}' ? 1 : 2), room = before + strlen(rest) + 1;

    *saying = (struct saying){ .what = *action };
    saying->json = fields->failed ? NULL : malloc(room);
    saying->holes = calloc(conf->n_holes + 1, sizeof *saying->holes);
    if (!saying->json || !saying->holes) {
        shortage_note();
        saying_free(saying);
        return false;
    }
    snprintf(saying->json, room, "{%s%s%s", fields->data, *rest == '}' ? "" : ",", rest);
    for (size_t i = 0; i < conf->n_holes; i++)
        saying->holes[i] = (struct model_hole){ .at = conf->holes[i].at + before - 1, .secret = conf->holes[i].secret };
    saying->what.conf = (struct model_conf){ .json = saying->json, .n_holes = conf->n_holes, .holes = saying->holes };
    return true;
}

void saying_free(struct saying *saying)
{
    free(saying->json);
    free(saying->holes);
    *saying = (struct saying){ .json = NULL };
}
