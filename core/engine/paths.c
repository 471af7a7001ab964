/*
 * Paths: a bound on what goes through one way at once. Who finds it full waits in a queue, once however often it is asked for; what others
 * need goes before all else. Another path's checks never wait for it.
 */
#include "engine/engine_private.h"

unsigned paths_bound(const struct model *model, size_t path)
{
    return model->paths[path].concurrent > 0 ? model->paths[path].concurrent : 1;
}

void paths_queue(struct tables *t, size_t check, enum queue queue)
{
    struct check *c = &t->checks[check];
    struct path *path = &t->paths[t->model->checks[check].path];

    c->queue = queue;
    c->before = path->last[queue];
    c->behind = MODEL_NONE;
    if (c->before != MODEL_NONE)
        t->checks[c->before].behind = check;
    else
        path->first[queue] = check;
    path->last[queue] = check;
}

static void leave_queue(struct tables *t, size_t check)
{
    struct check *c = &t->checks[check];
    struct path *path = &t->paths[t->model->checks[check].path];

    if (c->before != MODEL_NONE)
        t->checks[c->before].behind = c->behind;
    else
        path->first[c->queue] = c->behind;
    if (c->behind != MODEL_NONE)
        t->checks[c->behind].before = c->before;
    else
        path->last[c->queue] = c->before;
    c->queue = QUEUE_NONE;
}

/* Through the queue even where there is room: it may be another's turn. */
void paths_ask(struct engine *engine, size_t check, unsigned wants)
{
    struct check *c = &engine->t.checks[check];
    size_t path = engine->t.model->checks[check].path;
    enum queue queue;

    c->wants |= wants;
    if (path == MODEL_NONE) {
        runs_begin(engine, check);
        return;
    }
    queue = c->wants & (WANT_NEED | WANT_HEAL) ? QUEUE_NEEDS : QUEUE_OTHERS;
    if (c->queue > queue) {
        if (c->queue != QUEUE_NONE)
            leave_queue(&engine->t, check);
        paths_queue(&engine->t, check, queue);
        schedule_put(engine, check);
    }
    paths_pump(engine, path);
}

void paths_ask_fresh(struct engine *engine, size_t check, unsigned wants)
{
    if (engine->t.checks[check].run)
        engine->t.checks[check].wants |= wants;
    else
        paths_ask(engine, check, wants);
}

void paths_pump(struct engine *engine, size_t path)
{
    struct path *p = &engine->t.paths[path];

    for (int queue = QUEUE_NEEDS; queue < QUEUES; queue++) {
        while (p->first[queue] != MODEL_NONE && p->running < paths_bound(engine->t.model, path)) {
            size_t check = p->first[queue];

            leave_queue(&engine->t, check);
            runs_begin(engine, check);
        }
    }
}
