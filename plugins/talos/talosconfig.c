/*
 * A talosconfig: YAML with contexts, of which each has endpoints and, as base64 of PEM, our certificate and key. It may be written anew at any time, so it is
 * read for each run. libyaml's document keeps aliases as references, so nothing multiplies, and the file is bounded.
 */
#include "talos.h"

#include "kit/text_file.h"

#include <stdlib.h>
#include <yaml.h>

enum { MOST_FILE = 1 << 20 };

/* ---- the document */

static yaml_node_t *value_of(yaml_document_t *document, yaml_node_t *map, const char *key)
{
    if (!map || map->type != YAML_MAPPING_NODE)
        return NULL;
    for (yaml_node_pair_t *pair = map->data.mapping.pairs.start; pair < map->data.mapping.pairs.top; pair++) {
        const yaml_node_t *name = yaml_document_get_node(document, pair->key);

        if (name && name->type == YAML_SCALAR_NODE && strcmp((const char *)name->data.scalar.value, key) == 0)
            return yaml_document_get_node(document, pair->value);
    }
    return NULL;
}

/* NULL: no scalar, or an empty one. */
static const char *scalar(const yaml_node_t *node)
{
    return node && node->type == YAML_SCALAR_NODE && node->data.scalar.length > 0 ? (const char *)node->data.scalar.value : NULL;
}

static yaml_node_t *first_of(yaml_document_t *document, yaml_node_t *list)
{
    if (!list || list->type != YAML_SEQUENCE_NODE || list->data.sequence.items.start == list->data.sequence.items.top)
        return NULL;
    return yaml_document_get_node(document, *list->data.sequence.items.start);
}

/* ---- secrets */

struct secret {
    volatile char *bytes;
    size_t n;
};

static void wipe(void *arg)
{
    const struct secret *secret = arg;

    for (size_t i = 0; i < secret->n; i++)
        secret->bytes[i] = 0;
}

static void wipe_later(struct talon_run *run, char *bytes, size_t n)
{
    struct secret *secret = run->host->alloc(run, sizeof *secret);

    *secret = (struct secret){ bytes, n };
    run->host->defer(run, wipe, secret);
}

char *talos_base64(struct talon_run *owner, const char *text, size_t length, size_t *n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *plain = owner->host->alloc(owner, length / 4 * 3 + 4);
    uint32_t bits = 0;
    unsigned held = 0;

    *n = 0;
    for (size_t i = 0; i < length && text[i] != '='; i++) {
        const char *digit = text[i] ? strchr(digits, text[i]) : NULL;

        if (text[i] == '\n' || text[i] == '\r' || text[i] == ' ' || text[i] == '\t')
            continue;
        if (!digit)
            return NULL;
        bits = bits << 6 | (uint32_t)(digit - digits);
        held += 6;
        if (held >= 8) {
            held -= 8;
            plain[(*n)++] = (char)(bits >> held & 0xff);
        }
    }
    return plain;
}

/* The PEM text that stands there as base64. NULL: none does. */
static const char *pem(struct talon_run *run, const yaml_node_t *node)
{
    const char *text = scalar(node);
    char *plain;
    size_t n;

    if (!text)
        return NULL;
    plain = talos_base64(run, text, node->data.scalar.length, &n);
    if (plain)
        wipe_later(run, plain, n);
    return plain && strstr(plain, "-----BEGIN ") ? plain : NULL;
}

/* ---- a context of it */

static const char *copy(struct talon_run *run, const char *text)
{
    return text ? talon_text(run, "%s", text) : NULL;
}

static const char *read_context(struct talon_run *run, yaml_document_t *document, const char *wanted, struct talosconfig *config)
{
    yaml_node_t *root = yaml_document_get_root_node(document), *context;
    const char *name = wanted ? wanted : scalar(value_of(document, root, "context"));
    static const char *const parts[] = { "ca", "crt", "key" };
    const char **into[] = { &config->ca, &config->cert, &config->key };

    if (!root || root->type != YAML_MAPPING_NODE)
        return "it is no talosconfig: there is nothing by name in it";
    if (!name)
        return "it names no current context: name one with `context`";
    context = value_of(document, value_of(document, root, "contexts"), name);
    if (!context)
        return talon_text(run, "it has no context %s", talon_quote(run, name, strlen(name), 60));
    config->endpoint = copy(run, scalar(first_of(document, value_of(document, context, "endpoints"))));
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        *into[i] = pem(run, value_of(document, context, parts[i]));
        if (!*into[i])
            return talon_text(run, "the context %s has no `%s` that is base64 of PEM", talon_quote(run, name, strlen(name), 60), parts[i]);
    }
    return NULL;
}

const char *talosconfig_read(struct talon_run *run, const char *path, const char *context, struct talosconfig *config)
{
    struct text_file file;
    yaml_parser_t parser;
    yaml_document_t document;
    const char *problem;

    *config = (struct talosconfig){ .endpoint = NULL };
    if (!text_file_read(run, path, MOST_FILE, 0, &file))
        return strerror(file.os);
    wipe_later(run, file.text, file.n);
    if (!yaml_parser_initialize(&parser))
        return "no memory to read it";
    yaml_parser_set_input_string(&parser, (const unsigned char *)file.text, file.n);
    if (yaml_parser_load(&parser, &document)) {
        problem = read_context(run, &document, context, config);
        yaml_document_delete(&document);
    } else {
        problem = talon_text(run, "it is not YAML: line %zu: %s", parser.problem_mark.line + 1, parser.problem ? parser.problem : "no memory");
    }
    yaml_parser_delete(&parser);
    return problem;
}
