/*
 * The action `talos.service-restart`: the method ServiceRestart. It is asked for once: an answer that is lost says nothing of whether the service restarts, and
 * what follows in a runbook looks for itself. Talos wants the role os:operator for it, which a certificate for checks should not have.
 */
#include "talos.h"

enum { MOST_NAME = 100 };

const struct talon_option talos_restart_options[] = {
    TALOS_PLACE_OPTIONS(struct talos_restart_conf),
    { .name = "service", TALON_STRING_AT(struct talos_restart_conf, service), .flags = TALON_REQUIRED, .help = "The one that is restarted, `kubelet`." },
    { .name = NULL },
};

const struct talon_metric talos_restart_metrics[] = {
    { .name = "time", .unit = "s", .help = "How long the machine API took to answer." },
    { .name = NULL },
};

int talos_restart_validate(const void *given, struct talon_problem *problem)
{
    const struct talos_restart_conf *conf = given;
    const size_t n = strlen(conf->service);

    if (talos_validate(given, problem))
        return 1;
    problem->option = "service";
    if (n > 0 && n <= MOST_NAME && *conf->service != '-' && conf->service[strspn(conf->service, "abcdefghijklmnopqrstuvwxyz0123456789-_.")] == '\0')
        return 0;
    snprintf(problem->text, sizeof problem->text, "is no service of Talos: write its id, such as kubelet");
    return 1;
}

/* The right is missing: what a person who has it would write. */
static void no_right(struct talon_run *run, const struct grpc_answer *answer)
{
    const struct talos_restart_conf *conf = run->conf;

    talon_done(run, TALON_UNKNOWN, "refused.rights", "our certificate may not restart %s, that needs the role os:operator: talosctl%s%s service %s restart (%s)",
               conf->service, conf->place.node ? " --nodes " : "", conf->place.node ? conf->place.node : "", conf->service, answer->words);
}

static void answered(struct talon_run *run, void *arg, const struct talon_response *got)
{
    const struct talos_restart_conf *conf = run->conf;
    const struct talos_state *state = run->state;
    struct protobuf message;
    struct protobuf_field field, said = { .number = 0 };
    struct grpc_answer answer;

    (void)arg;
    if (!grpc_read(run, state->where, got, &answer))
        return;
    run->host->metric(run, "time", (double)got->total_ns / 1e9, "s");
    if (answer.status == GRPC_PERMISSION_DENIED) {
        no_right(run, &answer);
        return;
    }
    if (answer.status == GRPC_NOT_FOUND) {
        talon_done(run, TALON_FAIL, "talos.missing", "the node has no service %s: %s", conf->service, answer.words);
        return;
    }
    if (!talos_read(run, got, &message))
        return;
    while (protobuf_next(&message, &field))
        if (field.number == 2 && field.type == PROTOBUF_BYTES)
            said = field;
    talon_done(run, TALON_OK, "talos.ok", "restarts %s%s%s", conf->service, said.n > 0 ? ": " : "", protobuf_text(run, &said, TALOS_WORDS));
}

void talos_restart_start(struct talon_run *run)
{
    const struct talos_restart_conf *conf = run->conf;
    struct talos_state *state = run->state;
    uint8_t *message = run->host->alloc(run, MOST_NAME + 8);

    state->message = message;
    if (protobuf_put_text(message, MOST_NAME + 8, &state->message_n, 1, conf->service))
        talos_begin(run, "ServiceRestart", answered);
    else
        talon_done(run, TALON_UNKNOWN, "local", "the name of the service is too long");
}
