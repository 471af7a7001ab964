/*
 * The values of secrets: from environment, files and commands, which are kept and for how long, which are refused (rules.md 1.7), and that no sentence ever holds
 * one. Every value here contains the word "hunter2".
 */
#include "config_support.h"

#include "base/os/clock.h"
#include "base/os/loop.h"
#include "config/secrets.h"
#include "config/secrets_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <ev.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define HOUR (UINT64_C(3600) * 1000000000)

static struct ev_loop *loop;
static struct secrets *secrets;

struct answer {
    bool came;
    size_t n;
    char value[SECRETS_SIZE + 10], why[SECRETS_WHY];
};

/* ---- asking ---- */

static void on_answer(void *arg, const char *value, size_t n, const char *why)
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
    ev_break(loop, EVBREAK_ONE);
}

static void on_late(struct ev_loop *l, ev_timer *timer, int events)
{
    (void)l, (void)timer, (void)events;
    fail_msg("no answer within 20 s");
}

static void wait_for(const struct answer *answer)
{
    ev_timer late;

    ev_timer_init(&late, on_late, 20., 0.);
    ev_timer_start(loop, &late);
    while (!answer->came)
        ev_run(loop, EVRUN_ONCE);
    ev_timer_stop(loop, &late);
}

static struct answer *ask(const struct model_secret *secret)
{
    static struct answer answer;

    answer = (struct answer){ .came = false };
    assert_non_null(secrets_get(secrets, secret, on_answer, &answer));
    assert_false(answer.came); /* never from within */
    wait_for(&answer);
    assert_null(strstr(answer.why, "hunter2"));
    return &answer;
}

static void assert_value(const struct model_secret *secret, const char *value)
{
    const struct answer *answer = ask(secret);

    assert_string_equal(answer->why, "");
    assert_string_equal(answer->value, value);
    assert_int_equal(answer->n, strlen(value));
}

static void assert_refused(const struct model_secret *secret, const char *why)
{
    const struct answer *answer = ask(secret);

    assert_string_equal(answer->why, why);
}

/* ---- secrets ---- */

static struct model_secret from_env(const char *value)
{
    unsetenv("TALON_TEST_SECRET");
    if (value)
        setenv("TALON_TEST_SECRET", value, 1);
    secrets_reload(secrets, NULL); /* nothing is kept from before */
    return (struct model_secret){ .name = "s", .source = MODEL_SECRET_ENV, .env = "TALON_TEST_SECRET" };
}

static struct model_secret from_file(const char *bytes, size_t n, mode_t mode)
{
    static char path[2048];

    snprintf(path, sizeof path, "%s/secret", support_folder());
    unlink(path);
    rmdir(path);
    if (bytes) {
        support_write("secret", bytes, n);
        chmod(path, mode);
    }
    secrets_reload(secrets, NULL);
    return (struct model_secret){ .name = "s", .source = MODEL_SECRET_FILE, .file = path };
}

static struct model_secret from_command(const char *const *argv)
{
    secrets_reload(secrets, NULL);
    return (struct model_secret){ .name = "s", .source = MODEL_SECRET_COMMAND, .command = argv };
}

static struct model_secret from_shell(const char *script)
{
    static const char *argv[4] = { "sh", "-c", NULL, NULL };

    argv[2] = script;
    return from_command(argv);
}

static void pause_briefly(void)
{
    const struct timespec ms = { .tv_nsec = 1000000 };

    nanosleep(&ms, NULL);
}

/* ---- what a value may be ---- */

static void values_from_the_environment(void **state)
{
    struct model_secret secret = from_env("hunter2");

    (void)state;
    assert_value(&secret, "hunter2");
    secret = from_env("hunter2\n");
    assert_value(&secret, "hunter2");
    secret = from_env("hunter2\r\n");
    assert_value(&secret, "hunter2");
    secret = from_env(" hunter2 \xc3\xa9 [");
    assert_value(&secret, " hunter2 \xc3\xa9 [");
    secret = from_env(NULL);
    assert_refused(&secret, "secret s: TALON_TEST_SECRET is not set in Talon's environment");
    secret = from_env("");
    assert_refused(&secret, "secret s: its value is empty");
    secret = from_env("\n");
    assert_refused(&secret, "secret s: its value is empty");
}

static void values_that_are_refused(void **state)
{
    static const char *const controls[] = { "hunter2\n\n", "hunter2\r", "hun\nter2 hunter2", "\thunter2", "hunter2\x7f", "\x1bhunter2" };
    struct model_secret secret;

    (void)state;
    for (size_t i = 0; i < sizeof controls / sizeof *controls; i++) {
        secret = from_env(controls[i]);
        assert_refused(&secret, "secret s: its value has control characters or line breaks in it");
    }
    secret = from_env("{\"hunter2\": 1}");
    assert_refused(&secret, "secret s: what came is JSON; say `json: FIELD` to pick one field of it");
    secret = from_env("hunter2 \xff");
    assert_refused(&secret, "secret s: its value is no UTF-8 text");
    secret = from_file("hun\0ter2", 8, 0600);
    assert_refused(&secret, "secret s: its value has control characters or line breaks in it");
}

static void line_breaks_are_right_in_pem_text(void **state)
{
    static const char key[] = "-----BEGIN hunter2-----\nAAAA\r\nBBBB\n-----END hunter2-----\n";
    struct model_secret secret = from_env(key);

    (void)state;
    assert_refused(&secret, "secret s: its value has control characters or line breaks in it");
    secret.pem = true;
    assert_value(&secret, "-----BEGIN hunter2-----\nAAAA\r\nBBBB\n-----END hunter2-----");
    secret = from_env("hunter2\n\thunter2");
    secret.pem = true;
    assert_refused(&secret, "secret s: its value has control characters in it");
}

static void sixty_four_kibibytes_and_no_more(void **state)
{
    static char bytes[SECRETS_SIZE + 4];
    struct model_secret secret;

    (void)state;
    memset(bytes, 'x', sizeof bytes);
    memcpy(bytes, "hunter2", 7);
    secret = from_file(bytes, SECRETS_SIZE, 0600);
    assert_int_equal(ask(&secret)->n, SECRETS_SIZE);
    secret = from_file(bytes, SECRETS_SIZE + 1, 0600);
    assert_refused(&secret, "secret s: its value is larger than 64 KiB");
    memcpy(bytes + SECRETS_SIZE, "\r\n", 2);
    secret = from_file(bytes, SECRETS_SIZE + 2, 0600);
    assert_int_equal(ask(&secret)->n, SECRETS_SIZE);
    secret = from_file(bytes, SECRETS_SIZE + 4, 0600);
    assert_refused(&secret, "secret s: its value is larger than 64 KiB");
}

static void a_field_of_json(void **state)
{
    struct model_secret secret = from_env("{\"data\":{\"value\":\"hunter2 \\u00e9 \\\"\\\\\",\"list\":[\"a\",{\"b\":\"hunter2\"}],\"n\":5,\"nl\":\"hunter2\\n\",\"open\":\"{hunter2\"}}\n");

    (void)state;
    secret.json = "data.value";
    assert_value(&secret, "hunter2 \xc3\xa9 \"\\");
    secret.json = "data.list.1.b";
    assert_value(&secret, "hunter2");
    secret.json = "data.nl";
    assert_value(&secret, "hunter2");
    secret.json = "data.open";
    assert_value(&secret, "{hunter2");
    secret.json = "data.n";
    assert_refused(&secret, "secret s: the JSON that came has no text at `data.n`");
    secret.json = "data.list.x";
    assert_refused(&secret, "secret s: the JSON that came has no text at `data.list.x`");
    secret.json = "data.list.7";
    assert_refused(&secret, "secret s: the JSON that came has no text at `data.list.7`");
    secret.json = "data.nothing.deep";
    assert_refused(&secret, "secret s: the JSON that came has no text at `data.nothing.deep`");
}

static void what_is_no_json(void **state)
{
    static const char *const texts[] = { "hunter2", "{\"a\":\"hunter2\"", "{\"a\":\"hunter2\"} {\"a\":\"other\"}", "{\"a\":\"hunter2\\u0000more\"}" };
    struct model_secret secret;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        secret = from_env(texts[i]);
        secret.json = "a";
        assert_refused(&secret, "secret s: what came is no JSON, and `json:` asks for a field of it");
    }
    secret = from_env("{\"a\":\"\"}");
    secret.json = "a";
    assert_refused(&secret, "secret s: its value is empty");
    secret = from_env("{\"a\":\"hunter2\\nhunter2\"}");
    secret.json = "a";
    assert_refused(&secret, "secret s: its value has control characters or line breaks in it");
}

/* ---- files ---- */

static void assert_file_refused(const struct model_secret *secret, const char *why)
{
    char expected[2048];

    snprintf(expected, sizeof expected, "secret s: %s %s", secret->file, why);
    assert_refused(secret, expected);
}

static void files_must_be_ours_alone(void **state)
{
    static const mode_t open_ones[] = { 0644, 0640, 0604, 0660, 0700, 0500, 0606, 04600 };
    struct model_secret secret = from_file("hunter2\n", 8, 0600);

    (void)state;
    assert_value(&secret, "hunter2");
    secret = from_file("hunter2\n", 8, 0400);
    assert_value(&secret, "hunter2");
    for (size_t i = 0; i < sizeof open_ones / sizeof *open_ones; i++) {
        secret = from_file("hunter2\n", 8, open_ones[i]);
        assert_file_refused(&secret, "must have mode 0600 or 0400: others could read it; chmod 600 it");
    }
    if (geteuid() != 0)
        return; /* only root can give a file away */
    secret = from_file("hunter2\n", 8, 0600);
    assert_int_equal(chown(secret.file, 12345, (gid_t)-1), 0);
    assert_file_refused(&secret, "belongs to another user");
}

static void what_is_no_file_is_not_opened(void **state)
{
    struct model_secret secret = from_file(NULL, 0, 0);

    (void)state;
    assert_file_refused(&secret, "does not exist");
    secrets_reload(secrets, NULL);
    assert_int_equal(mkfifo(secret.file, 0600), 0);
    assert_file_refused(&secret, "is no file");
    unlink(secret.file);
    assert_int_equal(mkdir(secret.file, 0600), 0);
    assert_file_refused(&secret, "is no file");
    rmdir(secret.file);
    secret.file = "/dev/zero";
    assert_file_refused(&secret, "is no file");
}

/* ---- commands ---- */

static void values_from_commands(void **state)
{
    struct model_secret secret = from_shell("echo hunter2");

    (void)state;
    assert_value(&secret, "hunter2");
    secret = from_shell("printf hunt; echo noise >&2; printf er2");
    assert_value(&secret, "hunter2");
    secret = from_shell("echo '{\"data\":{\"value\":\"hunter2\"}}'");
    assert_refused(&secret, "secret s: what came is JSON; say `json: FIELD` to pick one field of it");
    secret.json = "data.value";
    assert_value(&secret, "hunter2");
}

static void commands_that_fail(void **state)
{
    static const char *const missing[] = { "no-such-program-of-talon", "hunter2", NULL };
    struct model_secret secret = from_shell("echo hunter2; echo hunter2 >&2; exit 3");
    const struct answer *answer;

    (void)state;
    assert_refused(&secret, "secret s: its command failed with exit code 3");
    secret = from_shell("echo hunter2; kill -9 $$");
    assert_refused(&secret, "secret s: its command was ended by signal 9");
    secret = from_shell("true");
    assert_refused(&secret, "secret s: its value is empty");
    secret = from_command(missing);
    answer = ask(&secret);
    assert_non_null(strstr(answer->why, "secret s: its command cannot be started: "));
    assert_non_null(strstr(answer->why, "no-such-program-of-talon"));
}

static void commands_that_print_nonsense(void **state)
{
    struct model_secret secret = from_shell("printf 'hun\\000ter2 hunter2'");

    (void)state;
    assert_refused(&secret, "secret s: its value has control characters or line breaks in it");
    secret = from_shell("printf 'hunter2 \\377\\376'");
    assert_refused(&secret, "secret s: its value is no UTF-8 text");
    secret = from_shell("while :; do echo hunter2 hunter2 hunter2 hunter2 hunter2 hunter2 hunter2; done");
    assert_refused(&secret, "secret s: its command printed more than 64 KiB");
    secret = from_shell("head -c 100000 /dev/zero | tr '\\0' h");
    assert_refused(&secret, "secret s: its command printed more than 64 KiB");
}

/* A FIFO that processes hold open for writing: it is at its end when none of them is left. */
static int open_alive(void)
{
    char path[2048];
    int fd;

    snprintf(path, sizeof path, "%s/alive", support_folder());
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    fd = open(path, O_RDONLY | O_NONBLOCK);
    assert_true(fd >= 0);
    return fd;
}

/* Waits until some process holds it, or none. */
static void wait_alive(int fd, bool some)
{
    char byte;

    for (int i = 0; i < 20000; i++) {
        const ssize_t got = read(fd, &byte, 1);

        if (some ? got < 0 : got == 0)
            return;
        ev_run(loop, EVRUN_NOWAIT);
        pause_briefly();
    }
    fail_msg("a process was %s after 20 s", some ? "not there" : "still there");
}

static struct model_secret holding_alive(const char *rest)
{
    static char script[4096];

    snprintf(script, sizeof script, "exec 9>'%s/alive'; %s", support_folder(), rest);
    return from_shell(script);
}

static void what_a_command_leaves_behind_is_not_waited_for(void **state)
{
    const int alive = open_alive();
    struct model_secret secret = holding_alive("sleep 1000 & echo hunter2");

    (void)state;
    assert_value(&secret, "hunter2"); /* though its output is still held open */
    wait_alive(alive, false);
    close(alive);
}

static void a_command_has_its_time(void **state)
{
    const int alive = open_alive();
    struct model_secret secret = holding_alive("trap '' TERM; echo hunter2; sleep 1000");

    (void)state;
    secrets_timeout_s = 0.3;
    assert_refused(&secret, "secret s: its command did not end within 30 s");
    secrets_timeout_s = 30.;
    wait_alive(alive, false);
    close(alive);
}

static void a_command_that_closes_its_output_is_waited_for(void **state)
{
    struct model_secret secret = from_shell("echo hunter2; exec >/dev/null; sleep 0.05; exit 4");

    (void)state;
    assert_refused(&secret, "secret s: its command failed with exit code 4");
}

/* ---- what is kept ---- */

/* Prints how many times it ran. */
static struct model_secret counting(uint64_t ttl)
{
    static char script[4096];
    struct model_secret secret;

    snprintf(script, sizeof script, "echo x >> '%s/count'; wc -l < '%s/count' | tr -dc '0-9\\n'", support_folder(), support_folder());
    secret = from_shell(script);
    secret.ttl = ttl;
    support_write("count", "", 0);
    return secret;
}

static void values_are_kept_for_their_time(void **state)
{
    struct model_secret secret = counting(HOUR);

    (void)state;
    assert_value(&secret, "1");
    assert_value(&secret, "1");
    secret = counting(1); /* a nanosecond: over at once */
    assert_value(&secret, "1");
    assert_value(&secret, "2");
    secret = counting(0);
    assert_value(&secret, "1");
    assert_value(&secret, "1");
}

static void failures_are_not_kept(void **state)
{
    struct model_secret secret = from_env(NULL);

    (void)state;
    assert_refused(&secret, "secret s: TALON_TEST_SECRET is not set in Talon's environment");
    setenv("TALON_TEST_SECRET", "hunter2", 1);
    assert_value(&secret, "hunter2");
}

static void all_who_ask_at_once_share_one_run(void **state)
{
    struct model_secret secret = counting(HOUR);
    struct answer *answers = calloc(3, sizeof *answers);

    (void)state;
    assert_non_null(answers);
    for (size_t i = 0; i < 3; i++)
        assert_non_null(secrets_get(secrets, &secret, on_answer, &answers[i]));
    for (size_t i = 0; i < 3; i++) {
        wait_for(&answers[i]);
        assert_string_equal(answers[i].value, "1");
    }
    free(answers);
}

static void a_reload_forgets_what_is_no_longer_named(void **state)
{
    struct model_secret secret = counting(HOUR), lasting;
    struct model model = { .n_secrets = 1, .secrets = &secret };

    (void)state;
    model.settings.exec_path = "/usr/bin:/bin";
    assert_value(&secret, "1");
    secrets_reload(secrets, &model);
    assert_value(&secret, "1"); /* still named: kept for its hour */
    model.n_secrets = 0;
    secrets_reload(secrets, &model);
    assert_value(&secret, "2");
    lasting = counting(0);
    model.secrets = &lasting;
    model.n_secrets = 1;
    assert_value(&lasting, "1");
    secrets_reload(secrets, &model);
    assert_value(&lasting, "2"); /* kept until the next reload */
}

static void a_reload_in_the_middle_answers_all_the_same(void **state)
{
    struct model_secret secret = counting(HOUR);
    struct answer *answer = calloc(1, sizeof *answer);

    (void)state;
    assert_non_null(answer);
    assert_non_null(secrets_get(secrets, &secret, on_answer, answer));
    ev_run(loop, EVRUN_NOWAIT);
    ev_run(loop, EVRUN_NOWAIT); /* the command runs */
    secrets_reload(secrets, NULL);
    wait_for(answer);
    assert_string_equal(answer->value, "1");
    free(answer);
}

/* ---- stopping ---- */

static void no_callback_follows_a_stop(void **state)
{
    struct model_secret secret = counting(HOUR);
    struct answer *stopped = calloc(1, sizeof *stopped), *other = calloc(1, sizeof *other);
    struct secrets_question *question;

    (void)state;
    assert_true(stopped && other);
    question = secrets_get(secrets, &secret, on_answer, stopped);
    assert_non_null(secrets_get(secrets, &secret, on_answer, other));
    secrets_stop(question);
    wait_for(other);
    assert_false(stopped->came);
    question = secrets_get(secrets, &secret, on_answer, stopped);
    secrets_stop(question);
    secrets_stop(NULL);
    assert_value(&secret, "1");
    assert_false(stopped->came);
    free(stopped);
    free(other);
}

static void on_answer_free(void *arg, const char *value, size_t n, const char *why)
{
    on_answer(arg, value, n, why);
    secrets_free(secrets);
    secrets = NULL;
}

static void it_may_be_freed_from_within_an_answer(void **state)
{
    struct model_secret secret = counting(HOUR);
    struct answer *first = calloc(1, sizeof *first), *second = calloc(1, sizeof *second);

    (void)state;
    assert_true(first && second);
    assert_non_null(secrets_get(secrets, &secret, on_answer_free, first));
    assert_non_null(secrets_get(secrets, &secret, on_answer, second));
    wait_for(first);
    assert_null(secrets);
    ev_run(loop, EVRUN_NOWAIT);
    assert_false(second->came);
    secrets = secrets_create(loop, "/usr/bin:/bin");
    assert_non_null(secrets);
    free(first);
    free(second);
}

static void freeing_ends_a_command(void **state)
{
    const int alive = open_alive();
    struct model_secret secret = holding_alive("sleep 1000");
    struct answer *answer = calloc(1, sizeof *answer);

    (void)state;
    assert_non_null(answer);
    assert_non_null(secrets_get(secrets, &secret, on_answer, answer));
    wait_alive(alive, true);
    secrets_free(secrets);
    wait_alive(alive, false);
    assert_false(answer->came);
    secrets = secrets_create(loop, "/usr/bin:/bin");
    assert_non_null(secrets);
    close(alive);
    free(answer);
}

/* ---- into a conf ---- */

static void values_are_filled_in_escaped(void **state)
{
    static const char json[] = "{\"a\":\"Bearer !\",\"b\":\"\",\"c\":1}";
    const struct model_hole holes[] = { { 13, 0 }, { 14, 1 }, { 21, 0 } };
    const struct model_conf conf = { .json = json, .n_holes = 3, .holes = holes };
    static const char *const values[] = { "x\"\\", "\xc3\xa9\n", "" };
    const size_t lengths[] = { 3, 3, 0 };
    struct buffer out = buffer_make(0);

    (void)state;
    secrets_fill(&out, &conf, values, lengths);
    assert_string_equal(buffer_string(&out), "{\"a\":\"Bearer x\\\"\\\\!\xc3\xa9\\n\",\"b\":\"\",\"c\":1}");
    buffer_free(&out);
}

static void nothing_is_copied_while_values_are_filled_in(void **state)
{
    static const char json[] = "{\"a\":\"\"}";
    const struct model_hole hole = { 6, 0 };
    const struct model_conf conf = { .json = json, .n_holes = 1, .holes = &hole };
    struct buffer out = buffer_make(0);
    char value[5000];
    const char *values[] = { value };
    const size_t lengths[] = { sizeof value };
    const char *data;

    (void)state;
    memset(value, 1, sizeof value); /* each becomes six characters */
    secrets_fill(&out, &conf, values, lengths);
    assert_false(out.failed);
    assert_int_equal(out.len, sizeof json - 1 + 6 * sizeof value);
    data = out.data;
    assert_ptr_equal(buffer_reserve(&out, 1), data + out.len); /* the room was made before, not by growing */
    buffer_free(&out);
}

static int set_up(void **state)
{
    (void)state;
    loop = loop_create();
    secrets = loop ? secrets_create(loop, "/usr/bin:/bin") : NULL;
    return secrets ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    secrets_free(secrets);
    ev_loop_destroy(loop);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_from_the_environment),
        cmocka_unit_test(values_that_are_refused),
        cmocka_unit_test(line_breaks_are_right_in_pem_text),
        cmocka_unit_test(sixty_four_kibibytes_and_no_more),
        cmocka_unit_test(a_field_of_json),
        cmocka_unit_test(what_is_no_json),
        cmocka_unit_test(files_must_be_ours_alone),
        cmocka_unit_test(what_is_no_file_is_not_opened),
        cmocka_unit_test(values_from_commands),
        cmocka_unit_test(commands_that_fail),
        cmocka_unit_test(commands_that_print_nonsense),
        cmocka_unit_test(what_a_command_leaves_behind_is_not_waited_for),
        cmocka_unit_test(a_command_has_its_time),
        cmocka_unit_test(a_command_that_closes_its_output_is_waited_for),
        cmocka_unit_test(values_are_kept_for_their_time),
        cmocka_unit_test(failures_are_not_kept),
        cmocka_unit_test(all_who_ask_at_once_share_one_run),
        cmocka_unit_test(a_reload_forgets_what_is_no_longer_named),
        cmocka_unit_test(a_reload_in_the_middle_answers_all_the_same),
        cmocka_unit_test(no_callback_follows_a_stop),
        cmocka_unit_test(it_may_be_freed_from_within_an_answer),
        cmocka_unit_test(freeing_ends_a_command),
        cmocka_unit_test(values_are_filled_in_escaped),
        cmocka_unit_test(nothing_is_copied_while_values_are_filled_in),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
