/* Looks a plugin's descriptor over for mistakes that the real host would refuse, or that make a poor reference page. */
#include "fake_private.h"

#include <ctype.h>

static int is_name(const char *name)
{
    if (!name || !*name)
        return 0;
    for (; *name; name++)
        if (!islower((unsigned char)*name) && !isdigit((unsigned char)*name) && *name != '_')
            return 0;
    return 1;
}

static int is_sentence(const char *text)
{
    return text && strlen(text) > 3 && !islower((unsigned char)text[0]) && text[strlen(text) - 1] == '.';
}

static void describe_options(struct fake *fake, const struct talon_option *options, uint32_t room, const char *prefix)
{
    for (const struct talon_option *o = options; o && o->name; o++) {
        if (!is_name(o->name))
            fake_breach(fake, "option %s%s: bad name", prefix, o->name);
        if (!is_sentence(o->help))
            fake_breach(fake, "option %s%s: help must be a sentence", prefix, o->name);
        if (o->offset >= room)
            fake_breach(fake, "option %s%s lies outside of its struct", prefix, o->name);
        if (o->min > o->max)
            fake_breach(fake, "option %s%s: least value over the greatest", prefix, o->name);
        if ((o->flags & TALON_REQUIRED) && o->fallback)
            fake_breach(fake, "option %s%s is required and has a default", prefix, o->name);
        if (o->type == TALON_T_ENUM && !o->choices)
            fake_breach(fake, "option %s%s has no choices", prefix, o->name);
        for (const struct talon_option *other = options; other != o; other++)
            if (strcmp(other->name, o->name) == 0 || other->offset == o->offset)
                fake_breach(fake, "options %s%s and %s collide", prefix, o->name, other->name);
        if (o->type == TALON_T_GROUP || o->type == TALON_T_TABLE)
            describe_options(fake, o->fields, o->type == TALON_T_TABLE ? o->row_size : room, o->name);
    }
}

void fake_describe(struct fake *fake)
{
    const struct talon_operation *operation = fake->operation;
    const struct talon_metric *m;

    if (fake->plugin->size != sizeof *fake->plugin || fake->plugin->abi_major != TALON_ABI_MAJOR)
        fake_breach(fake, "the descriptor does not begin with TALON_PLUGIN_HEAD");
    if (!is_name(fake->plugin->name) || !fake->plugin->version || !fake->plugin->license || !fake->plugin->summary)
        fake_breach(fake, "the plugin lacks name, version, license or summary");
    if (!operation->start || !is_sentence(operation->summary))
        fake_breach(fake, "operation %s lacks start() or a summary", operation->name);
    describe_options(fake, operation->options, operation->conf_size, "");
    for (m = operation->metrics; m && m->name; m++)
        if ((!is_name(m->name) && strcmp(m->name, "*") != 0) || !m->unit || !is_sentence(m->help))
            fake_breach(fake, "metric %s: bad name, no unit, or help that is no sentence", m->name);
}
