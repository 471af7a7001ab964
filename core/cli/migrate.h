/* What the old program's two files say: the main one, and the one of the services that were added by hand. */
#ifndef CLI_MIGRATE_H
#define CLI_MIGRATE_H

#include "base/arena.h"
#include "base/buffer.h"

#include <stdbool.h>
#include <stdint.h>

enum { OLD_PROBES = 256, OLD_FILE_MAX = 64 << 10 };

struct old_texts {
    const char *const *texts;
    size_t n;
};

enum old_kind { OLD_HTTP, OLD_LAUNCHD, OLD_SCRIPT };

struct old_probe {
    enum old_kind kind;
    const char *name;
    const char *what; /* URL, label or shell command; NULL: it was not given, and said so */
    int64_t timeout, fail_after;
    bool critical;
    unsigned line;
};

/* What stands in the files; where something does not, the old program's default, unless that was one man's own: then NULL. */
struct old {
    int64_t interval, heal_timeout;
    const char *heal_script, *services_file;
    struct {
        const char *dir, *unless_loaded, *health, *sync, *log_out, *log_err, *env_file;
        struct old_texts command;
        int64_t port, drain, health_interval, health_failures, backoff_max, sync_delay, http_timeout;
    } worker;
    struct {
        int64_t agent_cooldown, sos_cooldown, after;
        const char *recipient, *chat, *secret;
    } escalation;
    struct {
        const char *cloud, *local;
        int64_t timeout;
    } agent;
    struct {
        int64_t colima_timeout, k8s_timeout, service_timeout, critical_after, escalate_after;
    } probes;
    struct {
        bool enabled;
        const char *bind;
    } health;
    struct old_probe found[OLD_PROBES];
    size_t n_found;
};

/* Where sentences go about what is wrong or cannot be carried: FILE:LINE:COLUMN: KIND: SENTENCE. */
struct old_notes {
    const char *file;
    unsigned errors;
};
void old_error(struct old_notes *notes, unsigned line, unsigned column, const char *sentence);
__attribute__((format(printf, 4, 5))) void old_note(struct old_notes *notes, unsigned line, unsigned column, const char *format, ...);

/* Reads the main file, then the services; what is returned by them lives in the arena. Errors are counted in notes. */
void old_read_config(struct arena *arena, const char *bytes, size_t n, struct old *old, struct old_notes *notes);
void old_read_services(struct arena *arena, const char *bytes, size_t n, struct old *old, struct old_notes *notes);

/* Appends the new configuration: what stood in the files, and what the old program watched by itself, which is in the profile. `profile` is that file's
 * text, `checks` the folder of the shipped service files. False: the profile has no `vars:`. */
bool old_write(const struct old *old, const char *profile, const char *checks, struct buffer *out);
/* Says on standard error what could not be carried, and why. */
void old_tell_lost(const struct old *old, struct old_notes *notes);

#endif
