/* `talon rehearse SCENARIO`: a written timeline of failures through the real configuration, in simulated time. Nothing is executed; plugins are asked
 * for their options alone. */
#include "cli/cli.h"
#include "cli/offline.h"
#include "cli/problems.h"
#include "rehearse/rehearsal.h"

#include "base/os/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] = "talon rehearse SCENARIO [--config FILE] [--json]";

struct rehearsing {
    struct scenario scenario;
    struct offline loaded[SCENARIO_MODELS + 1];
    struct scenario_model models[SCENARIO_MODELS + 1];
    char *why[SCENARIO_MODELS + 1];
    size_t n;
    char file[4096];  /* of the configuration */
    const char *name; /* of the scenario, as given */
    bool json;
};

/* ---- configurations: that of the scenario, then those it reloads ---- */

static char *first_error(const struct config *config)
{
    struct buffer text = buffer_make(0);
    size_t n, more;
    const struct config_problem *problems = config_problems(config, &n, &more);
    char *copy;

    for (size_t i = 0; i < n && text.len == 0; i++)
        if (problems[i].severity == CONFIG_ERROR)
            buffer_printf(&text, "%s:%u:%u: %s", problems[i].place.file, problems[i].place.line, problems[i].place.column, problems[i].message);
    copy = strdup(buffer_string(&text));
    buffer_free(&text);
    return copy;
}

static bool load(struct rehearsing *r, const char *file)
{
    struct offline *loaded = &r->loaded[r->n];

    *loaded = offline_load_with(file, true, r->scenario.vars, r->scenario.n_vars);
    if (!loaded->config)
        return false;
    if (!loaded->model)
        r->why[r->n] = first_error(loaded->config);
    r->models[r->n] = (struct scenario_model){ .model = loaded->model, .why = r->why[r->n] ? r->why[r->n] : "" };
    r->n++;
    return true;
}

static bool load_all(struct rehearsing *r, const char *config)
{
    char folder[4096];

    if (!config && r->scenario.config_file)
        snprintf(r->file, sizeof r->file, "%s", r->scenario.config_file);
    else if (!cli_config_file(config, r->file, sizeof r->file))
        return false;
    if (getcwd(folder, sizeof folder) && strncmp(r->file, folder, strlen(folder)) == 0 && r->file[strlen(folder)] == '/') /* as a person there would name it */
        memmove(r->file, r->file + strlen(folder) + 1, strlen(r->file) - strlen(folder));
    if (!load(r, r->file))
        return false;
    for (size_t i = 0; i < r->scenario.n_reloads; i++)
        if (!load(r, r->scenario.reloads[i]))
            return false;
    return true;
}

/* ---- mistakes ---- */

static int tell_mistakes(const struct rehearsing *r)
{
    struct buffer out = buffer_make(0);
    const bool config_bad = r->n > 0 && !r->models[0].model;

    if (r->json) {
        config_problems_json(config_bad ? r->loaded[0].config : r->scenario.config, &out);
        buffer_char(&out, '\n');
        cli_print(&out);
    } else {
        if (config_bad)
            problems_print(r->loaded[0].config, true);
        problems_print(r->scenario.config, false);
    }
    buffer_free(&out);
    return CLI_UNKNOWN;
}

/* ---- the command ---- */

static int show(const struct rehearsing *r, const struct rehearsal *done)
{
    const struct rehearsal_shown shown = { .scenario = r->name, .config = r->file, .model = r->models[0].model };
    struct buffer out = buffer_make(0);
    int code;

    if (r->json)
        rehearsal_json(&out, done, &r->scenario, &shown);
    else
        rehearsal_text(&out, done, &r->scenario, &shown);
    code = cli_print(&out);
    buffer_free(&out);
    if (done->broken) {
        fprintf(stderr, "talon rehearse: %s: %s\n", r->name, done->broken);
        return CLI_UNKNOWN;
    }
    return code != 0 ? code : done->n_failures > 0 ? CLI_FAIL : CLI_OK;
}

static int rehearse(struct rehearsing *r, const char *config)
{
    struct rehearsal done;
    int code;

    if (!scenario_open(&r->scenario, r->name))
        return r->scenario.config ? tell_mistakes(r) : CLI_UNKNOWN;
    if (!r->scenario.root)
        return tell_mistakes(r);
    if (!load_all(r, config))
        return CLI_UNKNOWN;
    scenario_read(&r->scenario, r->models, r->n);
    if (!r->models[0].model || config_errors(r->scenario.config) > 0)
        return tell_mistakes(r);
    if (!rehearsal_run(&done, &r->scenario, r->models)) {
        fprintf(stderr, "talon rehearse: there is no memory for it\n");
        code = CLI_UNKNOWN;
    } else {
        code = show(r, &done);
    }
    rehearsal_free(&done);
    return code;
}

int cli_rehearse(int argc, char **argv)
{
    const char *config = NULL;
    struct rehearsing *r = calloc(1, sizeof *r);
    int code, words;

    if (!r) {
        fprintf(stderr, "talon rehearse: there is no memory for it\n");
        return CLI_UNKNOWN;
    }
    struct cli_option options[] = { CLI_CONFIG(&config), { "json", CLI_FLAG, &r->json, "one JSON object" }, CLI_NO_MORE };
    words = cli_options(argc, argv, options, usage, &code);
    if (words >= 0 && words != 1) {
        fprintf(stderr, "talon rehearse: name one scenario file; talon-rehearse(5) describes them\nusage: %s\n", usage);
        code = CLI_UNKNOWN;
    } else if (words == 1) {
        r->name = argv[1];
        code = rehearse(r, config);
    }
    scenario_close(&r->scenario);
    for (size_t i = 0; i < r->n; i++) {
        free(r->why[i]);
        offline_free(&r->loaded[i]);
    }
    free(r);
    return code;
}
