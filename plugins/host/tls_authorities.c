/*
 * The system's authorities, as one store for every connection. What costs is reading 140 certificates: 24 ms of CPU for each connection when libcurl does
 * it. A folder of hashed names is read only as far as it is needed, so it comes first; a file is read whole, once.
 */
#include "tls_private.h"

#include <dirent.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where systems keep theirs, for an OpenSSL that was built elsewhere and looks in its own, empty place. */
static const char *const places[] = {
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/opt/homebrew/etc/openssl@3/cert.pem",
    "/usr/local/etc/openssl@3/cert.pem",
};

static X509_STORE *store;
static bool none;

/* "5ed36f99.0": made by `openssl rehash`. */
static bool is_hashed(const char *name)
{
    return strspn(name, "0123456789abcdef") == 8 && name[8] == '.' && name[9] >= '0' && name[9] <= '9';
}

static bool has_hashed(const char *folder)
{
    DIR *list = opendir(folder);
    const struct dirent *entry;
    bool found = false;

    while (list && !found && (entry = readdir(list)) != NULL)
        found = is_hashed(entry->d_name);
    if (list)
        closedir(list);
    return found;
}

static bool add_folder(const char *folder)
{
    X509_LOOKUP *lookup;

    if (!has_hashed(folder))
        return false;
    lookup = X509_STORE_add_lookup(store, X509_LOOKUP_hash_dir());
    return lookup && X509_LOOKUP_add_dir(lookup, folder, X509_FILETYPE_PEM) == 1;
}

static bool add_file(const char *file)
{
    X509_LOOKUP *lookup;

    if (access(file, R_OK) != 0)
        return false;
    lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
    return lookup && X509_load_cert_crl_file(lookup, file, X509_FILETYPE_PEM) > 0;
}

/* SSL_CERT_FILE and SSL_CERT_DIR stand for the built-in places, as everywhere with OpenSSL. */
static bool fill(void)
{
    const char *file = getenv(X509_get_default_cert_file_env()), *folder = getenv(X509_get_default_cert_dir_env());
    bool found = folder && add_folder(folder);

    found |= file && add_file(file);
    if (found || file || folder)
        return found;
    if (add_folder(X509_get_default_cert_dir()) || add_file(X509_get_default_cert_file()) || add_folder("/etc/ssl/certs"))
        return true;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (add_file(places[i]))
            return true;
    return false;
}

X509_STORE *authorities_store(bool *nobody)
{
    if (!store) {
        store = X509_STORE_new();
        if (!store)
            return NULL;
        X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
        none = !fill();
        ERR_clear_error();
        if (none)
            tls_host->log(TALON_WARNING, "no certificates of authorities were found on this system: no certificate will verify unless `ca` is given "
                                         "(install ca-certificates, or set SSL_CERT_FILE)");
    }
    *nobody = none;
    return store;
}
