/* Between trial.c and trial_ops.c: the operations that wait for others. */
#ifndef TRIAL_H
#define TRIAL_H

#include <talon/plugin.h>

void trial_sleep(uint64_t ns);

struct trial_timer_conf {
    uint64_t delay;
    int32_t defer; /* asks for the next timer only in the first one's callback */
};

struct trial_watch_conf {
    int32_t listen, ready, bad, close; /* hears TALON_LATE; the pipe holds a byte; no descriptor; closes it while it is watched */
};

struct trial_many_conf {
    const char *kind;
    int64_t count;
};
struct trial_many_state {
    int local, other, told;
};

struct trial_connect_conf {
    struct talon_address address;
    const char *send;
    uint64_t max_input, timeout, flood; /* flood: bytes to be sent in one go */
    int32_t lines, listen, tls, stop;   /* lines: uses whole lines; listen: wants data; stop: stops it when it is up */
    int64_t secure;                     /* so often it asks for TLS once the first line has come, of which it uses no more than that */
};
struct trial_connect_state {
    talon_op link;
    size_t heard, calls;
};

struct trial_spawn_conf {
    const char *const *command, *const *env;
    const char *input, *folder;
    uint64_t timeout, grace, max_output;
    int32_t stream, stop, greedy, lasting; /* stop: stops it at its first output; greedy: uses nothing of the stream */
};
struct trial_spawn_state {
    talon_op child;
    size_t lines;
};

struct trial_share_conf {
    const char *key;
    uint64_t delay; /* until the shared wakes; 0: never */
    int32_t nudge;
};
struct trial_share_state {
    struct talon_run *shared;
};

struct trial_http_conf {
    const char *url;
};

extern const struct talon_option trial_timer_options[], trial_watch_options[], trial_many_options[], trial_connect_options[], trial_spawn_options[],
    trial_share_options[], trial_http_options[];

void trial_timer(struct talon_run *run);
void trial_watch(struct talon_run *run);
void trial_many(struct talon_run *run);
void trial_connect(struct talon_run *run);
void trial_spawn(struct talon_run *run);
void trial_share_setup(struct talon_run *instance);
void trial_share(struct talon_run *run);
void trial_http(struct talon_run *run);

#endif
