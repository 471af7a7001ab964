/*
 * Where tailscaled answers questions. As a daemon it has a socket, whose place differs between systems; Tailscale's own application on macOS listens on a port
 * of this machine and tells those who may ask its number and a password by a file, sameuserproof-PORT or sameuserproof-PORT-PASSWORD.
 */
#include "kit/text_file.h"
#include "tailscale.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { TOKEN = 256 };

static const char *const sockets[] = { "/var/run/tailscale/tailscaled.sock", "/var/run/tailscaled.socket" };
static const char proof[] = "sameuserproof-";

static const char *base64(struct talon_run *run, const char *text, size_t n)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *out = run->host->alloc(run, (n + 2) / 3 * 4 + 1), *at = out;

    for (size_t i = 0; i < n; i += 3) {
        const unsigned char *from = (const unsigned char *)text + i;
        const unsigned bits = (unsigned)from[0] << 16 | (i + 1 < n ? (unsigned)from[1] << 8 : 0) | (i + 2 < n ? (unsigned)from[2] : 0);

        *at++ = letters[bits >> 18 & 63];
        *at++ = letters[bits >> 12 & 63];
        *at++ = i + 1 < n ? letters[bits >> 6 & 63] : '=';
        *at++ = i + 2 < n ? letters[bits & 63] : '=';
    }
    return out;
}

static int is_token(const char *text)
{
    static const char letters[] = "0123456789abcdefABCDEF";

    return *text && strlen(text) < TOKEN && text[strspn(text, letters)] == '\0';
}

/* The password is in the file's name, or else in the file. NULL: in neither, `os` says why. */
static const char *token_of(struct talon_run *run, const char *folder, const char *name, const char *after_port, int *os)
{
    struct text_file file;

    *os = EINVAL;
    if (*after_port == '-')
        return is_token(after_port + 1) ? talon_text(run, "%s", after_port + 1) : NULL;
    if (!text_file_read(run, talon_text(run, "%s/%s", folder, name), TOKEN, 0, &file)) {
        *os = file.os;
        return NULL;
    }
    while (file.n > 0 && (unsigned char)file.text[file.n - 1] <= ' ')
        file.text[--file.n] = '\0';
    return is_token(file.text) ? file.text : NULL;
}

/* 1: this file tells the way. */
static int take_proof(struct talon_run *run, const char *folder, const char *name, struct tailscale_way *way, int *os)
{
    char *end;
    unsigned long port;
    const char *token;

    if (strncmp(name, proof, sizeof proof - 1) != 0)
        return 0;
    port = strtoul(name + sizeof proof - 1, &end, 10);
    if (end == name + sizeof proof - 1 || port == 0 || port > 65535 || (*end && *end != '-'))
        return 0;
    token = token_of(run, folder, name, end, os);
    if (!token)
        return 0;
    way->connect_to = talon_text(run, "127.0.0.1:%lu", port);
    way->shown = way->connect_to;
    way->header = talon_text(run, "Authorization: Basic %s", base64(run, talon_text(run, ":%s", token), strlen(token) + 1));
    return 1;
}

/* 1: found; 0: `os` says why not, 0: there is no such file. */
static int find_proof(struct talon_run *run, const char *path, struct tailscale_way *way, int *os)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    int found = 0;

    *os = folder || errno == ENOENT || errno == ENOTDIR ? 0 : errno;
    if (!folder)
        return 0;
    while (!found && (entry = readdir(folder)))
        found = take_proof(run, path, entry->d_name, way, os);
    closedir(folder);
    return found;
}

static void by_socket(struct tailscale_way *way, const char *path)
{
    way->unix_path = path;
    way->shown = path;
}

int tailscale_find_way(struct talon_run *run, struct tailscale_way *way)
{
    const struct tailscale_conf *conf = run->conf;
    int os;

    *way = (struct tailscale_way){ .unix_path = NULL };
    if (conf->socket) {
        by_socket(way, conf->socket);
        return 1;
    }
    for (size_t i = 0; i < sizeof sockets / sizeof *sockets; i++)
        if (access(sockets[i], F_OK) == 0) {
            by_socket(way, sockets[i]);
            return 1;
        }
    if (find_proof(run, conf->token_folder, way, &os))
        return 1;
    if (os)
        talon_done(run, TALON_UNKNOWN, "auth.rejected", "Tailscale's application runs, but the password of its local API in %s cannot be read: %s",
                   conf->token_folder, strerror(os));
    else
        talon_done(run, TALON_FAIL, "connect.no_socket", "Tailscale does not run: there is neither %s nor %s nor a %s* in %s", sockets[0], sockets[1], proof,
                   conf->token_folder);
    return 0;
}
