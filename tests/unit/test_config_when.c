/* Conditions: what comes of `when:` is shown as a tree in brackets, so that precedence, names and units can be read off. */
#include "config_support.h"

#include "engine/engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char frame[] = "vars: {limit: 1.5s, who: ping, word: ping failed or port ok}\n"
                            "runbooks: [when-runbook.yaml]\n"
                            "services:\n"
                            "  web:\n"
                            "    checks:\n"
                            "      ping: {redis: {address: 127.0.0.1:1}}\n"
                            "      port: {tcp: {address: 127.0.0.1:1}}\n"
                            "      seen: {tcp: {address: 127.0.0.1:1}, witness: true}\n"
                            "      space: {disk: {}}\n"
                            "      script: {exec: {command: [x]}}\n"
                            "      db: {exec: {command: [x]}}\n"
                            "    heal: [{run: a, when: '%s'}]\n"
                            "  db: {checks: {ping: {redis: {address: 127.0.0.1:1}}}}\n";

/* ---- the tree as text ---- */

static const char *verdict_word(int verdict)
{
    static const char *const words[] = {
        [VERDICT_OK] = "ok", [VERDICT_WARN] = "warn", [VERDICT_STOPPED] = "stopped", [VERDICT_STARTING] = "starting", [VERDICT_RECOVERING] = "recovering",
        [VERDICT_UNKNOWN] = "unknown", [VERDICT_SUSPECT] = "suspect", [VERDICT_FAILED] = "failed",
    };

    return words[verdict];
}

static void show(const struct model *model, const struct model_condition *condition, size_t i, struct buffer *out)
{
    static const char *const signs[] = { "<", "<=", ">", ">=", "==", "!=" };
    const struct model_when *node = &condition->nodes[i];

    switch (node->kind) {
    case MODEL_WHEN_VERDICT:
        buffer_printf(out, "%s:%s", model->checks[node->check].full_name, verdict_word(node->verdict));
        break;
    case MODEL_WHEN_METRIC:
        buffer_printf(out, "%s.%s%s%g", model->checks[node->check].full_name, node->metric, signs[node->comparison], node->value);
        break;
    case MODEL_WHEN_NOT:
        assert_true(node->left < i);
        buffer_text(out, "(not ");
        show(model, condition, node->left, out);
        buffer_char(out, ')');
        break;
    default:
        assert_true(node->left < i && node->right < i);
        buffer_text(out, node->kind == MODEL_WHEN_AND ? "(and " : "(or ");
        show(model, condition, node->left, out);
        buffer_char(out, ' ');
        show(model, condition, node->right, out);
        buffer_char(out, ')');
    }
}

static void assert_means(const char *when, const char *expected)
{
    struct buffer text = buffer_make(0), tree = buffer_make(0);
    const struct model_condition *condition;
    struct model *model;

    support_write("when-runbook.yaml", "runbook: a\n", 11);
    buffer_printf(&text, frame, when);
    model = support_model("when.yaml", buffer_string(&text));
    condition = &model->services[0].heal[0].when;
    assert_string_equal(condition->text, when);
    show(model, condition, condition->n - 1, &tree);
    assert_string_equal(buffer_string(&tree), expected);
    model_drop(model);
    buffer_free(&text);
    buffer_free(&tree);
}

static void assert_tells(const char *when, const char *expected)
{
    struct buffer text = buffer_make(0);

    buffer_printf(&text, frame, when);
    assert_string_equal(support_told("when.yaml", buffer_string(&text)), expected);
    buffer_free(&text);
}

/* ---- the language ---- */

static void verdicts(void **state)
{
    (void)state;
    assert_means("ping ok", "web.ping:ok");
    assert_means("ping warn", "web.ping:warn");
    assert_means("ping failed", "web.ping:failed");
    assert_means("ping suspect", "web.ping:suspect");
    assert_means("ping unknown", "web.ping:unknown");
    assert_means("ping starting", "web.ping:starting");
    assert_means("ping stopped", "web.ping:stopped");
    assert_means("ping recovering", "web.ping:recovering");
    assert_means("db.ping failed", "db.ping:failed");
    assert_means("db failed", "web.db:failed"); /* the service has a check of that name */
}

static void precedence(void **state)
{
    (void)state;
    assert_means("ping ok or port ok and space ok", "(or web.ping:ok (and web.port:ok web.space:ok))");
    assert_means("ping ok and port ok or space ok", "(or (and web.ping:ok web.port:ok) web.space:ok)");
    assert_means("(ping ok or port ok) and space ok", "(and (or web.ping:ok web.port:ok) web.space:ok)");
    assert_means("not ping ok and port ok", "(and (not web.ping:ok) web.port:ok)");
    assert_means("not (ping ok and port ok)", "(not (and web.ping:ok web.port:ok))");
    assert_means("not not ping ok", "(not (not web.ping:ok))");
    assert_means("ping ok and port ok and space ok", "(and (and web.ping:ok web.port:ok) web.space:ok)");
    assert_means("((ping ok))", "web.ping:ok");
}

static void comparisons(void **state)
{
    (void)state;
    assert_means("ping.ping_time < 120s", "web.ping.ping_time<120");
    assert_means("ping.ping_time<=1m30s", "web.ping.ping_time<=90");
    assert_means("ping.used_memory > 10MiB", "web.ping.used_memory>1.04858e+07");
    assert_means("space.used_percent >= 90%", "web.space.used_percent>=90");
    assert_means("space.used_percent == 90.5", "web.space.used_percent==90.5");
    assert_means("ping.connected_clients != 3", "web.ping.connected_clients!=3");
    assert_means("ping.connected_clients > -1e3", "web.ping.connected_clients>-1000");
    assert_means("not ping.ping_time < 0", "(not web.ping.ping_time<0)");
    assert_means("db.ping.ping_time < 250ms", "db.ping.ping_time<0.25"); /* another service's check, though one of its own has that name */
}

static void metrics_made_at_run_time(void **state)
{
    (void)state;
    assert_means("script.load1 > 5", "web.script.load1>5");
    assert_means("script.time > 5s", "web.script.time>5");
    assert_means("script.size > 1KiB", "web.script.size>1024");
    assert_means("script.share > 5%", "web.script.share>5");
    assert_means("db.disk.used > 5", "web.db.disk.used>5"); /* no check `disk` in the service `db`: its own check's metric `disk.used` */
    assert_means("ping.maxclients > 100", "web.ping.maxclients>100");
}

static void variables(void **state)
{
    (void)state;
    setenv("TALON_TEST_LIMIT", "2s", 1);
    assert_means("${vars.who} failed and ping.ping_time < ${vars.limit}", "(and web.ping:failed web.ping.ping_time<1.5)");
    assert_means("ping.ping_time < ${env.TALON_TEST_LIMIT}", "web.ping.ping_time<2");
    assert_tells("${vars.word}", "when.yaml:12:28: error: `ping failed or port ok` alone is no condition: write `ping failed or port ok failed`, or compare one of its metrics\n");
    assert_tells("${vars.word} ok", "when.yaml:12:28: error: the service `web` has no check `ping failed or port ok`\n");
}

static void witnesses_alone(void **state)
{
    (void)state;
    assert_tells("seen failed", "when.yaml:12:27: warning: this condition asks witnesses alone: a check that can fail should be part of it\n");
    assert_means("seen ok and ping failed", "(and web.seen:ok web.ping:failed)");
}

static void bounds(void **state)
{
    struct buffer when = buffer_make(0);

    (void)state;
    buffer_text(&when, "ping ok");
    for (int i = 0; i < 250; i++)
        buffer_text(&when, " or ping ok");
    assert_tells(buffer_string(&when), "when.yaml:12:2785: error: this condition has more than 500 parts\n");
    buffer_clear(&when);
    for (int i = 0; i < 1000; i++)
        buffer_text(&when, "ping ok and ");
    assert_tells(buffer_string(&when), "when.yaml:12:27: error: this condition is longer than 8192 bytes\n");
    buffer_clear(&when);
    for (int i = 0; i < 31; i++)
        buffer_text(&when, "(");
    buffer_text(&when, "ping ok");
    for (int i = 0; i < 31; i++)
        buffer_text(&when, ")");
    assert_means(buffer_string(&when), "web.ping:ok");
    buffer_free(&when);
}

static void the_same_condition_twice_is_the_next_rung(void **state)
{
    struct model *model;

    (void)state;
    support_write("when-runbook.yaml", "runbook: a\n", 11);
    model = support_model("twice.yaml", "runbooks: [when-runbook.yaml]\nservices: {s: {checks: {x: {load: {}}}, heal: [{when: x failed, run: a}, {when: x failed, run: a}]}}\n");
    assert_int_equal(model->services[0].n_heal, 2);
    model_drop(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts),
        cmocka_unit_test(precedence),
        cmocka_unit_test(comparisons),
        cmocka_unit_test(metrics_made_at_run_time),
        cmocka_unit_test(variables),
        cmocka_unit_test(witnesses_alone),
        cmocka_unit_test(bounds),
        cmocka_unit_test(the_same_condition_twice_is_the_next_rung),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
