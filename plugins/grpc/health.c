/* The check type `grpc.health`: the standard question grpc.health.v1.Health/Check, for one service of a server or for the server as a whole. */
#include "kit/grpc.h"
#include "kit/protobuf.h"

enum { NAME = 512, MOST_METADATA = 30 };

enum serving { SERVING_UNKNOWN, SERVING, NOT_SERVING, SERVICE_UNKNOWN };

struct conf {
    struct talon_address address;
    const char *service;
    const struct talon_pair *metadata;
    int32_t tls, insecure;
    const char *ca, *cert, *key, *server_name;
    uint64_t warn_expiry;
};

static const struct talon_option options[] = {
    { .name = "address", TALON_ADDRESS_AT(struct conf, address), .flags = TALON_REQUIRED, .help = "Where it listens: HOST:PORT or unix:PATH." },
    { .name = "service", TALON_STRING_AT(struct conf, service), .help = "Which service of it, `package.Service`; the server as a whole unless given." },
    { .name = "metadata", TALON_MAP_AT(struct conf, metadata), .flags = TALON_SECRET, .help = "Metadata to send, by name." },
    { .name = "tls", TALON_BOOL_AT(struct conf, tls), .help = "Speak TLS and verify the certificate; otherwise HTTP/2 in plain text." },
    { .name = "ca", TALON_PEM_AT(struct conf, ca), .help = "Authorities to trust, as PEM text or a file of it; the system's unless given." },
    { .name = "cert", TALON_PEM_AT(struct conf, cert), .help = "Client certificate, as PEM text or a file of it." },
    { .name = "key", TALON_PEM_AT(struct conf, key), .flags = TALON_SECRET, .help = "Key of the client certificate, as PEM text or a file of it." },
    { .name = "server_name", TALON_STRING_AT(struct conf, server_name), .help = "Name to ask for and to verify; the address' host unless given." },
    { .name = "insecure", TALON_BOOL_AT(struct conf, insecure), .help = "Accept any certificate; what is wrong with it is still reported." },
    { .name = "warn_expiry",
      TALON_DURATION_AT(struct conf, warn_expiry),
      .fallback = "14d",
      .help = "Warn when a certificate of the server's chain expires within this time; 0: never." },
    { .name = NULL },
};

static const struct talon_metric metrics[] = {
    { .name = "time", .unit = "s", .help = "The whole call." },
    { .name = "cert_expires_in", .unit = "s", .help = "Until the first certificate of the server's chain expires." },
    { .name = NULL },
};

/* ---- options */

__attribute__((format(printf, 3, 4))) static int bad(struct talon_problem *problem, const char *option, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    vsnprintf(problem->text, sizeof problem->text, format, ap);
    va_end(ap);
    problem->option = option;
    return 1;
}

/* gRPC's own names, and those that each call has already. */
static int is_taken(const char *name)
{
    return strncmp(name, "grpc-", 5) == 0 || strcmp(name, "content-type") == 0 || strcmp(name, "te") == 0 || strcmp(name, "user-agent") == 0;
}

/* Names of metadata are stricter than HTTP's. */
static int validate_metadata(const struct conf *conf, struct talon_problem *problem)
{
    size_t n = 0;

    for (const struct talon_pair *pair = conf->metadata; pair && pair->name; pair++) {
        const size_t length = strlen(pair->name);

        if (++n > MOST_METADATA)
            return bad(problem, "metadata", "holds more than %d names", MOST_METADATA);
        if (length == 0 || length > 100 || pair->name[strspn(pair->name, "abcdefghijklmnopqrstuvwxyz0123456789_.-")])
            return bad(problem, "metadata", "\"%.60s\" is no name of metadata: it has small letters, digits, `_`, `-` and `.`", pair->name);
        if (is_taken(pair->name))
            return bad(problem, "metadata", "%.60s belongs to gRPC itself", pair->name);
        for (const char *c = pair->value; *c; c++)
            if (*c < ' ' || *c > '~')
                return bad(problem, "metadata", "the value of %.60s holds characters that are not printable ASCII", pair->name);
    }
    return 0;
}

static int validate(const void *given, struct talon_problem *problem)
{
    const struct conf *conf = given;
    const char *beside = conf->ca            ? "ca"
                         : conf->cert        ? "cert"
                         : conf->key         ? "key"
                         : conf->server_name ? "server_name"
                         : conf->insecure    ? "insecure"
                                             : NULL;

    if (beside && !conf->tls)
        return bad(problem, beside, "has no effect without TLS: add `tls: true`");
    if (!conf->cert != !conf->key)
        return bad(problem, conf->cert ? "cert" : "key", "`cert` and `key` go together: give both (one file may hold both and be named twice)");
    if (conf->service && strlen(conf->service) > NAME - 8)
        return bad(problem, "service", "is longer than a name of a service can be");
    return validate_metadata(conf, problem);
}

/* ---- the answer */

/* The number of field 1 (HealthCheckResponse.status), which is left out when it is 0. -1: the message is bad. */
static int64_t serving_of(const struct grpc_answer *answer)
{
    struct protobuf message = protobuf_of(answer->message, answer->n);
    struct protobuf_field field;
    uint64_t status = 0;

    while (protobuf_next(&message, &field))
        if (field.number == 1 && field.type == PROTOBUF_VARINT)
            status = field.value;
    return message.bad || status > INT32_MAX ? -1 : (int64_t)status;
}

static const char *what(struct talon_run *run)
{
    const struct conf *conf = run->conf;

    return conf->service ? talon_text(run, "the service %s of %s", conf->service, grpc_where(run, &conf->address)) : grpc_where(run, &conf->address);
}

/* It serves: does its certificate go on doing so? */
static void serves(struct talon_run *run, const struct talon_response *got)
{
    const struct conf *conf = run->conf;
    const double now = (double)run->host->unix_ns(run) / 1e9, left = got->peer ? (double)got->peer->not_after - now : 0;

    if (got->peer && got->peer->not_after)
        run->host->metric(run, "cert_expires_in", left, "s");
    if (got->peer && got->peer->not_after && conf->warn_expiry > 0 && left < (double)conf->warn_expiry / 1e9)
        talon_done(run, TALON_WARN, "grpc.expiry", "serves, but the certificate of %s %s %s%s", got->peer->subject, left < 0 ? "expired" : "expires in",
                   talon_show_time(run, (uint64_t)((left < 0 ? -left : left) * 1e9)), left < 0 ? " ago" : "");
    else
        talon_done(run, TALON_OK, "grpc.ok", "serves, answered in %s", talon_show_time(run, got->total_ns));
}

static void answered(struct talon_run *run, void *arg, const struct talon_response *got)
{
    const struct conf *conf = run->conf;
    struct grpc_answer answer;

    (void)arg;
    run->host->metric(run, "time", (double)got->total_ns / 1e9, "s");
    if (!grpc_read(run, grpc_where(run, &conf->address), got, &answer))
        return;
    if (answer.status == GRPC_NOT_FOUND) {
        talon_done(run, TALON_FAIL, "grpc.no_service", "%s is not known there", what(run));
        return;
    }
    if (answer.status != GRPC_OK) {
        grpc_refused(run, grpc_where(run, &conf->address), &answer);
        return;
    }
    switch (serving_of(&answer)) {
    case SERVING:
        serves(run, got);
        break;
    case NOT_SERVING:
        talon_done(run, TALON_FAIL, "grpc.not_serving", "%s says that it does not serve", what(run));
        break;
    case SERVICE_UNKNOWN:
        talon_done(run, TALON_FAIL, "grpc.no_service", "%s is not known there", what(run));
        break;
    case SERVING_UNKNOWN:
        talon_done(run, TALON_UNKNOWN, "grpc.unknown", "%s says that it does not know whether it serves", what(run));
        break;
    default:
        talon_done(run, TALON_FAIL, "protocol.bad", "%s answers with what is no HealthCheckResponse", grpc_where(run, &conf->address));
    }
}

/* ---- the question */

static const char *const *metadata_lines(struct talon_run *run)
{
    const struct conf *conf = run->conf;
    const char **lines = run->host->alloc(run, (MOST_METADATA + 1) * sizeof *lines);
    size_t n = 0;

    for (const struct talon_pair *pair = conf->metadata; pair && pair->name; pair++)
        lines[n++] = talon_text(run, "%s: %s", pair->name, pair->value);
    return lines;
}

static void start(struct talon_run *run)
{
    const struct conf *conf = run->conf;
    const struct talon_tls tls = {
        .size = sizeof tls,
        .insecure = (uint32_t)conf->insecure,
        .ca = conf->ca,
        .cert = conf->cert,
        .key = conf->key,
        .server_name = conf->server_name,
    };
    const struct grpc_target target = { .address = conf->address, .tls = conf->tls ? &tls : NULL, .metadata = metadata_lines(run) };
    uint8_t message[NAME];
    size_t n = 0;

    if (conf->service && !protobuf_put_text(message, sizeof message, &n, 1, conf->service))
        talon_done(run, TALON_UNKNOWN, "local", "the name of the service is too long");
    else
        grpc_call(run, &target, "/grpc.health.v1.Health/Check", message, n, answered, NULL);
}

static const struct talon_operation operations[] = {
    { .kind = TALON_CHECK,
      .name = "health",
      .summary = "Asks a gRPC server for its health (grpc.health.v1).",
      .options = options,
      .metrics = metrics,
      .conf_size = sizeof(struct conf),
      .validate = validate,
      .start = start },
};

const struct talon_plugin talon_plugin_descriptor = {
    TALON_PLUGIN_HEAD,
    .name = "grpc",
    .version = "1.0.0",
    .license = "MIT",
    .summary = "gRPC health checks.",
    TALON_OPERATIONS(operations),
};
