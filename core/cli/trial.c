/* A trial's loop and table: see trial.h. */
#include "cli/trial.h"

#include "cli/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *trial_text(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsString(item) ? item->valuestring : "";
}

bool trial_is_action(const struct trial *t)
{
    return strcmp(trial_text(t->operation, "kind"), "action") == 0;
}

void trial_type(const struct trial *t, const cJSON *operation, char type[TRIAL_NAME])
{
    const char *name = trial_text(operation, "name");

    if (strcmp(name, t->name) == 0)
        snprintf(type, TRIAL_NAME, "%s", t->name);
    else
        snprintf(type, TRIAL_NAME, "%.63s.%.90s", t->name, name);
}

bool trial_flag(const cJSON *object, const char *name)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, name));
}

void trial_row(struct trial *t, enum trial_mark mark, const char *what, const char *format, ...)
{
    static const char *const words[] = { "ok", "note", "wrong" }, *const colours[] = { "ok", "warn", "fail" };
    struct buffer row = buffer_make(0), text = buffer_make(0);
    va_list ap;

    va_start(ap, format);
    buffer_vprintf(&text, format, ap);
    va_end(ap);
    cli_cell(&row, what, 24, 1);
    buffer_text(&row, cli_colour(colours[mark]));
    cli_cell(&row, words[mark], 5, 1);
    buffer_printf(&row, "%s %s\n", cli_plain(), buffer_string(&text));
    cli_print(&row);
    t->wrong += mark == TRIAL_WRONG;
    buffer_free(&row);
    buffer_free(&text);
}

bool trial_wait(struct trial *t, const bool *done)
{
    while (!*done && !t->interrupted)
        ev_run(t->loop, EVRUN_ONCE);
    return !t->interrupted;
}

static bool view_of(const struct trial *t, struct hosts_view *view)
{
    for (size_t i = 0; hosts_view(t->hosts, i, view); i++)
        if (strcmp(view->name, t->name) == 0)
            return true;
    return false;
}

bool trial_died(struct trial *t, char how[TRIAL_SENTENCE])
{
    struct hosts_view view;

    if (!view_of(t, &view) || view.deaths == t->deaths)
        return false;
    t->deaths = view.deaths;
    snprintf(how, TRIAL_SENTENCE, "%s", view.last_end ? view.last_end : "nobody knows how");
    return true;
}

pid_t trial_pid(const struct trial *t)
{
    struct hosts_view view;

    return view_of(t, &view) ? view.pid : 0;
}
