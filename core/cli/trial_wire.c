/* The lines between core and host, shown to a person: what secret options hold is never among them. */
#include "cli/trial.h"

#include "base/os/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECRET = 1024, SHORTEST_SECRET = 4 }; /* a shorter one would be found in every text */

static const char hidden[] = "******";

static const cJSON *list_of(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

/* ---- secrets that were given by hand */

/* Number n of them, over all operations, without the quotes that YAML may want. False: there are not so many. */
static bool secret_number(const struct trial *t, size_t n, char secret[SECRET])
{
    const cJSON *operation, *option;

    cJSON_ArrayForEach(operation, list_of(t->description, "operations"))
    {
        cJSON_ArrayForEach(option, list_of(operation, "options"))
        {
            const char *given = trial_flag(option, "secret") ? trial_given(t, trial_text(option, "name")) : NULL;
            const size_t quoted = given && (given[0] == '"' || given[0] == '\'');

            if (!given || n-- > 0)
                continue;
            snprintf(secret, SECRET, "%s", given + quoted);
            if (quoted && secret[0])
                secret[strlen(secret) - 1] = '\0';
            return true;
        }
    }
    return false;
}

static bool holds_secret(const struct trial *t, const char *text)
{
    char secret[SECRET];

    for (size_t i = 0; secret_number(t, i, secret); i++)
        if (strlen(secret) >= SHORTEST_SECRET && strstr(text, secret))
            return true;
    return false;
}

bool trial_leaks_secret(const struct trial *t, const struct result *result)
{
    bool leaks = holds_secret(t, result->summary) || holds_secret(t, result->reason);

    for (size_t i = 0; i < result->n_details; i++)
        leaks = leaks || holds_secret(t, result->details[i].value) || holds_secret(t, result->details[i].name);
    return leaks;
}

/* ---- a line */

static void hide(cJSON *item)
{
    if (cJSON_IsString(item))
        cJSON_SetValuestring(item, hidden);
    for (cJSON *child = cJSON_IsString(item) ? NULL : item->child; child; child = child->next)
        hide(child);
}

/* By what the description calls secret, at any depth. */
static void hide_secrets(cJSON *conf, const cJSON *options)
{
    const cJSON *option;

    cJSON_ArrayForEach(option, options)
    {
        cJSON *value = cJSON_GetObjectItemCaseSensitive(conf, trial_text(option, "name"));

        if (!value)
            continue;
        if (trial_flag(option, "secret"))
            hide(value);
        else if (cJSON_IsArray(value))
            for (cJSON *row = value->child; row; row = row->next)
                hide_secrets(row, list_of(option, "fields"));
        else if (cJSON_IsObject(value))
            hide_secrets(value, list_of(option, "fields"));
    }
}

/* Wherever else the plugin has put one. */
static void hide_given(const struct trial *t, cJSON *item)
{
    for (cJSON *child = item->child; child; child = child->next)
        hide_given(t, child);
    if (cJSON_IsString(item) && holds_secret(t, item->valuestring))
        cJSON_SetValuestring(item, hidden);
}

static void hide_conf(const struct trial *t, cJSON *message)
{
    cJSON *conf = cJSON_GetObjectItemCaseSensitive(message, "conf");
    const cJSON *operation;
    char type[TRIAL_NAME];
    bool known = false;

    cJSON_ArrayForEach(operation, list_of(t->description, "operations"))
    {
        trial_type(t, operation, type);
        if (strcmp(type, trial_text(message, "operation")) == 0) {
            hide_secrets(conf, list_of(operation, "options"));
            known = true;
        }
    }
    if (!known)
        hide(conf);
}

void trial_wire(void *arg, const char *host, bool sent, const char *line, size_t n)
{
    const struct trial *t = arg;
    cJSON *message = cJSON_ParseWithLength(line, n);
    char *text = NULL;

    if (message) {
        if (cJSON_GetObjectItemCaseSensitive(message, "conf"))
            hide_conf(t, message);
        hide_given(t, message);
        text = cJSON_PrintUnformatted(message);
    }
    fprintf(stderr, "%9.3f ms  %s %s  %s\n", (double)(clock_awake() - t->began) / 1e6, sent ? "to" : "from", host,
            text ? text : "(a line that is no JSON)");
    free(text);
    cJSON_Delete(message);
}
