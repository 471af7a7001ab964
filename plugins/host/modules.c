/*
 * The host's modules, loaded at their first use: a host whose plugins need neither TLS nor HTTP never maps OpenSSL or libcurl. A module that cannot be
 * loaded costs the operations that need it, nothing else.
 */
#include "modules_load.h"

#include "base/os/install_paths.h"
#include "resolve.h"
#include "turn.h"
#include "wire.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { WHY = 512 };

static const struct tls_module *tls;
static const struct http_module *http;
static char tls_why[WHY], http_why[WHY];

static void log_line(enum talon_level level, const char *text)
{
    wire_log(NULL, level, text);
}

static const struct module_host *services(void)
{
    static struct module_host host = { .size = sizeof host, .log = log_line, .resolve = resolve_start, .resolve_stop = resolve_stop };

    host.loop = turn_loop();
    return &host;
}

/* The symbol's address in the file, or NULL and why. A module is built together with the host: another size means another build. */
static const void *load(const char *file, const char *symbol, uint32_t size, char why[WHY])
{
    char path[PATH_MAX];
    const uint32_t *module;
    void *object;

    snprintf(path, sizeof path, "%s/%s", install_host_modules(), file);
    object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    module = object ? dlsym(object, symbol) : NULL;
    if (!object)
        snprintf(why, WHY, "cannot load %s: %.300s", file, dlerror());
    else if (!module || *module != size)
        snprintf(why, WHY, "cannot load %s: %.300s is of another build than this talon-host", file, path);
    else
        return module;
    return NULL;
}

const struct tls_module *modules_tls(const char **why)
{
    *why = tls_why;
    if (tls)
        return tls;
    tls = load("talon-host-tls.so", "talon_tls_module", sizeof *tls, tls_why);
    if (tls && !tls->open(services())) {
        snprintf(tls_why, WHY, "cannot load talon-host-tls.so: it could not be set up");
        tls = NULL;
    }
    return tls;
}

static const struct tls_module *tls_for_http(void)
{
    const char *why;

    return modules_tls(&why);
}

const struct http_module *modules_http(const char **why)
{
    *why = http_why;
    if (http)
        return http;
    http = load("talon-host-http.so", "talon_http_module", sizeof *http, http_why);
    if (http && !http->open(services(), tls_for_http)) {
        snprintf(http_why, WHY, "cannot load talon-host-http.so: it could not be set up");
        http = NULL;
    }
    return http;
}

void modules_close(void)
{
    if (http)
        http->close();
}
