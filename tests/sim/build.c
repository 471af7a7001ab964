/* Models made by hand: everything lives in the model's arena from the start, needs are found by name at the end. */
#include "build.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATHS = 8, NEEDS = 16 };

struct build {
    struct model *model;
    struct model_service *services;
    struct model_check *checks;
    struct model_path *paths;
    const char *(*needs)[NEEDS]; /* of each service */
};

struct build *build_begin(size_t services, size_t checks)
{
    struct arena *arena = arena_create(0);
    struct model_plugin *plugins;
    struct model_operation *operations;
    struct build *b;

    if (!arena)
        abort();
    b = arena_alloc(arena, sizeof *b);
    b->model = arena_alloc(arena, sizeof *b->model);
    b->services = arena_array(arena, services + 1, sizeof *b->services);
    b->needs = arena_array(arena, services + 1, sizeof *b->needs);
    b->checks = arena_array(arena, checks + 1, sizeof *b->checks);
    b->paths = arena_array(arena, PATHS, sizeof *b->paths);
    plugins = arena_array(arena, BUILD_PLUGINS, sizeof *plugins);
    operations = arena_array(arena, BUILD_PLUGINS, sizeof *operations);
    for (size_t i = 0; i < BUILD_PLUGINS; i++) {
        plugins[i].name = arena_printf(arena, "plugin%zu", i);
        operations[i] = (struct model_operation){ .name = plugins[i].name, .plugin = i };
    }
    b->model->arena = arena;
    b->model->settings.storm_percent = 60;
    b->model->settings.storm_cooldown = SECONDS(120);
    b->model->settings.reopen = SECONDS(1800);
    b->model->settings.flap_escalate = SECONDS(900);
    b->model->n_plugins = b->model->n_operations = BUILD_PLUGINS;
    b->model->plugins = plugins;
    b->model->operations = operations;
    b->model->services = b->services;
    b->model->checks = b->checks;
    b->model->paths = b->paths;
    atomic_init(&b->model->users, 1);
    return b;
}

size_t build_path(struct build *b, const char *name, unsigned concurrent)
{
    b->paths[b->model->n_paths] = (struct model_path){ .name = arena_string(b->model->arena, name), .concurrent = concurrent };
    return b->model->n_paths++;
}

struct model_service *build_service(struct build *b, const char *name)
{
    struct model_service *made = &b->services[b->model->n_services++];

    *made = (struct model_service){
        .name = arena_string(b->model->arena, name), .enabled = true, .first_check = b->model->n_checks, .needs_wait = SECONDS(30), .recover_grace = SECONDS(60),
        .start_timeout = SECONDS(300), .tell_warn_after = SECONDS(3600),
    };
    made->title = made->name;
    return made;
}

struct model_check *build_check(struct build *b, const char *name)
{
    struct model_service *service = &b->services[b->model->n_services - 1];
    struct model_check *made = &b->checks[b->model->n_checks++];

    service->n_checks++;
    *made = (struct model_check){
        .name = arena_string(b->model->arena, name), .full_name = arena_printf(b->model->arena, "%s.%s", service->name, name), .service = b->model->n_services - 1,
        .fingerprint = 1, .every = SECONDS(60), .timeout = SECONDS(10), .confirm_every = SECONDS(15), .fail_after = 3, .recover_after = 2, .unknown_after = 3,
        .path = MODEL_NONE, .enabled = true,
    };
    return made;
}

struct model_settings *build_settings(struct build *b)
{
    return &b->model->settings;
}

void *build_alloc(struct build *b, size_t size)
{
    return arena_alloc(b->model->arena, size);
}

void build_need(struct build *b, const char *names)
{
    struct model_service *service = &b->services[b->model->n_services - 1];

    b->needs[b->model->n_services - 1][service->n_needs++] = arena_string(b->model->arena, names);
}

/* ---- the end ---- */

static size_t count_words(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += *text != ' ' && (text[1] == ' ' || text[1] == '\0');
    return n;
}

static struct model_need find_need(struct build *b, const char *names)
{
    size_t n = count_words(names);
    size_t *any = arena_array(b->model->arena, n, sizeof *any);

    for (size_t i = 0; i < n; i++) {
        size_t length = strcspn(names, " ");

        any[i] = model_service(b->model, arena_copy(b->model->arena, names, length));
        if (any[i] == MODEL_NONE) {
            fprintf(stderr, "a test's model needs a service that it does not have: %s\n", names);
            exit(99);
        }
        names += length + strspn(names + length, " ");
    }
    return (struct model_need){ n, any };
}

static uint64_t print_service(const struct model *model, const struct model_service *service)
{
    unsigned long long hash = TEXT_HASH;

    for (size_t i = 0; i < service->n_needs; i++)
        for (size_t k = 0; k < service->needs[i].n; k++)
            hash = text_hash(hash, model->services[service->needs[i].any[k]].name, strlen(model->services[service->needs[i].any[k]].name));
    return text_hash(hash, &service->needs_wait, sizeof service->needs_wait);
}

const struct model *build_end(struct build *b)
{
    for (size_t i = 0; i < b->model->n_services; i++) {
        struct model_need *needs = arena_array(b->model->arena, b->services[i].n_needs + 1, sizeof *needs);

        for (size_t k = 0; k < b->services[i].n_needs; k++)
            needs[k] = find_need(b, b->needs[i][k]);
        b->services[i].needs = needs;
        b->services[i].fingerprint = print_service(b->model, &b->services[i]);
        for (size_t k = 0; k < b->services[i].n_checks; k++)
            b->checks[b->services[i].first_check + k].enabled &= b->services[i].enabled;
    }
    return b->model;
}
