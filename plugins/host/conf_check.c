/* What the types of options cannot say: PEM, and what only the plugin knows. */
#include "conf.h"

#include "owner.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char pem_begins[] = "-----BEGIN ";

void conf_check_pem(const struct place *place, const char *text)
{
    if (text[0] != '/' && !strstr(text, pem_begins))
        conf_problem(place, "is neither an absolute path nor PEM text, which has a line that begins with %s", pem_begins);
}

/* Where files are: read again whenever a connection is made, so that this matters only while a configuration is checked. */
static void check_file(const struct place *place, const char *path)
{
    struct stat found;

    if (stat(path, &found) != 0)
        conf_problem(place, "%s cannot be read: %s", path, strerror(errno));
    else if (!S_ISREG(found.st_mode))
        conf_problem(place, "%s is no regular file", path);
    else if (access(path, R_OK) != 0)
        conf_problem(place, "%s cannot be read: %s", path, strerror(errno));
}

static void check_files(struct filling *filling, const struct place *outer, const struct talon_option *options, void *base)
{
    for (; options->name; options++) {
        const struct place place = { .filling = filling, .option = options, .outer = outer, .at = (char *)base + options->offset };
        const char *text;

        if (options->type == TALON_T_GROUP)
            check_files(filling, &place, options->fields, place.at);
        if (options->type != TALON_T_PEM)
            continue;
        memcpy(&text, place.at, sizeof text);
        if (text && text[0] == '/')
            check_file(&place, text);
    }
}

static void ask_plugin(struct filling *filling, const struct operation *operation, const void *data)
{
    struct owner asked = { .plugin = operation->plugin, .wire_id = "", .face = { .name = operation->name }, .torn_down = true };
    struct talon_problem found = { .option = NULL };
    struct owner_call call;
    int bad;

    owner_enter(&asked, &call);
    bad = operation->is.validate(data, &found);
    owner_leave(&call);
    owner_forget(&asked);
    if (bad) {
        const struct talon_option named = { .name = found.option ? found.option : "" };

        found.text[sizeof found.text - 1] = '\0';
        conf_problem(&(struct place){ .filling = filling, .option = &named }, "%s", found.text[0] ? found.text : "is wrong, says the plugin");
    }
}

void conf_validate(const struct operation *operation, const struct conf *conf, struct problems *problems)
{
    struct filling filling = { .problems = problems };

    check_files(&filling, NULL, operation->is.options, conf->data);
    if (problems->n == 0)
        conf_ask(operation, conf, problems);
}

void conf_ask(const struct operation *operation, const struct conf *conf, struct problems *problems)
{
    struct filling filling = { .problems = problems };

    if (operation->is.validate)
        ask_plugin(&filling, operation, conf->data);
}
