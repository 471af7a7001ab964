/*
 * `notify:`: the channels, by name, each an action with its options; how much may be said in a while, and when the rest is. And `heartbeat:`, the opposite: who is
 * told that nothing needs to be said.
 */
#include "config/outward.h"
#include "config/steps.h"
#include "config/values.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define SECONDS(n) ((uint64_t)(n) * 1000000000u)

enum { CHANNELS = 16, MESSAGES = 60 }; /* as many as core/outbox remembers */

static const char heartbeat_action[] = "http.request";
static const char *const channel_keys[] = { "enabled", "normal", "timeout" };
static const char *const notify_keys[] = { "channels", "messages", "digest", "zone", "expire" };
static const char *const heartbeat_keys[] = { "url", "every", "timeout" };

enum { CHANNEL_KEYS = 3, NOTIFY_KEYS = 5, HEARTBEAT_KEYS = 3 };

/* ---- the action of a channel */

static bool is_setting(const char *key)
{
    for (size_t i = 0; i < CHANNEL_KEYS; i++)
        if (strcmp(channel_keys[i], key) == 0)
            return true;
    return false;
}

/* The entry that is its action: an operation's name has a dot most often, which no setting has. */
static const struct entry *find_action(const struct node *channel)
{
    const struct entry *found = NULL;

    for (size_t i = 0; channel && channel->kind == NODE_MAP && i < channel->n; i++) {
        const struct entry *entry = &channel->of.entries[i];

        if (!is_setting(entry->key->of.text) && (!found || (!strchr(found->key->of.text, '.') && strchr(entry->key->of.text, '.'))))
            found = entry;
    }
    return found;
}

static void tell_others(struct config *c, const struct node *channel, const struct entry *action)
{
    for (size_t i = 0; i < channel->n; i++) {
        const struct node *key = channel->of.entries[i].key;

        if (&channel->of.entries[i] == action || is_setting(key->of.text))
            continue;
        if (strchr(key->of.text, '.')) {
            problem_error(c, key->place, "a channel is one action, and this one has `%s` already: give %s a channel of its own", action->key->of.text,
                          problem_quote(c, key->of.text));
            continue;
        }
        problem_error(c, key->place, "unknown key %s", problem_quote(c, key->of.text));
        problem_nearest(c, key->of.text, channel_keys, CHANNEL_KEYS);
    }
}

void notify_types(struct config *c, void (*each)(struct config *, const char *))
{
    const struct node *channels = tree_get(tree_get(c->root, "notify"), "channels");

    for (size_t i = 0; channels && channels->kind == NODE_MAP && i < channels->n; i++) {
        const struct entry *action = find_action(channels->of.entries[i].value);

        if (action)
            each(c, action->key->of.text);
    }
    if (tree_get(tree_get(c->root, "heartbeat"), "url"))
        each(c, heartbeat_action);
    if (tree_get(tree_get(c->root, "ladder"), "agents"))
        each(c, "exec.run");
}

/* ---- channels */

static void read_action(struct config *c, const struct entry *entry, struct model_channel *made)
{
    static const struct outward_option options[] = { { "text", "-", true }, { "title", NULL, false }, { "level", "message", false }, { "over", NULL, false } };
    struct outward outward = { .what = "a channel", .options = options, .n = sizeof options / sizeof *options };
    const struct entry *action = find_action(entry->value);

    if (!action) {
        problem_error(c, entry->key->place, "the channel %s needs an action, such as `notify.telegram: {...}`", problem_quote(c, entry->key->of.text));
        return;
    }
    tell_others(c, entry->value, action);
    if (!outward_action(c, action, &outward, &made->action))
        return;
    made->has_title = outward.has[1];
    made->has_level = outward.has[2];
    made->has_over = outward.has[3];
}

/* False: it is off, which makes none of its mistakes good. */
static bool read_channel(struct config *c, const struct entry *entry, struct model_channel *made)
{
    const struct node *normal = tree_get(entry->value, "normal"), *timeout = tree_get(entry->value, "timeout"), *enabled = tree_get(entry->value, "enabled");
    bool on = true;

    *made = (struct model_channel){ .name = arena_string(c->made, entry->key->of.text), .normal = true, .place = work_place(c, entry->key->place) };
    made->action = (struct model_action){ .name = "", .operation = MODEL_NONE, .conf.json = "{}", .timeout = SECONDS(30) };
    if (!text_is_name(made->name))
        work_bad_name(c, entry->key, "channel");
    if (!value_is_map(c, entry->value, made->name, "an action, `enabled`, `normal` and `timeout`"))
        return false;
    if (enabled)
        value_bool(c, enabled, "enabled", &on);
    if (normal)
        value_bool(c, normal, "normal", &made->normal);
    if (timeout)
        value_duration(c, timeout, "timeout", SECONDS(1), SECONDS(600), &made->action.timeout);
    c->off = !on;
    read_action(c, entry, made);
    c->off = false;
    work_show(c, arena_printf(c->arena, "notify.channels.%s", made->name),
              arena_printf(c->arena, "%s%s%s", made->action.name, made->normal ? "" : " (not normal)", on ? "" : " (off)"), entry->key);
    return on;
}

static void read_channels(struct config *c, const struct node *map)
{
    struct model_notify *notify = &c->model->settings.notify;
    struct model_channel *made;

    if (!map || !value_is_map(c, map, "notify.channels", "names and actions") || map->kind != NODE_MAP)
        return;
    if (map->n > CHANNELS) {
        problem_error(c, map->place, "more than %d channels", CHANNELS);
        return;
    }
    made = arena_array(c->made, map->n + 1, sizeof *made);
    for (size_t i = 0; i < map->n; i++)
        notify->n_channels += read_channel(c, &map->of.entries[i], &made[notify->n_channels]);
    notify->channels = made;
    notify->n_channels_off = map->n - notify->n_channels;
}

/* ---- how much, and when */

/* "09:00" */
static bool is_time(const char *text, unsigned *hour, unsigned *minute)
{
    const size_t n = strlen(text), colon = strcspn(text, ":");

    if ((colon != 1 && colon != 2) || n != colon + 3 || strspn(text, "0123456789") != colon || strspn(text + colon + 1, "0123456789") != 2)
        return false;
    *hour = colon == 2 ? (unsigned)(text[0] - '0') * 10 + (unsigned)(text[1] - '0') : (unsigned)(text[0] - '0');
    *minute = (unsigned)(text[colon + 1] - '0') * 10 + (unsigned)(text[colon + 2] - '0');
    return *hour < 24 && *minute < 60;
}

static void read_digest(struct config *c, const struct node *map)
{
    struct model_notify *notify = &c->model->settings.notify;
    const struct node *node = tree_get(map, "digest"), *zone = tree_get(map, "zone");
    const char *text = "09:00", *name;
    char cron[32], why[SCALAR_WHY];
    unsigned hour = 9, minute = 0;
    size_t at;

    if (node && value_text(c, node, "notify.digest", "a time of day such as 09:00", &text) && !is_time(text, &hour, &minute))
        problem_error(c, node->place, "`notify.digest` must be a time of day such as 09:00, not %s", problem_quote(c, text));
    snprintf(cron, sizeof cron, "%u %u * * *", minute, hour);
    calendar_read(cron, &notify->digest, why, &at);
    name = maintenance_zone(c, zone, &notify->zone);
    snprintf(cron, sizeof cron, "%02u:%02u", hour, minute);
    work_show(c, "notify.digest", cron, node);
    work_show(c, "notify.zone", name ? name : "that of the machine", zone);
}

static void read_bounds(struct config *c, const struct node *map)
{
    struct model_notify *notify = &c->model->settings.notify;
    const struct node *messages = tree_get(map, "messages"), *expire = tree_get(map, "expire");
    char text[100], window[64];

    if (messages && value_rate(c, messages, "notify.messages", &notify->messages, &notify->messages_window) && notify->messages > MESSAGES)
        problem_error(c, messages->place, "`notify.messages` can be %d in its window at most, and is %u", MESSAGES, notify->messages);
    if (expire)
        value_duration(c, expire, "notify.expire", SECONDS(60), SECONDS(31 * 86400), &notify->expire);
    scalar_show_duration(notify->messages_window, window, sizeof window);
    snprintf(text, sizeof text, "%u per %s", notify->messages, window);
    work_show(c, "notify.messages", text, messages);
    scalar_show_duration(notify->expire, text, sizeof text);
    work_show(c, "notify.expire", text, expire);
}

static void read_notify(struct config *c, const struct node *map)
{
    c->model->settings.notify = (struct model_notify){ .messages = 6, .messages_window = SECONDS(3600), .expire = SECONDS(86400) };
    if (!map || !value_is_map(c, map, "notify", "`channels`, `messages`, `digest`, `zone` and `expire`"))
        return;
    work_keys(c, map, notify_keys, NOTIFY_KEYS);
    read_channels(c, tree_get(map, "channels"));
    read_bounds(c, map);
    read_digest(c, map);
}

/* ---- heartbeat */

/* An address of such a service is a secret by itself, most often: what a variable or a secret has put in is not shown. */
static void show_heartbeat(struct config *c, const struct node *url, const struct node *every)
{
    char text[64];

    scalar_show_duration(c->model->settings.heartbeat.every, text, sizeof text);
    work_show(c, "heartbeat.url", url->of.text, url);
    work_show(c, "heartbeat.every", text, every);
}

static void read_heartbeat(struct config *c, const struct node *map)
{
    static const char *const options[] = { "url", "method" };
    struct model_heartbeat *made = &c->model->settings.heartbeat;
    const struct node *url = tree_get(map, "url"), *every = tree_get(map, "every"), *timeout = tree_get(map, "timeout");
    struct outward outward = { .what = "the heartbeat" };

    *made = (struct model_heartbeat){ .every = SECONDS(60), .action = { .name = heartbeat_action, .operation = MODEL_NONE, .conf.json = "{}", .timeout = SECONDS(10) } };
    if (!map || !value_is_map(c, map, "heartbeat", "`url`, `every` and `timeout`"))
        return;
    work_keys(c, map, heartbeat_keys, HEARTBEAT_KEYS);
    if (every)
        value_duration(c, every, "heartbeat.every", SECONDS(1), 0, &made->every);
    if (timeout)
        value_duration(c, timeout, "heartbeat.timeout", SECONDS(1), SECONDS(600), &made->action.timeout);
    if (url) {
        const struct node *const values[] = { url, outward_text(c, "GET", url->place) };

        made->on = outward_action(c, outward_entry(c, heartbeat_action, options, values, 2, url->place), &outward, &made->action);
        if (url->kind == NODE_TEXT)
            show_heartbeat(c, url, every);
    } else if (!work_misspelt(c, map, heartbeat_keys, HEARTBEAT_KEYS, "url")) {
        problem_error(c, map->place, "`heartbeat` needs a `url`");
    }
}

void notify_read(struct config *c, const struct node *root)
{
    read_notify(c, tree_get(root, "notify"));
    read_heartbeat(c, tree_get(root, "heartbeat"));
}
