/* A list of the API server: see list.h. Its pages become one array; a list that changes under the reader (410) is begun anew once. */
#include "list.h"

#include "kit/json.h"

enum { PAGE = 50, MOST_PAGES = 40, MOST_BODY = 8 << 20, MOST_AGAIN = 1 };

#define FRESH_NS (2 * UINT64_C(1000000000))
#define LONGEST_NS (60 * UINT64_C(1000000000))

/* ---- the answer */

static void settle(struct talon_run *shared)
{
    struct list *list = shared->state;

    cJSON_Delete(list->items);
    list->items = list->coming;
    list->coming = NULL;
    list->asking = 0;
    list->began_ns = list->asked_ns;
    if (list->items && list->watched && !(shared->flags & TALON_ONCE))
        watch_begin(shared);
    shared->host->wake(shared);
}

static void give_up(struct talon_run *shared, const struct client_failure *failure)
{
    struct list *list = shared->state;

    list->failure = *failure;
    cJSON_Delete(list->coming);
    list->coming = NULL;
    settle(shared);
}

static void give_up_odd(struct talon_run *shared, const char *token, const char *words)
{
    struct client_failure failure = { .outcome = CLIENT_ODD };

    snprintf(failure.token, sizeof failure.token, "%s", token);
    snprintf(failure.words, sizeof failure.words, "%s", words);
    give_up(shared, &failure);
}

/* ---- pages */

static void listed(struct talon_run *shared, struct client_call *call, const struct talon_response *got);

/* The page behind that mark; NULL: the first one. */
static void ask_page(struct talon_run *shared, const char *mark)
{
    struct list *list = shared->state;
    const char *escaped = mark ? client_escape(shared, mark) : "";
    const char *and_query = *list->query ? "&" : "";
    const char *path = talon_text(shared, "%s?limit=%d%s%s%s%s", list->path, PAGE, and_query, list->query, mark ? "&continue=" : "", escaped);

    list->call = (struct client_call){
        .path = path,
        .max_body = MOST_BODY,
        .timeout_ns = list->call.timeout_ns,
        .once = mark != NULL, /* each has a path of its own, which would be remembered for nothing */
        .done = listed,
        .deferred = list->call.deferred,
    };
    if (mark)
        shared->host->release(shared, (void *)(uintptr_t)escaped);
    client_ask(shared, list->cluster, &list->call);
}

static void forget_path(struct talon_run *shared, struct client_call *call)
{
    shared->host->release(shared, (void *)(uintptr_t)call->path);
    call->path = NULL;
}

/* What nobody here reads is most of an object, and a list is kept until the next one. */
static void prune(cJSON *item)
{
    static const struct {
        const char *within, *name;
    } unread[] = { { "metadata", "managedFields" }, { "metadata", "annotations" }, { "metadata", "ownerReferences" }, { "spec", "template" },
                   { "spec", "containers" },        { "spec", "initContainers" },  { "spec", "volumes" },             { "spec", "tolerations" },
                   { "status", "images" },          { "status", "volumesAttached" } };

    for (size_t i = 0; i < sizeof unread / sizeof *unread; i++)
        cJSON_DeleteItemFromObjectCaseSensitive(cJSON_GetObjectItemCaseSensitive(item, unread[i].within), unread[i].name);
}

/* Moves the items of a page behind those that are here. 0: it is no list. */
static int take_items(struct list *list, cJSON *page)
{
    cJSON *items = cJSON_GetObjectItemCaseSensitive(page, "items"), *item;

    if (!list->coming)
        list->coming = cJSON_CreateArray();
    if (!list->coming || (!cJSON_IsArray(items) && !cJSON_IsNull(items)))
        return 0;
    while ((item = items->child) != NULL) {
        prune(item);
        cJSON_AddItemToArray(list->coming, cJSON_DetachItemViaPointer(items, item));
    }
    snprintf(list->version, sizeof list->version, "%s", json_string(page, "metadata.resourceVersion", ""));
    return 1;
}

static void take_page(struct talon_run *shared, cJSON *page)
{
    struct list *list = shared->state;
    const char *mark = json_string(page, "metadata.continue", "");

    if (!take_items(list, page))
        give_up_odd(shared, "protocol.bad", "the answer is no list of Kubernetes");
    else if (!*mark)
        settle(shared);
    else if (++list->pages >= MOST_PAGES)
        give_up_odd(shared, "too_big", "there are more than 2000 of them");
    else
        ask_page(shared, mark);
}

static void begin(struct talon_run *shared)
{
    struct list *list = shared->state;

    list->pages = 0;
    cJSON_Delete(list->coming);
    list->coming = NULL;
    ask_page(shared, NULL);
}

static void listed(struct talon_run *shared, struct client_call *call, const struct talon_response *got)
{
    struct list *list = shared->state;
    char problem[JSON_PROBLEM];
    cJSON *page;

    forget_path(shared, call);
    if (call->failure.outcome == CLIENT_GONE && list->pages > 0 && list->again++ < MOST_AGAIN) {
        begin(shared);
        return;
    }
    if (call->failure.outcome != CLIENT_GOOD) {
        give_up(shared, &call->failure);
        return;
    }
    page = json_read(shared, got->body, got->body_len, problem);
    if (!page) {
        give_up_odd(shared, "protocol.bad", problem);
        return;
    }
    take_page(shared, page);
    cJSON_Delete(page);
}

/* ---- the members */

static void forget(void *state)
{
    struct list *list = state;

    cJSON_Delete(list->items);
    cJSON_Delete(list->coming);
}

static void setup(struct talon_run *shared)
{
    struct list *list = shared->state;

    list->cluster = cluster_join(shared);
    shared->host->defer(shared, forget, list);
}

struct talon_run *list_join(struct talon_run *instance, const char *path, const char *query, int watched)
{
    const struct cluster_conf *conf = instance->conf;
    const char *key = talon_text(instance, "list %s?%s of %s %s", path, query, conf->kubeconfig ? conf->kubeconfig : "", conf->context ? conf->context : "");
    struct talon_run *shared;
    struct list *list;

    cluster_join(instance); /* so that it outlives the list's last member */
    shared = instance->host->share(instance, key, sizeof *list, setup);
    list = shared->state;
    if (!list->path) {
        list->query = talon_text(shared, "%s", query);
        list->path = talon_text(shared, "%s", path);
    }
    list->watched |= watched && conf->watch;
    return shared;
}

static void woken(struct talon_run *run, void *arg, uint32_t late);

static void wait_for(struct talon_run *run, struct list_want *want)
{
    struct list *list = want->list->state;

    if (!list->asking) {
        const uint64_t left = talon_left_ns(run);

        list->asking = 1;
        list->again = 0;
        list->asked_ns = run->host->now_ns(run);
        list->call.timeout_ns = left < LONGEST_NS ? left : LONGEST_NS;
        begin(want->list);
    }
    if (list->asking)
        run->host->wait(run, want->list, woken, want);
    else
        woken(run, want, 0);
}

static void tell_late(struct talon_run *run, struct list_want *want)
{
    const struct list *list = want->list->state;
    const struct cluster *cluster = list->cluster->state;

    want->items = NULL;
    want->late = (struct client_failure){ .outcome = CLIENT_UNREACHED };
    snprintf(want->late.token, sizeof want->late.token, "timeout");
    if (cluster->spawned)
        snprintf(want->late.words, sizeof want->late.words, "the credential plugin has not ended yet");
    else
        snprintf(want->late.words, sizeof want->late.words, "no answer to GET %.200s in time", list->path);
    want->failure = &want->late;
    want->then(run, want);
}

static void woken(struct talon_run *run, void *arg, uint32_t late)
{
    struct list_want *want = arg;
    const struct list *list = want->list->state;

    if (late) {
        tell_late(run, want);
    } else if (list->asking || list->began_ns < want->oldest_ns) { /* what came was begun long before we were */
        wait_for(run, want);
    } else {
        want->items = list->items;
        want->failure = list->items ? NULL : &list->failure;
        want->then(run, want);
    }
}

void list_get(struct talon_run *run, struct talon_run *shared, struct list_want *want, list_then_fn *then)
{
    const uint64_t now = run->host->now_ns(run);

    list_get_after(run, shared, want, now > FRESH_NS ? now - FRESH_NS : 0, then);
}

void list_get_after(struct talon_run *run, struct talon_run *shared, struct list_want *want, uint64_t oldest_ns, list_then_fn *then)
{
    const struct list *list = shared->state;

    *want = (struct list_want){ .list = shared, .then = then, .oldest_ns = oldest_ns };
    if (!list->asking && list->items && list->began_ns >= oldest_ns && list->began_ns > list->changed_ns)
        woken(run, want, 0);
    else
        wait_for(run, want);
}

const cJSON *list_find(const cJSON *items, const char *name)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, items) {
        if (strcmp(json_string(item, "metadata.name", ""), name) == 0)
            return item;
    }
    return NULL;
}
