/*
 * The way into a cluster, out of the files of a kubeconfig, by kubectl's rules: files are read in order, the first that has an entry of a name has it whole,
 * the first current-context wins, a file that does not exist is passed over, a relative path begins at the folder of the file that holds it. What is in a
 * user's entry and cannot be had here (a proxy, an auth-provider) is refused in a sentence, not left out in silence.
 */
#include "kubeconfig.h"

#include "kit/json.h"
#include "kit/yaml.h"

#include <stdlib.h>

enum { MOST_BYTES = 1 << 20 };

struct source {
    const char *path;
    cJSON *tree;
};

struct reading {
    struct source sources[KUBECONFIG_FILES];
    size_t n;
    struct kubeconfig_login *login;
    char *problem;
    int lacking; /* memory, for a part of the login: without an authority it would mean another */
};

/* Notes why it cannot be, and gives 0. */
__attribute__((format(printf, 2, 3))) static int refuse(struct reading *r, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    vsnprintf(r->problem, KUBECONFIG_PROBLEM, format, ap);
    va_end(ap);
    return 0;
}

/* ---- texts of the login */

void kubeconfig_wipe_text(char *text, size_t n)
{
    volatile char *byte = text;

    while (n-- > 0)
        *byte++ = '\0';
    free(text);
}

static void wipe_texts(const cJSON *node)
{
    for (; node; node = node->next) {
        volatile char *byte = node->valuestring;

        while (byte && *byte)
            *byte++ = '\0';
        wipe_texts(node->child);
    }
}

void kubeconfig_wipe(cJSON *tree)
{
    if (tree)
        wipe_texts(tree->child);
    cJSON_Delete(tree);
}

void kubeconfig_forget(struct kubeconfig_login *login)
{
    kubeconfig_wipe(login->texts);
    *login = (struct kubeconfig_login){ .texts = NULL };
}

/* A copy that lives as long as the login; NULL for NULL. */
static const char *keep(struct reading *r, const char *text)
{
    cJSON *copy = text ? cJSON_CreateString(text) : NULL;

    r->lacking |= text && !copy;
    if (!copy)
        return NULL;
    cJSON_AddItemToArray(r->login->texts, copy);
    return copy->valuestring;
}

static const cJSON *keep_tree(struct reading *r, const cJSON *tree)
{
    cJSON *copy = tree ? cJSON_Duplicate(tree, 1) : NULL;

    r->lacking |= tree && !copy;
    if (copy)
        cJSON_AddItemToArray(r->login->texts, copy);
    return copy;
}

static const char *text_of(const cJSON *entry, const char *name)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(entry, name);

    return cJSON_IsString(value) && *value->valuestring ? value->valuestring : NULL;
}

static int is_true(const cJSON *entry, const char *name)
{
    const char *text = text_of(entry, name);

    return text && strcmp(text, "true") == 0;
}

static const char *folder_of(struct reading *r, const struct source *source)
{
    const char *end = strrchr(source->path, '/');
    char folder[KUBECONFIG_PATH];

    snprintf(folder, sizeof folder, "%.*s", end ? (int)(end - source->path) : 0, source->path);
    return keep(r, folder);
}

static const char *keep_path(struct reading *r, const struct source *source, const char *path)
{
    char whole[2 * KUBECONFIG_PATH];

    if (!path || *path == '/')
        return keep(r, path);
    snprintf(whole, sizeof whole, "%s/%s", folder_of(r, source), path);
    return keep(r, whole);
}

/* ---- entries */

/* The entry of that name in the list `kind`, and where it stands; NULL: none has it. */
static const cJSON *find(const struct reading *r, const char *kind, const char *name, const struct source **where)
{
    for (size_t i = 0; i < r->n; i++) {
        const cJSON *entry, *list = cJSON_GetObjectItemCaseSensitive(r->sources[i].tree, kind);

        cJSON_ArrayForEach(entry, list) {
            const char *found = text_of(entry, "name");

            if (found && strcmp(found, name) == 0) {
                *where = &r->sources[i];
                return entry;
            }
        }
    }
    return NULL;
}

static int base64_digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

char *kubeconfig_pem(const char *base64)
{
    char *text = malloc(strlen(base64) / 4 * 3 + 4);
    uint32_t group = 0;
    unsigned bits = 0;
    size_t n = 0;

    if (!text)
        return NULL;
    for (; *base64 && *base64 != '='; base64++) {
        const int digit = base64_digit(*base64);

        if (digit < 0 && !strchr(" \t\r\n", *base64))
            break;
        if (digit < 0)
            continue;
        group = (group << 6 | (uint32_t)digit) & 0xffffff;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            text[n++] = (char)(group >> bits & 0xff);
        }
    }
    text[n] = '\0';
    base64 += strspn(base64, "= \t\r\n");
    if (*base64 == '\0' && strlen(text) == n && strstr(text, "-----BEGIN "))
        return text;
    kubeconfig_wipe_text(text, n);
    return NULL;
}

/* NAME-data as PEM text, else the path NAME; 0: refused. */
static int take_pem(struct reading *r, const struct source *source, const cJSON *entry, const char *name, const char **into)
{
    char data_name[64], *pem;
    const char *data;

    snprintf(data_name, sizeof data_name, "%s-data", name);
    data = text_of(entry, data_name);
    if (!data) {
        *into = keep_path(r, source, text_of(entry, name));
        return 1;
    }
    pem = kubeconfig_pem(data);
    if (!pem)
        return refuse(r, "%s in %.200s is no PEM text in base64", data_name, source->path);
    *into = keep(r, pem);
    kubeconfig_wipe_text(pem, strlen(pem));
    return 1;
}

static int has_control(const char *text)
{
    for (; text && *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return 1;
    return 0;
}

static int is_url(const char *server)
{
    const char *host = strncmp(server, "https://", 8) == 0 ? server + 8 : strncmp(server, "http://", 7) == 0 ? server + 7 : "";

    return *host && !has_control(server) && !strpbrk(host, " @?#");
}

static int take_cluster(struct reading *r, const char *name)
{
    const struct source *source;
    const cJSON *entry = find(r, "clusters", name, &source);
    const char *server;
    char whole[512];
    size_t n;

    if (!entry)
        return refuse(r, "the cluster %.80s of context %.80s is in no kubeconfig file", name, r->login->context);
    entry = cJSON_GetObjectItemCaseSensitive(entry, "cluster");
    server = text_of(entry, "server");
    if (!server || strlen(server) >= sizeof whole || !is_url(server))
        return refuse(r, "cluster %.80s in %.200s has no server that is a URL", name, source->path);
    if (text_of(entry, "proxy-url"))
        return refuse(r, "cluster %.80s in %.150s is to be reached through a proxy (proxy-url), which Talon does not do", name, source->path);
    for (n = strlen(server); n > 0 && server[n - 1] == '/'; n--)
        ;
    snprintf(whole, sizeof whole, "%.*s", (int)n, server);
    r->login->server = keep(r, whole);
    r->login->server_name = keep(r, text_of(entry, "tls-server-name"));
    r->login->insecure = is_true(entry, "insecure-skip-tls-verify");
    return take_pem(r, source, entry, "certificate-authority", &r->login->ca);
}

/* What kubectl takes and Talon does not; 0: there is such a thing. */
static int refuse_user(struct reading *r, const struct source *source, const char *name, const cJSON *entry)
{
    if (cJSON_GetObjectItemCaseSensitive(entry, "auth-provider"))
        return refuse(r, "user %.80s in %.200s has an auth-provider, which kubectl gave up as well: use `exec`", name, source->path);
    if (text_of(entry, "username"))
        return refuse(r, "user %.80s in %.200s has username and password, which no API server takes any more", name, source->path);
    return 1;
}

static int take_user(struct reading *r, const char *name)
{
    struct kubeconfig_login *login = r->login;
    const struct source *source;
    const cJSON *entry = find(r, "users", name, &source);

    if (!entry)
        return refuse(r, "the user %.80s of context %.80s is in no kubeconfig file", name, login->context);
    entry = cJSON_GetObjectItemCaseSensitive(entry, "user");
    if (!refuse_user(r, source, name, entry) || !take_pem(r, source, entry, "client-certificate", &login->cert) ||
        !take_pem(r, source, entry, "client-key", &login->key))
        return 0;
    if (!login->cert != !login->key)
        return refuse(r, "user %.80s in %.200s has a client certificate or a client key, not both", name, source->path);
    login->token = keep(r, text_of(entry, "token"));
    login->token_file = keep_path(r, source, text_of(entry, "tokenFile"));
    login->as = keep(r, text_of(entry, "as"));
    login->as_groups = keep_tree(r, cJSON_GetObjectItemCaseSensitive(entry, "as-groups"));
    login->exec = keep_tree(r, cJSON_GetObjectItemCaseSensitive(entry, "exec"));
    login->exec_folder = folder_of(r, source);
    if (has_control(login->token) || has_control(login->as))
        return refuse(r, "the token or `as` of user %.80s in %.200s holds control characters", name, source->path);
    if (login->exec && !text_of(login->exec, "command"))
        return refuse(r, "the exec entry of user %.80s in %.200s has no command", name, source->path);
    return 1;
}

static int take_context(struct reading *r, const char *named)
{
    const struct source *source;
    const cJSON *entry;
    const char *name = named, *cluster, *user;

    for (size_t i = 0; i < r->n && !name; i++)
        name = text_of(r->sources[i].tree, "current-context");
    if (!name)
        return refuse(r, "%.200s has no current-context, and no `context` is configured", r->sources[0].path);
    entry = find(r, "contexts", name, &source);
    if (!entry)
        return refuse(r, "the context %.80s is in no kubeconfig file (%.200s)", name, r->sources[0].path);
    entry = cJSON_GetObjectItemCaseSensitive(entry, "context");
    r->login->context = keep(r, name);
    r->login->space = keep(r, text_of(entry, "namespace"));
    cluster = text_of(entry, "cluster");
    user = text_of(entry, "user");
    if (!cluster)
        return refuse(r, "context %.80s in %.200s names no cluster", name, source->path);
    return take_cluster(r, cluster) && (!user || take_user(r, user));
}

/* ---- files */

static int read_files(struct reading *r, struct kubeconfig_files *files)
{
    char words[YAML_PROBLEM];

    for (size_t i = 0; i < files->n; i++) {
        size_t size;
        int missing;
        cJSON *tree;
        char *text = kubeconfig_file_read(files->path[i], MOST_BYTES, &size, &files->stamp[i], &missing, r->problem);

        if (!text && missing)
            continue;
        if (!text)
            return 0;
        tree = yaml_read(text, size, words);
        kubeconfig_wipe_text(text, size);
        if (!tree)
            return refuse(r, "cannot read %.200s: %s", files->path[i], words);
        r->sources[r->n++] = (struct source){ files->path[i], tree };
    }
    return r->n > 0 || refuse(r, "there is no kubeconfig: %.250s does not exist", files->path[0]);
}

int kubeconfig_read(struct kubeconfig_files *files, const char *context, struct kubeconfig_login *login, char problem[KUBECONFIG_PROBLEM])
{
    struct reading r = { .login = login, .problem = problem };
    int good;

    *login = (struct kubeconfig_login){ .texts = cJSON_CreateArray() };
    good = login->texts && read_files(&r, files) && take_context(&r, context && *context ? context : NULL);
    if (!login->texts || r.lacking)
        good = refuse(&r, "no memory for the kubeconfig");
    for (size_t i = 0; i < r.n; i++)
        kubeconfig_wipe(r.sources[i].tree);
    if (!good)
        kubeconfig_forget(login);
    return good;
}
