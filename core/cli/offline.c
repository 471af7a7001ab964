/* Loads a configuration for a command that only reads it: see offline.h. */
#include "cli/offline.h"

#include "base/os/install_paths.h"
#include "base/os/log.h"
#include "base/os/loop.h"
#include "load.h"

#include <ev.h>
#include <stdio.h>
#include <stdlib.h>

struct loading {
    struct ev_loop *loop;
    struct offline offline;
};

static void on_loaded(void *arg, struct load *load, struct model *model, struct config *config)
{
    struct loading *loading = arg;

    (void)config;
    loading->offline = (struct offline){ .config = load_take(load), .model = model };
    ev_break(loading->loop, EVBREAK_ALL);
}

struct offline offline_load_with(const char *file, bool tolerate, const struct config_variable *variables, size_t n)
{
    struct loading loading = { .loop = loop_create() };
    struct hosts_settings settings = { .host_program = install_host_program(), .child_path = getenv("PATH") };
    struct hosts *hosts = loading.loop ? hosts_create(loading.loop, &settings) : NULL;
    struct load_request request = { .loop = loading.loop, .hosts = hosts, .file = file, .tolerate = tolerate, .n_variables = n, .variables = variables, .done = on_loaded, .arg = &loading };

    log_open(&(struct log_settings){ .level = LOG_LEVEL_ERROR, .to_stderr = true });
    if (hosts && load_start(&request))
        ev_run(loading.loop, 0);
    if (!loading.offline.config)
        fprintf(stderr, "talon: the configuration cannot be loaded: no memory or no descriptor left\n");
    if (hosts)
        hosts_free(hosts);
    if (loading.loop)
        ev_loop_destroy(loading.loop);
    log_close();
    return loading.offline;
}

struct offline offline_load(const char *file, bool tolerate)
{
    return offline_load_with(file, tolerate, NULL, 0);
}

void offline_free(struct offline *offline)
{
    model_drop(offline->model);
    config_free(offline->config);
}
