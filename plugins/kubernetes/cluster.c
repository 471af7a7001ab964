/*
 * A cluster's login: read when it is first wanted, and again whenever one of its files is another one. While somebody writes them, they may hold half of what
 * they will: what they said before holds for a moment longer.
 */
#include "cluster.h"

enum { TORN_S = 5, MOST_TOKEN = 64 << 10 };

static int64_t now_s(struct talon_run *owner)
{
    return owner->host->unix_ns(owner) / 1000000000;
}

static void forget_token(struct cluster *cluster)
{
    if (cluster->file_token)
        kubeconfig_wipe_text(cluster->file_token, cluster->n_file_token);
    cluster->file_token = NULL;
}

static void forget(void *state)
{
    struct cluster *cluster = state;

    kubeconfig_forget(&cluster->login);
    credentials_forget(cluster);
    forget_token(cluster);
}

static void setup(struct talon_run *shared)
{
    shared->host->defer(shared, forget, shared->state);
}

struct talon_run *cluster_join(struct talon_run *owner)
{
    const struct cluster_conf *conf = owner->conf;
    const char *key = talon_text(owner, "cluster %s %s", conf->kubeconfig ? conf->kubeconfig : "", conf->context ? conf->context : "");

    return owner->host->share(owner, key, sizeof(struct cluster), setup);
}

/* Reads the files; what was known stays where they cannot be read now and could be a moment ago. 0: nothing is known. */
static int read_login(struct talon_run *shared)
{
    const struct cluster_conf *conf = shared->conf;
    struct cluster *cluster = shared->state;
    struct kubeconfig_login login;

    if (!kubeconfig_files_find(&cluster->files, conf->kubeconfig, cluster->problem) ||
        !kubeconfig_read(&cluster->files, conf->context, &login, cluster->problem)) {
        cluster->torn = 1;
        cluster->known = cluster->known && now_s(shared) - cluster->read_s <= TORN_S;
        return cluster->known;
    }
    if (!cJSON_Compare(cluster->login.exec, login.exec, 1)) { /* other credentials by another plugin */
        credentials_forget(cluster);
        cluster->failed_ns = 0;
    }
    kubeconfig_forget(&cluster->login);
    cluster->login = login;
    cluster->known = 1;
    cluster->torn = 0;
    cluster->read_s = now_s(shared);
    return 1;
}

enum cluster_state cluster_login(struct talon_run *shared)
{
    struct cluster *cluster = shared->state;
    const int changed = !cluster->known || cluster->torn || kubeconfig_files_changed(&cluster->files, now_s(shared));

    if (cluster->spawned)
        return CLUSTER_WAITS;
    if (changed && !read_login(shared))
        return CLUSTER_BROKEN;
    if (!changed)
        cluster->read_s = now_s(shared);
    if (!cluster->login.exec)
        return CLUSTER_READY;
    return credentials_get(shared);
}

int cluster_refused(struct talon_run *shared)
{
    struct cluster *cluster = shared->state;

    if (cluster->login.exec && cluster->given.texts) {
        credentials_forget(cluster);
        return 1;
    }
    return cluster->login.token_file != NULL; /* it is read again at each use: it may have been exchanged meanwhile */
}

/* The first line of the token file; NULL: it holds none. */
static const char *read_token(struct cluster *cluster)
{
    const char *path = cluster->login.token_file;
    struct kubeconfig_stamp stamp;
    int missing;
    size_t n;

    forget_token(cluster);
    cluster->file_token = kubeconfig_file_read(path, MOST_TOKEN, &cluster->n_file_token, &stamp, &missing, cluster->problem);
    if (!cluster->file_token)
        return NULL;
    for (n = cluster->n_file_token; n > 0 && strchr(" \t\r\n", cluster->file_token[n - 1]); n--)
        cluster->file_token[n - 1] = '\0';
    if (n > 0 && strcspn(cluster->file_token, " \t\r\n") == n)
        return cluster->file_token;
    snprintf(cluster->problem, sizeof cluster->problem, "the token file %.250s holds no token", path);
    return NULL;
}

const char *cluster_token(struct talon_run *shared)
{
    struct cluster *cluster = shared->state;

    if (cluster->given.token)
        return cluster->given.token;
    if (cluster->login.token_file)
        return read_token(cluster);
    return cluster->login.token ? cluster->login.token : "";
}
