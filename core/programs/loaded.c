/*
 * Looks for a label or unit: see loaded.h. The tool decides, not the system that this was built for: what asks launchctl can be tried wherever something answers
 * as it does. A domain that is not there, or has no such job, is an answer; a tool that hangs or dies gives none.
 */
#include "programs/loaded.h"

#include "base/os/child.h"
#include "programs/task.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATIENCE ((uint64_t)5000000000u)

enum { PLACES = 3, PLACE = 32, TARGET = 600 };

struct loaded_look {
    struct ev_loop *loop;
    const char *label, *path;
    loaded_fn *done;
    void *arg;
    bool launchd;
    size_t place, n_places;
    char places[PLACES][PLACE];
    struct task *task; /* NULL: none runs */
    ev_timer turn;     /* for an answer without a task */
    enum loaded answer;
};

void loaded_stop(struct loaded_look *look)
{
    if (!look)
        return;
    task_stop(look->task);
    ev_timer_stop(look->loop, &look->turn);
    free(look);
}

static void finish(struct loaded_look *look, enum loaded answer, const char *where)
{
    loaded_fn *done = look->done;
    void *arg = look->arg;
    char said[600];

    snprintf(said, sizeof said, "%s", where);
    loaded_stop(look);
    done(arg, answer, said);
}

static void on_turn(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct loaded_look *look = timer->data;

    (void)loop, (void)events;
    finish(look, look->answer, look->answer == LOADED_NO ? "" : "there is no memory");
}

static void answer_soon(struct loaded_look *look, enum loaded answer)
{
    look->answer = answer;
    ev_timer_start(look->loop, &look->turn);
}

/* ---- one place after another */

static bool is_there(const struct loaded_look *look, const struct task_end *end)
{
    static const char *const active[] = { "active", "activating", "reloading", "deactivating" };

    if (look->launchd)
        return end->code == 0;
    for (size_t i = 0; i < sizeof active / sizeof *active; i++)
        if (strcmp(end->output, active[i]) == 0)
            return true;
    return false;
}

static void on_asked(void *arg, const struct task_end *end);

static void ask_next(struct loaded_look *look)
{
    char target[TARGET];
    const char *const launchctl[] = { "launchctl", "print", target, NULL };
    const char *const systemctl[] = { "systemctl", look->place > 0 ? "--user" : "--system", "is-active", look->label, NULL };
    const struct task_request request = { .argv = look->launchd ? launchctl : systemctl, .path = look->path, .timeout = PATIENCE };

    snprintf(target, sizeof target, "%s/%s", look->places[look->place], look->label);
    look->task = task_start(look->loop, &request, on_asked, look);
    if (!look->task)
        answer_soon(look, LOADED_NOT_ANSWERED);
}

static void on_asked(void *arg, const struct task_end *end)
{
    struct loaded_look *look = arg;

    look->task = NULL;
    if (!end->exited) {
        finish(look, LOADED_NOT_ANSWERED, end->why);
    } else if (is_there(look, end)) {
        finish(look, LOADED_YES, look->places[look->place]);
    } else if (++look->place < look->n_places) {
        ask_next(look);
    } else {
        finish(look, LOADED_NO, "");
    }
}

/* ---- starting */

static void name_places(struct loaded_look *look)
{
    struct stat console;
    unsigned long whose = (unsigned long)getuid();

    if (!look->launchd) {
        snprintf(look->places[0], PLACE, "systemd");
        snprintf(look->places[1], PLACE, "systemd of the user");
        look->n_places = getuid() == 0 ? 1 : 2;
        return;
    }
    if (whose == 0 && stat("/dev/console", &console) == 0) /* root has no screen of its own: it watches for who sits at it */
        whose = (unsigned long)console.st_uid;
    snprintf(look->places[0], PLACE, "gui/%lu", whose);
    snprintf(look->places[1], PLACE, "user/%lu", whose);
    snprintf(look->places[2], PLACE, "system");
    look->n_places = PLACES;
}

struct loaded_look *loaded_start(struct ev_loop *loop, const char *label, const char *path, loaded_fn *done, void *arg)
{
    struct loaded_look *look = calloc(1, sizeof *look);
    char found[4096];

    if (!look)
        return NULL;
    *look = (struct loaded_look){ .loop = loop, .label = label, .path = path, .done = done, .arg = arg, .launchd = child_find("launchctl", path, found, sizeof found) == 1 };
    ev_timer_init(&look->turn, on_turn, 0., 0.);
    look->turn.data = look;
    name_places(look);
    if (look->launchd || child_find("systemctl", path, found, sizeof found) == 1)
        ask_next(look);
    else
        answer_soon(look, LOADED_NO);
    return look;
}
