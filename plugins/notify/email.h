/*
 * The mail of `notify.email`: between email.c (what is configured), email_talk.c (what is said to the server), email_reply.c (what it answers)
 * and email_letter.c (the letter itself).
 */
#ifndef NOTIFY_EMAIL_H
#define NOTIFY_EMAIL_H

#include "notify.h"

enum { EMAIL_TLS_LATER, EMAIL_TLS_AT_ONCE, EMAIL_TLS_NONE }; /* the option `tls` */
enum { EMAIL_WORDS = 400, EMAIL_MOST_TO = 50 };

/* ---- email_reply.c: an answer has one line or more, `250-like this` and `250 this` */

enum email_reply_state { EMAIL_MORE, EMAIL_WHOLE, EMAIL_NO_REPLY };

struct email_reply {
    int code; /* 0: no line yet */
    unsigned lines;
    size_t n;
    char words[EMAIL_WORDS]; /* of all lines, as far as they fit; no string */
    int starttls, plain, login; /* what the lines offer, where they answer EHLO */
};

/* One more line, without its end. */
enum email_reply_state email_reply_line(struct email_reply *reply, const char *line, size_t n);

/* ---- email_talk.c: what is said */

/* What is waited for. */
enum email_step { CONNECTING, GREETING, HELLO, AGREEING, SECURING, PASSWORD_PLAIN, LOGIN_USER, LOGIN_PASSWORD, LOGIN_END, SENDER, RECIPIENT, READY, LETTER };

struct email {
    struct notify notify; /* first: all channels begin so */
    talon_op link;
    enum email_step step;
    struct email_reply reply, refusal; /* refusal: the first recipient that was not taken */
    size_t recipient, taken, later;
    int secure, over; /* TLS stands; the run is over */
};

/* What comes, and what becomes of the connection: the callbacks of connect(). */
size_t email_heard(struct talon_run *run, void *arg, const char *bytes, size_t n, int last);
void email_linked(struct talon_run *run, void *arg, const struct talon_link *link);

/* ---- email.c */

/* User and password, or one of them, as AUTH PLAIN and AUTH LOGIN want them. */
const char *email_plain_login(struct talon_run *run);
const char *email_encoded(struct talon_run *run, const char *text);

/* ---- email_letter.c */

/* Headers and text as they go over the wire, with the dot that ends it. */
const char *email_letter(struct talon_run *run);

#endif
