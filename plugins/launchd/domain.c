/* Labels and domains of launchd: how they are written, and in which domains a job is looked for. Checks and actions must agree on that. */
#include "launchd.h"

#include <sys/stat.h>
#include <unistd.h>

static int is_number(const char *text)
{
    return *text && strlen(text) < 10 && text[strspn(text, "0123456789")] == '\0';
}

int launchd_is_domain(const char *domain)
{
    return strcmp(domain, "system") == 0 || (strncmp(domain, "gui/", 4) == 0 && is_number(domain + 4)) ||
           (strncmp(domain, "user/", 5) == 0 && is_number(domain + 5));
}

int launchd_is_label(const char *label)
{
    for (const char *c = label; *c; c++)
        if ((unsigned char)*c <= ' ' || *c == '/' || *c == '"' || *c == 0x7f)
            return 0;
    return *label && *label != '-' && strlen(label) < 256;
}

/* Root has no screen of its own: it watches for who sits at it. */
static unsigned long user(int64_t uid)
{
    struct stat console;

    if (uid > 0)
        return (unsigned long)uid;
    if (getuid() == 0 && stat("/dev/console", &console) == 0)
        return (unsigned long)console.st_uid;
    return (unsigned long)getuid();
}

size_t launchd_domains(struct talon_run *run, const char *domain, int64_t uid, const char *domains[LAUNCHD_DOMAINS])
{
    unsigned long whose;

    if (domain) {
        domains[0] = domain;
        return 1;
    }
    whose = user(uid);
    domains[0] = talon_text(run, "gui/%lu", whose);
    domains[1] = talon_text(run, "user/%lu", whose);
    domains[2] = "system";
    return LAUNCHD_DOMAINS;
}
