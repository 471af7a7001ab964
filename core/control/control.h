/*
 * The control socket: HTTP on a unix socket, by which a person at this host tells the running daemon to do something. Its own thread reads requests and says
 * who may ask; what is asked is carried out on the daemon's loop, one command after the other, while the connection waits. It knows no command: those
 * are a table of whoever starts it.
 *
 * Bounded: 32 connections, requests of 64 KiB that are whole within 5 s, 10 s for a command.
 */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>

struct ev_loop;
struct control;
struct control_ask; /* a request whose answer is waited for */

enum {
    CONTROL_NAME = 128,       /* bytes of a name in a path */
    CONTROL_USER = 64,        /* of the name of who asks */
    CONTROL_BODY = 64 << 10,  /* bytes of a request */
    CONTROL_ASKS = 64,        /* that the loop has and has not answered, in all */
};

struct control_command {
    const char *method;  /* "POST" */
    const char *path;    /* "/v1/plugins/ * /clear", without blanks: the part that is a star stands for a name */
    /* On the loop. The ask is yours until control_answer(), which may come later, and has to come. */
    void (*call)(void *arg, struct control_ask *ask);
};

struct control_settings {
    struct ev_loop *loop;
    const char *path;                        /* of the socket, absolute */
    const char *group;                       /* its members may use it; NULL: only its owner and root */
    const struct control_command *commands;  /* borrowed, n_commands of them */
    size_t n_commands;
    void *arg;
};

/* Makes the socket and starts the thread. NULL: why is a sentence; may be tried again. Copies path and group. */
struct control *control_start(const struct control_settings *settings, char *why, size_t why_size);
/* Removes the socket, ends the thread. Asks that wait are told that the daemon ends; nothing is called any more, and every ask is gone. NULL: nothing. */
void control_stop(struct control *control);

/* Is the socket where it was put? Somebody may have removed or replaced the file. */
bool control_is_there(const struct control *control);

/* The name in its path; "": its command has none. Borrowed, as long as the ask is yours. */
const char *control_name(const struct control_ask *ask);
/* Who asks, as the kernel knows it: the user's name, "user 1000" where there is none. Borrowed, as long as the ask is yours. */
const char *control_user(const struct control_ask *ask);
/* What came with it. Borrowed, as long as the ask is yours. */
const struct buffer *control_body(const struct control_ask *ask);
/* The answer, JSON: takes the bytes (body is empty afterwards) and the ask. Nobody may wait for it any more: that is no matter. */
void control_answer(struct control_ask *ask, unsigned status, struct buffer *body);
/* {"ok":false,"error":"not_found","message":"..."} as an answer. */
void control_refuse(struct control_ask *ask, unsigned status, const char *error, const char *message);

#endif
