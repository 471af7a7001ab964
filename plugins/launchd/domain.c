/* Labels and domains of launchd: how they are written, in which domains a job is looked for, and how launchctl is asked. Checks and actions must agree on that. */
#include "launchd.h"

#include <sys/stat.h>
#include <unistd.h>

enum { MAX_OUTPUT = 262144 };

static int is_number(const char *text)
{
    return *text && strlen(text) < 10 && text[strspn(text, "0123456789")] == '\0';
}

static int is_domain(const char *domain)
{
    return strcmp(domain, "system") == 0 || (strncmp(domain, "gui/", 4) == 0 && is_number(domain + 4)) ||
           (strncmp(domain, "user/", 5) == 0 && is_number(domain + 5));
}

static int is_label(const char *label)
{
    for (const char *c = label; *c; c++)
        if ((unsigned char)*c <= ' ' || *c == '/' || *c == '"' || *c == 0x7f)
            return 0;
    return *label && *label != '-' && strlen(label) < 256;
}

int launchd_is_named(const char *label, const char *domain, struct talon_problem *problem)
{
    if (!is_label(label)) {
        problem->option = "label";
        snprintf(problem->text, sizeof problem->text, "is no label: write it as in the job's property list, such as com.example.server");
    } else if (domain && !is_domain(domain)) {
        problem->option = "domain";
        snprintf(problem->text, sizeof problem->text, "is no domain: write system, gui/UID or user/UID");
    } else {
        return 1;
    }
    return 0;
}

void launchd_ask(struct talon_run *run, talon_exit_fn *then, const char *const *argv)
{
    run->host->spawn(run, TALON_REQUEST(talon_command, .max_output = MAX_OUTPUT, .argv = argv), then, NULL);
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
