/* What the core says to a host before anything runs, message by message of docs/plugin-protocol.md (hello, load, validate, setup), and what it makes of the answers. */
#include "hosts_support.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- hello, load */

static void a_plugin_is_described(void **state)
{
    struct bench *bench = *state;
    struct hosts_plugin plugin = { .name = "redis", .path = bench_file(bench, "redis.so", "{\"version\":\"7\"}") };
    struct description description = { .over = false };

    assert_false(has_host(bench, "shared"));
    describe(bench, &plugin, &description);
    assert_non_null(description.text);
    assert_non_null(strstr(description.text, "\"name\":\"redis\",\"version\":\"7\""));
    assert_string_equal(view(bench, "shared").state, "running");
    assert_true(view(bench, "shared").pid > 0);
    description_free(&description);
}

static void hello_tells_all(void **state)
{
    struct bench *bench = *state;
    struct use *use;

    load_shared(bench, "redis", "{}");
    use = use_make(bench, "redis", "redis.ping", "{\"run\":\"report\"}");
    assert_result(use_run(bench, use, MS(5000)), STATUS_OK, "");
    assert_string_equal(use_detail(use, "protocol"), "1");
    assert_string_equal(use_detail(use, "version"), TALON_VERSION);
    assert_string_equal(use_detail(use, "path"), "/usr/bin:/bin");
    assert_string_equal(use_detail(use, "limits"), "{\"memory\":\"268435456\",\"fds\":4096,\"children\":256,\"timers\":10000}");
    use_free(use);
}

static void a_new_path_is_told(void **state)
{
    struct bench *bench = *state;
    struct use *use;

    load_shared(bench, "redis", "{}");
    use = use_make(bench, "redis", "redis.ping", "{\"run\":\"report\"}");
    hosts_set_child_path(bench->hosts, "/usr/bin:/bin"); /* as it is: nothing to tell */
    hosts_set_child_path(bench->hosts, "/opt/\"x\":/bin");
    assert_string_equal(hosts_child_path(bench->hosts), "/opt/\"x\":/bin");
    use_run(bench, use, MS(5000));
    assert_string_equal(use_detail(use, "path"), "/opt/\"x\":/bin");
    assert_string_equal(use_detail(use, "hellos"), "2");
    use_free(use);
}

static void a_refused_load_is_a_sentence(void **state)
{
    struct bench *bench = *state;
    struct hosts_plugin plugin = { .name = "broken", .path = bench_file(bench, "broken.so", "{\"load\":\"refuse\"}") };
    struct description description = { .over = false };
    struct use *use;

    describe(bench, &plugin, &description);
    assert_null(description.text);
    assert_string_equal(description.why, "it exports nothing");
    use = use_make(bench, "broken", "broken.check", "{}"); /* its checks are unknown, nothing else */
    assert_result(use_run(bench, use, MS(5000)), STATUS_UNKNOWN, "plugin.symbol");
    assert_string_equal(use->result->summary, "it exports nothing");
    load_shared(bench, "redis", "{}");
    use_free(use);
    description_free(&description);
}

static void a_plugin_that_was_refused_is_tried_again(void **state)
{
    struct bench *bench = *state;
    struct hosts_plugin plugin = { .name = "broken", .path = bench_file(bench, "broken.so", "{\"load\":\"refuse\"}") };
    struct description description = { .over = false };
    struct use *use;

    bench->hosts->times.try_again = MS(1);
    describe(bench, &plugin, &description);
    use = use_make(bench, "broken", "broken.check", "{}");
    bench_file(bench, "broken.so", "{\"load\":\"\"}");
    turn(bench, MS(5));
    assert_result(use_run(bench, use, MS(5000)), STATUS_OK, "");
    use_free(use);
    description_free(&description);
}

static void a_known_plugin_is_described_from_memory(void **state)
{
    struct bench *bench = *state;
    struct hosts_plugin plugin = { .name = "redis", .path = bench_file(bench, "redis.so", "{\"version\":\"1\"}") };
    struct description description = { .over = false };

    describe(bench, &plugin, &description);
    kill_host(bench, "shared", SIGKILL);
    wait_for_deaths(bench, "shared", 1);
    describe(bench, &plugin, &description); /* even while there is no host */
    assert_non_null(strstr(description.text, "\"version\":\"1\""));
    load_shared(bench, "tcp", "{}");
    assert_int_equal(view(bench, "shared").plugins, 2);
    description_free(&description);
}

static void a_command_is_a_plugin(void **state)
{
    struct bench *bench = *state;
    struct use *use;

    load_own(bench, "mine", "");
    use = use_make(bench, "mine", "mine.check", "{}");
    assert_result(use_run(bench, use, MS(5000)), STATUS_OK, "");
    assert_string_equal(view(bench, "mine").state, "running");
    assert_false(has_host(bench, "shared"));
    use_free(use);
}

static void own_hosts_are_apart(void **state)
{
    struct bench *bench = *state;

    load_shared(bench, "redis", "{}");
    load_own(bench, "mine", "");
    load_own(bench, "yours", "");
    assert_true(view(bench, "mine").pid != view(bench, "yours").pid);
    assert_true(view(bench, "mine").pid != view(bench, "shared").pid);
}

/* ---- validate */

struct answer {
    bool over, right;
    size_t n;
    char first_option[64], first_text[HOSTS_TEXT], second_option[64], second_text[HOSTS_TEXT];
};

static void on_validated(void *arg, const struct hosts_problem *problems, size_t n)
{
    struct answer *answer = arg;

    assert_false(answer->over);
    answer->over = true;
    answer->right = problems == NULL;
    answer->n = n;
    if (n > 0)
        snprintf(answer->first_option, sizeof answer->first_option, "%s", problems[0].option ? problems[0].option : "-");
    if (n > 0)
        snprintf(answer->first_text, sizeof answer->first_text, "%s", problems[0].text);
    if (n > 1)
        snprintf(answer->second_option, sizeof answer->second_option, "%s", problems[1].option ? problems[1].option : "-");
    if (n > 1)
        snprintf(answer->second_text, sizeof answer->second_text, "%s", problems[1].text);
}

static bool is_answered(const void *arg)
{
    return ((const struct answer *)arg)->over;
}

static struct answer validate(struct bench *bench, const char *plugin, const char *conf)
{
    struct answer answer = { .over = false };

    assert_true(hosts_validate(bench->hosts, plugin, "redis.check", conf, on_validated, &answer));
    assert_false(answer.over);
    until(bench, is_answered, &answer);
    return answer;
}

static void options_are_validated(void **state)
{
    struct bench *bench = *state;
    struct answer answer;

    load_shared(bench, "redis", "{}");
    answer = validate(bench, "redis", "{}");
    assert_true(answer.right);
    answer = validate(bench, "redis", "{\"validate\":\"refuse\"}");
    assert_false(answer.right);
    assert_int_equal(answer.n, 2);
    assert_string_equal(answer.first_option, "tls.key");
    assert_string_equal(answer.first_text, "no key");
    assert_string_equal(answer.second_option, "address");
    assert_string_equal(answer.second_text, "redis.check");
    answer = validate(bench, "redis", "{\"validate\":\"refuse_bare\"}");
    assert_int_equal(answer.n, 1);
    assert_string_equal(answer.first_option, "-");
    assert_string_equal(answer.first_text, "this is wrong");
    answer = validate(bench, "redis", "{\"validate\":\"twice\"}"); /* the second answer is to a question that is over */
    assert_true(answer.right);
    answer = validate(bench, "redis", "{}");
    assert_true(answer.right);
    assert_int_equal(view(bench, "shared").deaths, 0);
}

static void a_question_without_an_answer_ends(void **state)
{
    struct bench *bench = *state;
    struct answer answer;

    load_shared(bench, "redis", "{}");
    answer = validate(bench, "nobody", "{}");
    assert_string_equal(answer.first_text, "nobody has loaded this plugin");
    bench->hosts->times.answer = MS(50);
    answer = validate(bench, "redis", "{\"validate\":\"never\"}");
    assert_string_equal(answer.first_option, "-");
    assert_non_null(strstr(answer.first_text, "in time"));
    bench->hosts->times.answer = MS(10000);
    answer = validate(bench, "redis", "{\"validate\":\"die\"}");
    assert_non_null(strstr(answer.first_text, "SIGABRT"));
    answer = validate(bench, "redis", "{}"); /* asked while the host is away: it waits for the next one */
    assert_true(answer.right);
}

static void what_is_forgotten_gets_no_answer(void **state)
{
    struct bench *bench = *state;
    struct answer answer = { .over = false };
    struct description description = { .over = false };
    struct hosts_plugin plugin = { .name = "slow", .path = bench_file(bench, "slow.so", "{\"load\":\"never\"}") };

    load_shared(bench, "redis", "{}");
    assert_true(hosts_validate(bench->hosts, "redis", "redis", "{}", on_validated, &answer));
    hosts_forget(bench->hosts, &answer);
    assert_true(hosts_describe(bench->hosts, &plugin, NULL, &description));
    hosts_forget(bench->hosts, &description);
    turn(bench, MS(50));
    assert_false(answer.over);
    assert_false(description.over);
}

/* ---- a refused setup */

static void a_refused_setup_is_tried_again(void **state)
{
    struct bench *bench = *state;
    struct use *use;
    char conf[512];

    load_shared(bench, "exec", "{}");
    snprintf(conf, sizeof conf, "{\"run\":\"report\",\"setup\":\"refuse\",\"again\":true,\"times\":2,\"file\":\"%s/times\"}", bench->folder);
    use = use_make(bench, "exec", "exec.tool", conf);
    turn(bench, MS(20));
    /* set up once by now; with `again`, each run tries */
    assert_result(use_run(bench, use, MS(5000)), STATUS_UNKNOWN, "exec.not_found");
    assert_string_equal(use->result->summary, "the tool is missing");
    assert_result(use_run(bench, use, MS(5000)), STATUS_OK, "");
    assert_string_equal(use_detail(use, "refusals"), "2");
    use_free(use);
}

static void a_setup_refused_for_good_waits_longer(void **state)
{
    struct bench *bench = *state;
    struct use *use;
    char conf[512];

    load_shared(bench, "exec", "{}");
    snprintf(conf, sizeof conf, "{\"run\":\"report\",\"setup\":\"refuse\",\"times\":1,\"file\":\"%s/times\"}", bench->folder);
    use = use_make(bench, "exec", "exec.tool", conf);
    for (int i = 0; i < 3; i++)
        assert_result(use_run(bench, use, MS(5000)), STATUS_UNKNOWN, "exec.not_found");
    use_free(use);
    unlink(bench_file(bench, "times", ""));
    bench->hosts->times.try_again = MS(1);
    use = use_make(bench, "exec", "exec.tool", conf);
    turn(bench, MS(20));
    assert_result(use_run(bench, use, MS(5000)), STATUS_OK, "");
    use_free(use);
}

static void a_setup_without_an_answer_ends(void **state)
{
    struct bench *bench = *state;
    struct use *use;
    char conf[512];

    bench->hosts->times.setup = MS(10);
    load_shared(bench, "exec", "{}");
    snprintf(conf, sizeof conf, "{\"setup\":\"never\",\"times\":1,\"file\":\"%s/times\"}", bench->folder);
    use = use_make(bench, "exec", "exec.tool", conf);
    assert_result(use_run(bench, use, MS(50)), STATUS_UNKNOWN, "plugin.blocked");
    assert_result(use_run(bench, use, MS(5000)), STATUS_OK, ""); /* it was asked again */
    use_free(use);
}

int main(void)
{
#define BENCH(test) cmocka_unit_test_setup_teardown(test, bench_begin, bench_end)
    const struct CMUnitTest tests[] = {
        BENCH(a_plugin_is_described),
        BENCH(hello_tells_all),
        BENCH(a_new_path_is_told),
        BENCH(a_refused_load_is_a_sentence),
        BENCH(a_plugin_that_was_refused_is_tried_again),
        BENCH(a_known_plugin_is_described_from_memory),
        BENCH(a_command_is_a_plugin),
        BENCH(own_hosts_are_apart),
        BENCH(options_are_validated),
        BENCH(a_question_without_an_answer_ends),
        BENCH(what_is_forgotten_gets_no_answer),
        BENCH(a_refused_setup_is_tried_again),
        BENCH(a_setup_refused_for_good_waits_longer),
        BENCH(a_setup_without_an_answer_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
