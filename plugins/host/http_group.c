/*
 * Groups and libcurl's easy handles. A group is a multi handle with its timer on the loop: all that libcurl does happens within group_drive().
 *
 * What is known of libcurl with libev and is minded here: a timeout of 0 is an armed timer, never a call from the callback; milliseconds are divided by
 * 1000.0; -1 stops the timer; the loop's idea of now is old in a long callback; easy handles leave their multi handle outside of callbacks only; all
 * messages are read after each action, since each finished exchange may begin others.
 */
#include "http_private.h"

#include "base/os/clock.h"

#include <stdlib.h>

enum { MOST_LANES = 64, KEPT_CONNECTIONS = 2 * MOST_LANES, POOL = 32, MOST_GROUPS = 64, LANE_CHAINS = 1024 };

/* A kept connection is closed when it was idle or has lived so long: certificates and addresses change, and no check should report old ones for ever. */
enum { KEPT_IDLE_S = 600, KEPT_LIFE_S = 600 };

struct lane {
    struct lane *next; /* in its chain */
    unsigned long long hash;
    struct group *group;
};

static struct group *groups;
static struct lane *lanes[LANE_CHAINS];
static unsigned inside;
static CURL *pool[POOL];
static size_t n_pool;

bool group_inside(void)
{
    return inside > 0;
}

/* ---- one group */

static int timer_wish(CURLM *multi, long ms, void *arg)
{
    struct group *group = arg;

    (void)multi;
    ev_timer_stop(http_globals.loop, &group->timer);
    if (ms < 0)
        return 0;
    if (ms > 0)
        ev_now_update(http_globals.loop);
    ev_timer_set(&group->timer, (double)ms / 1000.0, 0.);
    ev_timer_start(http_globals.loop, &group->timer);
    return 0;
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop, (void)events;
    group_drive(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static void stop_idle(struct group *group)
{
    if (!ev_is_active(&group->idle))
        return;
    ev_ref(http_globals.loop);
    ev_timer_stop(http_globals.loop, &group->idle);
}

/* The loop may end while only such a timer is left. */
static void start_idle(struct group *group, double after)
{
    ev_timer_set(&group->idle, after, 0.);
    ev_timer_start(http_globals.loop, &group->idle);
    ev_unref(http_globals.loop);
}

static void forget_lanes(const struct group *group)
{
    for (size_t i = 0; i < LANE_CHAINS; i++) {
        struct lane **at = &lanes[i];

        while (*at) {
            struct lane *lane = *at;

            if (lane->group == group) {
                *at = lane->next;
                free(lane);
            } else {
                at = &lane->next;
            }
        }
    }
}

static void group_free(struct group *group)
{
    struct group **at = &groups;

    while (*at && *at != group)
        at = &(*at)->next;
    if (*at)
        *at = group->next;
    inside++;
    curl_multi_cleanup(group->multi);
    inside--;
    ev_timer_stop(http_globals.loop, &group->timer);
    stop_idle(group);
    if (group->lanes > 0)
        forget_lanes(group);
    trust_drop(group->trust);
    free(group);
}

/* A timer that has fired is no longer active, and the loop has forgotten our ev_unref with it only if it is taken back. */
static void on_idle(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct group *group = timer->data;
    uint64_t idle = (clock_awake() - group->used) / HTTP_NS_PER_S;

    (void)events;
    ev_ref(loop);
    if (group->exchanges == 0 && idle >= KEPT_IDLE_S)
        group_free(group);
    else
        start_idle(group, group->exchanges > 0 ? KEPT_IDLE_S : (double)(KEPT_IDLE_S - idle) + 1.);
}

static struct group *group_create(struct trust *trust, uint32_t version, bool fresh)
{
    struct group *group = calloc(1, sizeof *group);

    if (!group)
        return NULL;
    group->multi = curl_multi_init();
    if (!group->multi) {
        free(group);
        return NULL;
    }
    group->trust = trust_share(trust);
    group->version = version;
    group->fresh = fresh;
    ev_timer_init(&group->timer, on_timer, 0., 0.);
    ev_timer_init(&group->idle, on_idle, 0., 0.);
    group->timer.data = group->idle.data = group;
    curl_multi_setopt(group->multi, CURLMOPT_SOCKETFUNCTION, line_wish);
    curl_multi_setopt(group->multi, CURLMOPT_SOCKETDATA, group);
    curl_multi_setopt(group->multi, CURLMOPT_TIMERFUNCTION, timer_wish);
    curl_multi_setopt(group->multi, CURLMOPT_TIMERDATA, group);
    curl_multi_setopt(group->multi, CURLMOPT_MAXCONNECTS, (long)KEPT_CONNECTIONS);
    curl_multi_setopt(group->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING); /* one check's trouble is not to be another's */
    if (!fresh)
        start_idle(group, KEPT_IDLE_S);
    group->next = groups;
    groups = group;
    return group;
}

/* Makes room for one more: the longest unused one goes. False: all are in use. */
static bool make_room(void)
{
    struct group *oldest = NULL;
    size_t n = 0;

    for (struct group *group = groups; group; group = group->next) {
        n++;
        if (!group->fresh && group->exchanges == 0 && (!oldest || group->used < oldest->used))
            oldest = group;
    }
    if (n < MOST_GROUPS)
        return true;
    if (!oldest || inside > 0)
        return false;
    group_free(oldest);
    return true;
}

struct group *group_fresh(void)
{
    for (struct group *group = groups; group; group = group->next)
        if (group->fresh)
            return group;
    return group_create(NULL, 0, true);
}

/* One with room for another lane; NULL: none can be had. */
static struct group *roomy_group(struct trust *trust, uint32_t version)
{
    for (struct group *group = groups; group; group = group->next)
        if (!group->fresh && group->trust == trust && group->version == version && group->lanes < MOST_LANES)
            return group;
    return make_room() ? group_create(trust, version, false) : NULL;
}

static struct group *add_lane(struct lane **chain, unsigned long long hash, struct group *group)
{
    struct lane *lane = malloc(sizeof *lane);

    if (!lane)
        return NULL;
    *lane = (struct lane){ .next = *chain, .hash = hash, .group = group };
    *chain = lane;
    group->lanes++;
    return group;
}

struct group *group_of_lane(unsigned long long hash, struct trust *trust, uint32_t version)
{
    struct lane **chain = &lanes[hash % LANE_CHAINS];
    struct group *group;

    for (struct lane *lane = *chain; lane; lane = lane->next)
        if (lane->hash == hash && lane->group->trust == trust && lane->group->version == version)
            return lane->group;
    group = roomy_group(trust, version);
    return group ? add_lane(chain, hash, group) : group_fresh();
}

static void drain(struct group *group)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(group->multi, &left)) != NULL) {
        char *exchange = NULL;

        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &exchange);
        if (exchange)
            exchange_done((void *)exchange, message->data.result);
    }
}

/* An exchange that ends in drain() may free an idle group (make_room), but not this one: it counts as used until then. */
void group_drive(struct group *group, curl_socket_t fd, int events)
{
    int running;

    group->exchanges++;
    inside++;
    curl_multi_socket_action(group->multi, fd, events, &running);
    inside--;
    exchange_reap();
    drain(group);
    exchange_reap();
    group->exchanges--;
}

void group_close_all(void)
{
    while (groups)
        group_free(groups);
}

/* ---- easy handles: made once, their constant options with them */

static void set_protocols(CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
    curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

/* Nothing from the environment or from files: no proxy, no .netrc, no cookies, no authorities of libcurl's own (the TLS module's are used instead). */
static CURL *easy_create(void)
{
    CURL *easy = curl_easy_init();

    if (!easy)
        return NULL;
    set_protocols(easy);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
    curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "talon/" TALON_VERSION);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)KEPT_IDLE_S);
    curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN, (long)KEPT_LIFE_S);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, answer_header);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, answer_body);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, line_open);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, line_close);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, NULL);
    return easy;
}

CURL *easy_take(void)
{
    return n_pool > 0 ? pool[--n_pool] : easy_create();
}

void easy_give(CURL *easy)
{
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, NULL);
    curl_easy_setopt(easy, CURLOPT_CURLU, NULL);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, NULL);
    if (n_pool < POOL)
        pool[n_pool++] = easy;
    else
        curl_easy_cleanup(easy);
}

void easy_close_all(void)
{
    while (n_pool > 0)
        curl_easy_cleanup(pool[--n_pool]);
}
