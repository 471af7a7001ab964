/*
 * The operation `talos.service`: the method ServiceList. A service is well when it runs (or has finished, or was skipped) and its health is good or not
 * checked; which services there are differs between kinds of nodes, so those that must be there are named in the configuration.
 */
#include "talos.h"

const struct talon_option talos_service_options[] = {
    TALOS_PLACE_OPTIONS(struct talos_service_conf),
    { .name = "service", TALON_STRING_AT(struct talos_service_conf, service), .help = "The one that is looked at, `etcd`; all of the node unless given." },
    { .name = "required", TALON_LIST_AT(struct talos_service_conf, required), .help = "Services that the node must have." },
    { .name = NULL },
};

const struct talon_metric talos_service_metrics[] = {
    { .name = "services", .unit = "", .help = "Services that were looked at." },
    { .name = "bad", .unit = "", .help = "Those of them that are not well." },
    { .name = NULL },
};

enum { MOST_SERVICES = 256 };

struct service { /* texts as they lie in the answer */
    struct protobuf_field id, state, event; /* event: what was last said of it */
    struct protobuf_field health;           /* the last health check's words */
    int checked, healthy;
};

struct tally {
    enum talon_status worst; /* ok, starting or fail */
    const char *reason, *words;
    unsigned n, bad;
};

/* ---- one service */

static void read_events(struct protobuf events, struct service *service)
{
    struct protobuf_field field;
    struct protobuf event;

    while (protobuf_next(&events, &field))
        if (field.number == 1)
            for (event = protobuf_inside(&field); protobuf_next(&event, &field);)
                if (field.number == 1)
                    service->event = field;
}

static void read_health(struct protobuf health, struct service *service)
{
    struct protobuf_field field;

    service->checked = 1;
    while (protobuf_next(&health, &field))
        if (field.number == 1)
            service->checked = field.value == 0;
        else if (field.number == 2)
            service->healthy = field.value != 0;
        else if (field.number == 3)
            service->health = field;
}

static struct service read_service(struct protobuf info)
{
    struct service service = { .checked = 0 };
    struct protobuf_field field;

    while (protobuf_next(&info, &field)) {
        if (field.number == 1)
            service.id = field;
        else if (field.number == 2)
            service.state = field;
        else if (field.number == 3)
            read_events(protobuf_inside(&field), &service);
        else if (field.number == 4)
            read_health(protobuf_inside(&field), &service);
    }
    return service;
}

static int is_in(const struct service *service, const char *const *states)
{
    for (; *states; states++)
        if (protobuf_is(&service->state, *states))
            return 1;
    return 0;
}

/* ": words", or "" where there are none. */
static const char *because(struct talon_run *run, const struct protobuf_field *words)
{
    return words->n > 0 ? talon_text(run, ": %s", protobuf_text(run, words, TALOS_WORDS)) : "";
}

static enum talon_status judge(struct talon_run *run, const struct service *service, const char **reason, const char **words)
{
    static const char *const coming[] = { "Initialized", "Preparing", "Waiting", "Starting", NULL };
    static const char *const good[] = { "Running", "Finished", "Skipped", NULL };
    const char *id = protobuf_text(run, &service->id, 60), *state = protobuf_text(run, &service->state, 40);
    const int starts = is_in(service, coming);

    *reason = "talos.ok";
    *words = state;
    if (!is_in(service, good)) {
        *reason = starts ? "starting" : "talos.state";
        *words = talon_text(run, "%s is %s%s", id, *state ? state : "in no state", because(run, &service->event));
        return starts ? TALON_STARTING : TALON_FAIL;
    }
    if (!protobuf_is(&service->state, "Running") || !service->checked || service->healthy)
        return TALON_OK;
    *reason = "talos.unhealthy";
    *words = talon_text(run, "%s runs, but is not healthy%s", id, because(run, &service->health));
    return TALON_FAIL;
}

/* ---- all of them */

static void add(struct talon_run *run, struct tally *tally, const struct service *service)
{
    const char *reason, *words;
    const enum talon_status status = judge(run, service, &reason, &words);
    const int worse = status == TALON_FAIL ? tally->worst != TALON_FAIL : status == TALON_STARTING && tally->worst == TALON_OK;

    tally->n++;
    tally->bad += status != TALON_OK;
    run->host->detail(run, protobuf_text(run, &service->id, 60), words);
    if (worse) {
        tally->worst = status;
        tally->reason = reason;
        tally->words = words;
    }
}

/* Is a service of that name in the list? */
static int lists(struct protobuf list, const char *id)
{
    struct protobuf_field field;

    while (protobuf_next(&list, &field))
        if (field.number == 2) {
            const struct service service = read_service(protobuf_inside(&field));

            if (protobuf_is(&service.id, id))
                return 1;
        }
    return 0;
}

/* The first of those that must be there and are not; NULL: none. */
static const char *missing(struct talon_run *run, struct protobuf list)
{
    const struct talos_service_conf *conf = run->conf;

    if (conf->service && !lists(list, conf->service))
        return conf->service;
    for (const char *const *id = conf->required; id && *id; id++)
        if (!lists(list, *id))
            return *id;
    return NULL;
}

static void conclude(struct talon_run *run, const struct tally *tally)
{
    const struct talos_service_conf *conf = run->conf;

    run->host->metric(run, "services", tally->n, "");
    run->host->metric(run, "bad", tally->bad, "");
    if (tally->worst != TALON_OK)
        talon_done(run, tally->worst, tally->reason, "%s%s", tally->words, tally->bad > 1 ? talon_text(run, " (and %u more)", tally->bad - 1) : "");
    else if (conf->service)
        talon_done(run, TALON_OK, "talos.ok", "%s is well", conf->service);
    else
        talon_done(run, TALON_OK, "talos.ok", "%u services are well", tally->n);
}

static void answered(struct talon_run *run, void *arg, const struct talon_response *got)
{
    const struct talos_service_conf *conf = run->conf;
    const struct talos_state *state = run->state;
    struct tally tally = { .worst = TALON_OK };
    struct protobuf list, whole;
    struct protobuf_field field;
    const char *lost;

    (void)arg;
    if (!talos_read(run, got, &list))
        return;
    lost = missing(run, list);
    for (whole = list; tally.n < MOST_SERVICES && protobuf_next(&whole, &field);)
        if (field.number == 2) {
            const struct service service = read_service(protobuf_inside(&field));

            if (!conf->service || protobuf_is(&service.id, conf->service))
                add(run, &tally, &service);
        }
    if (whole.bad || (tally.n == 0 && !lost))
        talon_done(run, TALON_FAIL, "protocol.bad", "%s answers ServiceList with no list of services", state->where);
    else if (lost)
        talon_done(run, TALON_FAIL, "talos.missing", "the node has no service %s", lost);
    else
        conclude(run, &tally);
}

void talos_service_start(struct talon_run *run)
{
    talos_begin(run, "ServiceList", answered);
}
