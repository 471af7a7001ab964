/*
 * Every file of tests/unit/config/mistakes is a configuration with something wrong in it; NAME.expected beside it says what a person must be told, word by word
 * and with the place. A line there that ends in "..." leaves its rest open (words that base/scalar.h chooses).
 */
#include "config_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One line and its pattern; both move on. */
static bool line_fits(const char **expected, const char **got)
{
    size_t wanted = strcspn(*expected, "\n"), is = strcspn(*got, "\n");
    const bool open = wanted >= 3 && strncmp(*expected + wanted - 3, "...", 3) == 0;
    const bool fits = open ? is >= wanted - 3 && strncmp(*expected, *got, wanted - 3) == 0 : is == wanted && strncmp(*expected, *got, wanted) == 0;

    *expected += wanted + ((*expected)[wanted] == '\n');
    *got += is + ((*got)[is] == '\n');
    return fits;
}

static bool fits(const char *expected, const char *got)
{
    while (*expected || *got)
        if (!line_fits(&expected, &got))
            return false;
    return true;
}

static bool has_error(const char *expected)
{
    return strstr(expected, ": error: ") != NULL;
}

static bool run(const char *name)
{
    struct buffer expected = buffer_make(0), got = buffer_make(0);
    char path[1024], folder[1024];
    struct config *config;
    struct model *model;
    bool good;

    snprintf(folder, sizeof folder, "%s", support_fixture("mistakes"));
    snprintf(path, sizeof path, "%.900s/%.100s.expected", folder, name);
    if (!support_slurp(path, &expected)) {
        print_message("%s cannot be read\n", path);
        return false;
    }
    snprintf(path, sizeof path, "%.900s/%.100s.yaml", folder, name);
    config = support_load(path);
    assert_non_null(config);
    support_problems(config, folder, &got);
    model = config_model(config);
    good = fits(buffer_string(&expected), buffer_string(&got)) && (model == NULL) == has_error(buffer_string(&expected));
    if (!good)
        print_message("--- %s: expected\n%s--- got\n%s", name, buffer_string(&expected), buffer_string(&got));
    model_drop(model);
    config_free(config);
    buffer_free(&expected);
    buffer_free(&got);
    return good;
}

static void every_mistake_is_told(void **state)
{
    unsigned cases = 0, missed = 0;
    const struct dirent *entry;
    char name[256];
    DIR *dir = opendir(support_fixture("mistakes"));

    (void)state;
    assert_non_null(dir);
    setenv("TALON_TEST_WORD", "hunter2", 1);
    while ((entry = readdir(dir))) {
        const char *dot = strrchr(entry->d_name, '.');

        if (!dot || strcmp(dot, ".yaml") != 0)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)(dot - entry->d_name), entry->d_name);
        cases++;
        if (!run(name))
            missed++;
    }
    closedir(dir);
    print_message("figure config.mistakes %u cases\n", cases);
    print_message("figure config.mistakes_missed %u cases\n", missed);
    assert_true(cases >= 80);
    assert_int_equal(missed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_mistake_is_told) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
