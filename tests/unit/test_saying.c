/* What is said this time goes before the other options, and the places of secrets go with them. */
#include "saying.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <string.h>

static struct buffer fields_of(const char *text)
{
    struct buffer fields = buffer_make(0);

    buffer_text(&fields, text);
    return fields;
}

static void holes_stay_where_their_secrets_belong(void **state)
{
    static const char conf[] = "{\"token\":\"\",\"chat\":\"1\",\"more\":\"\"}";
    const struct model_hole holes[] = { { .at = 10, .secret = 3 }, { .at = 30, .secret = 5 } };
    const struct model_action action = { .name = "notify.telegram", .conf = { .json = conf, .n_holes = 2, .holes = holes } };
    struct buffer fields = fields_of("\"text\":\"help\"");
    struct saying saying;

    (void)state;
    assert_true(saying_make(&saying, &action, &fields));
    assert_string_equal(saying.what.conf.json, "{\"text\":\"help\",\"token\":\"\",\"chat\":\"1\",\"more\":\"\"}");
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(saying.what.conf.json + saying.what.conf.holes[i].at, conf + holes[i].at);
        assert_int_equal(saying.what.conf.holes[i].secret, holes[i].secret);
    }
    saying_free(&saying);
    buffer_free(&fields);
}

static void an_action_without_other_options(void **state)
{
    const struct model_action action = { .name = "mine.say", .conf = { .json = "{}" } };
    struct buffer fields = fields_of("\"text\":\"help\"");
    struct saying saying;

    (void)state;
    assert_true(saying_make(&saying, &action, &fields));
    assert_string_equal(saying.what.conf.json, "{\"text\":\"help\"}");
    saying_free(&saying);
    saying_free(&saying); /* of nothing: nothing */
    buffer_free(&fields);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(holes_stay_where_their_secrets_belong), cmocka_unit_test(an_action_without_other_options) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
