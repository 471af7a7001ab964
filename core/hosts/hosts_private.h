/*
 * What the files of core/hosts share.
 *
 *   hosts       all of it: the lists, the clock that pings
 *   host        a place where plugins run; lives on while its processes come and go
 *   process     one talon-host (or command) from its start until it is reaped
 *   plugin      what is known of one plugin; belongs to a host
 *   validation  a question to a plugin
 *   instance    one use of an operation, with the one run that it may have
 *
 * Whatever is to be sent waits in a list of its host and is sent by host_pump(), once in each turn of the loop; so a message needs no memory
 * while it waits, is never sent to a process that is not ready for it, and is sent again, by being put into the list, to the next process.
 */
#ifndef HOSTS_PRIVATE_H
#define HOSTS_PRIVATE_H

#include "hosts/hosts.h"

#include "base/buffer.h"
#include "base/moment.h"
#include "base/os/crumb.h"
#include "base/os/lines.h"
#include "hosts/chatter.h"
#include "hosts/ids.h"
#include "hosts/list.h"

enum {
    HOSTS_LINE = 4 << 20,   /* bytes of a message */
    HOSTS_FULL = 1 << 20,   /* bytes queued for a host that hold back what is not urgent */
    HOSTS_QUEUE = 16 << 20, /* bytes queued beyond which the host is ended: it does not read */
    HOSTS_SAVED = 4096,     /* bytes that an instance may save */
    HOSTS_TEXT = 512,       /* a sentence */
    HOSTS_REASON = RESULT_REASON_SIZE,
    HOSTS_NAME = 128,
    HOSTS_DEATHS = 5,       /* in ten minutes: quarantine */
};

/* ns. All that takes time, in one place, so that unit tests need not wait for it. */
struct hosts_times {
    uint64_t tick;         /* between pings */
    uint64_t busy;         /* so long in one call: told */
    uint64_t answer;       /* to say hello, to describe, to validate */
    uint64_t setup;        /* to set up, before it is asked again */
    uint64_t quit;         /* from quit or SIGABRT to SIGKILL */
    uint64_t closing;      /* from a closed socket to the end of the process */
    uint64_t death;        /* from SIGKILL until nobody waits any more */
    uint64_t pause, longest_pause, good; /* before a restart: the first, the longest; a life that needs none */
    uint64_t death_window; /* HOSTS_DEATHS in it: quarantine */
    uint64_t try_again;    /* until what was refused for good is tried again */
    uint64_t grace;        /* from a run's deadline until its host is taken as stuck */
    uint64_t nudge;        /* between two nudges of a check */
};

struct cJSON;

/* ---- one process ---- */

enum process_state {
    PROCESS_HELLO,     /* started, has not said hello */
    PROCESS_UP,
    PROCESS_STOPPING,  /* was told to quit, or sent SIGABRT: SIGKILL follows in a second */
    PROCESS_DYING,     /* has closed its socket or was sent SIGKILL: soon reaped */
    PROCESS_ABANDONED, /* survived SIGKILL; nobody waits for it */
};

enum end_kind {
    END_OUTSIDE, /* killed by somebody else: nobody is to blame */
    END_FAULT,   /* crashed, left, broke the protocol */
    END_BLOCKED, /* stood still */
    END_START,   /* could not be started, or never said hello */
};

struct process_end {
    enum end_kind kind;
    char text[HOSTS_TEXT];          /* "SIGSEGV", "exit code 3", "sent ..." */
    struct crumb in;                /* what it was in; since 0: it did not tell */
    struct hosts_instance *culprit; /* whose run that was; NULL: it was in no run */
};

struct process {
    struct link link; /* hosts->processes */
    struct hosts *hosts;
    struct host *host; /* NULL: it no longer serves anything */
    char name[HOSTS_NAME];
    pid_t pid;
    enum process_state state;
    struct lines *lines;
    struct ids ids;
    struct chatter chatter;
    ev_io readable, writable;
    ev_child child;
    ev_timer again, timer; /* lines that wait in memory; the next thing that is due in its state */
    struct crumb *crumb;   /* NULL: none could be had */
    char crumb_name[CRUMB_NAME]; /* "": the host has it */
    struct process_end end;
    bool killed;           /* by us, for end */
    uint64_t up_since;     /* elapsed; 0: it has not said hello */
    uint64_t asked, answered; /* sequence of the last ping and pong */
    uint64_t told;         /* since when it was in the plugin of which it was last told that it is kept busy */
    bool seen_stopped;     /* at the last look */
};

/* Starts argv for host. NULL: why is a sentence. */
struct process *process_start(struct host *host, const char *const *argv, char *why, size_t why_size);
/* Queues a line. False: no memory or the queue is full. */
bool process_send(struct process *process, const struct buffer *line);
/* The same for what must not get lost: without room the process is ended. */
void process_must_send(struct process *process, const struct buffer *line);
size_t process_queued(const struct process *process);
void process_flush(struct process *process);
/* It has said hello. */
void process_up(struct process *process);
/* Is it to be believed and spoken to? */
bool process_speaks(const struct process *process);
/* Ends it at once for a reason that its log line and its checks tell. Its host hears of it by host_ended(), later. */
__attribute__((format(printf, 3, 4))) void process_end(struct process *process, enum end_kind kind, const char *format, ...);
/* It no longer serves its host, which hears nothing more of it: told to quit, killed a second later. */
void process_quit(struct process *process);
/* Every 2 s: pings. late: the core itself stood still, so an old ping proves nothing. */
void process_tick(struct process *process, bool late);
/* A moment after that: if the ping is not answered, logs what the host is in. */
void process_tell_busy(struct process *process);
/* Its pong has come: once all have, nobody need look. */
void process_answered(struct process *process, uint64_t sequence);
/* Ends one that a signal has stopped, and that was so at the look before as well: nobody blames it. */
void process_look(struct process *process);
void process_free(struct process *process);
/* "SIGSEGV", "exit code 3" */
void process_status_text(int status, char *out, size_t n);
/* Ends all within a second, without the caller's loop. */
void process_stop_all(struct hosts *hosts);

/* ---- a host ---- */

enum host_state { HOST_IDLE, HOST_STARTING, HOST_RUNNING, HOST_WAITING, HOST_QUARANTINED };

struct host {
    struct link link; /* hosts->hosts */
    struct hosts *hosts;
    char name[HOSTS_NAME];
    bool shared;
    enum host_state state;
    struct process *process; /* NULL: none */
    struct link plugins;     /* plugin.in_host */
    struct link to_load;     /* plugin.queue */
    struct link to_ask;      /* validation.queue */
    struct link to_set_up;   /* instance.queue */
    struct link to_start;    /* instance.run.queue */
    struct plugin *loading;  /* the one whose load is not answered: one at a time, so that a death in it has a name */
    ev_timer restart;
    uint64_t back_off, due;  /* the last pause, and when it ends (awake) */
    bool unstartable;        /* its last process never said hello, by its own fault */
    unsigned deaths;
    uint64_t blamed[HOSTS_DEATHS]; /* elapsed; 0: none */
    char last_end[HOSTS_TEXT];     /* "": it never died */
    enum end_kind last_kind;
    double late_ms[2];       /* the worst of this half minute and of the one before */
    unsigned late_ticks, idle_ticks;
};

struct host *host_make(struct hosts *hosts, const char *name, bool shared);
/* Its process is told to quit, and it is freed. It must have no plugins. */
void host_retire(struct host *host);
/* Starts a process unless one is there, on its way, or waited for. */
void host_need(struct host *host);
/* Another process at once, without blame. */
void host_renew(struct host *host);
/* Ends its quarantine. False: it is in none. */
bool host_clear(struct host *host);
/* Sends what waits, as long as there is room. */
void host_pump(struct host *host);
void host_tick(struct host *host);
/* From its process. */
void host_up(struct host *host);
void host_ended(struct host *host, const struct process_end *end, uint64_t lived);
void host_late(struct host *host, double late_ms);
/* Why nothing can run on it before `deadline`: fills reason and text. False: it may yet. */
bool host_hopeless(const struct host *host, uint64_t deadline, const char **reason, char text[HOSTS_TEXT]);

/* ---- plugins ---- */

enum plugin_state { PLUGIN_NEW, PLUGIN_LOADING, PLUGIN_LOADED, PLUGIN_REFUSED };

struct plugin {
    struct link link;    /* hosts->plugins; a later version is in no list */
    struct link in_host, queue;
    struct hosts *hosts;
    struct host *host;
    char *name, *path;   /* path NULL: command */
    char **command;      /* NULL-terminated */
    bool own;
    uint64_t identity;   /* of its files */
    enum plugin_state state;
    char *description;   /* NULL: none yet */
    char **actions;      /* names of operations that are actions, NULL-terminated; NULL: none */
    char reason[HOSTS_REASON], why[HOSTS_TEXT]; /* of the refusal */
    uint64_t again_at;   /* awake: when a refused one may be loaded again */
    struct link instances, describing, validations;
    struct plugin *later; /* its file has changed: the new one, in a host of its own until an instance of it is set up. NULL: none */
};

struct plugin *plugin_find(const struct hosts *hosts, const char *name);
/* What to set an instance up in: where a later version was described, that takes over now. NULL: nobody described it. */
struct plugin *plugin_for_setup(struct hosts *hosts, const char *name);
/* Its process answered `load`. The message is borrowed; false: it holds no description. */
bool plugin_described(struct plugin *plugin, const struct cJSON *description);
void plugin_refused(struct plugin *plugin, const char *reason, const char *why);
/* Puts it among those to be loaded. */
void plugin_load(struct plugin *plugin);
/* Its process is gone: it is to be loaded again. */
void plugin_lost(struct plugin *plugin);
/* Its host cannot be started: those who wait for its description hear it now. */
void plugin_unreachable(struct plugin *plugin, const char *why);
/* Is that operation an action? */
bool plugin_is_action(const struct plugin *plugin, const char *operation);
/* From the shared host, which it has ended, to one of its own: that is returned, idle. NULL: no memory, it stays where it is. */
struct host *plugin_move_apart(struct plugin *plugin);
/* It must have no instances. */
void plugin_free(struct plugin *plugin);

/* The copy of what a request says; NULL: no memory. No host yet. */
struct plugin *plugin_make(struct hosts *hosts, const struct hosts_plugin *request);
bool plugin_is_same(const struct plugin *plugin, const struct hosts_plugin *request);
/* A number that differs when one of the files of a plugin does. */
uint64_t plugin_identity(const struct hosts *hosts, const char *path, const char *const *command);

/* ---- questions for a description ---- */

struct describing {
    struct link link; /* plugin->describing */
    struct plugin *plugin;
    hosts_described_fn *done;
    void *arg;
    ev_timer timer;
    bool hurry;       /* the answer is known */
};

/* The answer is known: all who wait hear it at the next turn of the loop. */
void describing_answer(struct plugin *plugin);
void describing_free(struct describing *describing);

/* ---- validation ---- */

struct validation {
    struct link link;      /* plugin->validations, or hosts->validations */
    struct link queue;
    struct hosts *hosts;
    struct plugin *plugin; /* NULL: there is none of that name */
    char *operation, *conf;
    hosts_validated_fn *done;
    void *arg;
    uint64_t id;           /* on the wire, 0: not sent */
    char text[HOSTS_TEXT]; /* what to say where the host says nothing */
    ev_timer timer;
};

/* The plugin is loaded. */
void validation_queue(struct plugin *plugin);
void validation_send(struct validation *validation, struct process *process);
/* Its process is gone; how NULL: in a planned way. */
void validation_lost(struct plugin *plugin, const char *how);
/* The plugin cannot be loaded. */
void validation_refused(struct plugin *plugin);
/* The answer has come. problems NULL: right. */
void validation_answer(struct validation *validation, const struct hosts_problem *problems, size_t n);
void validation_free(struct validation *validation);

/* ---- instances and runs ---- */

struct hosts_run {
    bool wanted;          /* somebody waits for its end */
    uint64_t id;          /* on the wire, 0: not sent */
    uint64_t timeout, deadline, begun; /* ns; awake; awake when it was sent */
    uint64_t left;        /* ns that it was sent with */
    unsigned flags;
    unsigned deaths;      /* of hosts, under it */
    unsigned patience;    /* times that its end was put off because the core was late */
    bool over;            /* `ending` is what it ends with at the next turn of the loop, even if NULL */
    struct result *ending;
    hosts_done_fn *done;
    void *arg;
    struct link queue;
    ev_timer timer;
};

enum instance_state { INSTANCE_NEW, INSTANCE_QUEUED, INSTANCE_SENT, INSTANCE_READY, INSTANCE_REFUSED };

struct hosts_instance {
    struct link link;      /* plugin->instances, or hosts->instances */
    struct link queue;
    struct hosts *hosts;
    struct plugin *plugin; /* NULL: there is none of that name */
    char *operation, *name, *conf;
    char *missing;         /* NULL: it can be run */
    size_t n_conf, n_saved;
    unsigned char *saved;  /* NULL: nothing */
    void (*nudge)(void *arg);
    void (*save)(void *arg, const void *bytes, size_t n);
    void *arg;
    enum instance_state state;
    uint64_t id;           /* on the wire, 0: none */
    char id_text[ID_TEXT];
    char reason[HOSTS_REASON], why[HOSTS_TEXT]; /* of the refusal */
    uint64_t sent_at, again_at; /* awake: of the last setup; when it may be tried again */
    uint64_t owed;         /* id of an earlier run that the host has yet to end, 0: none */
    uint64_t nudged_at;    /* awake, 0: never */
    ev_timer later;        /* a nudge that waits for its second */
    struct hosts_run run;
};

/* The plugin is loaded: set up what is not. */
void instance_queue(struct hosts_instance *instance);
void instance_send(struct hosts_instance *instance, struct process *process);
/* Its process is gone: it is to be set up again. */
void instance_lost(struct hosts_instance *instance);
void instance_ready(struct hosts_instance *instance);
void instance_refused(struct hosts_instance *instance, const char *reason, const char *why, bool again);
/* The host was asked too long ago: it is asked anew. */
void instance_again(struct hosts_instance *instance);
void instance_nudged(struct hosts_instance *instance);
void instance_saved(struct hosts_instance *instance, const void *bytes, size_t n);
/* NULL: none, or it is not to be spoken to. */
struct process *instance_process(const struct hosts_instance *instance);

void run_init(struct hosts_instance *instance);
/* Takes the run as far as it can go: to the host's queue, to its end, or nowhere (it waits). */
void run_advance(struct hosts_instance *instance);
void run_send(struct hosts_instance *instance, struct process *process);
/* Ends it at the next turn of the loop as unknown. */
void run_fail(struct hosts_instance *instance, const char *reason, const char *text);
/* Its process is gone; end NULL: in a planned way. */
void run_lost(struct hosts_instance *instance, const struct process_end *end);
/* The host has ended the run `id` of it. */
void run_answered(struct hosts_instance *instance, uint64_t id, const struct cJSON *message);
/* Nobody waits for it any more. */
void run_drop(struct hosts_instance *instance);

/* ---- the wire ---- */

/* Each sends one message. False: no memory or no room. */
bool wire_hello(struct process *process);
bool wire_load(struct process *process, const struct plugin *plugin);
bool wire_validate(struct process *process, const struct validation *validation);
/* too_long: it is no message at all, over 4 MiB. */
bool wire_setup(struct process *process, const struct hosts_instance *instance, bool *too_long);
bool wire_start(struct process *process, const struct hosts_instance *instance);
void wire_cancel(struct process *process, uint64_t run);
void wire_teardown(struct process *process, const struct hosts_instance *instance);
void wire_ping(struct process *process);
void wire_quit(struct process *process);
/* A line from the process. */
void wire_read(struct process *process, char *line, size_t n);
/* The result of a `done`; where it cannot be read, one that says so. took: how long it was out. NULL: no memory. */
struct result *wire_result(const struct cJSON *message, uint64_t took);

/* ---- all ---- */

struct hosts {
    struct ev_loop *loop;
    char *host_program, *child_path;
    struct hosts_limits limits;
    struct hosts_times times;
    struct link hosts, plugins, processes;
    struct link instances, validations; /* of no plugin */
    struct host *shared; /* NULL: not needed yet */
    ev_prepare prepare;
    ev_timer tick, look; /* pings; and a moment later a look at who has not answered */
    uint64_t ticked;     /* awake */
    struct buffer line;  /* the message being made */
    bool found;          /* a plugin that the configuration had to do without */
    void (*wire)(void *arg, const char *host, bool sent, const char *line, size_t n); /* NULL: nobody listens */
    void *wire_arg;
    unsigned abandoned;
};

#endif
