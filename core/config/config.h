/*
 * YAML to a checked model. Pure of loops and plugins: what plugins can do comes in as their descriptions, so the caller (core/load.c)
 * asks the hosts for them in between. Every mistake is collected with its place; there is no first error that hides the rest.
 *
 *   config_read()        files, includes, YAML, variables: what can be said without any plugin, and which plugins are named
 *   config_described()   for each plugin of config_plugins(): its description (docs/plugin-protocol.md), or why there is none
 *   config_check()       types, names, needs, conditions, secrets
 *   config_refused()     or config_unasked(), for what the plugins' own validation says (config_validations())
 *   config_model()       the model, or NULL where there was an error
 */
#ifndef CONFIG_H
#define CONFIG_H

#include "base/buffer.h"
#include "model.h"

struct config;

/* ---- problems ---- */

enum config_severity { CONFIG_ERROR, CONFIG_WARNING };

struct config_problem {
    enum config_severity severity;
    struct model_place place;
    const char *message;
    const char *note;              /* NULL: none. "did you mean `timeout`?", "first defined here" */
    struct model_place note_place; /* file NULL: that of the problem */
};

/* Sorted by file in reading order and by place; at most 100, then `more` says how many were left out. Borrowed. */
const struct config_problem *config_problems(const struct config *config, size_t *n, size_t *more);
size_t config_errors(const struct config *config);
/* "FILE:LINE:COLUMN: error: SENTENCE\n" and its note line; control characters shown as \xNN. */
void config_show_problem(const struct config_problem *problem, struct buffer *out);
/* {"ok":false,"problems":[{"file","line","column","severity","message","hint"}]} */
void config_problems_json(const struct config *config, struct buffer *out);

/* ---- reading ---- */

/* A variable of the main file that has another value than it says there. */
struct config_variable {
    const char *name, *text;
};

struct config_request {
    const char *file;                 /* the main file, or (validate) a service file alone */
    const char *const *plugin_folders;/* where shipped plugins lie (NAME.so), NULL-terminated: to know names and paths without loading */
    const char *runbook_folder;       /* of the installed runbooks; NULL: none */
    const struct config_source *sources; /* instead of the disk: the last good configuration; NULL: read files */
    bool programs_only;               /* of the checks only those that programs' health hangs on are enabled */
    size_t n_variables;
    const struct config_variable *variables;
    const char *old_style;            /* reserved for the old TOML files: NULL */
};

/* One file as it was read. */
struct config_file {
    const char *path;  /* absolute */
    const char *text;
    size_t n;
    int64_t mtime_ns;  /* and inode: to see changes */
    uint64_t inode;
};

/* Never NULL but for no memory. Copies the request. */
struct config *config_read(const struct config_request *request);
void config_free(struct config *config);

/* The settings as far as they could be read, defaults for the rest: known before any plugin is, since it takes them to start one. Borrowed. */
const struct model_settings *config_settings(const struct config *config);

/* A plugin that the configuration names, by check types and `plugins:`. */
struct config_plugin {
    const char *name;
    const char *path;             /* NULL: `command`, or not found (then config_check() reports it at each use) */
    const char *const *command;
    bool shipped, own_host;
};
const struct config_plugin *config_plugins(const struct config *config, size_t *n);
/* description: JSON text, copied; NULL: it cannot be had, `why` is a sentence. Checks of a plugin that cannot be had are no errors of the configuration
 * when `tolerate` (the daemon: they become unknown, design.md 10), and errors at each use otherwise (validate). */
void config_described(struct config *config, const char *plugin, const char *description, const char *why, bool tolerate);
/* May be called once, after every plugin was described. */
void config_check(struct config *config);

/* What the plugins' own validation is to be asked, after config_check(): one for each use of an operation that `validates`. */
struct config_validation {
    const char *plugin, *operation;
    const char *conf;             /* JSON; options whose values are secrets are left out */
};
const struct config_validation *config_validations(const struct config *config, size_t *n);
/* The plugin refuses validation i: `option` (dotted; NULL: the whole) is wrong, text says why. Becomes an error at that option's place. */
void config_refused(struct config *config, size_t i, const char *option, const char *text);
/* The plugin could not be asked validation i (it died, or did not answer), which is no fault of the configuration: becomes a warning at the check. The
 * plugin is asked again when the check is set up. */
void config_unasked(struct config *config, size_t i, const char *text);

/* The model, with one user, or NULL where there are errors (or no memory). Call once, last. */
struct model *config_model(struct config *config);
/* Was there no memory for it, or for a part of it? Then what is said of it may not be true: read it again. */
bool config_no_memory(const struct config *config);

/* The files that were read, the main one first: for the watch on changes and for the last good copy. Borrowed. */
const struct config_file *config_files(const struct config *config, size_t *n);
/* Folders whose content decides what is included (a new file there is a change), and files that were refused. NULL-terminated. Borrowed. */
const char *const *config_folders(const struct config *config);

/* ---- the effective values (talon config show): "services.redis.checks.ping.every = 15s   # talon.yaml:12" lines; name NULL: all. Secrets as ******. ---- */
void config_show(const struct config *config, const char *name, struct buffer *out);

/* ---- the runbooks that services ask for (talon validate): a line for each entry of `heal:` with its impact and limits; a JSON array of the same ---- */
void config_show_heal(const struct model *model, struct buffer *out);
void config_heal_json(const struct model *model, struct buffer *out);
/* "attempts 2, cooldown 15m, ..." */
void config_show_limits(const struct model_limits *limits, struct buffer *out);

/* ---- the last good configuration: source text with its includes, never expanded values ---- */

struct config_source;
/* All files in one text, to be written to the state folder. */
void config_pack(const struct config *config, struct buffer *out);
/* The way back. NULL: not such a text (or no memory). */
struct config_source *config_unpack(const char *text, size_t n);
void config_source_free(struct config_source *source);

/* ---- JSON Schema for editors, from descriptions: names and descriptions in step, n of them ---- */
void config_schema(const char *const *descriptions, size_t n, struct buffer *out);

#endif
