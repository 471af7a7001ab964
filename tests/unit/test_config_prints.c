/* Fingerprints: what a reload leaves alone keeps them, and what it changes has another one, there and nowhere else. */
#include "config_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char before[] = "vars: {limit: 5s}\n"
                             "plugins: {mine: {path: ./mine.so}, disk: {host: shared}}\n"
                             "secrets: {pw: {file: /run/pw}, token: {command: [lease, token], ttl: 5m}}\n"
                             "runbooks: [prints-runbook.yaml]\n"
                             "services:\n"
                             "  a:\n"
                             "    title: A\n"
                             "    needs: [b]\n"
                             "    checks:\n"
                             "      web: {http: {url: http://a.example.com/, bearer: \"${secrets.token}\"}}\n"
                             "      ping: {redis: {address: 127.0.0.1:1, password: \"${secrets.pw}\"}, every: 10s}\n"
                             "      space: {disk: {path: /}}\n"
                             "    heal: [{when: \"ping failed and ping.ping_time < ${vars.limit}\", run: r, with: {x: y}}]\n"
                             "  b: {checks: {load: {load: {}}, port: {tcp: {address: b:1}}}}\n";

enum { CHECKS = 5, SERVICES = 2 };
static const char *const names[CHECKS] = { "a.web", "a.ping", "a.space", "b.load", "b.port" };

/* before, with one text replaced. */
static struct model *changed(const char *from, const char *to)
{
    struct buffer text = buffer_make(0);
    const char *at = strstr(before, from);
    struct model *model;

    assert_non_null(at);
    buffer_add(&text, before, (size_t)(at - before));
    buffer_text(&text, to);
    buffer_text(&text, at + strlen(from));
    support_write("prints-runbook.yaml", "runbook: r\nparams: {x: {}}\n", 27);
    model = support_model("prints.yaml", buffer_string(&text));
    buffer_free(&text);
    return model;
}

/* which: the checks ("a.web b.port") and services that are to be other ones. */
static void assert_changes(const char *from, const char *to, const char *which)
{
    struct model *old = changed("services:", "services:"), *new = changed(from, to);
    char differ[200] = "";
    size_t n = 0;

    for (size_t i = 0; i < CHECKS; i++)
        if (support_check(old, names[i])->fingerprint != support_check(new, names[i])->fingerprint)
            n += (size_t)snprintf(differ + n, sizeof differ - n, "%s%s", n > 0 ? " " : "", names[i]);
    for (size_t i = 0; i < SERVICES; i++)
        if (old->services[i].fingerprint != new->services[i].fingerprint)
            n += (size_t)snprintf(differ + n, sizeof differ - n, "%s%s", n > 0 ? " " : "", old->services[i].name);
    assert_string_equal(differ, which);
    model_drop(old);
    model_drop(new);
}

static void nothing_changes_by_itself(void **state)
{
    (void)state;
    assert_changes("vars:", "# a comment\nvars:", "");
    assert_changes("vars: {limit: 5s}\n", "vars:\n  limit: 5000ms\n", ""); /* written in another way */
    assert_changes("services:", "log: {level: debug}\nservices:", "");
    assert_changes("path: /}", "path: /, warn: 85}", ""); /* what is the default anyway */
    assert_changes("url: http://a.example.com/, bearer: \"${secrets.token}\"", "bearer: \"${secrets.token}\", url: http://a.example.com/", "");
}

static void schedules_are_no_part_of_a_check(void **state)
{
    (void)state;
    assert_changes("every: 10s", "every: 11s, fail_after: 9", "");
    assert_changes("{disk: {path: /}}", "{disk: {path: /}, witness: true, enabled: false}", "");
    assert_changes("services:", "defaults: {timeout: 1s}\nservices:", "");
}

static void an_option_changes_its_check(void **state)
{
    (void)state;
    assert_changes("a.example.com", "b.example.com", "a.web");
    assert_changes("address: b:1", "address: b:2", "b.port");
    assert_changes("address: b:1", "address: b:1, tls: true", "b.port");
    assert_changes("path: /}", "path: /var}", "a.space");
    assert_changes("{load: {}}", "{load: {warn: 5}}", "b.load");
    assert_changes("services:", "defaults: {load: {warn: 6}}\nservices:", "b.load");
    assert_changes("\"${secrets.pw}\"", "\"x${secrets.pw}\"", "a.ping");
}

static void where_a_secret_comes_from_changes_its_checks(void **state)
{
    (void)state;
    assert_changes("file: /run/pw", "file: /run/pw2", "a.ping");
    assert_changes("file: /run/pw", "env: PW", "a.ping");
    assert_changes("[lease, token]", "[lease, token, x]", "a.web");
    assert_changes("ttl: 5m", "ttl: 6m", "");
    assert_changes("ttl: 5m", "ttl: 5m, json: x", "a.web");
}

static void a_plugin_changes_its_checks(void **state)
{
    (void)state;
    assert_changes("host: shared", "host: own", "a.space");
    assert_changes("./mine.so", "./other.so", "");
}

static void what_a_service_is_changes_it_alone(void **state)
{
    (void)state;
    assert_changes("title: A", "title: B", "a");
    assert_changes("title: A", "title: A\n    critical: true", "a");
    assert_changes("title: A", "title: A\n    note: x", "a");
    assert_changes("needs: [b]", "needs: []", "a");
    assert_changes("needs: [b]", "needs: [{any: [b]}]", "");
    assert_changes("  b: {", "  b: {start_timeout: 6m, ", "b");
    assert_changes("x: y", "x: z", "a");
    assert_changes("limit: 5s", "limit: 6s", "a"); /* through a variable */
    assert_changes("ping failed and", "ping failed or", "a");
    assert_changes("ping failed and", "web failed and", "a");
    assert_changes("heal: [", "heal: [{run: r}, ", "a");
}

/* The fingerprint of the entry of `heal:`, with that runbook. */
static uint64_t entry_with(const char *runbook)
{
    struct model *model;
    uint64_t fingerprint;

    support_write("prints-runbook.yaml", runbook, strlen(runbook));
    model = support_model("prints.yaml", before);
    fingerprint = model->services[0].heal[0].fingerprint;
    assert_int_not_equal(fingerprint, 0);
    model_drop(model);
    return fingerprint;
}

static void what_a_runbook_does_changes_its_entries(void **state)
{
    const uint64_t first = entry_with("runbook: r\nparams: {x: {}}\nsteps: [{wait: 1s}]\n");

    (void)state;
    assert_true(first == entry_with("runbook: r\ntitle: T\nparams: {x: {}}\nsteps: [wait: 1000ms]\n"));
    assert_false(first == entry_with("runbook: r\nparams: {x: {}}\nsteps: [{wait: 2s}]\n"));
    assert_false(first == entry_with("runbook: r\nparams: {x: {}}\nsteps: [{wait: 1s}, {verify: b}]\n"));
    assert_false(first == entry_with("runbook: r\nparams: {x: {}}\nlimits: {attempts: 4}\nsteps: [{wait: 1s}]\n"));
    assert_false(first == entry_with("runbook: r\nparams: {x: {}}\nlimits: {locks: [b]}\nsteps: [{wait: 1s}]\n"));
    assert_false(first == entry_with("runbook: r\nparams: {x: {}}\nimpact: restart\nsteps: [{wait: 1s}]\n"));
    assert_false(first == entry_with("runbook: r\nparams: {x: {}}\nsteps: [{wait: 1s}]\nverify: {passes: 3}\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_changes_by_itself),
        cmocka_unit_test(schedules_are_no_part_of_a_check),
        cmocka_unit_test(an_option_changes_its_check),
        cmocka_unit_test(where_a_secret_comes_from_changes_its_checks),
        cmocka_unit_test(a_plugin_changes_its_checks),
        cmocka_unit_test(what_a_service_is_changes_it_alone),
        cmocka_unit_test(what_a_runbook_does_changes_its_entries),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
