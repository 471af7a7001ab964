/*
 * The action `kubernetes.apply`: server-side apply, object by object in the order of the manifest, under the field manager `talon`. The whole manifest is read
 * before the first object is sent, so that a mistake in its last one changes nothing. What the server calls a conflict is somebody else's field: it is taken
 * only where `force` says so.
 */
#include "act.h"

const struct talon_option apply_options[] = {
    CLUSTER_OPTIONS(struct apply_conf),
    { .name = "manifest", TALON_STRING_AT(struct apply_conf, manifest), .help = "The objects, as YAML text; several with a line `---` between them." },
    { .name = "file", TALON_PATH_AT(struct apply_conf, file), .help = "A file that holds them instead, read at each run; at most 1 MiB." },
    { .name = "namespace",
      TALON_STRING_AT(struct apply_conf, space),
      .fallback = "default",
      .help = "The namespace of objects that name none themselves." },
    { .name = "force",
      TALON_BOOL_AT(struct apply_conf, force),
      .help = "Take fields that another manager of them has set to something else; otherwise that is a conflict, and the object is left as it is." },
    { .name = NULL },
};

int apply_validate(const void *given, struct talon_problem *problem)
{
    const struct apply_conf *conf = given;
    struct manifest manifest;
    char why[MANIFEST_PROBLEM];

    if (!conf->manifest == !conf->file)
        return option_is_bad(problem, "manifest", "give either this or `file`");
    if (!client_is_name(conf->space))
        return option_is_bad(problem, "namespace", "\"%.80s\" is no name of a namespace", conf->space);
    if (conf->manifest && !manifest_read(conf->manifest, strlen(conf->manifest), &manifest, why))
        return option_is_bad(problem, "manifest", "%s", why);
    return cluster_validate(&conf->cluster, problem);
}

/* ---- the answer */

static void next(struct talon_run *run);

static void applied(struct talon_run *run, struct client_call *call, const struct talon_response *got)
{
    struct apply *state = run->state;
    const int made = got && got->status == 201;

    if (call->failure.outcome == CLIENT_CONFLICT) {
        talon_done(run, TALON_UNKNOWN, "refused.conflict", "not done%s, another manager has set fields of %s; `force` takes them, or a person runs: %s (%s)",
                   state->act.done > 0 ? talon_text(run, " (%u done before)", state->act.done) : "", state->what, state->act.by_hand, call->failure.words);
        return;
    }
    if (!act_answer(run, call, got, state->what))
        return;
    state->act.done++;
    state->done = talon_text(run, "%s%s%s", state->done, *state->done ? ", " : "", state->what);
    run->host->detail(run, state->what, made ? "made" : "applied");
    state->at++;
    next(run);
}

/* ---- one object */

static void send(struct talon_run *run)
{
    const struct apply_conf *conf = run->conf;
    struct apply *state = run->state;
    const struct manifest_object *object = &state->manifest.objects[state->at];
    const char *space = *object->space ? object->space : conf->space;
    const char *in = state->resource.namespaced ? talon_text(run, "namespaces/%s/", space) : "";

    run->host->progress(run, talon_text(run, "applies %s", state->what));
    act_ask(run, "PATCH",
            talon_text(run, "%s/%s%s/%s?fieldManager=talon%s", state->resource.path, in, state->resource.name, client_escape(run, object->name),
                       conf->force ? "&force=true" : ""),
            talon_text(run, "%.*s", (int)object->n, object->text), "application/apply-patch+yaml", applied);
}

/* By what name the server knows objects of this kind: it says so itself. */
static void discovered(struct talon_run *run, struct client_call *call, const struct talon_response *got)
{
    struct apply *state = run->state;
    const struct manifest_object *object = &state->manifest.objects[state->at];
    const cJSON *list, *resource;

    if (call->failure.outcome == CLIENT_ABSENT) {
        talon_done(run, TALON_FAIL, "kubernetes.absent", "the API server knows no %s, so %s cannot be applied", object->version, state->what);
        return;
    }
    list = act_answer(run, call, got, state->what);
    if (!list)
        return;
    cJSON_ArrayForEach(resource, json_at(list, "resources")) {
        const char *name = json_string(resource, "name", "");

        if (strcmp(json_string(resource, "kind", ""), object->kind) == 0 && client_is_name(name)) {
            state->resource.name = name;
            state->resource.namespaced = json_is_true(resource, "namespaced");
            send(run);
            return;
        }
    }
    talon_done(run, TALON_FAIL, "kubernetes.absent", "the API server has no %s in %s, so %s cannot be applied", object->kind, object->version, state->what);
}

static void next(struct talon_run *run)
{
    struct apply *state = run->state;
    const struct manifest_object *object = &state->manifest.objects[state->at];

    if (state->at == state->manifest.n) {
        talon_done(run, TALON_OK, "kubernetes.done", "applied %s", talon_quote(run, state->done, strlen(state->done), 400));
        return;
    }
    state->what = talon_text(run, "%s %s", object->kind, object->name);
    state->resource.path = talon_text(run, strchr(object->version, '/') ? "/apis/%s" : "/api/%s", object->version);
    act_ask(run, NULL, state->resource.path, NULL, NULL, discovered);
}

/* ---- the manifest */

static void wipe(void *file)
{
    kubeconfig_wipe_text(file, strlen(file));
}

void apply_start(struct talon_run *run)
{
    const struct apply_conf *conf = run->conf;
    struct apply *state = run->state;
    char problem[KUBECONFIG_PROBLEM], why[MANIFEST_PROBLEM];
    const char *text = conf->manifest;
    struct kubeconfig_stamp stamp;
    size_t n = text ? strlen(text) : 0;
    int missing;

    state->done = "";
    state->act.by_hand = talon_text(run, "kubectl apply --server-side -f %s", conf->file ? conf->file : "MANIFEST");
    if (!text) {
        char *file = kubeconfig_file_read(conf->file, MANIFEST_BYTES, &n, &stamp, &missing, problem);

        if (!file) {
            talon_done(run, TALON_UNKNOWN, "file.unreadable", "nothing was done: %s", problem);
            return;
        }
        run->host->defer(run, wipe, file);
        text = file;
    }
    if (manifest_read(text, n, &state->manifest, why))
        next(run);
    else
        talon_done(run, TALON_UNKNOWN, "file.bad", "nothing was done: %s: %s", conf->file ? conf->file : "the manifest", why);
}
