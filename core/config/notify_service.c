/* `notify:` of a service: which channels hear of it, and how urgent what is said of it is. */
#include "config/steps.h"
#include "config/values.h"

#include <string.h>

static const char *const keys[] = { "channels", "urgency" };
static const char *const words[] = { [MODEL_NOTICE_AS_IS] = "as_is", [MODEL_NOTICE_RAISE] = "raise", [MODEL_NOTICE_LOWER] = "lower" };

static void tell_unknown(struct config *c, const struct node *node, const char *name)
{
    const struct model_notify *notify = &c->model->settings.notify;
    const char **names = arena_array(c->arena, notify->n_channels + 1, sizeof *names);

    if (c->alone) {
        problem_warning(c, node->place, "the channel %s is not checked without the main file", problem_quote(c, name));
        return;
    }
    for (size_t i = 0; i < notify->n_channels; i++)
        names[i] = notify->channels[i].name;
    problem_error(c, node->place, "there is no channel %s under `notify: {channels: ...}`", problem_quote(c, name));
    problem_nearest(c, name, names, notify->n_channels);
}

/* One that is off is nowhere but in the file. */
static bool is_off(const struct config *c, const char *name)
{
    return tree_get(tree_get(tree_get(c->root, "notify"), "channels"), name) != NULL;
}

bool notify_channels(struct config *c, const struct node *node, const char *what, const size_t **channels, size_t *n)
{
    const bool one = node->kind == NODE_TEXT && !tree_empty(node);
    const size_t most = one ? 1 : node->kind == NODE_LIST ? node->n : 0;
    size_t *made = arena_array(c->made, most + 1, sizeof *made);
    const char *name;

    *n = 0;
    *channels = made;
    if (!one && !value_is_list(c, node, what, "names of channels"))
        return false;
    if (most == 0)
        problem_error(c, node->place, "`%s` names no channel", what);
    for (size_t i = 0; i < most; i++) {
        const struct node *item = one ? node : node->of.items[i];
        size_t k = 0;

        if (!value_text(c, item, what, "the name of a channel", &name))
            continue;
        while (k < c->model->settings.notify.n_channels && strcmp(c->model->settings.notify.channels[k].name, name) != 0)
            k++;
        if (k < c->model->settings.notify.n_channels)
            made[(*n)++] = k;
        else if (!is_off(c, name))
            tell_unknown(c, item, name);
    }
    return *n > 0;
}

void notify_service(struct config *c, const struct node *node, struct model_service *made)
{
    const struct node *channels = tree_get(node, "channels"), *urgency = tree_get(node, "urgency");
    size_t index = 0;

    if (!value_is_map(c, node, "notify", "`channels` and `urgency`"))
        return;
    work_keys(c, node, keys, sizeof keys / sizeof *keys);
    if (channels)
        notify_channels(c, channels, "notify.channels", &made->channels, &made->n_channels);
    if (urgency && value_word(c, urgency, "notify.urgency", words, sizeof words / sizeof *words, &index))
        made->urgency = (enum model_step_of_notice)index;
}
