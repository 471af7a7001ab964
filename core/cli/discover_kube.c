/* The cluster that a kubeconfig points to: current-context -> contexts[].context.cluster -> clusters[].cluster.server. */
#include "cli/discover.h"

#include "base/buffer.h"
#include "base/os/files.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

/* The value of a key, or NULL. */
static yaml_node_t *get(yaml_document_t *doc, const yaml_node_t *map, const char *key)
{
    const yaml_node_pair_t *pair;

    if (!map || map->type != YAML_MAPPING_NODE)
        return NULL;
    for (pair = map->data.mapping.pairs.start; pair < map->data.mapping.pairs.top; pair++) {
        const yaml_node_t *name = yaml_document_get_node(doc, pair->key);

        if (name && name->type == YAML_SCALAR_NODE && strcmp((const char *)name->data.scalar.value, key) == 0)
            return yaml_document_get_node(doc, pair->value);
    }
    return NULL;
}

static const char *text_of(const yaml_node_t *node)
{
    return node && node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : NULL;
}

/* The item of that name (NULL: the first one) in a list of maps. */
static yaml_node_t *named(yaml_document_t *doc, const yaml_node_t *list, const char *name)
{
    const yaml_node_item_t *item;

    if (!list || list->type != YAML_SEQUENCE_NODE)
        return NULL;
    for (item = list->data.sequence.items.start; item < list->data.sequence.items.top; item++) {
        yaml_node_t *node = yaml_document_get_node(doc, *item);
        const char *found = text_of(get(doc, node, "name"));

        if (!name || (found && strcmp(found, name) == 0))
            return node;
    }
    return NULL;
}

/* https://HOST:PORT/PATH */
static bool read_server(const char *server, struct discovered_cluster *cluster)
{
    const char *host = strstr(server, "://"), *end, *colon = NULL;
    const bool plain = strncasecmp(server, "http://", 7) == 0;
    unsigned long port = plain ? 80 : 443;
    char *rest;

    host = host ? host + 3 : server;
    end = host + strcspn(host, "/?#");
    for (const char *c = host; c < end; c++)
        colon = *c == ':' ? c : *c == ']' ? NULL : colon;
    if (colon) {
        port = strtoul(colon + 1, &rest, 10);
        if (rest != end)
            return false;
        end = colon;
    }
    if (*host == '[' && end[-1] == ']') {
        host++;
        end--;
    }
    snprintf(cluster->host, sizeof cluster->host, "%.*s", (int)(end - host), host);
    cluster->port = (uint16_t)port;
    return end > host && (size_t)(end - host) < sizeof cluster->host && port > 0 && port < 65536;
}

static bool read_document(yaml_document_t *doc, struct discovered_cluster *cluster)
{
    const yaml_node_t *root = yaml_document_get_root_node(doc);
    const char *context = text_of(get(doc, root, "current-context")), *name = NULL, *server;
    yaml_node_t *found;

    if (context && *context) {
        found = named(doc, get(doc, root, "contexts"), context);
        name = text_of(get(doc, get(doc, found, "context"), "cluster"));
        snprintf(cluster->context, sizeof cluster->context, "%s", context);
    }
    found = named(doc, get(doc, root, "clusters"), name);
    server = text_of(get(doc, get(doc, found, "cluster"), "server"));
    return server && read_server(server, cluster);
}

bool discover_kubernetes(const char *kubeconfig, struct discovered_cluster *cluster)
{
    struct buffer text = buffer_make(1 << 20);
    yaml_parser_t parser;
    yaml_document_t doc;
    char why[256];
    bool found = false;

    *cluster = (struct discovered_cluster){ .context = "" };
    if (files_read(kubeconfig, &text, why, sizeof why) && text_valid_utf8(buffer_string(&text), text.len) == text.len && yaml_parser_initialize(&parser)) {
        yaml_parser_set_input_string(&parser, (const unsigned char *)buffer_string(&text), text.len);
        if (yaml_parser_load(&parser, &doc)) {
            found = read_document(&doc, cluster);
            yaml_document_delete(&doc);
        }
        yaml_parser_delete(&parser);
    }
    buffer_free(&text);
    return found;
}
