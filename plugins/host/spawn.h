/* A child process as an operation: between op_spawn.c (its life), spawn_io.c (its input and output) and spawn_command.c (what is run). */
#ifndef HOST_SPAWN_H
#define HOST_SPAWN_H

#include "base/buffer.h"
#include "children.h"
#include "op.h"
#include "output.h"
#include "trouble.h"
#include "turn.h"
#include "waiting.h"

#include <ev.h>

enum { SPAWN_OUTPUT = 65536 };

/* What is run: copies in one piece of memory. */
struct spawn_command {
    const char **argv, **env; /* the whole environment, with the mark in env[0] */
    char *folder, *input;
    size_t input_len;
    bool lasting;
    char mark[CHILD_MARK];
};

struct spawn {
    struct op op; /* first */
    talon_exit_fn *done;
    talon_data_fn *data;
    struct spawn_command command;
    struct waiting waiting;
    struct child *child;              /* NULL: not started yet, or over */
    int in, out, err;                 /* our ends; -1: closed */
    ev_io in_io, out_io, err_io;
    size_t written;                   /* of the input */
    size_t max_output;
    struct output out_kept, err_kept;
    struct buffer unused;             /* standard output that `data` has not used yet */
    ev_timer timer;                   /* its own timeout */
    uint64_t timeout, grace;          /* ns */
    uint64_t asked, began, ended;     /* by turn_now(); 0: not yet */
    bool exited, timed_out, lacks_fds; /* lacks_fds: what it waits for */
    int status;
    struct trouble trouble;
};

/* ---- spawn_command.c */
void spawn_command_copy(struct spawn_command *to, const struct talon_command *from);
void spawn_command_free(struct spawn_command *command);
/* The mark is another for each child: written when it is started. */
void spawn_command_mark(struct spawn_command *command);

/* ---- spawn_io.c */
/* Makes the pipes; theirs are to be closed by the caller. False: errno. */
bool spawn_pipes(struct spawn *spawn, int theirs[3]);
/* Watches them. */
void spawn_io_begin(struct spawn *spawn);
void spawn_io_end(struct spawn *spawn);
/* Takes what is in the pipes now: the last words of a child whose end was seen before them. Within owner_enter(). */
void spawn_io_drain(struct spawn *spawn);

/* ---- op_spawn.c, for spawn_io.c */
/* An output was closed: it may be over. */
void spawn_look(struct spawn *spawn);
/* The plugin has left more unused than it wanted to keep. */
void spawn_too_big(struct spawn *spawn);

#endif
