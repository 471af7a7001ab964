/* Fuzz target: the language of `when:`, as a text between the quotes of a configuration that is right otherwise. */
#include "fuzz.h"
#include "fuzz_config.h"

#include <string.h>

static const char before[] = "vars: {limit: 1.5s, who: ping, word: ping failed or port ok}\n"
                             "runbooks: [x.yaml]\n"
                             "services:\n"
                             "  web:\n"
                             "    checks:\n"
                             "      ping: {redis: {address: \"127.0.0.1:1\"}}\n"
                             "      port: {tcp: {address: \"127.0.0.1:1\"}}\n"
                             "      seen: {tcp: {address: \"127.0.0.1:1\"}, witness: true}\n"
                             "      space: {disk: {}}\n"
                             "      script: {exec: {command: [x]}}\n"
                             "      db: {exec: {command: [x]}}\n"
                             "    heal: [{run: a, when: \"";
static const char behind[] = "\"}]\n"
                             "  db: {checks: {ping: {redis: {address: \"127.0.0.1:1\"}}}}\n";

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    fuzz_no_log();
    fuzz_config_begin();
    return 0;
}

/* What needs an escape between YAML's quotes, and what is no character there at all. */
static void add_quoted(struct buffer *to, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] < ' ' || bytes[i] == '"' || bytes[i] == '\\')
            buffer_printf(to, "\\x%02x", bytes[i]);
        else
            buffer_char(to, (char)bytes[i]);
    }
}

/* It is judged from its first node to its last: whatever a node refers to came before it. */
static void is_in_order(const struct model_condition *condition)
{
    for (size_t i = 0; i < condition->n; i++) {
        const struct model_when *node = &condition->nodes[i];
        const bool two = node->kind == MODEL_WHEN_AND || node->kind == MODEL_WHEN_OR;

        MUST(!two || (node->left < i && node->right < i), "a node comes before what it joins");
        MUST(node->kind != MODEL_WHEN_NOT || node->left < i, "a node comes before what it turns");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static const char runbook[] = "runbook: a\n";
    struct buffer text = buffer_make(0), body = buffer_make(0), packed = buffer_make(0);
    struct config *config;
    struct model *model;

    buffer_text(&text, before);
    add_quoted(&text, bytes, n);
    buffer_text(&text, behind);
    fuzz_config_file(&body, 0, buffer_string(&text), text.len);
    fuzz_config_file(&body, 1, runbook, strlen(runbook));
    fuzz_config_seal(&packed, &body, 2);
    config = fuzz_config_read(&packed);
    model = config_model(config);
    if (model) {
        for (size_t i = 0; i < model->n_services; i++)
            for (size_t h = 0; h < model->services[i].n_heal; h++)
                is_in_order(&model->services[i].heal[h].when);
        model_drop(model);
    }
    fuzz_config_end(config);
    buffer_free(&text);
    buffer_free(&body);
    buffer_free(&packed);
    return 0;
}
