/* The last good configuration: packed and unpacked it gives the same model without its files, and no damaged text is taken for one. */
#include "config_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char main_text[] = "include: [pack/*.yaml]\nrunbooks: [pack/r.yml]\nvars: {host: \"${env.TALON_TEST_HOST}\"}\nservices: {a: {checks: {x: {file: {path: here}}}}}\n";
static const char part_text[] = "\xef\xbb\xbfservice: b\r\nneeds: [a]\r\nchecks: {y: {tcp: {address: \"${vars.host}:80\"}}}\r\nheal: [{run: r}]\r\n";
static const char runbook_text[] = "runbook: r\n";

static const char *write_files(void)
{
    static char path[2048];

    setenv("TALON_TEST_HOST", "db.example.com", 1);
    support_write("pack/b.yaml", part_text, sizeof part_text - 1);
    support_write("pack/r.yml", runbook_text, sizeof runbook_text - 1);
    snprintf(path, sizeof path, "%s", support_write("pack.yaml", main_text, sizeof main_text - 1));
    return path;
}

static void remove_files(void)
{
    char path[2048];

    snprintf(path, sizeof path, "%s/pack.yaml", support_folder());
    unlink(path);
    snprintf(path, sizeof path, "%s/pack/b.yaml", support_folder());
    unlink(path);
    snprintf(path, sizeof path, "%s/pack/r.yml", support_folder());
    unlink(path);
}

static struct buffer pack(void)
{
    struct buffer packed = buffer_make(0);
    struct config *config = support_load(write_files());
    struct model *model = config_model(config);

    assert_non_null(model);
    model_drop(model);
    config_pack(config, &packed);
    assert_false(packed.failed);
    config_free(config);
    return packed;
}

static void assert_same(const struct model *a, const struct model *b)
{
    assert_int_equal(a->n_checks, b->n_checks);
    assert_int_equal(a->n_services, b->n_services);
    for (size_t i = 0; i < a->n_checks; i++) {
        assert_string_equal(a->checks[i].full_name, b->checks[i].full_name);
        assert_string_equal(a->checks[i].conf.json, b->checks[i].conf.json);
        assert_int_equal(a->checks[i].fingerprint, b->checks[i].fingerprint);
        assert_string_equal(a->checks[i].place.file, b->checks[i].place.file);
        assert_int_equal(a->checks[i].place.line, b->checks[i].place.line);
    }
    for (size_t i = 0; i < a->n_services; i++)
        assert_int_equal(a->services[i].fingerprint, b->services[i].fingerprint);
}

static void it_gives_the_same_model_without_its_files(void **state)
{
    struct buffer packed = pack();
    struct config *config = support_load(write_files());
    struct model *model = config_model(config), *again;
    struct config_source *source;
    const struct config_file *files;
    struct config *unpacked;
    size_t n;

    (void)state;
    remove_files();
    source = config_unpack(buffer_string(&packed), packed.len);
    assert_non_null(source);
    unpacked = support_load_packed(model->file, source);
    config_source_free(source); /* it is copied */
    again = config_model(unpacked);
    assert_non_null(again);
    assert_same(model, again);
    files = config_files(unpacked, &n);
    assert_int_equal(n, 3);
    assert_memory_equal(files[1].text, part_text, sizeof part_text - 1);
    assert_non_null(config_folders(unpacked)[0]); /* where new files would come */
    model_drop(model);
    model_drop(again);
    config_free(config);
    config_free(unpacked);
    buffer_free(&packed);
}

static void values_are_not_in_it(void **state)
{
    struct buffer packed = pack();

    (void)state;
    assert_null(strstr(buffer_string(&packed), "db.example.com"));
    assert_non_null(strstr(buffer_string(&packed), "${env.TALON_TEST_HOST}"));
    buffer_free(&packed);
}

static void packing_again_gives_the_same_text(void **state)
{
    struct buffer packed = pack(), again = buffer_make(0);
    struct config_source *source = config_unpack(buffer_string(&packed), packed.len);
    struct config *config;

    (void)state;
    config = support_load_packed(write_files(), source);
    config_pack(config, &again);
    assert_string_equal(buffer_string(&again), buffer_string(&packed));
    config_source_free(source);
    config_free(config);
    buffer_free(&packed);
    buffer_free(&again);
}

/* ---- damaged ---- */

static void a_changed_byte_is_seen(void **state)
{
    struct buffer packed = pack();
    char *copy = malloc(packed.len);

    (void)state;
    assert_non_null(copy);
    for (size_t i = 0; i < packed.len; i++) {
        struct config_source *source;

        memcpy(copy, packed.data, packed.len);
        copy[i] ^= 1;
        source = config_unpack(copy, packed.len);
        assert_null(source);
    }
    free(copy);
    buffer_free(&packed);
}

static void a_cut_text_is_seen(void **state)
{
    struct buffer packed = pack();

    (void)state;
    for (size_t n = 0; n < packed.len; n++)
        assert_null(config_unpack(packed.data, n));
    buffer_char(&packed, 'x');
    assert_null(config_unpack(packed.data, packed.len));
    buffer_free(&packed);
}

static void other_texts_are_none(void **state)
{
    static const char *const texts[] = {
        "", "talon-configuration", "talon-configuration 1", "talon-configuration 1 0 cbf29ce484222325\n", "talon-configuration 1 -1 0\n",
        "talon-configuration 1 99999999999999999999999 0\n", "talon-configuration 2 1 0\n", "listen: 127.0.0.1:9999\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_null(config_unpack(texts[i], strlen(texts[i])));
}

/* A text whose sum is right. */
static struct config_source *unpack_body(unsigned files, const char *body)
{
    struct buffer text = buffer_make(0);
    struct config_source *source;
    unsigned long long sum = 14695981039346656037u;

    for (const char *p = body; *p; p++)
        sum = (sum ^ (unsigned char)*p) * 1099511628211u;
    buffer_printf(&text, "talon-configuration 1 %u %llx\n%s", files, sum, body);
    source = config_unpack(buffer_string(&text), text.len);
    buffer_free(&text);
    return source;
}

/* A sum proves that nothing was damaged, not that nobody wrote nonsense: lengths are looked at as well. */
static void lengths_that_lie_are_seen(void **state)
{
    static const char *const bodies[] = {
        "0 99999 1 1\nabc", "0 1 1 18446744073709551615\nabc", "9 1 1 1\nabc", "0 1 1\nabc", "0 1 1 1\nab", "0 1 1 1\nabcd", "0 -1 1 1\nabc", "",
    };
    struct config_source *good = unpack_body(1, "0 1 1 1\nabc");

    (void)state;
    assert_non_null(good);
    config_source_free(good);
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        assert_null(unpack_body(1, bodies[i]));
}

/* Services alone would be taken for a good configuration that watches nothing. */
static void its_first_file_is_the_main_one_and_no_other(void **state)
{
    struct config_source *good = unpack_body(2, "0 1 1 1\nabc1 1 1 1\ndef");

    (void)state;
    assert_non_null(good);
    config_source_free(good);
    assert_null(unpack_body(1, "1 1 1 1\nabc"));
    assert_null(unpack_body(2, "1 1 1 1\nabc0 1 1 1\ndef"));
    assert_null(unpack_body(2, "0 1 1 1\nabc0 1 1 1\ndef"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_gives_the_same_model_without_its_files),
        cmocka_unit_test(values_are_not_in_it),
        cmocka_unit_test(packing_again_gives_the_same_text),
        cmocka_unit_test(a_changed_byte_is_seen),
        cmocka_unit_test(a_cut_text_is_seen),
        cmocka_unit_test(other_texts_are_none),
        cmocka_unit_test(lengths_that_lie_are_seen),
        cmocka_unit_test(its_first_file_is_the_main_one_and_no_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
