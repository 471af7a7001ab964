/*
 * The check type `inngest.functions`: does Inngest know as many functions as the worker has? Both answer well on their own while a registration has failed: the
 * worker's functions are then never called. The worker is asked first, for its count, then Inngest for the functions of its app.
 */
#include "kit/json.h"

#include <talon/plugin.h>

enum { MOST_BODY = 8 << 20, WORDS = 120 };

struct conf {
    const char *url, *app, *worker, *count;
    int64_t min;
};

struct state {
    double expected;
};

static const char query[] = "{\"query\":\"query { apps { name functions { id } } }\"}";

static const struct talon_option options[] = {
    { .name = "url", TALON_STRING_AT(struct conf, url), .flags = TALON_REQUIRED, .help = "Inngest's own address, without a path: `http://127.0.0.1:8288`." },
    { .name = "app", TALON_STRING_AT(struct conf, app), .flags = TALON_REQUIRED, .help = "The app, by the name under which the worker registers." },
    { .name = "worker",
      TALON_STRING_AT(struct conf, worker),
      .help = "What tells in JSON how many functions there should be: the worker's `/api/inngest`, or another page of its. Not given: `min` will do." },
    { .name = "count", TALON_STRING_AT(struct conf, count), .fallback = "function_count", .help = "Where that number stands, by its path." },
    { .name = "min", TALON_INT_AT(struct conf, min), .max = 100000, .fallback = "1", .help = "At least so many functions there must be, where no `worker` is asked." },
    { .name = NULL },
};

static const struct talon_metric metrics[] = {
    { .name = "registered", .unit = "", .help = "Functions of the app that Inngest knows." },
    { .name = "expected", .unit = "", .help = "Functions that the worker has." },
    { .name = "time", .unit = "s", .help = "How long Inngest took to answer." },
    { .name = NULL },
};

static int is_url(const char *text)
{
    return strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0;
}

static int validate(const void *given, struct talon_problem *problem)
{
    const struct conf *conf = given;

    problem->option = !is_url(conf->url) ? "url" : conf->worker && !is_url(conf->worker) ? "worker" : !json_is_path(conf->count) ? "count" : !*conf->app ? "app" : NULL;
    if (!problem->option)
        return 0;
    snprintf(problem->text, sizeof problem->text, "%s",
             strcmp(problem->option, "count") == 0 ? "is no path: write names and indexes with dots between"
             : strcmp(problem->option, "app") == 0 ? "is empty"
                                                   : "must start with http:// or https://");
    return 1;
}

/* ---- Inngest's answer */

/* NULL: there is none of that name. */
static const cJSON *functions_of(const cJSON *answer, const char *name)
{
    const cJSON *app;

    cJSON_ArrayForEach(app, json_at(answer, "data.apps")) {
        if (strcmp(json_string(app, "name", ""), name) == 0)
            return json_at(app, "functions");
    }
    return NULL;
}

static void judge(struct talon_run *run, const cJSON *answer)
{
    const struct conf *conf = run->conf;
    const struct state *state = run->state;
    const cJSON *functions = functions_of(answer, conf->app);
    const double registered = cJSON_IsArray(functions) ? cJSON_GetArraySize(functions) : 0;

    run->host->metric(run, "registered", registered, "");
    run->host->metric(run, "expected", state->expected, "");
    if (!functions && state->expected > 0)
        talon_done(run, TALON_FAIL, "inngest.unregistered", "Inngest knows no app %.80s: the worker is not registered", conf->app);
    else if (!conf->worker && registered < state->expected)
        talon_done(run, TALON_FAIL, "inngest.functions", "Inngest knows %.0f functions of %.80s, expected at least %.0f", registered, conf->app, state->expected);
    else if (conf->worker && (registered < state->expected || registered > state->expected))
        talon_done(run, TALON_FAIL, "inngest.functions", "Inngest knows %.0f functions of %.80s, the worker has %.0f: it must be registered again", registered, conf->app,
                   state->expected);
    else
        talon_done(run, TALON_OK, "inngest.ok", "all %.0f functions of %.80s are registered", registered, conf->app);
}

static void asked(struct talon_run *run, void *arg, const struct talon_response *got)
{
    const char *problem = "", *words;
    const cJSON *answer;

    (void)arg;
    if (got->error.code) {
        talon_failed(run, &got->error, "cannot ask Inngest for its functions");
        return;
    }
    run->host->metric(run, "time", (double)got->total_ns / 1e9, "s");
    answer = json_parse(run, got->body, got->body_len, &problem);
    words = json_string(answer, "errors.0.message", NULL);
    if (got->status == 401 || got->status == 403)
        talon_done(run, TALON_UNKNOWN, "auth.rejected", "Inngest refuses to answer us: HTTP %u", got->status);
    else if (words)
        talon_done(run, TALON_FAIL, "inngest.error", "Inngest cannot say what is registered: %s", talon_quote(run, words, strlen(words), WORDS));
    else if (got->status != 200)
        talon_done(run, TALON_FAIL, "http.status", "Inngest does not say what is registered: HTTP %u", got->status);
    else if (!cJSON_IsArray(json_at(answer, "data.apps")))
        talon_done(run, TALON_FAIL, "protocol.bad", "Inngest does not say what is registered: %s", answer ? "the answer holds no apps" : problem);
    else
        judge(run, answer);
}

static void ask_inngest(struct talon_run *run)
{
    static const char *const headers[] = { "Content-Type: application/json", NULL };
    const struct conf *conf = run->conf;

    run->host->http(run,
                    TALON_REQUEST(talon_http, .method = "POST", .url = talon_text(run, "%s/v0/gql", conf->url), .headers = headers, .body = query,
                                  .body_len = sizeof query - 1, .max_body = MOST_BODY),
                    asked, NULL);
}

/* ---- the worker's */

static void counted(struct talon_run *run, void *arg, const struct talon_response *got)
{
    const struct conf *conf = run->conf;
    struct state *state = run->state;
    const char *problem = "";
    const cJSON *answer;

    (void)arg;
    answer = got->error.code || got->status != 200 ? NULL : json_parse(run, got->body, got->body_len, &problem);
    state->expected = json_number(answer, conf->count, -1);
    if (got->error.code)
        talon_done(run, TALON_UNKNOWN, got->error.token, "cannot ask the worker how many functions it has: %s", got->error.text);
    else if (got->status != 200)
        talon_done(run, TALON_UNKNOWN, "http.status", "the worker does not say how many functions it has: HTTP %u", got->status);
    else if (state->expected < 0)
        talon_done(run, TALON_UNKNOWN, "http.json", "the worker does not say how many functions it has: %s",
                   answer ? talon_text(run, "there is no number at %.80s", conf->count) : problem);
    else if (state->expected < 1)
        talon_done(run, TALON_FAIL, "inngest.empty", "the worker has no functions: an import of its failed");
    else
        ask_inngest(run);
}

static void start(struct talon_run *run)
{
    const struct conf *conf = run->conf;
    struct state *state = run->state;

    state->expected = (double)conf->min;
    if (conf->worker)
        run->host->http(run, TALON_REQUEST(talon_http, .url = conf->worker, .max_body = MOST_BODY), counted, NULL);
    else
        ask_inngest(run);
}

static const struct talon_operation operations[] = {
    { .kind = TALON_CHECK,
      .name = "functions",
      .summary = "Compares the functions that Inngest knows of an app with those that its worker has.",
      .options = options,
      .metrics = metrics,
      .conf_size = sizeof(struct conf),
      .run_size = sizeof(struct state),
      .validate = validate,
      .start = start },
};

const struct talon_plugin talon_plugin_descriptor = {
    TALON_PLUGIN_HEAD,
    .name = "inngest",
    .version = "1.0.0",
    .license = "MIT",
    .summary = "Checks of Inngest.",
    TALON_OPERATIONS(operations),
};
