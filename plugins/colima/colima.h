/* What the files of the `colima` plugin share: the options, and what stands in the folder of a Lima instance. */
#ifndef COLIMA_H
#define COLIMA_H

#include <talon/plugin.h>

#include <sys/types.h>

enum colima_ssh { COLIMA_SSH_OFF, COLIMA_SSH_BANNER, COLIMA_SSH_LOGIN };

struct colima_conf {
    const char *folder, *ssh_host;
    int32_t ssh;
    uint64_t warm_up, stop_within;
};

struct inside_conf {
    const char *folder, *ssh_host;
    const char *const *ports;
    int32_t docker;
    const char *disk, *nested;
    double warn, fail;
};

struct forwarder_conf {
    const char *folder;
    int64_t warn, fail, most_usernet;
};

struct action_conf {
    const char *profile, *command, *path;
    uint64_t stop_within;
};

struct usernet_conf {
    const char *folder;
};

struct usernet_state { /* of a run */
    unsigned found;
    uint64_t began_ns;
};

struct action_state { /* of a run */
    int cycles; /* after the stop comes a start */
};

/* One of Lima's pid files. */
struct lima_process {
    pid_t pid;     /* 0: there is no such file, or no number in it */
    int alive;     /* as far as signals can tell */
    int64_t since; /* when the file was written, unix seconds */
};

struct lima {
    const char *driver_name; /* "vz" */
    struct lima_process agent, driver;
    int running, degraded, exiting; /* as its agent has said since it began */
    int64_t exiting_at;             /* unix ns */
    const char *errors;             /* why it is degraded; "": it did not say */
    const char *waits_for;          /* the last thing that its log says it waits for; "": none */
    const char *crash;              /* what its log says of the driver's end; "": nothing */
    int64_t signalled_at;           /* when it was told to shut down, unix ns; 0: it was not */
};

/* Reads the folder. 0: there is none, or it cannot be read, and errno says why. */
int lima_look(struct talon_run *run, const char *folder, struct lima *lima);

/* The operations `inside` and `forwarder`, each in a file of its own. */
extern const struct talon_option inside_options[], forwarder_options[];
extern const struct talon_metric inside_metrics[], forwarder_metrics[];
int inside_validate(const void *given, struct talon_problem *problem);
int forwarder_validate(const void *given, struct talon_problem *problem);
void inside_start(struct talon_run *run);
void forwarder_start(struct talon_run *run);

/* The actions. */
extern const struct talon_option action_options[], cycle_options[], usernet_options[];
extern const struct talon_metric action_metrics[], usernet_metrics[];
void usernet_start(struct talon_run *run);
int action_validate(const void *given, struct talon_problem *problem);
void action_start(struct talon_run *run);
void action_stop(struct talon_run *run);
void action_force_cycle(struct talon_run *run);

/* When this machine was started, unix seconds; 0: not known (a file for each system). */
int64_t colima_boot_time(void);

#endif
