/*
 * What comes of a configuration in which nothing is wrong: every value in force with the place that it came from (tests/unit/config/good, which uses every
 * feature once), the model, and the options as a plugin host gets them.
 */
#include "config_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS UINT64_C(1000000)
#define SECONDS(n) ((n) * 1000 * MS)

/* ---- tests/unit/config/good ---- */

static struct config *load_good(void)
{
    setenv("HOME", "/home/talon", 1);
    setenv("TALON_TEST_KEY", "key", 1);
    unsetenv("TALON_STATE");
    return support_load(support_fixture("good/talon.yaml"));
}

/* Without the folders that are others at each place: those of the fixture and of the pretended plugins. */
static void without_folders(const char *text, struct buffer *out)
{
    struct buffer once = buffer_make(0);
    char fixture[2048], own[2048];
    const char *prefixes[] = { fixture, own };
    const char *from = text;

    snprintf(fixture, sizeof fixture, "%s/", support_fixture("good"));
    snprintf(own, sizeof own, "%s/", support_folder());
    for (size_t i = 0; i < 2; i++) {
        buffer_clear(out);
        for (const char *at; (at = strstr(from, prefixes[i])); from = at + strlen(prefixes[i]))
            buffer_add(out, from, (size_t)(at - from));
        buffer_text(out, from);
        buffer_clear(&once);
        buffer_text(&once, buffer_string(out));
        from = buffer_string(&once);
    }
    buffer_free(&once);
}

static void every_value_is_shown_with_its_place(void **state)
{
    struct buffer expected = buffer_make(0), shown = buffer_make(0), got = buffer_make(0);
    struct config *config = load_good();

    (void)state;
    support_problems(config, support_fixture("good"), &got);
    assert_string_equal(buffer_string(&got), "");
    assert_true(support_slurp(support_fixture("good/show.expected"), &expected));
    config_show(config, NULL, &shown);
    assert_false(shown.failed);
    without_folders(buffer_string(&shown), &got);
    assert_string_equal(buffer_string(&got), buffer_string(&expected));
    config_free(config);
    buffer_free(&expected);
    buffer_free(&shown);
    buffer_free(&got);
}

static size_t lines_of(const struct config *config, const char *name, const char *begin)
{
    struct buffer shown = buffer_make(0);
    size_t lines = 0;

    config_show(config, name, &shown);
    for (const char *at = buffer_string(&shown); *at; at = strchr(at, '\n') + 1, lines++)
        assert_true(strncmp(at, begin, strlen(begin)) == 0);
    buffer_free(&shown);
    return lines;
}

static void what_is_asked_for_is_shown_alone(void **state)
{
    struct config *config = load_good();

    (void)state;
    assert_int_equal(lines_of(config, "listen", "listen = "), 1);
    assert_int_equal(lines_of(config, "log", "log."), 3);
    assert_int_equal(lines_of(config, "vars", "vars."), 4);
    assert_int_equal(lines_of(config, "spare", "services.spare."), 8);
    assert_int_equal(lines_of(config, "services.spare", "services.spare."), 8);
    assert_int_equal(lines_of(config, "front.pods", "services.front.checks.pods."), 16);
    assert_int_equal(lines_of(config, "cache.ping.redis", "services.cache.checks.ping.redis."), 2);
    assert_int_equal(lines_of(config, "services.cache.heal.3", "services.cache.heal.3."), 5);
    assert_int_equal(lines_of(config, "front.pod", ""), 0);
    assert_int_equal(lines_of(config, "lis", ""), 0);
    config_free(config);
}

static void settings_are_in_the_model(void **state)
{
    struct config *config = load_good();
    struct model *model = config_model(config);
    const struct model_settings *s = &model->settings;

    (void)state;
    assert_string_equal(s->listen_host, "::1");
    assert_int_equal(s->listen_port, 9998);
    assert_string_equal(s->allow_hosts[0], "talon.example.com");
    assert_null(s->allow_hosts[1]);
    assert_string_equal(s->state, "/home/talon/state");
    assert_string_equal(s->log_file, "/home/talon/state/talon.log");
    assert_int_equal(s->log_rotate, 5 << 20);
    assert_int_equal(s->guard_stall, SECONDS(45));
    assert_string_equal(s->control_group, "staff");
    assert_int_equal(s->remediation_at_most, 4);
    assert_int_equal(s->remediation_window, SECONDS(1800));
    assert_int_equal(s->remediation_concurrent, 2);
    assert_int_equal(s->storm_percent, 50);
    assert_int_equal(s->flap_escalate, SECONDS(600));
    model_drop(model);
    config_free(config);
}

static void services_are_in_the_model(void **state)
{
    struct config *config = load_good();
    struct model *model = config_model(config);
    const struct model_service *front = &model->services[model_service(model, "front")], *cache = &model->services[model_service(model, "cache")];

    (void)state;
    assert_int_equal(model->n_services, 4);
    assert_string_equal(model->services[0].name, "platform"); /* those of the main file come first, then the files by name */
    assert_ptr_equal(cache, &model->services[2]);
    assert_true(cache->critical && cache->heal_stopped && cache->enabled);
    assert_int_equal(cache->n_checks, 5);
    assert_int_equal(front->n_needs, 2);
    assert_int_equal(front->needs[0].n, 1);
    assert_int_equal(front->needs[0].any[0], model_service(model, "cache"));
    assert_int_equal(front->needs[1].n, 2);
    assert_int_equal(front->needs[1].any[1], model_service(model, "spare"));
    assert_int_equal(front->needs_wait, SECONDS(60)); /* the longest timeout of what it needs */
    assert_int_equal(front->start_timeout, 0);
    assert_string_equal(model->services[0].note, "Ask the platform people.");
    assert_null(front->note);
    assert_false(model->services[1].enabled);
    assert_int_equal(cache->n_heal, 3);
    assert_int_equal(cache->heal[2].when.n, 0);
    assert_string_equal(model->runbooks[cache->heal[2].runbook].name, "bridge");
    assert_string_equal(cache->heal[1].with[0].value, "shop");
    assert_string_equal(support_check(model, "cache.script")->name, "script");
    assert_false(support_check(model, "cache.script")->enabled);
    assert_true(support_check(model, "platform.vm-witness")->witness);
    assert_int_equal(support_check(model, "cache.ping")->path, 0);
    assert_int_equal(support_check(model, "cache.persistence")->path, MODEL_NONE);
    assert_int_equal(model->n_windows, 2);
    assert_string_equal(model->windows[0].name, "sundays");
    assert_true(model->windows[0].length == 5400 * (uint64_t)1000000000u);
    assert_int_equal(model->windows[0].n, 1);
    assert_string_equal(model->services[model->windows[0].services[0]].name, "cache");
    assert_int_equal(model->windows[0].begins.weekdays, 1);
    assert_int_equal(model->windows[1].n, 0);
    assert_string_equal(model->paths[0].name, "lima");
    assert_int_equal(model->paths[0].concurrent, 8);
    model_drop(model);
    config_free(config);
}

static void runbooks_and_secrets_are_in_the_model(void **state)
{
    struct config *config = load_good();
    struct model *model = config_model(config);
    const struct model_runbook *restart = &model->runbooks[1];

    (void)state;
    assert_int_equal(model->n_runbooks, 2);
    assert_string_equal(restart->name, "restart");
    assert_string_equal(restart->title, "Restart it");
    assert_int_equal(restart->n_params, 3);
    assert_true(restart->params[0].required);
    assert_string_equal(restart->params[1].fallback, "main");
    assert_int_equal(model->n_secrets, 3);
    assert_int_equal(model->secrets[0].source, MODEL_SECRET_COMMAND);
    assert_string_equal(model->secrets[0].command[1], "lease");
    assert_null(model->secrets[0].command[3]);
    assert_int_equal(model->secrets[0].ttl, SECONDS(1800));
    assert_string_equal(model->secrets[1].file, "/home/talon/secrets/redis");
    assert_string_equal(model->secrets[2].json, "data.key");
    assert_true(model->secrets[2].pem);
    assert_false(model->secrets[0].pem);
    model_drop(model);
    config_free(config);
}

static void limits_are_in_the_model(void **state)
{
    struct config *config = load_good();
    struct model *model = config_model(config);
    const struct model_heal *entry = &model->services[model_service(model, "cache")].heal[0];
    const struct model_limits *limits = &entry->bound->limits;

    (void)state;
    assert_string_equal(entry->bound->name, "restart");
    assert_true(entry->bound->known);
    assert_int_equal(entry->bound->impact, MODEL_DISRUPT);
    assert_int_equal(limits->attempts, 2);
    assert_int_equal(limits->cooldown, SECONDS(900));
    assert_int_equal(limits->at_most, 3);
    assert_int_equal(limits->at_most_window, SECONDS(21600));
    assert_int_equal(limits->hold_after_failure, SECONDS(1800));
    assert_int_equal(limits->confirm_within, SECONDS(420));
    assert_int_equal(limits->confirm_tries, 6);
    assert_int_equal(limits->n_locks, 2);
    assert_string_equal(limits->locks[0], "cache");
    assert_string_equal(limits->locks[1], "platform");
    assert_int_equal(limits->warmup.n, 1);
    assert_int_equal(limits->owner.n, 1);
    assert_int_equal(entry->bound->deadline, SECONDS(1200));
    assert_int_equal(model->runbooks[0].limits.attempts, 3); /* of `bridge`, where nothing is said */
    model_drop(model);
    config_free(config);
}

static void steps_are_in_the_model_with_their_parameters(void **state)
{
    struct config *config = load_good();
    struct model *model = config_model(config);
    const struct model_service *cache = &model->services[model_service(model, "cache")];
    const struct model_step *steps = cache->heal[0].bound->steps;

    (void)state;
    assert_int_equal(cache->heal[0].bound->n_steps, 5);
    assert_int_equal(steps[0].kind, MODEL_STEP_COLLECT);
    assert_true(steps[0].goes_on);
    assert_int_equal(steps[0].action.impact, MODEL_OBSERVE);
    assert_string_equal(steps[0].action.conf.json, "{\"nodes\":[\"redis\"]}");
    assert_string_equal(steps[1].action.conf.json, "{\"name\":\"redis-0\"}");
    assert_string_equal(model->operations[steps[1].action.operation].name, "greenhouse.delete-pod");
    assert_int_equal(steps[1].action.impact, MODEL_RESTART);
    assert_true(steps[1].goes_on);
    assert_string_equal(cache->heal[1].bound->steps[1].action.conf.json, "{\"name\":\"shop-0\"}");
    assert_int_equal(steps[2].wait, SECONDS(5));
    assert_int_equal(steps[3].n_then, 1);
    assert_int_equal(steps[3].then[0].passes.checks.n, 1);
    assert_int_equal(steps[3].n_otherwise, 2);
    assert_int_equal(steps[3].longest, SECONDS(16));
    assert_int_equal(steps[4].n_meanwhile, 1);
    assert_int_equal(steps[4].meanwhile[0].when.n, 1);
    assert_int_equal(steps[4].hard.n, 1);
    assert_int_equal(steps[4].passes.checks.n, cache->heal[0].bound->verify.checks.n + 1); /* `subject.ping` is part of `subject` */
    model_drop(model);
    config_free(config);
}

static void assert_conf(const struct model *model, const char *check, const char *expected)
{
    assert_string_equal(support_check(model, check)->conf.json, expected);
}

static void assert_hole(const struct model *model, const char *check, size_t i, const char *behind, const char *secret)
{
    const struct model_conf *conf = &support_check(model, check)->conf;
    const size_t n = strlen(behind);

    assert_true(i < conf->n_holes);
    assert_string_equal(model->secrets[conf->holes[i].secret].name, secret);
    assert_true(conf->holes[i].at >= n);
    assert_memory_equal(conf->json + conf->holes[i].at - n, behind, n);
}

static void options_are_what_a_host_gets(void **state)
{
    struct config *config = load_good();
    struct model *model = config_model(config);

    (void)state;
    assert_conf(model, "cache.ping", "{\"address\":{\"host\":\"db.shop.example.com\",\"port\":6380},\"password\":\"\"}");
    assert_conf(model, "cache.disk-1", "{\"path\":\"/\",\"warn\":80.5,\"fail\":95}");
    assert_conf(model, "cache.disk-var-log", "{\"path\":\"/var/log\",\"warn\":80.5,\"fail\":95}");
    assert_conf(model, "cache.script",
                "{\"command\":[\"/bin/echo\",\"${not.a.variable} costs $5\",\"no\",\"08\",\"1:30\",\"line\\nbreak\"],"
                "\"env\":{\"TOKEN\":\"ab\",\"PLAIN\":\"x\"},\"dir\":\"/\",\"expect_exit\":\"0\",\"max_output\":\"65536\"}");
    assert_conf(model, "front.pods",
                "{\"kind\":\"daemonset\",\"name\":\"front\",\"namespace\":\"default\",\"events\":[{\"reason\":\"BackOff\",\"within\":\"600000000000\"},"
                "{\"reason\":\"Unhealthy\",\"within\":\"3600000000000\",\"token\":\"\"}]}");
    assert_hole(model, "cache.ping", 0, "\"password\":\"", "password");
    assert_hole(model, "cache.script", 0, "\"TOKEN\":\"a", "token");
    assert_hole(model, "cache.script", 1, "\"TOKEN\":\"ab", "password");
    assert_hole(model, "front.web", 0, "\"Authorization\":\"Bearer ", "token");
    assert_hole(model, "front.web", 1, "\"key\":\"", "key");
    model_drop(model);
    config_free(config);
}

/* ---- what wins ---- */

static void nearer_defaults_win(void **state)
{
    static const char of_file[] = "service: b\n"
                                  "defaults: {every: 30s, recover_after: 5, tcp: {every: 40s}}\n"
                                  "checks:\n"
                                  "  file: {load: {}}\n"
                                  "  file-type: {tcp: {address: a:1}}\n"
                                  "  own: {tcp: {address: a:1, warn_after: 5s}, every: 50s}\n";
    struct model *model;

    (void)state;
    support_write("parts/b.yaml", of_file, sizeof of_file - 1);
    model = support_model("defaults.yaml", "defaults: {every: 10s, fail_after: 7, tcp: {every: 20s, warn_after: 3s, unknown_after: 9}}\n"
                                           "include: [parts/b.yaml]\n"
                                           "services:\n"
                                           "  a:\n"
                                           "    checks:\n"
                                           "      main: {load: {}}\n"
                                           "      main-type: {tcp: {address: a:1}}\n");
    assert_int_equal(support_check(model, "a.main")->every, SECONDS(10));
    assert_int_equal(support_check(model, "a.main-type")->every, SECONDS(20));
    assert_int_equal(support_check(model, "b.file")->every, SECONDS(30));
    assert_int_equal(support_check(model, "b.file-type")->every, SECONDS(40));
    assert_int_equal(support_check(model, "b.own")->every, SECONDS(50));
    assert_int_equal(support_check(model, "b.own")->fail_after, 7);
    assert_int_equal(support_check(model, "b.own")->recover_after, 5);
    assert_int_equal(support_check(model, "b.file-type")->unknown_after, 9);
    assert_int_equal(support_check(model, "b.file")->unknown_after, 3);
    assert_int_equal(support_check(model, "b.own")->confirm_every, 12500 * MS);
    assert_conf(model, "b.file-type", "{\"address\":{\"host\":\"a\",\"port\":1},\"warn_after\":\"3000000000\"}");
    assert_conf(model, "b.own", "{\"address\":{\"host\":\"a\",\"port\":1},\"warn_after\":\"5000000000\"}");
    model_drop(model);
}

static void a_service_has_defaults_of_its_own(void **state)
{
    struct model *model = support_model("own-defaults.yaml", "services:\n"
                                                             "  a:\n"
                                                             "    defaults: {every: 5m, needs_wait: 1m, tell_warn_after: 2h}\n"
                                                             "    tell_warn_after: 3h\n"
                                                             "    checks: {x: {load: {}}}\n"
                                                             "  b: {checks: {x: {load: {}}}}\n");

    (void)state;
    assert_int_equal(support_check(model, "a.x")->every, SECONDS(300));
    assert_int_equal(support_check(model, "b.x")->every, SECONDS(60));
    assert_int_equal(model->services[0].needs_wait, SECONDS(60));
    assert_int_equal(model->services[0].tell_warn_after, SECONDS(3 * 3600));
    model_drop(model);
}

static void confirmation_is_never_quicker_than_it_may_be(void **state)
{
    struct model *model = support_model("confirm.yaml", "services: {a: {checks: {x: {load: {}, every: 200ms}, y: {load: {}, every: 1s}}}}\n");

    (void)state;
    assert_int_equal(support_check(model, "a.x")->confirm_every, 100 * MS);
    assert_int_equal(support_check(model, "a.y")->confirm_every, 250 * MS);
    model_drop(model);
}

/* ---- texts ---- */

static void paths_are_relative_to_their_file(void **state)
{
    static const char of_file[] = "service: b\nchecks: {x: {file: {path: ./here}}, y: {file: {path: ~/there}}, z: {redis: {address: unix:sock}}, w: {file: {path: /abs}}}\n";
    char expected[2048];
    struct model *model;

    (void)state;
    setenv("HOME", "/home/talon", 1);
    support_write("deep/er/b.yaml", of_file, sizeof of_file - 1);
    model = support_model("paths.yaml", "state: state\ninclude: deep/er/*.yaml\n");
    snprintf(expected, sizeof expected, "%s/state", support_folder());
    assert_string_equal(model->settings.state, expected);
    snprintf(expected, sizeof expected, "\"path\":\"%s/deep/er/", support_folder());
    assert_non_null(strstr(support_check(model, "b.x")->conf.json, expected));
    assert_non_null(strstr(support_check(model, "b.y")->conf.json, "\"path\":\"/home/talon/there\""));
    snprintf(expected, sizeof expected, "{\"address\":{\"unix\":\"%s/deep/er/sock\"}}", support_folder());
    assert_conf(model, "b.z", expected);
    assert_non_null(strstr(support_check(model, "b.w")->conf.json, "\"path\":\"/abs\""));
    model_drop(model);
}

static void scalars_are_taken_as_spelled(void **state)
{
    struct model *model = support_model("spelled.yaml", "services:\n"
                                                        "  a:\n"
                                                        "    title: 0x1F\n"
                                                        "    checks:\n"
                                                        "      x: {exec: {command: [no, on, 08, 1:30, ~, null, 1_000, .inf, 2001-01-01, !!int 7, ! y, '']}}\n"
                                                        "      y: {exec: {command: uptime}}\n"
                                                        "      z: {exec: {command: [a], input: !!str }}\n");

    (void)state;
    assert_string_equal(model->services[0].title, "0x1F");
    assert_non_null(strstr(support_check(model, "a.x")->conf.json,
                           "[\"no\",\"on\",\"08\",\"1:30\",\"~\",\"null\",\"1_000\",\".inf\",\"2001-01-01\",\"7\",\"y\",\"\"]"));
    assert_non_null(strstr(support_check(model, "a.y")->conf.json, "\"command\":[\"uptime\"]"));
    assert_non_null(strstr(support_check(model, "a.z")->conf.json, "\"input\":\"\""));
    model_drop(model);
}

static void variables_are_never_parsed_again(void **state)
{
    struct model *model;

    (void)state;
    setenv("TALON_TEST_TRICKY", "\"}], evil: ${vars.b} # 'x'\n\t<<: *a", 1);
    model = support_model("variables.yaml", "vars:\n"
                                            "  a: ${env.TALON_TEST_TRICKY}\n"
                                            "  b: $${vars.a}$$ $x ${vars.a}\n"
                                            "services: {s: {title: \"<${vars.a}>\", checks: {x: {exec: {command: [\"${vars.b}\"]}}}}}\n");
    assert_string_equal(model->services[0].title, "<\"}], evil: ${vars.b} # 'x'\n\t<<: *a>");
    assert_non_null(strstr(support_check(model, "s.x")->conf.json,
                           "\"command\":[\"${vars.a}$$ $x \\\"}], evil: ${vars.b} # 'x'\\n\\t<<: *a\"]"));
    model_drop(model);
}

static void one_check_for_each_item(void **state)
{
    struct model *model = support_model("each.yaml", "vars: {last: LAST}\n"
                                                     "services:\n"
                                                     "  a:\n"
                                                     "    checks:\n"
                                                     "      x: {tcp: {address: \"${each}:80\", send: \"to ${each}\"}, for_each: [db, DB.x, \"${vars.last}\"]}\n"
                                                     "      y: {load: {}}\n");

    (void)state;
    assert_int_equal(model->n_checks, 4);
    assert_int_equal(model->services[0].n_checks, 4);
    assert_conf(model, "a.x-db", "{\"address\":{\"host\":\"db\",\"port\":80},\"send\":\"to db\"}");
    assert_conf(model, "a.x-db-x", "{\"address\":{\"host\":\"DB.x\",\"port\":80},\"send\":\"to DB.x\"}");
    assert_conf(model, "a.x-last", "{\"address\":{\"host\":\"LAST\",\"port\":80},\"send\":\"to LAST\"}");
    assert_string_equal(model->checks[3].full_name, "a.y");
    model_drop(model);
}

static void own_keys_win_over_merged_ones(void **state)
{
    struct model *model = support_model("merge.yaml", "services:\n"
                                                      "  a:\n"
                                                      "    checks:\n"
                                                      "      one: &one {load: &load {warn: 1}, every: 10s, timeout: 1s, fail_after: 1}\n"
                                                      "      two: &two {<<: *one, every: 20s}\n"
                                                      "      three: {<<: [{timeout: 3s}, *two], fail_after: 5}\n"
                                                      "      four: {every: 40s, load: *load, <<: *two}\n"
                                                      "      five: {load: {<<: *load, warn: 5}}\n");

    (void)state;
    assert_int_equal(support_check(model, "a.two")->every, SECONDS(20));
    assert_int_equal(support_check(model, "a.two")->timeout, SECONDS(1));
    assert_int_equal(support_check(model, "a.three")->timeout, SECONDS(3));
    assert_int_equal(support_check(model, "a.three")->every, SECONDS(20));
    assert_int_equal(support_check(model, "a.three")->fail_after, 5);
    assert_int_equal(support_check(model, "a.four")->every, SECONDS(40));
    assert_conf(model, "a.four", "{\"warn\":1}");
    assert_conf(model, "a.five", "{\"warn\":5}");
    model_drop(model);
}

static void both_line_ends_and_a_mark_are_read(void **state)
{
    struct model *model = support_model("crlf.yaml", "\xef\xbb\xbf%YAML 1.1 # so\r\n---\r\nservices:\r\n  a:\r\n    title: |\r\n      one\r\n      two\r\n    checks: {x: {load: {}}}\r\n...\r\n# end\r\n");

    (void)state;
    assert_string_equal(model->services[0].title, "one\ntwo\n");
    assert_int_equal(model->checks[0].place.line, 8);
    assert_int_equal(model->checks[0].place.column, 14);
    model_drop(model);
}

/* ---- less than a whole ---- */

static void a_service_file_alone_gives_a_model(void **state)
{
    struct config *config = support_load_text("alone.yaml", "service: a\nneeds: [elsewhere]\nchecks: {x: {homemade: {}}, y: {load: {}}}\n");
    struct model *model = config_model(config);

    (void)state;
    assert_non_null(model);
    assert_int_equal(config_errors(config), 0);
    assert_int_equal(model->services[0].n_needs, 0);
    assert_string_equal(model->operations[support_check(model, "a.x")->operation].name, "homemade");
    model_drop(model);
    config_free(config);
}

static void a_plugin_that_cannot_be_had_is_tolerated_by_the_daemon(void **state)
{
    static const char text[] = "plugins: {mine: {path: ./mine.so}}\n"
                               "runbooks: [r.yaml]\n"
                               "services:\n"
                               "  a:\n"
                               "    checks: {x: {mine.thing: {any: [x]}}, y: {load: {}}}\n"
                               "    heal: [{when: x.count > 5s, run: r}]\n";
    struct config *config;
    struct model *model;

    (void)state;
    support_write("r.yaml", "runbook: r\n", 11);
    config = support_read(support_write("tolerated.yaml", text, sizeof text - 1), NULL);
    support_describe(config, true);
    config_check(config);
    model = config_model(config);
    assert_non_null(model);
    assert_string_equal(model->operations[support_check(model, "a.x")->operation].name, "mine.thing");
    assert_string_equal(model->plugins[model->operations[support_check(model, "a.x")->operation].plugin].name, "mine");
    assert_conf(model, "a.x", "{}");
    assert_int_equal(model->services[0].heal[0].when.n, 1);
    model_drop(model);
    config_free(config);
}

static void a_secret_used_in_two_ways_is_two_in_the_model(void **state)
{
    struct model *model = support_model("twins.yaml", "secrets: {k: {env: K}, other: {env: O}}\n"
                                                      "services:\n"
                                                      "  a:\n"
                                                      "    checks:\n"
                                                      "      x: {http: {url: x, bearer: \"${secrets.k}\"}}\n"
                                                      "      y: {http: {url: x, tls: {key: \"${secrets.k}\"}}}\n"
                                                      "      z: {http: {url: x, tls: {key: \"${secrets.k}\"}}}\n");
    const size_t text = support_check(model, "a.x")->conf.holes[0].secret, pem = support_check(model, "a.y")->conf.holes[0].secret;

    (void)state;
    assert_int_equal(model->n_secrets, 3);
    assert_int_not_equal(text, pem);
    assert_int_equal(support_check(model, "a.z")->conf.holes[0].secret, pem);
    assert_string_equal(model->secrets[text].name, "k");
    assert_string_equal(model->secrets[pem].name, "k");
    assert_false(model->secrets[text].pem);
    assert_true(model->secrets[pem].pem);
    model_drop(model);
}

static void an_empty_main_file_watches_nothing(void **state)
{
    struct config *config = support_load_text("nothing.yaml", "# nothing yet\n");
    struct model *model = config_model(config);

    (void)state;
    assert_non_null(model);
    assert_int_equal(model->n_services, 0);
    assert_string_equal(config_settings(config)->listen_host, "127.0.0.1");
    model_drop(model);
    config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_is_shown_with_its_place),
        cmocka_unit_test(what_is_asked_for_is_shown_alone),
        cmocka_unit_test(settings_are_in_the_model),
        cmocka_unit_test(services_are_in_the_model),
        cmocka_unit_test(runbooks_and_secrets_are_in_the_model),
        cmocka_unit_test(limits_are_in_the_model),
        cmocka_unit_test(steps_are_in_the_model_with_their_parameters),
        cmocka_unit_test(options_are_what_a_host_gets),
        cmocka_unit_test(nearer_defaults_win),
        cmocka_unit_test(a_service_has_defaults_of_its_own),
        cmocka_unit_test(confirmation_is_never_quicker_than_it_may_be),
        cmocka_unit_test(paths_are_relative_to_their_file),
        cmocka_unit_test(scalars_are_taken_as_spelled),
        cmocka_unit_test(variables_are_never_parsed_again),
        cmocka_unit_test(one_check_for_each_item),
        cmocka_unit_test(own_keys_win_over_merged_ones),
        cmocka_unit_test(both_line_ends_and_a_mark_are_read),
        cmocka_unit_test(a_service_file_alone_gives_a_model),
        cmocka_unit_test(a_plugin_that_cannot_be_had_is_tolerated_by_the_daemon),
        cmocka_unit_test(a_secret_used_in_two_ways_is_two_in_the_model),
        cmocka_unit_test(an_empty_main_file_watches_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
