/* Loads a configuration, step by step: see load.h. Each step counts what it waits for; the last answer takes the next step. */
#include "load.h"

#include "base/os/install_paths.h"

#include <stdlib.h>
#include <string.h>

struct question { /* one that is with the hosts */
    struct load *load;
    size_t validation; /* which one, of config_validations() */
};

struct load {
    struct load_request request;
    struct config *config;
    struct question *questions;
    size_t n_questions;
    size_t waiting; /* answers that are still to come */
    char *old_path; /* the PATH of children until now: in force again when this configuration is refused */
    bool short_of_memory;
    bool asking;    /* questions are still being put: no step is taken before all are */
    void (*next)(struct load *);
    ev_timer turn;  /* steps that need no answer go through the loop, so that done() never comes from within load_start() */
};

static void load_free(struct load *load)
{
    ev_timer_stop(load->request.loop, &load->turn);
    config_free(load->config);
    free(load->questions);
    free(load->old_path);
    free(load);
}

static void on_turn(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct load *load = timer->data;

    (void)loop, (void)events;
    load->next(load);
}

static void take_step(struct load *load, void (*next)(struct load *))
{
    load->next = next;
    if (load->waiting == 0)
        ev_timer_start(load->request.loop, &load->turn);
}

static void answered(struct load *load)
{
    load->waiting--;
    if (load->waiting == 0 && !load->asking)
        take_step(load, load->next);
}

/* ---- the steps, last first */

static void restore_path(struct load *load)
{
    if (load->old_path)
        hosts_set_child_path(load->request.hosts, load->old_path);
}

static void finish(struct load *load)
{
    struct model *model = config_model(load->config);

    if (!model)
        restore_path(load);
    load->request.done(load->request.arg, load, model, load->config);
    load_free(load);
}

static void on_validated(void *arg, const struct hosts_problem *problems, size_t n)
{
    const struct question *question = arg;
    struct load *load = question->load;

    for (size_t i = 0; i < n; i++) {
        if (problems[i].unasked && load->request.tolerate)
            config_unasked(load->config, question->validation, problems[i].text);
        else
            config_refused(load->config, question->validation, problems[i].option, problems[i].text);
    }
    answered(load);
}

static bool ask(struct load *load, const struct config_validation *validation, struct question *question)
{
    return hosts_validate(load->request.hosts, validation->plugin, validation->operation, validation->conf, on_validated, question);
}

static void not_asked(struct load *load, size_t i)
{
    load->short_of_memory = true;
    if (load->request.tolerate)
        config_unasked(load->config, i, "there is no memory to ask the plugin");
    else
        config_refused(load->config, i, NULL, "there is no memory to ask the plugin; try again");
}

static void validate(struct load *load)
{
    size_t n;
    const struct config_validation *validations;

    config_check(load->config);
    validations = config_validations(load->config, &n);
    load->asking = true;
    if (n > 0)
        load->questions = calloc(n, sizeof *load->questions);
    load->n_questions = load->questions ? n : 0;
    for (size_t i = 0; i < n; i++) {
        if (load->questions)
            load->questions[i] = (struct question){ .load = load, .validation = i };
        if (load->questions && ask(load, &validations[i], &load->questions[i]))
            load->waiting++;
        else
            not_asked(load, i);
    }
    load->asking = false;
    take_step(load, finish);
}

static void on_described(void *arg, const char *plugin, const char *description, const char *why)
{
    struct load *load = arg;

    config_described(load->config, plugin, description, why, load->request.tolerate);
    answered(load);
}

static void not_loaded(struct load *load, const char *plugin)
{
    load->short_of_memory = true;
    config_described(load->config, plugin, NULL, "there is no memory to load it", load->request.tolerate);
}

static void describe(struct load *load)
{
    size_t n;
    const struct config_plugin *plugins = config_plugins(load->config, &n);

    load->old_path = strdup(hosts_child_path(load->request.hosts));
    if (!load->old_path || !hosts_set_child_path(load->request.hosts, config_settings(load->config)->exec_path))
        load->short_of_memory = true;
    load->asking = true;
    for (size_t i = 0; i < n; i++) {
        struct hosts_plugin plugin = { .name = plugins[i].name, .path = plugins[i].path, .command = plugins[i].command, .own_host = plugins[i].own_host };

        if (!plugin.path && !plugin.command)
            continue; /* not found: config_check() says so where it is used */
        if (hosts_describe(load->request.hosts, &plugin, on_described, load))
            load->waiting++;
        else
            not_loaded(load, plugin.name);
    }
    load->asking = false;
    take_step(load, validate);
}

struct load *load_start(const struct load_request *request)
{
    struct load *load = calloc(1, sizeof *load);
    struct config_request read = {
        .file = request->file,
        .plugin_folders = install_plugin_folders(),
        .runbook_folder = install_runbook_folder(),
        .sources = request->source,
        .programs_only = request->programs_only,
        .n_variables = request->n_variables,
        .variables = request->variables,
    };

    if (!load)
        return NULL;
    load->request = *request;
    hosts_prepare(request->hosts);
    load->config = config_read(&read);
    if (!load->config) {
        free(load);
        return NULL;
    }
    ev_timer_init(&load->turn, on_turn, 0., 0.);
    load->turn.data = load;
    take_step(load, describe);
    return load;
}

void load_stop(struct load *load)
{
    if (!load)
        return;
    hosts_forget(load->request.hosts, load);
    for (size_t i = 0; i < load->n_questions; i++)
        hosts_forget(load->request.hosts, &load->questions[i]);
    restore_path(load);
    load_free(load);
}

bool load_was_short(const struct load *load)
{
    return load->short_of_memory || !load->config || config_no_memory(load->config);
}

struct config *load_take(struct load *load)
{
    struct config *config = load->config;

    load->config = NULL;
    return config;
}
