/* Names and scalars for `talon init`: see init_names.h. */
#include "cli/init_names.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* [a-z0-9][a-z0-9_-]*, what is neither becomes one `-`. */
static void clean(const char *text, char *name, size_t room)
{
    size_t n = 0;

    for (; *text && n + 1 < room; text++) {
        const unsigned char c = (unsigned char)*text;

        if (c < 0x80 && (isalnum(c) || (c == '_' && n > 0)))
            name[n++] = (char)tolower(c);
        else if (n > 0 && name[n - 1] != '-')
            name[n++] = '-';
    }
    while (n > 0 && name[n - 1] == '-')
        n--;
    name[n] = '\0';
    if (n == 0)
        snprintf(name, room, "unnamed");
}

static bool is_taken(const struct init_names *names, const char *name)
{
    for (size_t i = 0; i < names->n; i++)
        if (strcmp(names->all[i], name) == 0)
            return true;
    return false;
}

void init_names_take(struct init_names *names, const char *text, char name[INIT_NAME])
{
    char base[INIT_NAME - 4]; /* room for -999 */

    clean(text, base, sizeof base);
    snprintf(name, INIT_NAME, "%s", base);
    for (unsigned i = 2; is_taken(names, name); i++)
        snprintf(name, INIT_NAME, "%s-%u", base, i % 1000);
    if (names->n < INIT_NAMES)
        snprintf(names->all[names->n++], INIT_NAME, "%s", name);
}

/* Nothing that YAML reads into, whatever stands around it. */
static bool is_plain(const char *text)
{
    static const char first[] = "/.ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", inner[] = "/.:+@%-_ ()";

    if (!*text || !strchr(first, *text) || strstr(text, "...") || strstr(text, ": "))
        return false;
    for (const char *c = text; *c; c++)
        if (!strchr(first, *c) && !strchr(inner, *c))
            return false;
    return !strchr(": ", text[strlen(text) - 1]);
}

void init_scalar(struct buffer *out, const char *text)
{
    if (is_plain(text)) {
        buffer_text(out, text);
        return;
    }
    buffer_char(out, '"');
    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\')
            buffer_printf(out, "\\%c", c);
        else if (c < ' ' || c == 0x7f)
            buffer_printf(out, "\\x%02X", c);
        else
            buffer_printf(out, c == '$' && text[1] == '{' ? "$%c" : "%c", c);
    }
    buffer_char(out, '"');
}

static const struct init_usual usual[] = {
    { 25, "smtp", "Mail server" },
    { 53, "dns", "DNS server" },
    { 80, "web", "Web server" },
    { 111, "rpcbind", "RPC portmapper" },
    { 139, "samba", "Samba" },
    { 143, "imap", "IMAP server" },
    { 443, "web-tls", "Web server, TLS" },
    { 445, "samba", "Samba" },
    { 587, "submission", "Mail submission" },
    { 631, "cups", "CUPS printing" },
    { 1433, "sql-server", "SQL Server" },
    { 1883, "mqtt", "MQTT broker" },
    { 2379, "etcd", "etcd" },
    { 3306, "mysql", "MySQL or MariaDB" },
    { 3389, "rdp", "Remote desktop" },
    { 4222, "nats", "NATS" },
    { 5432, "postgresql", "PostgreSQL" },
    { 5672, "rabbitmq", "RabbitMQ" },
    { 5900, "vnc", "Screen sharing" },
    { 6443, "kubernetes", "Kubernetes API server" },
    { 7700, "meilisearch", "Meilisearch" },
    { 8086, "influxdb", "InfluxDB" },
    { 8108, "typesense", "Typesense" },
    { 8288, "inngest", "Inngest" },
    { 8500, "consul", "Consul" },
    { 9042, "cassandra", "Cassandra" },
    { 9090, "prometheus", "Prometheus" },
    { 9092, "kafka", "Kafka" },
    { 9100, "node-exporter", "Prometheus node exporter" },
    { 9200, "elasticsearch", "Elasticsearch" },
    { 11211, "memcached", "memcached" },
    { 11434, "ollama", "Ollama" },
    { 27017, "mongodb", "MongoDB" },
};

const struct init_usual *init_usual(uint16_t port)
{
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (usual[i].port == port)
            return &usual[i];
    return NULL;
}
