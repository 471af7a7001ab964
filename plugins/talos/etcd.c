/*
 * The operation `talos.etcd`: the methods EtcdStatus and EtcdAlarmList. The service may be well while its member has no leader, or has raised an alarm and
 * takes no more writes; without etcd the Kubernetes API is nothing.
 */
#include "talos.h"

enum alarm { ALARM_NONE, ALARM_NOSPACE, ALARM_CORRUPT };

const struct talon_option talos_etcd_options[] = {
    TALOS_PLACE_OPTIONS(struct talos_etcd_conf),
    { .name = NULL },
};

const struct talon_metric talos_etcd_metrics[] = {
    { .name = "db_size", .unit = "B", .help = "Size of its database." },
    { .name = "db_in_use", .unit = "B", .help = "What of that is in use." },
    { .name = "behind", .unit = "", .help = "Entries of the log that it has not applied yet." },
    { .name = NULL },
};

struct member {
    uint64_t leader, index, applied;
    int64_t size, in_use;
    int learner;
    struct protobuf_field error; /* the first of them */
};

static struct member read_member(struct protobuf status)
{
    struct member member = { .leader = 0 };
    struct protobuf_field field;

    while (protobuf_next(&status, &field)) {
        switch (field.number) {
        case 2:
            member.size = (int64_t)field.value;
            break;
        case 3:
            member.in_use = (int64_t)field.value;
            break;
        case 4:
            member.leader = field.value;
            break;
        case 5:
            member.index = field.value;
            break;
        case 7:
            member.applied = field.value;
            break;
        case 8:
            if (member.error.n == 0)
                member.error = field;
            break;
        case 9:
            member.learner = field.value != 0;
            break;
        default:
            break;
        }
    }
    return member;
}

/* The worst alarm of the list. */
static uint64_t read_alarm(struct protobuf message)
{
    struct protobuf_field field;
    struct protobuf alarm;
    uint64_t worst = ALARM_NONE;

    while (protobuf_next(&message, &field))
        if (field.number == 2)
            for (alarm = protobuf_inside(&field); protobuf_next(&alarm, &field);)
                if (field.number == 2 && field.value > worst)
                    worst = field.value;
    return worst;
}

static void alarmed(struct talon_run *run, void *arg, const struct talon_response *got)
{
    struct protobuf message;
    uint64_t alarm;

    (void)arg;
    if (!talos_read(run, got, &message))
        return;
    alarm = read_alarm(message);
    if (alarm == ALARM_NOSPACE)
        talon_done(run, TALON_FAIL, "talos.alarm", "etcd has raised the alarm NOSPACE: its database is full, and it takes no more writes");
    else if (alarm == ALARM_CORRUPT)
        talon_done(run, TALON_FAIL, "talos.alarm", "etcd has raised the alarm CORRUPT: its members disagree about what is stored");
    else if (alarm != ALARM_NONE)
        talon_done(run, TALON_FAIL, "talos.alarm", "etcd has raised the alarm %llu", (unsigned long long)alarm);
    else
        talon_done(run, TALON_OK, "talos.ok", "etcd has a leader and no alarms");
}

static void judge(struct talon_run *run, const struct member *member)
{
    run->host->metric(run, "db_size", (double)member->size, "B");
    run->host->metric(run, "db_in_use", (double)member->in_use, "B");
    run->host->metric(run, "behind", member->index > member->applied ? (double)(member->index - member->applied) : 0, "");
    if (member->error.n > 0)
        talon_done(run, TALON_FAIL, "talos.etcd", "etcd says of itself: %s", protobuf_text(run, &member->error, TALOS_WORDS));
    else if (member->leader == 0)
        talon_done(run, TALON_FAIL, "talos.no_leader", "etcd has no leader: nothing can be stored");
    else if (member->learner)
        talon_done(run, TALON_WARN, "talos.learner", "its etcd member is still a learner: it has no vote");
    else
        talos_call(run, "EtcdAlarmList", alarmed);
}

static void answered(struct talon_run *run, void *arg, const struct talon_response *got)
{
    const struct talos_state *state = run->state;
    struct protobuf message;
    struct protobuf_field field;
    struct member member;
    int found = 0;

    (void)arg;
    if (!talos_read(run, got, &message))
        return;
    while (protobuf_next(&message, &field))
        if (field.number == 2 && field.type == PROTOBUF_BYTES) {
            member = read_member(protobuf_inside(&field));
            found = 1;
        }
    if (found)
        judge(run, &member);
    else
        talon_done(run, TALON_FAIL, "protocol.bad", "%s answers EtcdStatus without one", state->where);
}

void talos_etcd_start(struct talon_run *run)
{
    talos_begin(run, "EtcdStatus", answered);
}
