/*
 * The HTTP endpoint: read-only, its own thread, answers from the newest snapshot, so that it answers while the loop stands still, and
 * says `stalled` then. rules.md 6 bounds what clients may cost. Nothing that a request says can change anything.
 */
#ifndef SERVE_H
#define SERVE_H

#include "base/buffer.h"
#include "serve/snapshot.h"
#include "store/store.h"

struct serve;

struct serve_settings {
    const char *host;                /* numeric: "127.0.0.1", "::1" */
    uint16_t port;                   /* 0: any free one */
    const char *const *allow_hosts;  /* NULL-terminated; beside localhost, 127.0.0.0/8, [::1] */
    uint64_t stall;                  /* ns without a turn of the loop after which it says `stalled`; 0: 10 s */
};

/* Binds and starts the thread. NULL: why says what was wrong ("127.0.0.1:9999 is taken by another program"); may be tried again. Copies the settings. */
struct serve *serve_start(const struct serve_settings *settings, char *why, size_t why_size);
/* Ends the thread and its connections; open answers get at most 200 ms. NULL: nothing. */
void serve_stop(struct serve *serve);
uint16_t serve_port(const struct serve *serve);
/* The newest truth. Takes the caller's user. Never blocks for a client. */
void serve_publish(struct serve *serve, struct snapshot *snapshot);
/* Who answers for the past, from now on: `ask` is store_ask(). NULL: nobody. The store must outlive the endpoint. */
typedef bool serve_ask(struct store *store, const struct store_ask *ask, store_answered *answered, void *arg);
void serve_past(struct serve *serve, struct store *store, serve_ask *ask);
/* The loop has turned; `awake` of now. Cheap: call it at each turn (the daemon has a timer of 1 s, so that a quiet loop turns too). */
void serve_turned(struct serve *serve, uint64_t awake);

/* ---- what it answers with; also for the CLI, for state.json and for tests ---- */

/* GET /health: the old contract and rules.md 3.7. snapshot NULL: the state before the first (`Starting`). */
void render_health(const struct snapshot *snapshot, bool stalled, struct buffer *out);
/* `status --json` of design.md 14, also GET /api/v1/status. */
void render_status(const struct snapshot *snapshot, bool stalled, struct buffer *out);
/* `"programs":[...]`, a part of an object. */
void render_programs(const struct snapshot_program *programs, size_t n, struct buffer *out);
void render_services(const struct snapshot *snapshot, struct buffer *out);
/* GET /api/v1/checks: with metrics and details of the last run, intervals, counters. */
void render_checks(const struct snapshot *snapshot, struct buffer *out);
/* GET /api/v1/incidents: open ones and the last that were closed; one of them with its timeline (false: it is not known). */
void render_incidents(const struct snapshot *snapshot, struct buffer *out);
bool render_incident(const struct snapshot *snapshot, uint64_t id, struct buffer *out);
/* GET /api/v1/why: of a service, a check or an incident's number. False: there is none of that name. */
bool render_why(const struct snapshot *snapshot, const char *name, struct buffer *out);
/* The name that may have been meant; NULL: none is near. Borrowed from the snapshot. */
const char *render_nearest(const struct snapshot *snapshot, const char *name);
/* GET /api/v1/limits: what bounds repair, and what refuses now. */
void render_limits(const struct snapshot *snapshot, struct buffer *out);
/* GET /api/v1/heal: what repairs now, and where each incident stands. */
void render_heal(const struct snapshot *snapshot, struct buffer *out);
/* Prometheus text 0.0.4, or OpenMetrics 1.0 with its end mark. */
void render_metrics(const struct snapshot *snapshot, bool stalled, bool openmetrics, struct buffer *out);
/* GET /: services, states and whys without JavaScript. */
void render_page(const struct snapshot *snapshot, bool stalled, struct buffer *out);
/* The old state.json and last-probe.json (systems.md 12.8, item 88). */
void render_old_state(const struct snapshot *snapshot, struct buffer *out);
void render_old_probes(const struct snapshot *snapshot, struct buffer *out);

#endif
