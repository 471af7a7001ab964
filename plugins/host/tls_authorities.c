/*
 * The system's authorities, as one store for every connection, in which a certificate is parsed when it is needed: for libcurl to read them all costs 24 ms
 * of CPU for each connection. As with OpenSSL a file is asked first and a folder of hashed names after it, and SSL_CERT_FILE and SSL_CERT_DIR stand for
 * the built-in places; other than with OpenSSL either of them stands for both, so that who names one trusts no more than that.
 */
#include "tls_private.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/err.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_SOURCES = 24, TROUBLE = 360 };

/* Where systems keep theirs, for an OpenSSL that was built elsewhere and looks in its own, empty place. */
static const char *const places[] = {
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/opt/homebrew/etc/openssl@3/cert.pem",
    "/usr/local/etc/openssl@3/cert.pem",
    "/etc/ssl/cert.pem",
};

struct source { /* a file or a folder that was looked at, whether it was there or not */
    char *path;
    struct stamp stamp;
};

static X509_STORE *store;
static struct source sources[MOST_SOURCES];
static size_t n_sources;
static char trouble[TROUBLE], damage[TROUBLE];
static char lack[TROUBLE]; /* why a folder adds nothing, which is no trouble where something else does */
static bool logged;

/* ---- what was looked at */

static bool look_at(const char *path)
{
    char *copy = n_sources < MOST_SOURCES ? strdup(path) : NULL;

    if (!copy)
        return false;
    sources[n_sources++] = (struct source){ .path = copy, .stamp = stamp_of(path) };
    return true;
}

static bool is_fresh(void)
{
    for (size_t i = 0; i < n_sources; i++) {
        const struct stamp now = stamp_of(sources[i].path);

        if (!stamp_is_same(&now, &sources[i].stamp))
            return false;
    }
    return true;
}

static void forget(void)
{
    X509_STORE_free(store); /* connections that use it have a reference of their own */
    store = NULL;
    while (n_sources > 0)
        free(sources[--n_sources].path);
    trouble[0] = damage[0] = lack[0] = '\0';
    logged = false;
}

/* The first one is told. */
__attribute__((format(printf, 1, 2))) static void note_trouble(const char *format, ...)
{
    va_list ap;

    if (trouble[0])
        return;
    va_start(ap, format);
    vsnprintf(trouble, sizeof trouble, format, ap);
    va_end(ap);
}

/* ---- filling the store */

static bool exists(const char *path)
{
    return access(path, F_OK) == 0 || errno != ENOENT;
}

/* named: the name of the variable that names it; NULL: it need not be there. */
static bool add_file(const char *file, const char *named)
{
    char why[160];
    size_t damaged;

    if (!look_at(file) || (!named && !exists(file)))
        return false;
    if (!bundle_add(store, file, &damaged, why, sizeof why)) {
        note_trouble("the authorities in %.140s%s%s%s cannot be used: %s", file, named ? " (" : "", named ? named : "", named ? ")" : "", why);
        return false;
    }
    if (damaged > 0)
        snprintf(damage, sizeof damage, "%zu of the certificates in %.200s cannot be read and were passed over", damaged, file);
    return true;
}

/* "5ed36f99.0": made by `openssl rehash`. */
static bool is_hashed(const char *name)
{
    return strspn(name, "0123456789abcdef") == 8 && name[8] == '.' && name[9] >= '0' && name[9] <= '9';
}

static bool has_hashed(DIR *list)
{
    const struct dirent *entry;

    while ((entry = readdir(list)) != NULL)
        if (is_hashed(entry->d_name))
            return true;
    return false;
}

static bool add_folder(const char *folder, const char *named)
{
    X509_LOOKUP *lookup;
    DIR *list;
    bool hashed;

    if (!look_at(folder) || (!named && !exists(folder)))
        return false;
    list = opendir(folder);
    hashed = list && has_hashed(list);
    if (!list && errno == ENOENT && named)
        snprintf(lack, sizeof lack, "there is no folder of authorities %.200s (%s)", folder, named);
    else if (!list)
        note_trouble("the folder of authorities %.200s cannot be read: %s", folder, strerror(errno));
    else if (!hashed && named)
        snprintf(lack, sizeof lack, "the folder of authorities %.140s (%s) holds no certificate under a hashed name: run openssl rehash", folder, named);
    if (list)
        closedir(list);
    lookup = hashed ? X509_STORE_add_lookup(store, X509_LOOKUP_hash_dir()) : NULL;
    return lookup && X509_LOOKUP_add_dir(lookup, folder, X509_FILETYPE_PEM) == 1;
}

/* As PATH does, the variable may name several. */
static bool add_folders(const char *folders, const char *named)
{
    bool found = false;

    while (*folders) {
        const size_t n = strcspn(folders, ":");
        char *folder = strndup(folders, n);

        found |= folder && n > 0 && add_folder(folder, named);
        free(folder);
        folders += n + (folders[n] == ':');
    }
    return found;
}

static bool add_places(void)
{
    if (add_folder("/etc/ssl/certs", NULL))
        return true;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (add_file(places[i], NULL))
            return true;
    return false;
}

static void fill(void)
{
    const char *file_name = X509_get_default_cert_file_env(), *folder_name = X509_get_default_cert_dir_env();
    const char *file = getenv(file_name), *folders = getenv(folder_name);
    bool found = false;

    if (file || folders) {
        found = file && add_file(file, file_name);
        found |= folders && add_folders(folders, folder_name);
    } else {
        found = add_file(X509_get_default_cert_file(), NULL);
        found |= add_folders(X509_get_default_cert_dir(), NULL);
        found = found || add_places();
    }
    if (!found)
        note_trouble("%s", lack[0] ? lack : "this machine has no certificates of authorities (install ca-certificates, or set SSL_CERT_FILE, or give `ca`)");
}

X509_STORE *authorities_store(void)
{
    if (store && is_fresh())
        return store;
    forget();
    store = X509_STORE_new();
    if (!store)
        return NULL;
    X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
    fill();
    ERR_clear_error();
    return store;
}

const char *authorities_trouble(void)
{
    return trouble;
}

void authorities_log(void)
{
    if (logged)
        return;
    logged = true;
    if (trouble[0])
        tls_host->log(TALON_WARNING, trouble);
    if (damage[0])
        tls_host->log(TALON_WARNING, damage);
}
