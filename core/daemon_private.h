/* What daemon.c and daemon_load.c share: the daemon itself. */
#ifndef DAEMON_PRIVATE_H
#define DAEMON_PRIVATE_H

#include "base/moment.h"
#include "daemon.h"
#include "daemon_control.h"
#include "daemon_heal.h"
#include "daemon_observer.h"
#include "daemon_outbox.h"
#include "daemon_self.h"
#include "engine/engine.h"
#include "instances.h"
#include "load.h"
#include "memory/memory.h"
#include "programs/programs.h"
#include "serve/serve.h"
#include "store/state.h"
#include "store/store.h"
#include "watch.h"

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

struct daemon {
    struct daemon_settings settings;
    struct ev_loop *loop;
    struct engine *engine;
    struct hosts *hosts;
    struct secrets *secrets;
    struct instances *instances;
    struct load *load;             /* a configuration on its way; NULL: none */
    int64_t load_began;            /* wall */
    struct daemon_observer *observer;
    struct watch *watch;
    struct state *state;
    struct store *store;           /* NULL: there is none */
    struct memory *memory;         /* what is written into it; NULL: nothing */
    struct engine_kept *kept;      /* of the process before, until the first model; NULL: nothing */
    struct programs *programs;     /* what is kept running */
    struct serve *serve;           /* NULL: the port could not be had */
    struct daemon_control control; /* commands */
    struct daemon_self self;       /* what Talon says of itself */
    struct daemon_heal *heal;
    struct daemon_outbox mail;     /* what people are told, and the heartbeat */
    ev_timer wake, publish, tick, again, keep, heal_wake, heal_soon, write_programs;
    ev_async stirred;              /* the store has something to say */
    uint64_t began, published_at;  /* awake */
    uint64_t seen_elapsed;         /* of the last event or tick: a gap shows against it */
    int64_t windows_from, windows_until; /* wall: so long no maintenance window opens or closes */
    uint64_t shortest;             /* interval of the model */
    uint64_t old_state_at;         /* awake; when state.json was written last */
    bool old_state_due, turned, reload_due, quitting, recalled;
    int exit_code;
};

/* Shows the newest state: at once, or when the last snapshot is old enough. */
void daemon_publish(struct daemon *d, const struct moment *now);
/* What is concluded now. The caller's; NULL: no memory, or no configuration yet. */
struct snapshot *daemon_snapshot(struct daemon *d, const struct moment *now);
/* Every event's way to the engine, and its effects' way out. */
enum engine_outcome daemon_feed(struct daemon *d, const struct engine_event *event);
/* What people's commands need of the daemon. */
struct daemon_people_calls daemon_people_calls(struct daemon *d);
/* Are reports of a job kept for that check? Then what its instance saves is older than they are. */
bool daemon_has_reports(struct daemon *d, const char *full_name);
/* Does what the engine wants done after an event. */
void daemon_carry_out(struct daemon *d, const struct moment *now);
/* Hands an event to the engine and does what it wants done; sees when the loop was stopped for long. */
enum engine_outcome daemon_feed(struct daemon *d, const struct engine_event *event);
/* What people are to be told. */
void daemon_notify(struct daemon *d, const struct moment *now, const struct engine_effect *effect);
/* Listens where the configuration says; a port that cannot be had is said and tried again with each tick. */
void daemon_open_endpoint(struct daemon *d);

/* Reads the configuration: the files, or with a source (taken) that one. Nothing else may be on its way. */
void daemon_begin_load(struct daemon *d, const struct config_source *source);
/* Reads the files again: at once, or when the load on its way has ended. `arg` is the daemon. */
void daemon_reload(void *arg);
/* Memory may be there again for what it lacked for. */
void daemon_on_again(struct ev_loop *loop, ev_timer *timer, int events);

/* daemon_memory.c: what is kept. Nothing of it opens anything before daemon_memory_open(). */
void daemon_memory_begin(struct daemon *d);
/* Opens the store in the state folder and reads what an earlier process kept, within a bound. */
void daemon_memory_open(struct daemon *d, const struct model_settings *settings);
/* After the first model, and after windows of maintenance that are open: nothing is announced twice. */
void daemon_memory_restore(struct daemon *d, const struct moment *now);
/* All effects of an event are carried out. */
void daemon_memory_settle(struct daemon *d, const struct moment *now);
/* Once a second: how the store is, to the engine and to status. */
void daemon_memory_tick(struct daemon *d, const struct moment *now);
void daemon_memory_end(struct daemon *d, const struct moment *now);

#endif
