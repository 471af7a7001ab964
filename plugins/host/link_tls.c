/*
 * TLS on a connection: at once when it is made, or later, when a protocol that began in plain text has agreed on it (STARTTLS). The later one must not believe
 * what came in plain text: whoever sits in between could have said it, so what the peer said beyond its go-ahead ends the connection.
 */
#include "die.h"
#include "link.h"
#include "op_connect.h"

#include <string.h>

void link_tls_trouble(struct link *link)
{
    struct talon_error error;
    const char *why;

    modules_tls(&why)->error(link->session, &error);
    trouble_copy(&link->trouble, &error);
}

void link_up(struct link *link)
{
    const struct talon_error none = no_trouble();

    ev_timer_stop(turn_loop(), &link->timer);
    link->stage = LINK_UP;
    link_io_watch(link);
    link_tell(link, &none);
    if (link->session && !link->op.over)
        ev_feed_event(turn_loop(), &link->io, EV_READ); /* TLS may hold bytes already, of which the descriptor will not tell */
}

void link_shake_hands(struct link *link)
{
    const char *why;

    switch (modules_tls(&why)->handshake(link->session)) {
    case TLS_DONE:
        link->tls_ns = turn_now() - link->began;
        link->wants_write = false;
        link_up(link);
        break;
    case TLS_WANTS_READ:
    case TLS_WANTS_WRITE:
        break;
    case TLS_CLOSED:
    case TLS_FAILED:
        link_tls_trouble(link);
        link_over(link);
        break;
    }
}

void link_begin_tls(struct link *link)
{
    const char *why;
    const struct tls_module *tls = modules_tls(&why);

    link->stage = LINK_SHAKING_HANDS;
    if (link->give_up == NEVER)
        ev_timer_stop(turn_loop(), &link->timer);
    else
        turn_timer(&link->timer, link->give_up > turn_now() ? link->give_up - turn_now() : 0);
    link->session = tls ? tls->client(link->fd, &link->tls, link->host ? link->host : "localhost", NULL) : NULL;
    if (link->session) {
        link_shake_hands(link);
        return;
    }
    trouble_set(&link->trouble, TALON_E_LOCAL, 0, "local", "%s", tls ? "no memory for TLS" : why);
    link_over(link);
}

void link_copy_tls(struct link *link, const struct talon_tls *tls)
{
    struct talon_tls *own = &link->tls;

    if (!tls)
        return;
    link->secure = true;
    memcpy(own, tls, tls->size < sizeof *own ? tls->size : sizeof *own);
    own->size = sizeof *own;
    own->ca = must_string(own->ca);
    own->cert = must_string(own->cert);
    own->key = must_string(own->key);
    own->server_name = must_string(own->server_name);
}

/* ---- later, on a connection that stands in plain text */

/* Posted, so that the plugin has returned, and what it has used of the input is gone. */
static void begin_late(struct post *post)
{
    struct link *link = (struct link *)(void *)((char *)post - offsetof(struct link, op.post));
    struct owner_call call;

    owner_enter(link->op.owner, &call);
    if (link->stage == LINK_ENDING) {
        link_over(link); /* something has failed since */
    } else if (link->in.len > 0) {
        trouble_set(&link->trouble, TALON_E_PROTOCOL, 0, "protocol.bad", "the peer said more in plain text after it had agreed to TLS");
        link_over(link);
    } else {
        link->give_up = NEVER; /* it was a bound for the connection; this step has the run's */
        link_begin_tls(link);
    }
    if (!link->op.over)
        link_io_watch(link);
    owner_leave(&call);
}

static void on_late_loaded(struct module_wait *wait)
{
    struct link *link = (struct link *)(void *)((char *)wait - offsetof(struct link, wait));

    turn_post(&link->op.post, begin_late);
}

void op_secure(struct owner *owner, talon_op id, const struct talon_tls *tls)
{
    const struct talon_tls plain = { .size = sizeof plain };
    struct op *op = op_find(owner, id);
    struct link *link;

    if (!op || op->kind != &link_kind || link_of(op)->stage == LINK_ENDING)
        return;
    link = link_of(op);
    if (link->stage != LINK_UP || link->secure || link->broken || link->out.len > 0) {
        link_fail_local(link, "the plugin asked for TLS on a connection that is not up, has TLS already, or has still something to send");
        return;
    }
    link_copy_tls(link, tls ? tls : &plain);
    link->stage = LINK_LOADING;
    link_io_watch(link);
    if (modules_await(MODULE_TLS, &link->wait, on_late_loaded))
        on_late_loaded(&link->wait);
}
