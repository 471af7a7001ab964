/*
 * One cluster, shared by all checks that name the same kubeconfig and context: its login, the credentials that a plugin of its user gives, and how many
 * requests it is asked at once. Connections are what a port forwarder runs out of, so there are few of them and they are kept.
 */
#ifndef KUBERNETES_CLUSTER_H
#define KUBERNETES_CLUSTER_H

#include "kubeconfig.h"

#include <talon/plugin.h>

/* What every operation can be told; the first member of its options. */
struct cluster_conf {
    const char *kubeconfig, *context;
    int32_t watch;
};

enum { CLUSTER_AT_ONCE = 2 };

/* What a credential plugin has given. */
struct cluster_given {
    cJSON *texts; /* what holds the others; NULL: nothing was given yet */
    const char *token, *cert, *key;
    int64_t until_s; /* 0: until it is refused */
};

struct cluster {
    struct kubeconfig_files files;
    struct kubeconfig_login login;
    int known, torn; /* login is what the files say; or said, before they became unreadable */
    int64_t read_s;  /* when they were last read with success */
    struct cluster_given given;
    char *file_token; /* of the token file, as it was read last; NULL: never */
    size_t n_file_token;
    talon_op spawned; /* the credential plugin, running; 0: none */
    uint64_t failed_ns; /* when it last failed, by now_ns(); 0: it did not */
    char problem[KUBECONFIG_PROBLEM]; /* why there is no login */
    unsigned in_use;                  /* requests on their way */
};

enum cluster_state { CLUSTER_READY, CLUSTER_WAITS, CLUSTER_BROKEN };

/* The instance's (or another shared's) cluster. */
struct talon_run *cluster_join(struct talon_run *owner);
/* Looks at the files again and sees that there are credentials. WAITS: wait for the cluster to be woken; BROKEN: see `problem`. */
enum cluster_state cluster_login(struct talon_run *cluster);
/* The credentials were refused. Is it worth another try with new ones? */
int cluster_refused(struct talon_run *cluster);
/* The token to send, until the next call; "": none. NULL: `problem` says why it cannot be had. */
const char *cluster_token(struct talon_run *cluster);

/* The credential plugin (credentials.c). */
enum cluster_state credentials_get(struct talon_run *cluster);
void credentials_forget(struct cluster *cluster);

#endif
