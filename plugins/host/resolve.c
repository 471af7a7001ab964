/*
 * Names to addresses: see resolve.h. Between loop and threads there are two lists under one lock: questions that wait for a thread, and questions that
 * were answered. A thread touches nothing else; an ev_async tells the loop.
 */
#include "resolve.h"

#include "die.h"
#include "trouble.h"
#include "turn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ev.h>
#include <limits.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 4, STACK = 512 * 1024, NAME = 256 };

struct question {
    struct question *next;      /* of those that wait, or were answered; under the lock */
    struct question *next_open; /* of those that are not answered; the loop's */
    struct resolve *askers;     /* the loop's; NULL: nobody wants to know any more */
    char host[NAME];
    int error, os;              /* of getaddrinfo() */
    struct addrinfo *found;
};

struct resolve {
    struct resolve *next, **at; /* of the question's */
    uint16_t port;
    bool literal;               /* no question: answer is ready */
    resolved_fn *done;
    void *arg;
    struct post post;
    struct resolved answer;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t asked = PTHREAD_COND_INITIALIZER;
static struct question *waiting, **waiting_end = &waiting, *answered; /* under the lock */
static unsigned idle;                                                /* under the lock */
static bool over;                                                    /* under the lock */
static unsigned threads;
static struct question *open_questions;
static ev_async told;

/* ---- in a thread */

static struct question *next_question(void)
{
    struct question *question;

    pthread_mutex_lock(&lock);
    idle++;
    while (!waiting)
        pthread_cond_wait(&asked, &lock);
    idle--;
    question = waiting;
    waiting = question->next;
    if (!waiting)
        waiting_end = &waiting;
    pthread_mutex_unlock(&lock);
    return question;
}

static void put_answer(struct question *question)
{
    pthread_mutex_lock(&lock);
    question->next = answered;
    answered = question;
    if (!over)
        ev_async_send(turn_loop(), &told);
    pthread_mutex_unlock(&lock);
}

static void *answer_questions(void *unused)
{
    const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };

    (void)unused;
    for (;;) {
        struct question *question = next_question();

        question->error = getaddrinfo(question->host, NULL, &hints, &question->found);
        question->os = question->error == EAI_SYSTEM ? errno : 0;
        put_answer(question);
    }
    return NULL;
}

/* ---- answers, in the loop */

static void leave(struct resolve *asker)
{
    if (!asker->at)
        return;
    *asker->at = asker->next;
    if (asker->next)
        asker->next->at = asker->at;
    asker->at = NULL;
}

static void set_port(struct sockaddr_storage *address, uint16_t port)
{
    if (address->ss_family == AF_INET)
        ((struct sockaddr_in *)(void *)address)->sin_port = htons(port);
    else
        ((struct sockaddr_in6 *)(void *)address)->sin6_port = htons(port);
}

static void copy_addresses(struct resolved *answer, const struct addrinfo *found)
{
    for (; found && answer->n < RESOLVE_MOST; found = found->ai_next) {
        if ((found->ai_family != AF_INET && found->ai_family != AF_INET6) || found->ai_addrlen > sizeof answer->addresses[0])
            continue;
        memcpy(&answer->addresses[answer->n], found->ai_addr, found->ai_addrlen);
        answer->lengths[answer->n++] = found->ai_addrlen;
    }
}

static bool is_no_name(int error)
{
#ifdef EAI_NODATA
    if (error == EAI_NODATA)
        return true;
#endif
    return error == EAI_NONAME;
}

static void set_error(struct trouble *trouble, const struct question *question, size_t n)
{
    const char *words = question->error == EAI_SYSTEM ? strerror(question->os) : gai_strerror(question->error);

    trouble->error = no_trouble();
    if (question->error == 0 && n == 0)
        trouble_set(trouble, TALON_E_NO_NAME, 0, "dns.none", "the name %s has no address", question->host);
    else if (is_no_name(question->error))
        trouble_set(trouble, TALON_E_NO_NAME, 0, "dns.none", "there is no such name as %s: %s", question->host, words);
    else if (question->error == EAI_MEMORY)
        trouble_set(trouble, TALON_E_LOCAL, 0, "local", "no memory to resolve %s", question->host);
    else if (question->error != 0)
        trouble_set(trouble, TALON_E_RESOLVER, question->os, "dns.unreachable", "the resolver did not answer for %s: %s", question->host, words);
}

static void answer(struct question *question)
{
    struct resolved addresses = { .n = 0 };
    struct trouble trouble;

    copy_addresses(&addresses, question->found);
    set_error(&trouble, question, addresses.n);
    addresses.error = trouble.error;
    while (question->askers) {
        struct resolve *asker = question->askers;

        leave(asker);
        for (size_t i = 0; i < addresses.n; i++)
            set_port(&addresses.addresses[i], asker->port);
        asker->done(asker->arg, &addresses);
        free(asker);
    }
}

static void close_question(struct question *question)
{
    struct question **at = &open_questions;

    while (*at != question)
        at = &(*at)->next_open;
    *at = question->next_open;
}

static void on_told(struct ev_loop *loop, ev_async *async, int events)
{
    struct question *list;

    (void)loop, (void)async, (void)events;
    pthread_mutex_lock(&lock);
    list = answered;
    answered = NULL;
    pthread_mutex_unlock(&lock);
    while (list) {
        struct question *question = list;

        list = question->next;
        close_question(question); /* who asks from now on asks anew */
        answer(question);
        if (question->found)
            freeaddrinfo(question->found);
        free(question);
    }
}

/* ---- questions */

/* Signals are the loop's: they must not interrupt it by way of a thread. */
static bool start_thread(void)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;
    bool good;

    if (threads == 0) {
        ev_async_init(&told, on_told);
        ev_async_start(turn_loop(), &told);
    }
    if (pthread_attr_init(&attributes) != 0)
        return false;
    sigfillset(&all);
    pthread_attr_setstacksize(&attributes, STACK < PTHREAD_STACK_MIN ? (size_t)PTHREAD_STACK_MIN : STACK);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    good = pthread_create(&thread, &attributes, answer_questions, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    threads += good;
    return good;
}

static void put_question(struct question *question)
{
    bool crowded;

    pthread_mutex_lock(&lock);
    *waiting_end = question;
    waiting_end = &question->next;
    crowded = idle == 0;
    pthread_cond_signal(&asked);
    pthread_mutex_unlock(&lock);
    if (crowded && threads < THREADS)
        start_thread();
}

static struct question *find_open(const char *host)
{
    struct question *question = open_questions;

    while (question && strcmp(question->host, host) != 0)
        question = question->next_open;
    return question;
}

static struct question *ask(const char *host)
{
    struct question *question = find_open(host);

    if (question)
        return question;
    question = must_alloc(sizeof *question);
    memcpy(question->host, host, strlen(host) + 1);
    question->next_open = open_questions;
    open_questions = question;
    put_question(question);
    return question;
}

bool resolve_literal(const char *host, uint16_t port, struct sockaddr_storage *address, socklen_t *length)
{
    struct sockaddr_in *four = (struct sockaddr_in *)(void *)address;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)(void *)address;

    memset(address, 0, sizeof *address);
    if (inet_pton(AF_INET, host, &four->sin_addr) == 1) {
        address->ss_family = AF_INET;
        *length = sizeof *four;
    } else if (inet_pton(AF_INET6, host, &six->sin6_addr) == 1) {
        address->ss_family = AF_INET6;
        *length = sizeof *six;
    } else {
        return false;
    }
    set_port(address, port);
    return true;
}

static void on_literal(struct post *post)
{
    struct resolve *asker = (struct resolve *)(void *)((char *)post - offsetof(struct resolve, post));

    asker->done(asker->arg, &asker->answer);
    free(asker);
}

/* What needs no thread is told at the next turn all the same. */
static bool is_answered(struct resolve *asker, const char *host)
{
    asker->answer.error = no_trouble();
    if (resolve_literal(host, asker->port, &asker->answer.addresses[0], &asker->answer.lengths[0]))
        asker->answer.n = 1;
    else if (strlen(host) >= NAME)
        asker->answer.error = (struct talon_error){ .code = TALON_E_NO_NAME, .token = "dns.none", .text = "a name of more than 255 characters cannot exist" };
    else
        return false;
    return true;
}

struct resolve *resolve_start(const char *host, uint16_t port, resolved_fn *done, void *arg)
{
    struct resolve *asker = must_alloc(sizeof *asker);
    struct question *question;

    asker->port = port;
    asker->done = done;
    asker->arg = arg;
    if (is_answered(asker, host)) {
        asker->literal = true;
        turn_post(&asker->post, on_literal);
        return asker;
    }
    question = ask(host);
    asker->next = question->askers;
    asker->at = &question->askers;
    if (asker->next)
        asker->next->at = &asker->next;
    question->askers = asker;
    return asker;
}

void resolve_stop(struct resolve *asker)
{
    if (!asker)
        return;
    turn_unpost(&asker->post);
    leave(asker);
    free(asker);
}

void resolve_end(void)
{
    pthread_mutex_lock(&lock);
    over = true; /* threads may be in getaddrinfo() for long: they are left, and touch the loop no more */
    pthread_mutex_unlock(&lock);
    if (threads > 0)
        ev_async_stop(turn_loop(), &told);
}
