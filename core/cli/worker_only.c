/*
 * `--worker-only`: refused while launchd or systemd has the worker, with the sentence of the program before this one (systems.md 12.1, item 10). Where the answer
 * cannot be had, it may run: the daemon itself asks again, and goes on asking.
 */
#include "cli/worker_only.h"

#include "base/os/loop.h"
#include "cli/offline.h"
#include "programs/loaded.h"

#include <ev.h>
#include <stdio.h>

struct asking {
    struct ev_loop *loop;
    enum loaded answer;
};

static void on_answer(void *arg, enum loaded answer, const char *where)
{
    struct asking *asking = arg;

    (void)where;
    asking->answer = answer;
    ev_break(asking->loop, EVBREAK_ALL);
}

static bool is_loaded(const struct model *model, const char *label)
{
    struct asking asking = { .loop = loop_create(), .answer = LOADED_NOT_ANSWERED };
    struct loaded_look *look = asking.loop ? loaded_start(asking.loop, label, model->settings.exec_path, on_answer, &asking) : NULL;

    if (look)
        ev_run(asking.loop, 0);
    if (asking.loop)
        ev_loop_destroy(asking.loop);
    return asking.answer == LOADED_YES;
}

static bool may(const struct model *model, const char *file)
{
    if (model->n_programs == 0) {
        fprintf(stderr, "talon: --worker-only has nothing to run: there are no `programs:` in %s\n", file);
        return false;
    }
    for (size_t i = 0; i < model->n_programs; i++) {
        const char *label = model->programs[i].unless_loaded;

        if (label && is_loaded(model, label)) {
            fprintf(stderr, "external supervisor %s is loaded; unload it before running --worker-only\n", label);
            return false;
        }
    }
    return true;
}

bool worker_only_may(const char *file)
{
    struct offline offline = offline_load(file, true);
    const bool good = !offline.model || may(offline.model, file); /* of a bad configuration the daemon tells all */

    offline_free(&offline);
    return good;
}
