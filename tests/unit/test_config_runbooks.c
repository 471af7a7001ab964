/* Runbooks and the plugins that they name: which are asked, what they refuse, what holds where one cannot be had; and how many steps there may be. */
#include "config_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define SECONDS(n) ((uint64_t)(n) * 1000000000u)

static const char asking[] = "runbooks: [book.yaml]\n"
                             "services: {a: {checks: {x: {load: {}}}, heal: [{run: r}, {run: r, with: {n: b}}]}}\n";

static void write_book(const char *text)
{
    support_write("book.yaml", text, strlen(text));
}

static bool is_listed(const struct config *config, const char *name)
{
    size_t n;
    const struct config_plugin *list = config_plugins(config, &n);

    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i].name, name) == 0)
            return true;
    return false;
}

/* ---- which plugins are asked ---- */

static void plugins_of_runbooks_in_use_alone_are_asked(void **state)
{
    static const char unasked[] = "runbooks: [book.yaml]\nservices: {a: {checks: {x: {load: {}}}}}\n";
    struct config *config;

    (void)state;
    write_book("runbook: r\nparams: {n: {default: a}}\n"
               "steps: [{if: x failed, then: [{until: {checks: a, within: 1m, meanwhile: [{do: {greenhouse.delete-pod: {name: b}}}]}}]}, {collect: {tcp: {address: b:1}}}]\n");
    config = support_read(support_write("asking.yaml", asking, sizeof asking - 1), NULL);
    assert_true(is_listed(config, "load") && is_listed(config, "greenhouse") && is_listed(config, "tcp"));
    config_free(config);
    config = support_read(support_write("unasked.yaml", unasked, sizeof unasked - 1), NULL);
    assert_true(is_listed(config, "load"));
    assert_false(is_listed(config, "greenhouse") || is_listed(config, "tcp"));
    config_free(config);
}

/* ---- one that cannot be had ---- */

static struct config *load_without(const char *plugin, bool tolerate)
{
    struct config *config = support_read(support_write("asking.yaml", asking, sizeof asking - 1), NULL);
    char *load = support_description("load");

    config_described(config, "load", load, NULL, tolerate);
    config_described(config, plugin, NULL, "it is written for a later Talon", tolerate);
    config_check(config);
    free(load);
    return config;
}

static void an_action_of_a_plugin_that_cannot_be_had_stays_and_says_why(void **state)
{
    struct config *config;
    const struct model_runbook *bound;
    struct model *model;

    (void)state;
    write_book("runbook: r\nimpact: restart\nparams: {n: {default: a}}\nsteps: [{do: {greenhouse.delete-pod: {name: b}}, timeout: 9s}]\n");
    config = load_without("greenhouse", true);
    model = config_model(config);
    assert_non_null(model);
    assert_int_equal(model->services[0].n_heal, 2);
    bound = model->services[0].heal[0].bound;
    assert_string_equal(bound->steps[0].action.missing, "it is written for a later Talon");
    assert_int_equal(bound->impact, MODEL_DISRUPT); /* nobody can say that it is less */
    model_drop(model);
    config_free(config);
    config = load_without("greenhouse", false);
    assert_null(config_model(config));
    config_free(config);
}

/* Its check will be unknown, and so will the condition: it may not be left out, since the step would mean something else. */
static void a_condition_about_a_plugin_that_cannot_be_had_stays(void **state)
{
    static const char text[] = "runbooks: [book.yaml]\nservices: {a: {checks: {x: {load: {}}, y: {redis: {address: b:1}}}, heal: [{run: r}]}}\n";
    struct config *config;
    struct model *model;
    char *load = support_description("load");

    (void)state;
    write_book("runbook: r\nsteps: [{if: y.connected_clients > 3, then: [{wait: 1s}]}]\n");
    config = support_read(support_write("condition.yaml", text, sizeof text - 1), NULL);
    config_described(config, "load", load, NULL, true);
    config_described(config, "redis", NULL, "it is gone", true);
    config_check(config);
    model = config_model(config);
    assert_non_null(model);
    assert_int_equal(model->services[0].n_heal, 1);
    assert_int_equal(model->services[0].heal[0].bound->steps[0].condition.n, 1);
    model_drop(model);
    config_free(config);
    free(load);
}

/* ---- parameters ---- */

static void each_entry_has_its_own_values(void **state)
{
    struct model *model;

    (void)state;
    write_book("runbook: r\nparams: {n: {default: a}, t: {default: 4s}}\n"
               "steps: [{do: {greenhouse.delete-pod: {name: \"${params.n}-$${x}\"}}}, {wait: \"${params.t}\"}]\ndeadline: 10m\n");
    model = support_model("asking.yaml", asking);
    assert_string_equal(model->services[0].heal[0].bound->steps[0].action.conf.json, "{\"name\":\"a-${x}\"}");
    assert_string_equal(model->services[0].heal[1].bound->steps[0].action.conf.json, "{\"name\":\"b-${x}\"}");
    assert_int_equal(model->services[0].heal[0].bound->steps[1].wait, SECONDS(4));
    assert_true(model->services[0].heal[0].fingerprint != model->services[0].heal[1].fingerprint);
    model_drop(model);
}

/* What a parameter stands for is never looked at again. */
static void a_value_is_no_variable(void **state)
{
    static const char text[] = "runbooks: [book.yaml]\n"
                               "services: {a: {checks: {x: {load: {}}}, heal: [{run: r, with: {n: \"$${vars.x} $${params.n}\"}}]}}\n";
    struct model *model;

    (void)state;
    write_book("runbook: r\nparams: {n: {required: true}}\nsteps: [{do: {greenhouse.delete-pod: {name: \"${params.n}\"}}}]\n");
    model = support_model("value.yaml", text);
    assert_string_equal(model->services[0].heal[0].bound->steps[0].action.conf.json, "{\"name\":\"${vars.x} ${params.n}\"}");
    model_drop(model);
}

static void secrets_never_come_through_parameters(void **state)
{
    static const char text[] = "runbooks: [book.yaml]\nsecrets: {s: {env: S}}\n"
                               "services: {a: {checks: {x: {load: {}}}, heal: [{run: r, with: {n: \"${secrets.s}\"}}]}}\n";

    (void)state;
    write_book("runbook: r\nparams: {n: {required: true}}\nsteps: [{do: {greenhouse.delete-pod: {name: \"${params.n}\"}}}]\n");
    assert_non_null(strstr(support_told("secret.yaml", text), "`${secrets.s}` may not stand here: `n` is not kept secret"));
}

/* ---- what checks stand for ---- */

static void a_service_stands_for_its_checks_but_witnesses_and_disabled_ones(void **state)
{
    static const char text[] = "runbooks: [book.yaml]\n"
                               "services:\n"
                               "  a: {checks: {x: {load: {}}, w: {load: {}, witness: true}, off: {load: {}, enabled: false}, y: {load: {}}}, heal: [{run: r}]}\n"
                               "  b: {checks: {z: {load: {}}, w: {load: {}, witness: true}}}\n";
    const struct model_checks *checks;
    struct model *model;

    (void)state;
    write_book("runbook: r\nsteps: [{verify: [b.w, b, subject.w]}]\n");
    model = support_model("stand.yaml", text);
    checks = &model->services[0].heal[0].bound->verify.checks; /* `subject`, where nothing is said */
    assert_int_equal(checks->n, 2);
    assert_string_equal(model->checks[checks->checks[0]].full_name, "a.x");
    assert_string_equal(model->checks[checks->checks[1]].full_name, "a.y");
    checks = &model->services[0].heal[0].bound->steps[0].passes.checks;
    assert_int_equal(checks->n, 3);
    assert_string_equal(model->checks[checks->checks[0]].full_name, "b.w"); /* by its name, a witness may be asked */
    assert_string_equal(model->checks[checks->checks[1]].full_name, "b.z");
    assert_string_equal(model->checks[checks->checks[2]].full_name, "a.w");
    model_drop(model);
}

/* A window of 2 passes each 10 s of a check that may take 10 s: 20 s. */
static void a_deadline_of_just_the_sum_is_right(void **state)
{
    (void)state;
    write_book("runbook: r\nparams: {n: {default: a}}\nsteps: [{wait: 7s}]\ndeadline: 27s\n");
    assert_string_equal(support_told("asking.yaml", asking), "");
    write_book("runbook: r\nparams: {n: {default: a}}\nsteps: [{wait: 7s}]\ndeadline: 26999ms\n");
    assert_non_null(strstr(support_told("asking.yaml", asking), "`deadline` is 26.999s, and the steps and `verify` may take 27s in all"));
    write_book("runbook: r\nparams: {n: {default: a}}\nverify: {within: 20s}\n");
    assert_string_equal(support_told("asking.yaml", asking), "");
    write_book("runbook: r\nparams: {n: {default: a}}\nverify: {within: 19999ms}\n");
    assert_non_null(strstr(support_told("asking.yaml", asking), "need 20s, and `within` is 19.999s"));
}

/* ---- what plugins refuse ---- */

static void refusals_stand_at_the_steps_option(void **state)
{
    struct config *config;
    struct buffer told = buffer_make(0);
    size_t n;
    const struct config_validation *list;

    (void)state;
    write_book("runbook: r\nparams: {n: {default: a}}\nsteps:\n  - collect: {http: {url: \"http://${params.n}\"}}\n");
    config = support_load_text("asking.yaml", asking);
    list = config_validations(config, &n);
    assert_int_equal(n, 2); /* once for each entry: their values differ */
    assert_non_null(strstr(list[0].conf, "\"url\":\"http://a\""));
    assert_non_null(strstr(list[1].conf, "\"url\":\"http://b\""));
    config_refused(config, 1, "url", "the host is one letter");
    config_unasked(config, 0, "it died");
    support_problems(config, support_folder(), &told);
    assert_non_null(strstr(buffer_string(&told), "book.yaml:4:27: error: `url`: the host is one letter\n"));
    assert_non_null(strstr(buffer_string(&told), "book.yaml:4:15: warning: these options are not checked: it died\n"));
    buffer_free(&told);
    config_free(config);
}

/* ---- how many ---- */

static struct buffer waits(size_t n)
{
    struct buffer b = buffer_make(0);

    buffer_text(&b, "runbook: r\nparams: {n: {default: a}}\nsteps: [{wait: 1s}");
    for (size_t i = 1; i < n; i++)
        buffer_text(&b, ", {wait: 1s}");
    buffer_text(&b, "]\n");
    return b;
}

static void two_hundred_steps(void **state)
{
    struct buffer book = waits(200);

    (void)state;
    write_book(buffer_string(&book));
    assert_string_equal(support_told("asking.yaml", asking), "");
    buffer_free(&book);
    book = waits(201);
    write_book(buffer_string(&book));
    assert_string_equal(support_told("asking.yaml", asking), "book.yaml:3:8: error: more than 200 steps\n");
    buffer_free(&book);
}

static void twenty_thousand_steps_in_all_uses(void **state)
{
    struct buffer book = waits(200), text = buffer_make(0);

    (void)state;
    write_book(buffer_string(&book));
    buffer_text(&text, "runbooks: [book.yaml]\nservices: {a: {checks: {x: {load: {}}}, heal: [{run: r}");
    for (size_t i = 1; i < 99; i++) /* and once as it is written */
        buffer_text(&text, ", {run: r}");
    buffer_text(&text, "]}}\n");
    assert_string_equal(support_told("many.yaml", buffer_string(&text)), "");
    text.len -= 4;
    buffer_text(&text, ", {run: r}]}}\n");
    assert_non_null(strstr(support_told("many.yaml", buffer_string(&text)), "book.yaml:3:8: error: the runbooks come to more than 20000 steps"));
    buffer_free(&book);
    buffer_free(&text);
}

static void eight_levels_of_if(void **state)
{
    struct buffer book = buffer_make(0);

    (void)state;
    for (int depth = 8; depth <= 9; depth++) {
        buffer_clear(&book);
        buffer_text(&book, "runbook: r\nparams: {n: {default: a}}\nsteps: [");
        for (int i = 0; i < depth; i++)
            buffer_text(&book, "{if: x failed, then: [");
        buffer_text(&book, "{wait: 1s}");
        for (int i = 0; i < depth; i++)
            buffer_text(&book, "]}");
        buffer_text(&book, "]\n");
        write_book(buffer_string(&book));
        if (depth == 8)
            assert_string_equal(support_told("asking.yaml", asking), "");
        else
            assert_non_null(strstr(support_told("asking.yaml", asking), "error: more than 8 levels of `if`"));
    }
    buffer_free(&book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plugins_of_runbooks_in_use_alone_are_asked),
        cmocka_unit_test(an_action_of_a_plugin_that_cannot_be_had_stays_and_says_why),
        cmocka_unit_test(a_condition_about_a_plugin_that_cannot_be_had_stays),
        cmocka_unit_test(each_entry_has_its_own_values),
        cmocka_unit_test(a_value_is_no_variable),
        cmocka_unit_test(secrets_never_come_through_parameters),
        cmocka_unit_test(a_service_stands_for_its_checks_but_witnesses_and_disabled_ones),
        cmocka_unit_test(a_deadline_of_just_the_sum_is_right),
        cmocka_unit_test(refusals_stand_at_the_steps_option),
        cmocka_unit_test(two_hundred_steps),
        cmocka_unit_test(twenty_thousand_steps_in_all_uses),
        cmocka_unit_test(eight_levels_of_if),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
