/* Which entry of `heal:` is tried: the first that fits and may, the next rung, and when there is none left. */
#include "heal_support.h"

#include "heal/choose.h"

#include <string.h>

static struct model_runbook books[3];
static struct model_heal entries[3];
static struct model_service service;
static struct heal_record records[3];
static struct heal_rung rungs[3];
static struct moment now;

static int begin(void **state)
{
    (void)state;
    now = at(0);
    memset(records, 0, sizeof records);
    for (size_t i = 0; i < 3; i++) {
        books[i] = book();
        entries[i] = (struct model_heal){ .bound = &books[i] };
        rungs[i] = (struct heal_rung){ .when = LOGIC_TRUE, .record = &records[i] };
    }
    service = (struct model_service){ .name = "s", .n_heal = 3, .heal = entries };
    return 0;
}

static void assert_chosen(enum heal_choice choice, size_t entry)
{
    const struct heal_chosen chosen = heal_choose(&service, rungs, 1, &now);

    assert_int_equal(chosen.choice, choice);
    assert_true(chosen.entry == entry);
}

static void use_up(size_t i)
{
    records[i].incident = 1;
    records[i].attempts = books[i].limits.attempts;
}

static void the_first_that_fits_is_chosen(void **state)
{
    (void)state;
    assert_chosen(CHOICE_ENTRY, 0);
    rungs[0].when = LOGIC_FALSE;
    assert_chosen(CHOICE_ENTRY, 1);
    rungs[1].when = LOGIC_UNKNOWN; /* only what is true selects */
    assert_chosen(CHOICE_ENTRY, 2);
}

static void the_next_rung_comes_when_one_is_used_up_or_held(void **state)
{
    (void)state;
    use_up(0);
    assert_chosen(CHOICE_ENTRY, 1);
    heal_record_ended(&records[1], &now, HEAL_NOT_FIXED);
    assert_chosen(CHOICE_ENTRY, 2);
    now = at(MINUTES(30));
    assert_chosen(CHOICE_ENTRY, 1);
}

static void one_runbook_in_two_rungs_has_one_record(void **state)
{
    (void)state;
    rungs[1].record = &records[0];
    use_up(0);
    assert_chosen(CHOICE_ENTRY, 2);
}

static void when_all_are_used_up_the_next_tier_comes(void **state)
{
    (void)state;
    use_up(0);
    use_up(1);
    rungs[2].when = LOGIC_FALSE;
    assert_chosen(CHOICE_EXHAUSTED, MODEL_NONE);
    rungs[2].when = LOGIC_UNKNOWN; /* what may still help is waited for */
    assert_chosen(CHOICE_UNSURE, MODEL_NONE);
    use_up(2);
    assert_chosen(CHOICE_EXHAUSTED, MODEL_NONE);
}

static void a_hold_says_when_it_is_over(void **state)
{
    (void)state;
    use_up(0);
    heal_record_ended(&records[1], &now, HEAL_FAILED);
    now = at(MINUTES(5));
    heal_record_ended(&records[2], &now, HEAL_INTERRUPTED);
    assert_chosen(CHOICE_HELD, MODEL_NONE);
    assert_true(heal_choose(&service, rungs, 1, &now).until == at(MINUTES(30)).elapsed);
}

static void where_nothing_fits_nothing_is_chosen(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++)
        rungs[i].when = LOGIC_FALSE;
    assert_chosen(CHOICE_NONE, MODEL_NONE);
    service.n_heal = 0;
    assert_chosen(CHOICE_NONE, MODEL_NONE);
}

static void another_incident_begins_at_the_first_rung(void **state)
{
    (void)state;
    use_up(0);
    assert_int_equal(heal_choose(&service, rungs, 2, &now).entry, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_first_that_fits_is_chosen, begin),
        cmocka_unit_test_setup(the_next_rung_comes_when_one_is_used_up_or_held, begin),
        cmocka_unit_test_setup(one_runbook_in_two_rungs_has_one_record, begin),
        cmocka_unit_test_setup(when_all_are_used_up_the_next_tier_comes, begin),
        cmocka_unit_test_setup(a_hold_says_when_it_is_over, begin),
        cmocka_unit_test_setup(where_nothing_fits_nothing_is_chosen, begin),
        cmocka_unit_test_setup(another_incident_begins_at_the_first_rung, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
