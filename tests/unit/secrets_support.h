/* Secrets, and somebody who asks for their values and waits for the answers in the loop. */
#ifndef SECRETS_SUPPORT_H
#define SECRETS_SUPPORT_H

#include "config/secrets.h"
#include "config/secrets_private.h"

#include <stdbool.h>
#include <sys/types.h>

struct answer {
    bool came;
    size_t n;
    char value[SECRETS_SIZE + 10], why[SECRETS_WHY];
};

extern struct ev_loop *secrets_loop;
extern struct secrets *secrets_all;

/* Of a test group. */
int secrets_set_up(void **state);
int secrets_tear_down(void **state);

/* arg: a struct answer. */
void secrets_on_answer(void *arg, const char *value, size_t n, const char *why);
/* Waits for it, 20 s at most. */
void secrets_wait(const struct answer *answer);
/* Asks and waits; valid until the next call. Fails when a sentence holds "hunter2". */
struct answer *secrets_ask(const struct model_secret *secret);
void assert_value(const struct model_secret *secret, const char *value);
void assert_refused(const struct model_secret *secret, const char *why);
void pause_briefly(void);

/* A secret named "s" from there, and nothing kept of earlier ones. NULL: the variable or file is not there. */
struct model_secret secret_from_env(const char *value);
struct model_secret secret_from_file(const char *bytes, size_t n, mode_t mode);
struct model_secret secret_from_command(const char *const *argv);
struct model_secret secret_from_shell(const char *script);

#endif
