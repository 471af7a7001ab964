/*
 * Fingerprints: the same after a reload means the same check (or service), which keeps its state. Made of what is in force, not of how it is
 * written; of secrets the names and sources, never values.
 */
#include "config/prints.h"
#include "config/steps.h"

#include "base/text.h"

#include <string.h>

print print_text(print hash, const char *text)
{
    static const char none[] = "\1";

    return text ? text_hash(hash, text, strlen(text) + 1) : text_hash(hash, none, sizeof none);
}

static print add_list(print hash, const char *const *list)
{
    for (size_t i = 0; list && list[i]; i++)
        hash = print_text(hash, list[i]);
    return print_text(hash, NULL);
}

/* Byte by byte, so that it does not hang on the machine's order of bytes. */
print print_number(print hash, uint64_t number)
{
    unsigned char bytes[8];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(number >> (8 * i));
    return text_hash(hash, bytes, sizeof bytes);
}

print print_secret(print hash, const struct model_secret *secret)
{
    hash = print_text(hash, secret->name);
    hash = print_number(hash, (uint64_t)secret->source);
    hash = print_text(hash, secret->env);
    hash = print_text(hash, secret->file);
    hash = print_text(hash, secret->json);
    return add_list(hash, secret->command);
}

print print_conf(const struct model *m, print hash, const struct model_conf *conf)
{
    hash = print_text(hash, conf->json);
    for (size_t i = 0; i < conf->n_holes; i++) {
        hash = print_number(hash, conf->holes[i].at);
        hash = print_secret(hash, &m->secrets[conf->holes[i].secret]);
    }
    return hash;
}

static uint64_t print_check(const struct model *m, const struct model_check *check)
{
    const struct model_operation *operation = &m->operations[check->operation];
    const struct model_plugin *plugin = &m->plugins[operation->plugin];
    print hash = print_text(TEXT_HASH, operation->name);

    hash = print_text(hash, plugin->path);
    hash = add_list(hash, plugin->command);
    hash = print_number(hash, plugin->own_host);
    return print_conf(m, hash, &check->conf);
}

/* What it means, so that a condition with another value in a variable is another one. */
print print_condition(const struct model *m, print hash, const struct model_condition *condition)
{
    for (size_t i = 0; i < condition->n; i++) {
        const struct model_when *node = &condition->nodes[i];
        uint64_t value;

        memcpy(&value, &node->value, sizeof value);
        hash = print_number(hash, (uint64_t)node->kind);
        hash = print_text(hash, node->check == MODEL_NONE ? NULL : m->checks[node->check].full_name);
        hash = print_number(hash, (uint64_t)node->verdict);
        hash = print_text(hash, node->metric);
        hash = print_number(hash, (uint64_t)node->comparison);
        hash = print_number(hash, value);
        hash = print_number(hash, node->left);
        hash = print_number(hash, node->right);
    }
    return print_number(hash, condition->n);
}

static print add_heal(const struct model *m, print hash, const struct model_heal *heal)
{
    hash = print_condition(m, hash, &heal->when);
    hash = print_text(hash, m->runbooks[heal->runbook].name);
    for (size_t i = 0; i < heal->n_with; i++) {
        hash = print_text(hash, heal->with[i].name);
        hash = print_text(hash, heal->with[i].value);
    }
    return print_number(hash, heal->n_with);
}

static uint64_t print_service(const struct model *m, const struct model_service *s)
{
    print hash = print_text(TEXT_HASH, s->name);

    hash = print_text(hash, s->title);
    hash = print_text(hash, s->note);
    hash = print_number(hash, (uint64_t)s->critical | (uint64_t)s->enabled << 1 | (uint64_t)s->heal_stopped << 2);
    hash = print_number(hash, s->needs_wait);
    hash = print_number(hash, s->recover_grace);
    hash = print_number(hash, s->start_timeout);
    hash = print_number(hash, s->tell_warn_after);
    for (size_t i = 0; i < s->n_needs; i++) {
        for (size_t k = 0; k < s->needs[i].n; k++)
            hash = print_text(hash, m->services[s->needs[i].any[k]].name);
        hash = print_number(hash, s->needs[i].n);
    }
    for (size_t i = 0; i < s->n_heal; i++)
        hash = add_heal(m, hash, &s->heal[i]);
    return hash;
}

static void print_channels(const struct model *m)
{
    for (size_t i = 0; i < m->settings.notify.n_channels; i++) {
        struct model_channel *channel = (struct model_channel *)&m->settings.notify.channels[i];

        channel->fingerprint = print_conf(m, print_text(TEXT_HASH, channel->action.name), &channel->action.conf);
    }
}

void prints_make(struct config *c)
{
    const struct model *m = c->model;

    print_channels(m);
    for (size_t i = 0; i < m->n_checks; i++)
        ((struct model_check *)&m->checks[i])->fingerprint = print_check(m, &m->checks[i]);
    for (size_t i = 0; i < m->n_services; i++) {
        ((struct model_service *)&m->services[i])->fingerprint = print_service(m, &m->services[i]);
        for (size_t k = 0; k < m->services[i].n_heal; k++)
            ((struct model_heal *)&m->services[i].heal[k])->fingerprint = print_runbook(m, add_heal(m, TEXT_HASH, &m->services[i].heal[k]), m->services[i].heal[k].bound);
    }
}
