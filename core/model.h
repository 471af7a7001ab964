/*
 * The checked configuration as plain data: what config makes and engine, heal, hosts and serve read. Made whole or not at all,
 * never changed, counted by reference (the serving thread's snapshot points into it). Services, checks and paths are named by
 * their index in its arrays; an index means something only together with its model.
 *
 * Times are nanoseconds, sizes bytes. Every string is valid UTF-8 and lives as long as the model.
 */
#ifndef MODEL_H
#define MODEL_H

#include "base/arena.h"
#include "base/calendar.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODEL_NONE SIZE_MAX /* no such index */

struct model_place {
    const char *file;      /* as a person would name it; "" for what is built in */
    unsigned line, column; /* from 1; 0: the file as a whole */
};

/* ---- plugins and what they can do ---- */

struct model_plugin {
    const char *name;
    const char *path;           /* absolute; NULL: `command` is a program that speaks the protocol */
    const char *const *command; /* NULL-terminated */
    bool shipped;               /* found in Talon's own plugin folder */
    bool own_host;
    struct model_place place;   /* line 0: nobody configured it */
};

struct model_metric {
    const char *name, *unit; /* name "*": any, made at run time */
};

enum model_impact { MODEL_OBSERVE, MODEL_RESTART, MODEL_DISRUPT, MODEL_DESTROY };

struct model_operation {
    const char *name; /* as in YAML: "redis", "kubernetes.workload" */
    size_t plugin;
    bool action, blocking, repeatable;
    enum model_impact impact;
    size_t n_metrics;
    const struct model_metric *metrics;
    const char *missing; /* why its plugin could not be asked for its options: checks of it are not run. NULL: it could */
};

/* ---- secrets: where a value comes from; the value itself is never in the model ---- */

enum model_secret_source { MODEL_SECRET_ENV, MODEL_SECRET_FILE, MODEL_SECRET_COMMAND };

struct model_secret {
    const char *name;
    enum model_secret_source source;
    const char *env, *file;
    const char *const *command; /* NULL-terminated */
    const char *json;           /* dotted path of the field to pick, NULL: the whole text */
    uint64_t ttl;               /* 0: kept until the next reload */
    bool pem;                   /* used where PEM text is expected: line breaks inside are right */
    bool idle;                  /* used by what is off alone: that it cannot be had is no fault */
    struct model_place place;
};

/* JSON text with holes: at byte `at`, inside a JSON string, the JSON-escaped value of that secret belongs. Ordered by `at`. */
struct model_hole {
    size_t at, secret;
};

struct model_conf {
    const char *json; /* an object, as docs/plugin-protocol.md says, without the secrets' values */
    size_t n_holes;
    const struct model_hole *holes;
};

/* ---- conditions: `when:`, as a tree in an array; children come before their parent, the last node is the root ---- */

enum model_when_kind { MODEL_WHEN_VERDICT, MODEL_WHEN_METRIC, MODEL_WHEN_NOT, MODEL_WHEN_AND, MODEL_WHEN_OR };
enum model_comparison { MODEL_LESS, MODEL_LESS_EQUAL, MODEL_GREATER, MODEL_GREATER_EQUAL, MODEL_EQUAL, MODEL_NOT_EQUAL };

struct model_when {
    enum model_when_kind kind;
    size_t check;                    /* VERDICT, METRIC */
    int verdict;                     /* enum engine_verdict */
    const char *metric;              /* METRIC: as declared */
    enum model_comparison comparison;
    double value;                    /* in the metric's own unit */
    size_t left, right;              /* NOT (left), AND, OR: indexes of nodes */
};

struct model_condition {
    const char *text; /* as written */
    size_t n;
    const struct model_when *nodes;
};

/* ---- runbooks: once as they are written, and once for each entry of `heal:` with its parameters put in ---- */

struct model_param {
    const char *name, *fallback; /* NULL: none */
    bool required;
};

struct model_checks { /* indexes in the model's checks; `subject` stands for those of the service that asks, witnesses left out */
    size_t n;
    const size_t *checks;
};

/* One use of an operation by a step. */
struct model_action {
    const char *name; /* as in YAML: "docker.restart" */
    size_t operation; /* MODEL_NONE: not known without an entry of `heal:` that runs it */
    struct model_conf conf;
    enum model_impact impact;
    uint64_t timeout;
    const char *missing; /* why its plugin could not be asked: it is refused. NULL: it could */
};

/* Ok for so many passes in a row, one each `every`, before `within` is over. */
struct model_window_of_passes {
    struct model_checks checks;
    unsigned passes;
    uint64_t every, within;
};

struct model_meanwhile { /* a repair on the way, with its own rate */
    struct model_condition when; /* n 0: always */
    struct model_action action;
    uint64_t every;
};

enum model_step_kind { MODEL_STEP_DO, MODEL_STEP_COLLECT, MODEL_STEP_VERIFY, MODEL_STEP_UNTIL, MODEL_STEP_WAIT, MODEL_STEP_IF };

struct model_step {
    enum model_step_kind kind;
    bool goes_on;                        /* `on_failure: continue` */
    struct model_action action;          /* DO, COLLECT */
    struct model_window_of_passes passes;/* VERIFY (within: its deadline), UNTIL */
    struct model_condition hard, warmup; /* UNTIL, n 0: none. hard: ends it at once; warmup: what makes other failures tolerable */
    size_t n_meanwhile;                  /* UNTIL */
    const struct model_meanwhile *meanwhile;
    uint64_t wait;                       /* WAIT */
    struct model_condition condition;    /* IF */
    size_t n_then, n_otherwise;          /* IF */
    const struct model_step *then, *otherwise;
    uint64_t longest;                    /* the time that it may take */
    struct model_place place;
};

struct model_limits {
    unsigned attempts;
    uint64_t cooldown;
    unsigned at_most;
    uint64_t at_most_window, hold_after_failure;
    unsigned confirm_ticks;
    uint64_t confirm_within;        /* 0: however long ago */
    unsigned confirm_tries;         /* 0: there is no other way than ticks */
    uint64_t confirm_every;
    struct model_condition warmup;  /* n 0: none */
    const char *const *locks;       /* NULL-terminated, sorted, none twice */
    size_t n_locks;
    struct model_condition owner;   /* while true, somebody else heals. n 0: nobody does */
};

struct model_runbook {
    const char *name, *title, *note; /* note: NULL or what a person should know */
    size_t n_params;
    const struct model_param *params;
    enum model_impact impact;        /* at least the highest of its steps */
    struct model_limits limits;
    size_t n_steps;
    const struct model_step *steps;
    struct model_window_of_passes verify; /* the stability window */
    uint64_t deadline;               /* of all steps and the window */
    bool known;                      /* everything in it could be judged */
    struct model_place place;
};

struct model_binding {
    const char *name, *value;
};

struct model_heal {
    struct model_condition when; /* n 0: always */
    size_t runbook;
    size_t n_with;
    const struct model_binding *with;
    const struct model_runbook *bound; /* the same runbook with the parameters put in and `subject` known */
    uint64_t fingerprint;              /* of the entry and all that its runbook would do: another one re-arms it */
    struct model_place place;
};

/* ---- what is watched ---- */

struct model_path { /* a way with a bound on what goes through it at once */
    const char *name;
    unsigned concurrent;
};

struct model_need { /* met while any one of them is */
    size_t n;
    const size_t *any; /* services */
};

struct model_check {
    const char *name;      /* within its service: "ping" */
    const char *full_name; /* "redis.ping" */
    size_t service;
    size_t operation;
    struct model_conf conf;
    uint64_t fingerprint;  /* of operation, plugin and options: the same one after a reload means the same check, which keeps its state */
    uint64_t every, timeout, confirm_every;
    unsigned fail_after, recover_after, unknown_after;
    size_t path;           /* MODEL_NONE: unbounded */
    bool witness;
    bool enabled;          /* false as well when its service is not */
    struct model_place place;
};

/* By one step of digest, message, page. */
enum model_step_of_notice { MODEL_NOTICE_AS_IS, MODEL_NOTICE_RAISE, MODEL_NOTICE_LOWER };

struct model_service {
    const char *name, *title, *note; /* title: the name where none is given; note: NULL or what helps */
    bool critical, enabled, heal_stopped;
    size_t first_check, n_checks; /* its checks stand together */
    size_t n_needs;
    const struct model_need *needs;
    uint64_t needs_wait, recover_grace, start_timeout, tell_warn_after;
    size_t n_heal;
    const struct model_heal *heal;
    size_t n_channels;      /* 0: the normal ones */
    const size_t *channels; /* what is said of it goes there; pages go to those of `sos` as well */
    enum model_step_of_notice urgency;
    uint64_t fingerprint; /* of all but its checks */
    struct model_place place;
};

/* Planned work: what it covers is silenced while it lasts. */
struct model_window {
    const char *name;
    struct calendar begins;
    uint64_t length;
    const struct zone *zone;
    size_t n;
    const size_t *services; /* n 0: everything */
    struct model_place place;
};

/* ---- people: who is told, who is asked for help ---- */

/* A way to people: an action whose options hold all but what each message says. */
struct model_channel {
    const char *name;
    struct model_action action;         /* without the options `text`, `title`, `level` and `over`, which each message has of its own */
    bool has_title, has_level, has_over; /* the action takes them */
    bool normal;                        /* messages and digests go there */
    bool sos;                           /* pages do */
    uint64_t fingerprint;               /* of the action and its options: another one was not proven */
    struct model_place place;
};

struct model_notify {
    size_t n_channels, n_channels_off;  /* those that are off are nowhere but in that count */
    const struct model_channel *channels;
    unsigned messages;                  /* at most, in a window; the others come with the digest */
    uint64_t messages_window;
    struct calendar digest;
    const struct zone *zone;            /* NULL: there is no `notify:` */
    uint64_t expire;                    /* what could not be sent for so long is given up */
};

enum { MODEL_AGENTS = 2 };

/* A command that is asked for help: the tiers between runbooks and people. It is run by the action exec.run, with the diagnosis on its standard input. */
struct model_agent {
    const char *name;
    const char *const *command;         /* NULL-terminated */
    const char *about;                  /* what it is told of the host; NULL: nothing */
    const char *const *constraints;     /* what it may not do: NULL-terminated, NULL: no others than those of every agent */
    struct model_action action;         /* without `input` */
    uint64_t timeout, cooldown;         /* cooldown: from start to start, whatever the incident */
    struct model_place place;
};

struct model_agents { /* in the order in which they are asked */
    size_t n;
    struct model_agent agents[MODEL_AGENTS];
};

struct model_sos {
    bool on;
    uint64_t after;  /* of a critical service not being ok, from the first bad result */
    uint64_t repeat; /* of the same incident */
};

/* Somebody outside who is told that Talon lives. */
struct model_heartbeat {
    bool on;
    struct model_action action;
    uint64_t every;
};

/* ---- programs that Talon keeps (core/programs) ---- */

struct model_variable { /* of a program's environment */
    const char *name, *value;
    size_t secret;     /* MODEL_NONE: `value` is it */
};

struct model_program {
    const char *name;
    const char *const *command;         /* NULL-terminated */
    const char *folder;                 /* absolute */
    size_t n_env;
    const struct model_variable *env;   /* what is written, then what is secret */
    const char *env_file;               /* NULL: none */
    const char *log, *log_errors;       /* NULL: thrown away; errors: into the same file */
    uint64_t log_rotate;                /* bytes; 0: never */
    const char *port_host;              /* numeric; NULL: any of this host's */
    uint16_t port;                      /* 0: none */
    bool refuses;                       /* a port that is taken: does not wait for it */
    size_t health;                      /* check; MODEL_NONE: none */
    uint64_t health_start;
    unsigned health_failures;
    const char *const *preflight;       /* NULL: none */
    uint64_t preflight_timeout;
    const char *call_host, *call_target, *call_method; /* method NULL: none. host as the Host header names it, target: "/path?query" */
    const char *call_address;           /* numeric */
    uint16_t call_port;
    uint64_t call_after, call_every, call_timeout;
    unsigned call_tries;
    uint64_t restart_first, restart_longest, restart_good;
    int drain_signal;
    uint64_t drain_wait;
    const char *unless_loaded;          /* label or unit; NULL: nobody else */
    uint64_t loaded_every;
    const char *const *events;          /* a command; NULL: nobody is told */
    const char *events_source, *events_component, *events_prefix;
    uint64_t fingerprint;               /* of all that its process hangs on */
    struct model_place place;
};

struct model_settings {
    const char *listen_host; /* numeric */
    uint16_t listen_port;
    const char *const *allow_hosts; /* NULL-terminated, beside the loopback names */
    const char *state;              /* folder */
    const char *log_file;
    int log_level;                  /* enum log_level */
    uint64_t log_rotate;            /* bytes; 0: never */
    const char *exec_path;          /* PATH of children */
    uint64_t guard_stall;
    const char *control_path, *control_group; /* group NULL: none */
    unsigned remediation_at_most, remediation_concurrent;
    uint64_t remediation_window;
    unsigned storm_percent;
    uint64_t storm_cooldown, reopen, flap_escalate;
    uint64_t history_raw, history_hourly, history_daily; /* ns that runs, hours and days are kept */
    uint64_t history_max;           /* bytes of all history */
    struct model_notify notify;
    struct model_agents agents;
    struct model_sos sos;
    struct model_heartbeat heartbeat;
};

struct model {
    atomic_uint users;
    struct arena *arena;   /* holds the model itself and all that it points to */
    const char *file;      /* the main file, absolute */
    uint64_t generation;   /* grows with every model of this process */
    struct model_settings settings;
    size_t n_plugins, n_operations, n_secrets, n_paths, n_runbooks, n_services, n_checks, n_windows, n_programs;
    const struct model_plugin *plugins;
    const struct model_operation *operations;
    const struct model_secret *secrets;
    const struct model_path *paths;
    const struct model_runbook *runbooks;
    const struct model_service *services; /* by file in reading order */
    const struct model_check *checks;
    const struct model_window *windows;
    const struct model_program *programs;
};

/* One more user; returns the same. Any thread. */
const struct model *model_keep(const struct model *model);
/* One user less; the last one frees it. NULL: nothing. Any thread. */
void model_drop(const struct model *model);
/* The index of that service, MODEL_NONE: none. */
size_t model_service(const struct model *model, const char *name);
/* The index of that check by "service.check", or by "service" where it has one check; MODEL_NONE: none. */
size_t model_check(const struct model *model, const char *full_name);

#endif
