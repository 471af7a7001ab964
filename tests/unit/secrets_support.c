/* See secrets_support.h. */
#include "secrets_support.h"

#include "config_support.h"

#include "base/os/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <ev.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct ev_loop *secrets_loop;
struct secrets *secrets_all;

/* ---- asking ---- */

void secrets_on_answer(void *arg, const char *value, size_t n, const char *why)
{
    struct answer *answer = arg;

    assert_false(answer->came);
    assert_true((value == NULL) != (why == NULL));
    answer->came = true;
    answer->n = n;
    if (value)
        memcpy(answer->value, value, n + 1);
    if (why)
        snprintf(answer->why, sizeof answer->why, "%s", why);
    ev_break(secrets_loop, EVBREAK_ONE);
}

static void on_late(struct ev_loop *l, ev_timer *timer, int events)
{
    (void)l, (void)timer, (void)events;
    fail_msg("no answer within 20 s");
}

void secrets_wait(const struct answer *answer)
{
    ev_timer late;

    ev_timer_init(&late, on_late, 20., 0.);
    ev_timer_start(secrets_loop, &late);
    while (!answer->came)
        ev_run(secrets_loop, EVRUN_ONCE);
    ev_timer_stop(secrets_loop, &late);
}

struct answer *secrets_ask(const struct model_secret *secret)
{
    static struct answer answer;

    answer = (struct answer){ .came = false };
    assert_non_null(secrets_get(secrets_all, secret, secrets_on_answer, &answer));
    assert_false(answer.came); /* never from within */
    secrets_wait(&answer);
    assert_null(strstr(answer.why, "hunter2"));
    return &answer;
}

void assert_value(const struct model_secret *secret, const char *value)
{
    const struct answer *answer = secrets_ask(secret);

    assert_string_equal(answer->why, "");
    assert_string_equal(answer->value, value);
    assert_int_equal(answer->n, strlen(value));
}

void assert_refused(const struct model_secret *secret, const char *why)
{
    const struct answer *answer = secrets_ask(secret);

    assert_string_equal(answer->why, why);
}

/* ---- secrets ---- */

struct model_secret secret_from_env(const char *value)
{
    unsetenv("TALON_TEST_SECRET");
    if (value)
        setenv("TALON_TEST_SECRET", value, 1);
    secrets_reload(secrets_all, NULL); /* nothing is kept from before */
    return (struct model_secret){ .name = "s", .source = MODEL_SECRET_ENV, .env = "TALON_TEST_SECRET" };
}

struct model_secret secret_from_file(const char *bytes, size_t n, mode_t mode)
{
    static char path[2048];

    snprintf(path, sizeof path, "%s/secret", support_folder());
    unlink(path);
    rmdir(path);
    if (bytes) {
        support_write("secret", bytes, n);
        chmod(path, mode);
    }
    secrets_reload(secrets_all, NULL);
    return (struct model_secret){ .name = "s", .source = MODEL_SECRET_FILE, .file = path };
}

struct model_secret secret_from_command(const char *const *argv)
{
    secrets_reload(secrets_all, NULL);
    return (struct model_secret){ .name = "s", .source = MODEL_SECRET_COMMAND, .command = argv };
}

struct model_secret secret_from_shell(const char *script)
{
    static const char *argv[4] = { "sh", "-c", NULL, NULL };

    argv[2] = script;
    return secret_from_command(argv);
}

void pause_briefly(void)
{
    const struct timespec ms = { .tv_nsec = 1000000 };

    nanosleep(&ms, NULL);
}

/* ---- around all tests ---- */

int secrets_set_up(void **state)
{
    (void)state;
    secrets_loop = loop_create();
    secrets_all = secrets_loop ? secrets_create(secrets_loop, "/usr/bin:/bin") : NULL;
    return secrets_all ? 0 : -1;
}

int secrets_tear_down(void **state)
{
    (void)state;
    secrets_free(secrets_all);
    ev_loop_destroy(secrets_loop);
    return 0;
}
