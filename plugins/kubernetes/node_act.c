/*
 * The actions `kubernetes.uncordon` and `kubernetes.untaint`. The list of taints is written as a whole, so it is written over the version of the node that was
 * read: where somebody else changed the node meanwhile the server refuses, and it is read again. A taint that was not named is never touched.
 */
#include "act.h"

enum { MOST_TRIES = 5, MOST_TAINTS = 16 };

const struct talon_option uncordon_options[] = {
    CLUSTER_OPTIONS(struct uncordon_conf),
    { .name = "node", TALON_STRING_AT(struct uncordon_conf, node), .flags = TALON_REQUIRED, .help = "The node, by its name." },
    { .name = NULL },
};

const struct talon_option untaint_options[] = {
    CLUSTER_OPTIONS(struct untaint_conf),
    { .name = "node", TALON_STRING_AT(struct untaint_conf, node), .flags = TALON_REQUIRED, .help = "The node, by its name." },
    { .name = "taints",
      TALON_LIST_AT(struct untaint_conf, taints),
      .flags = TALON_REQUIRED,
      .help = "Which taints are removed: `KEY`, `KEY:EFFECT` or `KEY=VALUE:EFFECT`; all others stay." },
    { .name = NULL },
};

int uncordon_validate(const void *given, struct talon_problem *problem)
{
    const struct uncordon_conf *conf = given;

    if (!client_is_name(conf->node))
        return option_is_bad(problem, "node", "\"%.80s\" is no name of a node", conf->node);
    return cluster_validate(&conf->cluster, problem);
}

/* ---- taints */

/* "KEY=VALUE:EFFECT", taken apart; lengths are 0 where a part is not there. */
struct named {
    const char *key, *value, *effect;
    size_t n_key, n_value;
    int has_value;
};

static struct named read_named(const char *text)
{
    struct named named = { .key = text, .n_key = strcspn(text, "=:"), .effect = "" };
    const char *at = text + named.n_key;

    if (*at == '=') {
        named.has_value = 1;
        named.value = at + 1;
        named.n_value = strcspn(at + 1, ":");
        at = named.value + named.n_value;
    }
    if (*at == ':')
        named.effect = at + 1;
    return named;
}

static int is_effect(const char *effect)
{
    return !*effect || strcmp(effect, "NoSchedule") == 0 || strcmp(effect, "PreferNoSchedule") == 0 || strcmp(effect, "NoExecute") == 0;
}

int untaint_validate(const void *given, struct talon_problem *problem)
{
    const struct untaint_conf *conf = given;
    size_t n = 0;

    if (!client_is_name(conf->node))
        return option_is_bad(problem, "node", "\"%.80s\" is no name of a node", conf->node);
    for (; conf->taints && conf->taints[n]; n++) {
        const struct named named = read_named(conf->taints[n]);

        if (named.n_key == 0 || !is_effect(named.effect) || (named.has_value && !*named.effect))
            return option_is_bad(problem, "taints", "\"%.100s\" is no taint: write KEY, KEY:EFFECT or KEY=VALUE:EFFECT, EFFECT being NoSchedule, "
                                 "PreferNoSchedule or NoExecute", conf->taints[n]);
    }
    if (n == 0 || n > MOST_TAINTS)
        return option_is_bad(problem, "taints", "name 1 to %d of them", MOST_TAINTS);
    return cluster_validate(&conf->cluster, problem);
}

static int equals(const char *text, const char *part, size_t n)
{
    return strlen(text) == n && strncmp(text, part, n) == 0;
}

static int is_named(const struct untaint_conf *conf, const cJSON *taint)
{
    for (const char *const *text = conf->taints; *text; text++) {
        const struct named named = read_named(*text);

        if (equals(json_string(taint, "key", ""), named.key, named.n_key) && (!*named.effect || strcmp(json_string(taint, "effect", ""), named.effect) == 0) &&
            (!named.has_value || equals(json_string(taint, "value", ""), named.value, named.n_value)))
            return 1;
    }
    return 0;
}

/* The taints that stay; `gone` lists the others. */
static cJSON *staying(struct talon_run *run, const cJSON *node, const char **gone)
{
    cJSON *stay = cJSON_CreateArray();
    const cJSON *taint;

    *gone = "";
    cJSON_ArrayForEach(taint, json_at(node, "spec.taints")) {
        const char *key = json_string(taint, "key", "?"), *effect = json_string(taint, "effect", "?");

        if (is_named(run->conf, taint))
            *gone = talon_text(run, "%s%s%s:%s", *gone, **gone ? ", " : "", talon_quote(run, key, strlen(key), 80),
                               talon_quote(run, effect, strlen(effect), 20));
        else
            cJSON_AddItemToArray(stay, cJSON_Duplicate(taint, 1));
    }
    return stay;
}

/* ---- the steps */

static void look(struct talon_run *run);

static void patched(struct talon_run *run, struct client_call *call, const struct talon_response *got)
{
    struct node_act *state = run->state;

    if (call->failure.outcome == CLIENT_CONFLICT && ++state->tries < MOST_TRIES) {
        run->host->progress(run, talon_text(run, "%s was changed meanwhile: looks again", state->what));
        look(run);
        return;
    }
    if (act_answer(run, call, got, state->what))
        talon_done(run, TALON_OK, "kubernetes.done", "%s", state->words);
}

/* The patch is the whole `spec` that is meant, over this version of the node. */
static void write_over(struct talon_run *run, const cJSON *node, const char *field, cJSON *value)
{
    struct node_act *state = run->state;
    cJSON *body = cJSON_CreateObject();

    cJSON_AddStringToObject(cJSON_AddObjectToObject(body, "metadata"), "resourceVersion", json_string(node, "metadata.resourceVersion", ""));
    cJSON_AddItemToObject(cJSON_AddObjectToObject(body, "spec"), field, value);
    run->host->progress(run, state->words);
    act_ask(run, "PATCH", talon_text(run, "%s?fieldManager=talon", state->path), act_text(run, body), "application/merge-patch+json", patched);
}

static void looked(struct talon_run *run, struct client_call *call, const struct talon_response *got)
{
    struct node_act *state = run->state;
    const cJSON *node = act_answer(run, call, got, state->what);
    const char *gone;
    cJSON *stay;

    if (!node)
        return;
    if (!*json_string(node, "metadata.resourceVersion", "")) {
        talon_done(run, TALON_FAIL, "protocol.bad", "nothing was done: the API server shows %s without a version", state->what);
        return;
    }
    if (!state->untaints && !json_is_true(node, "spec.unschedulable")) {
        talon_done(run, TALON_OK, "kubernetes.already", "%s is not cordoned: nothing was done", state->what);
        return;
    }
    if (!state->untaints) {
        state->words = talon_text(run, "uncordoned %s", state->what);
        write_over(run, node, "unschedulable", cJSON_CreateNull());
        return;
    }
    stay = staying(run, node, &gone);
    if (*gone) {
        state->words = talon_text(run, "removed from %s: %s", state->what, gone);
        write_over(run, node, "taints", stay);
    } else {
        cJSON_Delete(stay);
        talon_done(run, TALON_OK, "kubernetes.already", "%s has none of these taints: nothing was done", state->what);
    }
}

static void look(struct talon_run *run)
{
    const struct node_act *state = run->state;

    act_ask(run, NULL, state->path, NULL, NULL, looked);
}

static void begin(struct talon_run *run, const char *node)
{
    struct node_act *state = run->state;

    state->what = talon_text(run, "the node %s", node);
    state->path = talon_text(run, "/api/v1/nodes/%s", node);
    look(run);
}

void uncordon_start(struct talon_run *run)
{
    const struct uncordon_conf *conf = run->conf;
    struct node_act *state = run->state;

    state->act.by_hand = talon_text(run, "kubectl uncordon %s", conf->node);
    begin(run, conf->node);
}

void untaint_start(struct talon_run *run)
{
    const struct untaint_conf *conf = run->conf;
    struct node_act *state = run->state;
    const char *command = talon_text(run, "kubectl taint node %s", conf->node);

    for (const char *const *taint = conf->taints; *taint; taint++)
        command = talon_text(run, "%s %s-", command, *taint);
    state->act.by_hand = command;
    state->untaints = 1;
    begin(run, conf->node);
}
