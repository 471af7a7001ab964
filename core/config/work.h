/*
 * What config works on, from the first byte to the model: one struct, filled step by step by the files of this folder. Everything in
 * it lives in one of two arenas: `arena` goes with the config, `made` is handed over with the model.
 */
#ifndef CONFIG_WORK_H
#define CONFIG_WORK_H

#include "base/buffer.h"
#include "config/config.h"
#include "config/problems.h"
#include "config/tree.h"
#include "config/vector.h"
#include "model.h"

enum {
    WORK_ARENA = 38 << 20,  /* bytes: trees, plans, problems */
    WORK_MADE = 16 << 20,   /* bytes: the model */
    WORK_HELD = 4,
    WORK_FILES = 4096,
    WORK_CHECKS = 20000,
    WORK_ITEMS = 1000,      /* of a for_each */
    WORK_STEPS = 20000,     /* of runbooks, in all uses */
    WORK_NAMED = 1000,      /* variables, secrets, paths */
    WORK_VARIABLE = 1 << 16, /* bytes of one */
    WORK_TEXT = 1 << 20,    /* bytes of a text with its variables put in */
    WORK_MEANT = 64,        /* bytes of a wrong word: no name is longer */
    WORK_NEAREST = 1000000, /* 64ths of the letters compared in search of the name that was meant, in all */
};

/* ---- what may be set for a check, and for a service; the order of work_check_settings and work_service_settings ---- */

enum check_setting {
    CHECK_EVERY, CHECK_TIMEOUT, CHECK_FAIL_AFTER, CHECK_RECOVER_AFTER, CHECK_UNKNOWN_AFTER, CHECK_CONFIRM_EVERY, CHECK_THROUGH,
    CHECK_INHERITED, /* those before stand in `defaults:` as well */
    CHECK_WITNESS = CHECK_INHERITED, CHECK_ENABLED, CHECK_FOR_EACH,
    CHECK_SETTINGS
};

enum service_setting {
    SERVICE_NEEDS_WAIT, SERVICE_RECOVER_GRACE, SERVICE_START_TIMEOUT, SERVICE_TELL_WARN_AFTER,
    SERVICE_INHERITED,
    SERVICE_TITLE = SERVICE_INHERITED, SERVICE_NEEDS, SERVICE_CRITICAL, SERVICE_ENABLED, SERVICE_NOTE, SERVICE_HEAL_STOPPED, SERVICE_CHECKS,
    SERVICE_HEAL, SERVICE_DEFAULTS, SERVICE_NOTIFY, SERVICE_ON_FAILURE,
    SERVICE_SETTINGS
};

extern const char *const work_check_settings[CHECK_SETTINGS];
extern const char *const work_service_settings[SERVICE_SETTINGS];

/* ---- operations, as described ---- */

enum option_type {
    OPTION_STRING, OPTION_PATH, OPTION_PEM, OPTION_INT, OPTION_NUMBER, OPTION_BOOL, OPTION_DURATION, OPTION_SIZE, OPTION_ENUM, OPTION_LIST,
    OPTION_MAP, OPTION_ADDRESS, OPTION_PATTERN, OPTION_GROUP, OPTION_TABLE, OPTION_TYPES
};

struct option {
    const char *name, *former, *help;
    enum option_type type;
    bool required, secret, obsolete;
    bool bounded_below, bounded_above;
    double min, max;            /* NUMBER */
    int64_t least, most;        /* INT, DURATION (ns), SIZE (bytes) */
    const char *const *choices; /* n_choices */
    size_t n_choices, n_fields;
    const struct option *fields;
    const struct node *fallback; /* NULL: none */
};

struct operation {
    const char *name; /* as in YAML */
    const char *own_name, *summary;
    size_t plugin;    /* plan, and model */
    bool action, blocking, repeatable, validates;
    bool unknown;     /* its plugin cannot be had: its options cannot be judged */
    const char *missing; /* why, then */
    enum model_impact impact;
    size_t n_options, n_metrics;
    const struct option *options;
    const struct model_metric *metrics;
};

/* ---- plans: what the files ask for, before it is judged ---- */

struct variable {
    const char *name, *text;
    size_t n;
    bool known, environment; /* known: false, what is wrong with it was told. environment: its value is not shown in problems */
    const struct node *key;
};

/* Line breaks are right in PEM text and nowhere else, so one that is used as both is two in the model. */
struct secret_use {
    bool used, pem; /* as what it was used first */
    bool needed;    /* by something that is not off */
    size_t twin;    /* for the other use; 0: none yet */
};

struct plugin_plan {
    struct config_plugin shown;
    const struct node *key; /* in `plugins:`, NULL: not there */
    const char *why;        /* it cannot be had; NULL: it can */
    bool described, tolerated, wrong;
};

struct service_plan {
    const char *name;
    const struct node *key;      /* where its name stands */
    const struct node *node;     /* its map */
    const struct node *defaults; /* of its file, or its own */
    const struct node *given[SERVICE_SETTINGS]; /* where the value in force stands; NULL: built in */
    bool twice;                  /* a service of that name came first: told, and left out */
    bool raised;                 /* needs_wait is its needs' longest timeout */
    bool unsure;                 /* nobody can tell whether it is enabled */
    size_t first_check, n_checks;
    size_t index;                /* in the model */
    const size_t *edges;         /* services that it needs (plans), with the place of each */
    const struct place *edge_places;
    size_t n_edges;
};

struct check_plan {
    const char *name, *full_name;
    const char *each;            /* the item that ${each} stands for; NULL: no for_each */
    const struct node *key, *node;
    const struct entry *type;    /* NULL: told to be wrong */
    size_t service;              /* plan */
    const struct node *given[CHECK_SETTINGS];
    const struct operation *operation;
    size_t index;                /* in the model */
};

struct runbook_plan {
    const char *name;
    const struct node *key, *node;
    bool twice;
    bool used;                   /* an entry of `heal:` names it: its plugins are asked for */
    size_t index;
};

/* What stands for `${params.x}`. */
struct binding {
    const struct model_runbook *runbook;
    size_t n;
    const struct model_binding *with;
};

struct validation_plan {
    struct config_validation shown;
    size_t check;                /* plan; MODEL_NONE: a runbook's step */
    const struct operation *operation; /* of the step */
    const struct entry *type;
};

/* A line of `config show` that stands apart from services and checks. */
struct shown {
    const char *name, *value;
    const struct node *from;     /* NULL: built in */
    const char *word;            /* instead of a place: "$TALON_STATE"; NULL */
};

/* What has to be given back to others than an arena. */
struct held {
    void (*release)(void *);
    void *arg;
};

struct config {
    struct arena *arena, *made;
    bool failed;     /* no memory: nothing is done any more */
    bool lacked;     /* no memory for a part of it */
    bool alone;      /* a service file (or runbook) without a main file */
    bool checked;
    bool off; /* what is read now is switched off */
    bool programs_only;
    const struct config_request *request; /* while it is read */
    struct problems *problems;
    size_t compared; /* names, of WORK_NEAREST */

    const char *file, *given; /* the main file: absolute, and as the caller named it */
    const char *const *plugin_folders;
    const char *runbook_folder;
    const struct config_source *packed; /* for config_read() alone */

    struct vector sources;  /* struct source * */
    struct vector listed;   /* struct config_file */
    struct vector folders;  /* const char *, NULL at the end */
    const struct node *root; /* of the main file */
    const struct node *defaults; /* of the main file */
    size_t n_service_files;

    struct config_validation *validation_list;
    size_t n_validation_list;
    const struct variable *variables_by_name[WORK_NAMED]; /* as many as there are variables */
    struct variable *variables;
    size_t n_variables;
    struct vector plugins, services, checks, runbooks, operations, validations, settings;
    const char **plugin_names; /* that lie in the plugin folders, with their paths */
    const char **plugin_paths;
    size_t n_plugin_names;
    const char **check_words; /* settings and check types, for the nearest one */
    size_t n_check_words;
    struct config_plugin *plugin_list;
    size_t n_plugin_list;
    const struct service_plan **services_by_name; /* sorted, without those that are there twice */
    const struct check_plan **checks_by_name;
    size_t n_services_by_name, n_checks_by_name;
    const char **service_names, **check_types, **secret_names, **path_names, **runbook_names;
    size_t n_service_names, n_check_types, n_secret_names, n_path_names, n_runbook_names;

    const char *each;   /* of the check that is being read */
    const struct node *params; /* of the runbook that is being read: `${params.x}` stays as it is, but for a binding. NULL: none is */
    const struct binding *binding; /* NULL: none */
    size_t n_steps;     /* of all runbooks, once for each use */
    struct model *model; /* being made */
    struct model_secret *secrets; /* of the model: n_secrets as they are written, behind them twins of those that are used in both ways */
    size_t n_secrets;
    struct secret_use *secret_uses;          /* one for each that is written */
    const struct model_secret **secrets_by_name;

    struct buffer filled;     /* a text with its variables */
    struct buffer full, bare; /* confs are written here: with holes, and without the options that have some */
    struct buffer scratch;    /* of work_scratch() */
    struct tree *reader;      /* of tree.c: one for all files */
    struct vector lost;       /* const char *: names that may stand in what could not be read */
    struct held held[WORK_HELD]; /* what a jump out of a step would leak */
    size_t n_held;
    size_t conf_bytes;
};

/* Whatever jumps out of the step that is being taken: release(arg) is called. Later ones are released first. */
void work_hold(struct config *c, void (*release)(void *), void *arg);
/* Releases what was held last. */
void work_release(struct config *c);
/* An empty buffer for a text of at most max bytes (0: no bound), until the next call. */
struct buffer *work_scratch(struct config *c, size_t max);
/* A name that may stand in what could not be read: where it is used, nothing is said of it. */
void work_lost(struct config *c, const char *name);
/* The same for a file: named as what it holds, most often. */
void work_lost_file(struct config *c, const char *path);
bool work_is_lost(const struct config *c, const char *name);
/* The places of a node, in the model's terms. */
struct model_place work_place(struct config *c, struct place at);
struct place work_file_place(const struct source *source);
/* The plan of that service, NULL: none. */
const struct service_plan *work_service(const struct config *c, const char *name);
/* By "service.check". */
const struct check_plan *work_check(const struct config *c, const char *service, const char *check);
struct service_plan *work_service_at(const struct config *c, size_t i);
struct check_plan *work_check_at(const struct config *c, size_t i);
struct plugin_plan *work_plugin_at(const struct config *c, size_t i);
/* "`Redis` is no name of a service: ..." */
void work_bad_name(struct config *c, const struct node *name, const char *of);
/* A line for config show. name and value are copied. */
void work_show(struct config *c, const char *name, const char *value, const struct node *from);
/* Tells every key of the map that is none of n names, with the one that was meant, or where it belongs. */
void work_keys(struct config *c, const struct node *map, const char *const *names, size_t n);
/* The note for "level:info", which YAML takes for one word. False: the key is not like that. */
bool work_note_blank(struct config *c, const char *key);
/* Is one of those keys meant to be `name`? Then nobody needs to be told that it is missing. */
bool work_misspelt(struct config *c, const struct node *map, const char *const *names, size_t n, const char *name);

#endif
