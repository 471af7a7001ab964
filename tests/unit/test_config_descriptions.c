/* The descriptions that the configuration's tests read from files are those that the plugins give of themselves, asked through talon-host. */
#include "host_drive.h"

#include "config_support.h"

#include <stdlib.h>

static const char *const shipped[] = { "caddy", "clock", "colima", "disk", "docker", "exec", "file", "gateway", "grpc", "http", "imsg", "inngest",
                                       "kubernetes", "launchd", "load", "log", "memory", "mount", "notify", "process", "redis", "secrets", "systemd",
                                       "tailscale", "talos", "tcp" };

static void assert_part(const char *plugin, const cJSON *described, const cJSON *kept, const char *part)
{
    const cJSON *is = cJSON_GetObjectItemCaseSensitive(described, part), *was = cJSON_GetObjectItemCaseSensitive(kept, part);
    char *text;

    if (cJSON_Compare(is, was, true))
        return;
    text = cJSON_Print(described);
    print_message("%s describes itself in another way than tests/unit/config/descriptions/%s.json says; put there:\n", plugin, plugin);
    puts(text);
    cJSON_free(text);
    fail();
}

static void descriptions_are_those_of_the_plugins(void **state)
{
    struct driven *d = driven_start(NULL);

    (void)state;
    for (size_t i = 0; i < sizeof shipped / sizeof *shipped; i++) {
        char built[100], *text = support_description(shipped[i]);
        cJSON *kept = cJSON_Parse(text);
        const cJSON *described;

        free(text);
        assert_non_null(kept);
        snprintf(built, sizeof built, "plugins/%s", shipped[i]);
        described = driven_load(d, built);
        assert_part(shipped[i], described, kept, "name");
        assert_part(shipped[i], described, kept, "summary");
        assert_part(shipped[i], described, kept, "operations");
        cJSON_Delete(kept);
    }
    driven_quit(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(descriptions_are_those_of_the_plugins) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
