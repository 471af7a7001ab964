/* What the plugin host keeps between runs: shared objects and who waits for them, nudges, saved bytes, setups that are refused. */
#include "host_drive.h"

/* ---- shared objects */

static void makes_one_for_all(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const char *waiter = driven_setup(d, "trial.share", ""), *waker = driven_setup(d, "trial.share", "\"delay\":\"20000000\"");
    const char *other = driven_setup(d, "trial.share", "\"key\":\"other\"");
    const char *run[3] = { driven_begin(d, waiter, 10000, NULL), driven_begin(d, other, 500, NULL), driven_begin(d, waker, 10000, NULL) };

    (void)unused;
    CONCLUDED(driven_done(d, run[0]), "ok", "trial.ok", "made 1, woken yes");
    CONCLUDED(driven_done(d, run[2]), "ok", "trial.ok", "made 1, woken yes");
    CONCLUDED(driven_done(d, run[1]), "unknown", "trial.late", "late"); /* another key, another shared */
    driven_say(d, "{\"type\":\"teardown\",\"instance\":\"%s\"}", waiter);
    driven_say(d, "{\"type\":\"ping\",\"sequence\":1}");
    driven_hear(d, "pong");
    assert_null(strstr(driven_stderr(d), "shared over"));
    driven_say(d, "{\"type\":\"teardown\",\"instance\":\"%s\"}", waker); /* its last member */
    driven_mutters(d, "shared over");
    driven_quit(d);
}

/* Its conf is that of the member that made it, also when that one has gone. */
static void outlives_its_maker(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const char *maker = driven_setup(d, "trial.share", "\"nudge\":true"), *other = driven_setup(d, "trial.share", "\"delay\":\"10000000\"");

    (void)unused;
    driven_say(d, "{\"type\":\"teardown\",\"instance\":\"%s\"}", maker);
    CONCLUDED(driven_done(d, driven_begin(d, other, 10000, NULL)), "ok", "trial.ok", "made 1, woken yes");
    assert_string_equal(text_in(driven_hear(d, "nudge"), "instance"), other); /* its maker's conf says so */
    driven_quit(d);
}

static void is_made_anew_after_its_end(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const char *first = driven_setup(d, "trial.share", "");

    (void)unused;
    driven_say(d, "{\"type\":\"teardown\",\"instance\":\"%s\"}", first);
    driven_setup(d, "trial.share", "");
    driven_mutters(d, "shared made\nshared over\nshared made\n");
    driven_quit(d);
}

/* A nudge of a shared is one for each member. */
static void nudges_all_members(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const char *first = driven_setup(d, "trial.share", "\"nudge\":true,\"delay\":\"10000000\""), *second = driven_setup(d, "trial.share", "");
    bool seen[2] = { false, false };

    (void)unused;
    driven_done(d, driven_begin(d, first, 10000, NULL));
    for (int i = 0; i < 2; i++) {
        const char *instance = text_in(driven_hear(d, "nudge"), "instance");

        seen[0] |= strcmp(instance, first) == 0;
        seen[1] |= strcmp(instance, second) == 0;
    }
    assert_true(seen[0] && seen[1]);
    driven_quit(d);
}

static void knows_a_single_shot(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const char *instance = driven_setup(d, "trial.share", "\"delay\":\"1000000\"");

    (void)unused;
    CONCLUDED(driven_done(d, driven_begin(d, instance, 10000, "\"once\"")), "ok", "trial.ok", ", once");
    instance = driven_setup(d, "trial.instance", "");
    CONCLUDED(driven_done(d, driven_begin(d, instance, 10000, "\"nudged\",\"once\"")), "ok", "trial.ok", "nudgedonce");
    driven_quit(d);
}

/* ---- instances */

static void refuses_a_setup(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const cJSON *refused;

    (void)unused;
    driven_say(d, "{\"type\":\"setup\",\"instance\":\"x1\",\"operation\":\"trial.instance\",\"name\":\"a.b\",\"conf\":{\"refuse\":true}}");
    refused = driven_hear(d, "refused");
    assert_string_equal(text_in(refused, "instance"), "x1");
    assert_string_equal(text_in(refused, "reason"), "trial.not_yet");
    assert_string_equal(text_in(refused, "text"), "not yet");
    assert_true(cJSON_IsTrue(cJSON_GetObjectItem(refused, "again")));
    driven_mutters(d, "instance over");
    driven_say(d, "{\"type\":\"setup\",\"instance\":\"x1\",\"operation\":\"trial.instance\",\"name\":\"a.b\",\"conf\":{}}"); /* again, with the same id */
    assert_string_equal(text_in(driven_hear(d, "ready"), "instance"), "x1");
    driven_quit(d);
}

/* Many nudges are one; one during a run is told afterwards. */
static void joins_nudges(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const char *instance = driven_setup(d, "trial.instance", "\"nudges\":\"100000\"");

    (void)unused;
    assert_string_equal(text_in(driven_hear(d, "nudge"), "instance"), instance);
    driven_run(d, "trial.timer", 10000, "\"delay\":\"300000000\""); /* by now all of them are told */
    assert_in_range(driven_kept(d, "nudge"), 0, 1); /* one more may follow a distance later, for those that came after the first */
    instance = driven_setup(d, "trial.instance", "");
    driven_done(d, driven_begin(d, instance, 10000, NULL));
    while (strcmp(text_in(driven_hear(d, "nudge"), "instance"), instance) != 0)
        ;
    assert_int_equal(driven_kept(d, "nudge"), 0);
    driven_quit(d);
}

static const char *saved_of(const cJSON *save)
{
    return text_in(save, "bytes");
}

static void saves_and_recalls(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const char *instance = driven_setup(d, "trial.counts", "");
    const cJSON *save;

    (void)unused;
    CONCLUDED(driven_done(d, driven_begin(d, instance, 10000, NULL)), "ok", "trial.ok", "1");
    save = driven_hear(d, "save");
    assert_string_equal(text_in(save, "instance"), instance);
    assert_string_equal(saved_of(save), "AQ==");
    CONCLUDED(driven_done(d, driven_begin(d, instance, 10000, NULL)), "ok", "trial.ok", "2");
    CONCLUDED(driven_done(d, driven_begin(d, instance, 10000, NULL)), "ok", "trial.ok", "3");
    driven_say(d, "{\"type\":\"teardown\",\"instance\":\"%s\"}", instance); /* what was not told yet is told now */
    assert_string_equal(saved_of(driven_hear(d, "save")), "Aw==");
    assert_int_equal(driven_kept(d, "save"), 0);
    driven_say(d, "{\"type\":\"setup\",\"instance\":\"x2\",\"operation\":\"trial.counts\",\"name\":\"a.b\",\"conf\":{},\"saved\":\"Bw==\"}");
    driven_hear(d, "ready");
    CONCLUDED(driven_done(d, driven_begin(d, "x2", 10000, NULL)), "ok", "trial.ok", "8");
    driven_quit(d);
}

static void ends_instances_when_it_quits(void **unused)
{
    struct driven *d = driven_trial(NULL);

    (void)unused;
    driven_setup(d, "trial.instance", "");
    driven_setup(d, "trial.share", "");
    driven_begin(d, driven_setup(d, "trial.timer", "\"delay\":\"60000000000\""), 60000, NULL);
    driven_say(d, "{\"type\":\"quit\"}");
    driven_mutters(d, "instance over");
    driven_mutters(d, "shared over");
    driven_ends(d);
    assert_int_equal(driven_kept(d, "done"), 0); /* without answers */
    driven_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_one_for_all),
        cmocka_unit_test(outlives_its_maker),
        cmocka_unit_test(is_made_anew_after_its_end),
        cmocka_unit_test(nudges_all_members),
        cmocka_unit_test(knows_a_single_shot),
        cmocka_unit_test(refuses_a_setup),
        cmocka_unit_test(joins_nudges),
        cmocka_unit_test(saves_and_recalls),
        cmocka_unit_test(ends_instances_when_it_quits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
