/* Who is told and who is asked, where a configuration has switched some of them off: they are checked as if they were on, and are nowhere in the model. */
#include "config_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <string.h>

#define PEOPLE(first, second, agent) \
    "vars: { first: \"" first "\", second: \"" second "\", agent: \"" agent "\" }\n" \
    "secrets: { one: { env: TALON_TEST_ONE }, two: { env: TALON_TEST_TWO }, nobody: { env: TALON_TEST_NOBODY } }\n" \
    "notify:\n" \
    "  channels:\n" \
    "    first: { enabled: \"${vars.first}\", notify.telegram: { token: \"${secrets.one}\", chat: \"1\" } }\n" \
    "    second: { enabled: \"${vars.second}\", notify.telegram: { token: \"${secrets.two}\", chat: \"2\" } }\n" \
    "ladder:\n" \
    "  agents: [{ enabled: \"${vars.agent}\", command: [one] }, { command: [two] }]\n" \
    "  sos: { channels: [first] }\n" \
    "services:\n" \
    "  web: { notify: { channels: [first] }, checks: { up: { tcp: { address: \"192.0.2.1:80\" } } } }\n"

static const struct model_secret *secret(const struct model *model, const char *name)
{
    for (size_t i = 0; i < model->n_secrets; i++)
        if (strcmp(model->secrets[i].name, name) == 0)
            return &model->secrets[i];
    fail_msg("there is no secret %s", name);
    return NULL;
}

static void what_is_on_is_there(void **state)
{
    struct model *model = support_model("on.yaml", PEOPLE("true", "true", "true"));
    const struct model_settings *settings = &model->settings;

    (void)state;
    assert_int_equal(settings->notify.n_channels, 2);
    assert_int_equal(settings->notify.n_channels_off, 0);
    assert_int_equal(settings->agents.n, 2);
    assert_true(settings->sos.on && settings->notify.channels[0].sos && !settings->notify.channels[1].sos);
    assert_int_equal(model->services[0].n_channels, 1);
    assert_false(secret(model, "one")->idle || secret(model, "two")->idle || secret(model, "nobody")->idle);
    model_drop(model);
}

static void what_is_off_is_nowhere(void **state)
{
    struct model *model = support_model("off.yaml", PEOPLE("false", "true", "false"));
    const struct model_settings *settings = &model->settings;

    (void)state;
    assert_int_equal(settings->notify.n_channels, 1);
    assert_int_equal(settings->notify.n_channels_off, 1);
    assert_string_equal(settings->notify.channels[0].name, "second");
    assert_int_equal(settings->agents.n, 1);
    assert_string_equal(settings->agents.agents[0].name, "agent-fallback");
    assert_string_equal(settings->agents.agents[0].command[0], "two");
    model_drop(model);
}

/* Its own channels are off: then the others hear of it rather than nobody. An SOS has nobody to go to. */
static void a_service_of_channels_that_are_off_is_told_to_the_others(void **state)
{
    struct model *model = support_model("others.yaml", PEOPLE("false", "true", "true"));

    (void)state;
    assert_int_equal(model->services[0].n_channels, 0);
    assert_false(model->settings.sos.on);
    model_drop(model);
}

static void nobody_is_told_where_all_is_off(void **state)
{
    struct model *model = support_model("none.yaml", PEOPLE("false", "false", "true"));

    (void)state;
    assert_int_equal(model->settings.notify.n_channels, 0);
    assert_int_equal(model->settings.notify.n_channels_off, 2);
    assert_false(model->settings.sos.on);
    assert_true(secret(model, "one")->idle && secret(model, "two")->idle);
    assert_false(secret(model, "nobody")->idle); /* no use of it is off */
    model_drop(model);
}

static void what_is_off_is_checked_as_well(void **state)
{
    (void)state;
    assert_string_equal(support_told("wrong.yaml", "notify: { channels: { a: { enabled: false, notify.telegram: { token: x, chat: \"1\", chta: \"2\" } } } }\n"
                                                   "ladder: { agents: [{ enabled: no, command: [] }], sos: { channels: [b] } }\n"),
                        "wrong.yaml:1:84: error: `notify.telegram` has no option `chta`\n"
                        "wrong.yaml:1:84: note: did you mean `chat`?\n"
                        "wrong.yaml:2:31: error: `enabled` must be true or false: write false, not `no`\n"
                        "wrong.yaml:2:44: error: `command` must be a list of a program and its arguments\n"
                        "wrong.yaml:2:69: error: there is no channel `b` under `notify: {channels: ...}`\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_on_is_there),
        cmocka_unit_test(what_is_off_is_nowhere),
        cmocka_unit_test(a_service_of_channels_that_are_off_is_told_to_the_others),
        cmocka_unit_test(nobody_is_told_where_all_is_off),
        cmocka_unit_test(what_is_off_is_checked_as_well),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
