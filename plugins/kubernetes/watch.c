/*
 * The watch beside a list: a stream of lines, each a change. What has changed is not read, because the list is the truth: a change makes it old, and the checks
 * that use it are run at once. A stream that ends begins again where the list was last; one that cannot be had is asked for less and less often.
 */
#include "list.h"

enum { SERVER_S = 300 };

#define SECOND_NS UINT64_C(1000000000)
#define STREAM_NS ((SERVER_S + 30) * SECOND_NS)
#define FIRST_PAUSE_NS SECOND_NS
#define LONGEST_PAUSE_NS (60 * SECOND_NS)

static int starts(const char *line, size_t n, const char *with)
{
    return n >= strlen(with) && memcmp(line, with, strlen(with)) == 0;
}

static void changed(struct talon_run *shared)
{
    struct list *list = shared->state;

    list->changed_ns = shared->host->now_ns(shared);
    shared->host->nudge(shared);
}

static size_t heard(struct talon_run *shared, void *arg, const char *bytes, size_t n, int last)
{
    struct list *list = shared->state;
    size_t used = 0;
    int news = 0;
    const char *end;

    (void)arg, (void)last;
    while ((end = memchr(bytes + used, '\n', n - used)) != NULL) {
        const size_t length = (size_t)(end - bytes) - used;

        if (starts(bytes + used, length, "{\"type\":\"ERROR\""))
            list->watch.gone = 1;
        else if (length > 0 && !starts(bytes + used, length, "{\"type\":\"BOOKMARK\""))
            news = 1;
        used += length + 1;
    }
    if (news)
        changed(shared);
    return used;
}

static void again(struct talon_run *shared, void *arg)
{
    struct list *list = shared->state;

    (void)arg;
    list->watch.timer = 0;
    if (!list->watch.gone && list->items)
        watch_begin(shared);
}

static void pause_watch(struct talon_run *shared, int good)
{
    struct list *list = shared->state;
    const uint64_t longer = list->watch.pause_ns ? 2 * list->watch.pause_ns : FIRST_PAUSE_NS;

    list->watch.pause_ns = good ? 0 : longer < LONGEST_PAUSE_NS ? longer : LONGEST_PAUSE_NS;
    list->watch.timer = shared->host->timer(shared, good ? FIRST_PAUSE_NS : list->watch.pause_ns, again, NULL);
}

/* Once for each row of failures: nobody is nudged meanwhile, but the checks go on by their intervals. */
static void tell_end(struct talon_run *shared, const struct talon_response *got)
{
    const struct list *list = shared->state;

    if (list->watch.pause_ns > 0)
        return;
    if (got->error.code)
        talon_log(shared, TALON_INFO, "the watch of %s ended: %s", list->path, got->error.text);
    else
        talon_log(shared, TALON_INFO, "the watch of %s ended: HTTP %u", list->path, got->status);
}

static void over(struct talon_run *shared, void *arg, const struct talon_response *got)
{
    struct list *list = shared->state;
    const int good = !got->error.code && got->status == 200;

    (void)arg;
    list->watch.stream = 0;
    if (got->status == 410)
        list->watch.gone = 1;
    else if (!good)
        tell_end(shared, got);
    pause_watch(shared, good && !list->watch.gone);
}

void watch_begin(struct talon_run *shared)
{
    struct list *list = shared->state;
    char *path;

    list->watch.gone = 0;
    if (list->watch.stream || list->watch.timer || !*list->version)
        return;
    path = (char *)(uintptr_t)talon_text(shared, "%s?watch=1&allowWatchBookmarks=true&timeoutSeconds=%d%s%s&resourceVersion=%s", list->path, SERVER_S,
                                         *list->query ? "&" : "", list->query, list->version);
    list->watch.stream = client_stream(shared, list->cluster, path, STREAM_NS, heard, over);
    shared->host->release(shared, path);
    if (!list->watch.stream)
        pause_watch(shared, 0);
}
