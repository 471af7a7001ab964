/*
 * Asking a service of the cluster that no port is published of: the API server passes the request on to one of its pods. What comes back is either the
 * service's own answer, or the API server's word that it could not be asked; the two are told apart here.
 */
#ifndef KUBERNETES_PROXY_H
#define KUBERNETES_PROXY_H

#include "list.h"

struct proxy_target {
    const char *space, *service, *port, *workload;
    int32_t kind;
};

/* One request of a run, in whose state it lies. */
struct proxy_call {
    struct client_call call;
    struct list_want workloads;
    const struct proxy_target *target;
    char words[CLIENT_WORDS]; /* why nobody answers */
};

#define PROXY_OPTIONS(S)                                                                                                            \
    { .name = "namespace",                                                                                                          \
      TALON_STRING_AT(S, target.space),                                                                                             \
      .fallback = "default",                                                                                                        \
      .help = "The namespace of the service." },                                                                                    \
    { .name = "service", TALON_STRING_AT(S, target.service), .flags = TALON_REQUIRED, .help = "The name of the service." },          \
    { .name = "port",                                                                                                               \
      TALON_STRING_AT(S, target.port),                                                                                              \
      .flags = TALON_REQUIRED,                                                                                                      \
      .help = "Its port, by number or name." },                                                                                     \
    { .name = "workload",                                                                                                           \
      TALON_STRING_AT(S, target.workload),                                                                                          \
      .help = "The workload behind it: while that is scaled to 0, that nobody answers is as somebody wants it." },                   \
    { .name = "kind",                                                                                                               \
      TALON_ENUM_AT(S, target.kind),                                                                                                \
      .choices = proxy_kinds,                                                                                                       \
      .fallback = "deployment",                                                                                                     \
      .help = "Which kind of workload that is." }

extern const char *const proxy_kinds[];

int proxy_target_validate(const struct proxy_target *target, struct talon_problem *problem);
/* Joins the cluster, and the workloads where one is named. */
void proxy_join(struct talon_run *instance, const struct proxy_target *target);
/* Sends a GET of the path; done() as in client_ask(). */
void proxy_ask(struct talon_run *run, const struct proxy_target *target, const char *path, uint32_t max_body, struct proxy_call *proxied, client_done_fn *done);
/* 1: the answer is the service's own, whatever it says; 0: it was not asked, and the run has ended or will. */
int proxy_reached(struct talon_run *run, struct client_call *call, const struct talon_response *got);

#endif
