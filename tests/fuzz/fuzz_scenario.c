/*
 * Fuzz target: a rehearsal's scenario, as a person writes it, against a configuration that is good. Its mistakes are told, each at its place; one without any is
 * played, unless it is long, and what it shows is text and JSON.
 */
#include "fuzz.h"
#include "fuzz_config.h"

#include "base/text.h"
#include "rehearse/rehearsal.h"

#include <cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST (900 * (uint64_t)NS_PER_S)

/* Of checks that no plugin has to be asked about: see fuzz_config_read(). */
static const char configuration[] = "services:\n"
                                    "  vm: {critical: true, checks: {up: {load: {}, every: 30s}}}\n"
                                    "  web:\n"
                                    "    needs: [vm]\n"
                                    "    checks:\n"
                                    "      ping: {load: {}, every: 30s}\n"
                                    "      seen: {load: {}, witness: true}\n"
                                    "  db: {needs: [vm], checks: {ping: {load: {}, every: 1m}}}\n";

static struct config *config;
static struct model *model;

static void forget(void)
{
    model_drop(model);
    config_free(config);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct buffer body = buffer_make(0), packed = buffer_make(0);

    (void)argc, (void)argv;
    fuzz_no_log();
    fuzz_config_begin();
    fuzz_config_file(&body, 0, configuration, sizeof configuration - 1);
    fuzz_config_seal(&packed, &body, 1);
    config = fuzz_config_read(&packed);
    model = config ? config_model(config) : NULL;
    MUST(model != NULL, "the configuration of the target itself is bad");
    atexit(forget);
    buffer_free(&body);
    buffer_free(&packed);
    return 0;
}

static const char *write_scenario(const uint8_t *bytes, size_t n)
{
    FILE *file = fopen(fuzz_path("scenario.yaml"), "w");

    MUST(file != NULL, "the scenario cannot be written");
    MUST(fwrite(bytes, 1, n, file) == n, "the scenario is cut short");
    MUST(fclose(file) == 0, "the scenario is cut short");
    return fuzz_path("scenario.yaml");
}

static void show_problems(const struct scenario *scenario)
{
    struct buffer text = buffer_make(0);
    size_t n, more;
    const struct config_problem *problems = config_problems(scenario->config, &n, &more);

    for (size_t i = 0; i < n; i++)
        config_show_problem(&problems[i], &text);
    MUST(text.failed || text_valid_utf8(buffer_string(&text), text.len) == text.len, "a mistake is told in what is no UTF-8");
    buffer_free(&text);
}

static void play(const struct scenario *scenario, const struct scenario_model *models)
{
    const struct rehearsal_shown shown = { .scenario = "scenario.yaml", .config = "talon.yaml", .model = model };
    struct buffer text = buffer_make(0);
    struct rehearsal done;
    cJSON *json;

    MUST(rehearsal_run(&done, scenario, models), "there was no memory to play it");
    rehearsal_text(&text, &done, scenario, &shown);
    buffer_clear(&text);
    rehearsal_json(&text, &done, scenario, &shown);
    json = cJSON_Parse(buffer_string(&text));
    MUST(text.failed || json != NULL, "what is shown as JSON is none");
    cJSON_Delete(json);
    buffer_free(&text);
    rehearsal_free(&done);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct scenario_model models[SCENARIO_MODELS + 1];
    struct scenario scenario;

    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        models[i] = (struct scenario_model){ .model = i % 2 ? NULL : model, .why = i % 2 ? "it is refused" : "" };
    if (scenario_open(&scenario, write_scenario(bytes, n)) && scenario.root) {
        scenario_read(&scenario, models, 1 + scenario.n_reloads);
        if (config_errors(scenario.config) == 0 && scenario.length <= LONGEST)
            play(&scenario, models);
    }
    if (scenario.config)
        show_problems(&scenario);
    scenario_close(&scenario);
    return 0;
}
