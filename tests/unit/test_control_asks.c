/* The control socket without a socket: who may, what a path means, and the bounded places between the reading thread and the loop. */
#include "control/asks.h"
#include "control/commands.h"
#include "control/peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- who may */

static void root_the_own_user_and_the_group_may(void **state)
{
    (void)state;
    assert_true(peer_is_trusted(0, 501, false));
    assert_true(peer_is_trusted(501, 501, false));
    assert_true(peer_is_trusted(502, 501, true));
    assert_false(peer_is_trusted(502, 501, false));
    assert_false(peer_is_trusted(501, 0, false)); /* a daemon of root is not everybody's */
}

static void a_peer_is_known_by_the_kernel(void **state)
{
    gid_t groups[256], strange = 1;
    int pair[2], n;
    char name[64];
    uid_t user;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_true(peer_user(pair[0], &user));
    assert_int_equal(user, geteuid());
    assert_true(peer_has_group(pair[0], getegid()));
    n = getgroups(256, groups);
    assert_true(n >= 0);
    for (int i = 0; i < n; i++) {
        assert_true(peer_has_group(pair[0], groups[i]));
        strange = groups[i] >= strange ? groups[i] + 1 : strange;
    }
    strange = getegid() >= strange ? getegid() + 1 : strange;
    assert_false(peer_has_group(pair[0], strange));
    assert_true(peer_may(pair[0], NULL));
    peer_name(pair[0], name, sizeof name);
    assert_true(name[0] != '\0' && strcmp(name, "somebody") != 0);
    close(pair[0]);
    close(pair[1]);
    assert_false(peer_user(pair[0], &user)); /* what cannot be told is no */
    assert_false(peer_may(pair[0], &strange));
}

/* ---- what a path means */

static void call(void *arg, struct control_ask *ask)
{
    (void)arg, (void)ask;
}

static const struct control_command commands[] = {
    { "GET", "/v1/status", call },
    { "POST", "/v1/reload", call },
    { "POST", "/v1/plugins/*/clear", call },
    { "GET", "/v1/plugins/*", call },
    { "DELETE", "/v1/plugins/*", call },
};

static enum commands_found find(const char *method, const char *path, const struct control_command **command, char name[CONTROL_NAME], char allow[COMMANDS_ALLOW])
{
    const struct control_settings settings = { .commands = commands, .n_commands = sizeof commands / sizeof *commands };

    return commands_find(&settings, method, path, command, name, allow);
}

static void paths_are_found(void **state)
{
    const struct control_command *command;
    char name[CONTROL_NAME], allow[COMMANDS_ALLOW], path[400];

    (void)state;
    assert_int_equal(find("POST", "/v1/reload", &command, name, allow), COMMANDS_FOUND);
    assert_ptr_equal(command, &commands[1]);
    assert_string_equal(name, "");
    assert_int_equal(find("POST", "/v1/plugins/redis/clear", &command, name, allow), COMMANDS_FOUND);
    assert_ptr_equal(command, &commands[2]);
    assert_string_equal(name, "redis");
    assert_int_equal(find("GET", "/v1/reload", &command, name, allow), COMMANDS_NO_METHOD);
    assert_string_equal(allow, "POST");
    assert_int_equal(find("POST", "/v1/plugins/x", &command, name, allow), COMMANDS_NO_METHOD);
    assert_string_equal(allow, "GET, DELETE");
    assert_int_equal(find("POST", "/v1/plugins//clear", &command, name, allow), COMMANDS_NO_PATH);
    assert_int_equal(find("POST", "/v1/plugins/a/b/clear", &command, name, allow), COMMANDS_NO_PATH);
    assert_int_equal(find("POST", "/v1/reload/", &command, name, allow), COMMANDS_NO_PATH);
    assert_int_equal(find("POST", "", &command, name, allow), COMMANDS_NO_PATH);
    memset(path, 'x', sizeof path);
    memcpy(path, "/v1/plugins/", 12);
    memcpy(path + sizeof path - 7, "/clear", 7);
    assert_int_equal(find("POST", path, &command, name, allow), COMMANDS_NO_PATH); /* no name is so long */
}

/* ---- the places */

static void wake(void *waiter)
{
    ++*(unsigned *)waiter;
}

static struct control_ask *put(struct asks *asks, uint64_t now, unsigned *waiter)
{
    struct buffer body = buffer_make(CONTROL_BODY);

    buffer_text(&body, "body");
    return asks_put(asks, &commands[1], "name", "ada", &body, now, waiter);
}

static void answer(struct control_ask *ask, const char *text)
{
    struct buffer body = buffer_make(0);

    buffer_text(&body, text);
    control_answer(ask, 200, &body);
}

static unsigned collect(struct control_ask *ask, const char *part)
{
    struct buffer body = buffer_make(0);
    unsigned status = 0;

    if (asks_collect(ask, &status, &body))
        assert_non_null(strstr(buffer_string(&body), part));
    buffer_free(&body);
    return status;
}

static void asks_come_in_order_and_are_answered(void **state)
{
    struct asks asks;
    unsigned waiters[2] = { 0 };
    struct control_ask *first, *second;

    (void)state;
    asks_begin(&asks, wake);
    assert_null(asks_take(&asks));
    first = put(&asks, 1, &waiters[0]);
    second = put(&asks, 2, &waiters[1]);
    assert_int_equal(collect(first, ""), 0);
    assert_ptr_equal(asks_take(&asks), first);
    assert_string_equal(control_name(first), "name");
    assert_string_equal(control_user(first), "ada");
    assert_string_equal(buffer_string(control_body(first)), "body");
    assert_ptr_equal(asks_take(&asks), second);
    assert_null(asks_take(&asks));
    answer(second, "second");
    assert_int_equal(waiters[0], 0);
    assert_int_equal(waiters[1], 1);
    answer(first, "first");
    assert_int_equal(collect(first, "first"), 200);
    assert_int_equal(collect(second, "second"), 200);
    asks_leave(first);
    asks_leave(second);
    asks_end(&asks);
}

static void there_are_so_many_places_and_no_more(void **state)
{
    struct asks asks;
    unsigned waiter = 0;
    struct control_ask *last = NULL;

    (void)state;
    asks_begin(&asks, wake);
    for (int i = 0; i < CONTROL_ASKS; i++) {
        last = put(&asks, 1, &waiter);
        assert_non_null(last);
    }
    assert_null(put(&asks, 1, &waiter));
    asks_leave(last);
    assert_non_null(put(&asks, 1, &waiter)); /* one has gone */
    assert_null(put(&asks, 1, &waiter));
    assert_non_null(asks_take(&asks));
    assert_null(put(&asks, 1, &waiter)); /* the loop has it: its place is not free */
    asks_end(&asks);
}

static void what_the_loop_has_not_seen_is_given_up_and_never_carried_out(void **state)
{
    struct asks asks;
    unsigned waiter = 0;
    struct control_ask *old, *young;

    (void)state;
    asks_begin(&asks, wake);
    old = put(&asks, 100, &waiter);
    young = put(&asks, 150, &waiter);
    asks_give_up(&asks, 199, 100);
    assert_int_equal(waiter, 0);
    asks_give_up(&asks, 200, 100);
    assert_int_equal(waiter, 1);
    assert_int_equal(collect(old, "the loop does not turn"), 504);
    asks_give_up(&asks, 201, 100);
    assert_int_equal(waiter, 1);
    assert_ptr_equal(asks_take(&asks), young);
    assert_null(asks_take(&asks));
    asks_end(&asks);
}

/* The clock's thread asks what time it is, and then a client comes: its command is not old. */
static void what_came_after_the_moment_of_the_look_is_not_given_up(void **state)
{
    struct asks asks;
    unsigned waiter = 0;
    struct control_ask *ask;

    (void)state;
    asks_begin(&asks, wake);
    ask = put(&asks, 200, &waiter);
    asks_give_up(&asks, 199, 100);
    assert_int_equal(waiter, 0);
    assert_ptr_equal(asks_take(&asks), ask);
    asks_end(&asks);
}

static void what_the_loop_has_is_given_up_but_its_place_stays_taken_until_it_answers(void **state)
{
    struct asks asks;
    unsigned waiter = 0;
    struct control_ask *ask;

    (void)state;
    asks_begin(&asks, wake);
    ask = put(&asks, 100, &waiter);
    assert_ptr_equal(asks_take(&asks), ask);
    asks_give_up(&asks, 300, 100);
    assert_int_equal(collect(ask, "still being carried out"), 504);
    asks_leave(ask);
    for (int i = 0; i < CONTROL_ASKS - 1; i++)
        assert_non_null(put(&asks, 300, &waiter));
    assert_null(put(&asks, 300, &waiter));
    answer(ask, "to nobody");
    assert_int_equal(waiter, 1);
    assert_non_null(put(&asks, 300, &waiter));
    asks_end(&asks);
}

static void at_the_end_all_are_told_and_no_more_come(void **state)
{
    struct asks asks;
    unsigned waiters[2] = { 0 };
    struct control_ask *held, *queued;

    (void)state;
    asks_begin(&asks, wake);
    held = put(&asks, 1, &waiters[0]);
    assert_ptr_equal(asks_take(&asks), held);
    queued = put(&asks, 1, &waiters[1]);
    asks_give_up_all(&asks);
    assert_int_equal(waiters[0] + waiters[1], 2);
    assert_int_equal(collect(held, "ends"), 503);
    assert_int_equal(collect(queued, "ends"), 503);
    assert_null(asks_take(&asks));
    assert_null(put(&asks, 1, &waiters[0]));
    asks_leave(held);
    asks_leave(queued);
    asks_end(&asks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(root_the_own_user_and_the_group_may),
        cmocka_unit_test(a_peer_is_known_by_the_kernel),
        cmocka_unit_test(paths_are_found),
        cmocka_unit_test(asks_come_in_order_and_are_answered),
        cmocka_unit_test(there_are_so_many_places_and_no_more),
        cmocka_unit_test(what_the_loop_has_not_seen_is_given_up_and_never_carried_out),
        cmocka_unit_test(what_came_after_the_moment_of_the_look_is_not_given_up),
        cmocka_unit_test(what_the_loop_has_is_given_up_but_its_place_stays_taken_until_it_answers),
        cmocka_unit_test(at_the_end_all_are_told_and_no_more_come),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
