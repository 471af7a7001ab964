/*
 * The check type `colima.inside`: what the VM finds within itself, by one login with ssh. As a witness it tells a service that is gone from a forward that is:
 * ports that accept in the VM and not outside of it, Docker that answers there and not at its socket here. And what nobody can see from outside: how full its
 * disk is, and whether it can run VMs of its own although, or because, it was asked to.
 */
#include "colima.h"
#include "witness.h"

#include "kit/text_file.h"

#include <stdlib.h>

enum { MOST_PORTS = 16, CONFIGURATION = 1 << 20, PATH = 120 };

const struct talon_option inside_options[] = {
    { .name = "folder",
      TALON_PATH_AT(struct inside_conf, folder),
      .fallback = "~/.colima/_lima/colima",
      .help = "The folder of the Lima instance; the default is that of Colima's default profile." },
    { .name = "ssh_host",
      TALON_STRING_AT(struct inside_conf, ssh_host),
      .help = "Its name in the instance's ssh.config; `lima-` and the folder's name unless given." },
    { .name = "ports", TALON_LIST_AT(struct inside_conf, ports), .help = "TCP ports that must accept a connection at 127.0.0.1 within the VM." },
    { .name = "docker", TALON_BOOL_AT(struct inside_conf, docker), .help = "Whether Docker must answer to the `docker` of the VM." },
    { .name = "disk",
      TALON_STRING_AT(struct inside_conf, disk),
      .help = "A path within the VM on whose file system there must be room, such as `/`." },
    { .name = "warn",
      TALON_NUMBER_AT(struct inside_conf, warn),
      .max = 100,
      .fallback = "80",
      .help = "Percent used of the file system of `disk`, at or above which it is a warning." },
    { .name = "fail", TALON_NUMBER_AT(struct inside_conf, fail), .max = 100, .fallback = "95", .help = "The same for a failure." },
    { .name = "nested",
      TALON_PATH_AT(struct inside_conf, nested),
      .help = "The profile's colima.yaml: whether there is a /dev/kvm in the VM must agree with its `nestedVirtualization`." },
    { .name = NULL },
};

const struct talon_metric inside_metrics[] = {
    { .name = "uptime", .unit = "s", .help = "Since the VM was booted, by its own clock." },
    { .name = "ports_open", .unit = "", .help = "Ports that accept a connection within the VM." },
    { .name = "disk_used_percent", .unit = "%", .help = "Used of the file system of `disk`." },
    { .name = "disk_available", .unit = "B", .help = "Left on it." },
    { .name = "kvm", .unit = "", .help = "1: the VM can run VMs of its own; 0: it cannot." },
    { .name = NULL },
};

static int bad(struct talon_problem *problem, const char *option, const char *words)
{
    problem->option = option;
    snprintf(problem->text, sizeof problem->text, "%s", words);
    return 1;
}

static int is_port(const char *text)
{
    const long port = strtol(text, NULL, 10);

    return *text && strlen(text) <= 5 && text[strspn(text, "0123456789")] == '\0' && port > 0 && port < 65536;
}

/* What is put into the command must need no quotes. */
static int is_plain(const char *path)
{
    return *path == '/' && strlen(path) < PATH && path[strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-")] == '\0';
}

int inside_validate(const void *given, struct talon_problem *problem)
{
    const struct inside_conf *conf = given;
    size_t n = 0;

    for (; conf->ports && conf->ports[n]; n++)
        if (!is_port(conf->ports[n]))
            return bad(problem, "ports", "holds something that is no port: write numbers of 1 to 65535");
    if (n > MOST_PORTS)
        return bad(problem, "ports", "holds more than 16 ports");
    if (conf->ssh_host && (!*conf->ssh_host || *conf->ssh_host == '-'))
        return bad(problem, "ssh_host", "is no name of a host");
    if (conf->disk && !is_plain(conf->disk))
        return bad(problem, "disk", "must be an absolute path of letters, digits and ._- alone");
    if (conf->warn > conf->fail)
        return bad(problem, "warn", "must not be above `fail`");
    if (n == 0 && !conf->docker && !conf->disk && !conf->nested)
        return bad(problem, "ports", "or `docker`, `disk` or `nested` must say what to look at");
    return 0;
}

/* ---- the question: a line of answer for each, beginning with a word of its own */

static const char *command(struct talon_run *run)
{
    const struct inside_conf *conf = run->conf;
    const char *text = "echo up $(cat /proc/uptime)";

    for (size_t i = 0; conf->ports && conf->ports[i]; i++)
        text = talon_text(run, "%s; timeout 2 bash -c ': </dev/tcp/127.0.0.1/%s' 2>/dev/null; echo tcp %s $?", text, conf->ports[i], conf->ports[i]);
    if (conf->docker)
        text = talon_text(run, "%s; timeout 3 docker version -f '{{.Server.Version}}' >/dev/null 2>&1; echo docker $?", text);
    if (conf->disk)
        text = talon_text(run, "%s; echo disk $(df -Pk %s | tail -n 1)", text, conf->disk);
    if (conf->nested)
        text = talon_text(run, "%s; test -c /dev/kvm; echo kvm $?", text);
    return text;
}

/* ---- the answer */

enum { SILENT = 124, NO_PROGRAM = 127 }; /* exit codes of timeout and of the shell */

struct inside {
    unsigned open, answers;
    enum talon_status status;
    const char *reason, *words;
};

/* The worst of what was found is told; of two that are as bad, the first. */
__attribute__((format(printf, 5, 6))) static void find(struct talon_run *run, struct inside *found, enum talon_status status, const char *reason,
                                                       const char *format, ...)
{
    char text[256];
    va_list ap;

    if (found->status == TALON_FAIL || (found->status != TALON_OK && status != TALON_FAIL))
        return;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    found->status = status;
    found->reason = reason;
    found->words = talon_text(run, "%s", text);
}

static void take_port(struct talon_run *run, struct inside *found, unsigned port, int code)
{
    found->open += code == 0;
    if (code == SILENT)
        find(run, found, TALON_FAIL, "colima.port", "port %u takes no connection within the VM: silence", port);
    else if (code == NO_PROGRAM)
        find(run, found, TALON_UNKNOWN, "exec.not_found", "the VM has no `timeout` or no `bash`, by which its ports are tried");
    else if (code != 0)
        find(run, found, TALON_FAIL, "colima.port", "nobody listens at port %u within the VM", port);
}

static void take_docker(struct talon_run *run, struct inside *found, int code)
{
    if (code == SILENT)
        find(run, found, TALON_FAIL, "colima.docker", "Docker hangs within the VM");
    else if (code == NO_PROGRAM)
        find(run, found, TALON_UNKNOWN, "exec.not_found", "the VM has no `docker` to ask with");
    else if (code != 0)
        find(run, found, TALON_FAIL, "colima.docker", "Docker does not answer within the VM");
}

static void take_disk(struct talon_run *run, struct inside *found, const char *line)
{
    const struct inside_conf *conf = run->conf;
    double size = 0, used = 0, left = 0, full;

    if (sscanf(line, "disk %*s %lf %lf %lf", &size, &used, &left) != 3 || !(size > 0) || !(used + left > 0)) {
        find(run, found, TALON_UNKNOWN, "protocol.bad", "`df` of the VM says nothing of %s", conf->disk);
        return;
    }
    full = used * 100 / (used + left);
    run->host->metric(run, "disk_used_percent", full, "%");
    run->host->metric(run, "disk_available", left * 1024, "B");
    if (full >= conf->warn)
        find(run, found, full >= conf->fail ? TALON_FAIL : TALON_WARN, full >= conf->fail ? "disk.full" : "disk.filling",
             "%s of the VM is %.0f %% full, %s left", conf->disk, full, talon_show_size(run, left * 1024));
}

/* 1: asked for, 0: not, -1: it cannot be read. */
static int wants_nested(struct talon_run *run, const char *path)
{
    const char *at, *line;
    struct text_file file;
    size_t n;
    int wanted = 0;

    if (!text_file_read(run, path, CONFIGURATION, 0, &file))
        return -1;
    for (at = file.text; (line = text_file_line(&at, file.text + file.n, &n)) != NULL;)
        if (n > 21 && memcmp(line, "nestedVirtualization:", 21) == 0) {
            const size_t from = 21 + strspn(line + 21, " \t");

            wanted = n >= from + 4 && memcmp(line + from, "true", 4) == 0;
        }
    return wanted;
}

static void take_kvm(struct talon_run *run, struct inside *found, int code)
{
    const struct inside_conf *conf = run->conf;
    const int wanted = wants_nested(run, conf->nested), there = code == 0;

    run->host->metric(run, "kvm", there, "");
    if (wanted < 0)
        find(run, found, TALON_UNKNOWN, "file.denied", "cannot read %s, so it is not known what is wanted", conf->nested);
    else if (wanted && !there)
        find(run, found, TALON_FAIL, "colima.kvm", "nested virtualization is asked for, but the VM has no /dev/kvm: it was started before, or this machine cannot");
    else if (!wanted && there)
        find(run, found, TALON_WARN, "colima.kvm", "the VM has a /dev/kvm, although nested virtualization is not asked for: it was started before");
}

static void take_line(struct talon_run *run, struct inside *found, const char *line)
{
    unsigned port;
    double uptime;
    int code;

    found->answers++;
    if (sscanf(line, "up %lf", &uptime) == 1)
        run->host->metric(run, "uptime", uptime, "s");
    else if (sscanf(line, "tcp %u %d", &port, &code) == 2)
        take_port(run, found, port, code);
    else if (sscanf(line, "docker %d", &code) == 1)
        take_docker(run, found, code);
    else if (strncmp(line, "disk ", 5) == 0)
        take_disk(run, found, line);
    else if (sscanf(line, "kvm %d", &code) == 1)
        take_kvm(run, found, code);
    else
        found->answers--; /* a greeting of the VM's shell */
}

static unsigned questions(const struct inside_conf *conf)
{
    unsigned n = 1;

    for (size_t i = 0; conf->ports && conf->ports[i]; i++)
        n++;
    return n + (conf->docker != 0) + (conf->disk != NULL) + (conf->nested != NULL);
}

static void answered(struct talon_run *run, void *arg, const struct talon_exit *ended)
{
    const struct inside_conf *conf = run->conf;
    struct inside found = { .status = TALON_OK, .reason = "colima.ok" };
    const char *at, *line;
    size_t n;

    (void)arg;
    if (colima_ssh_failed(run, ended, TALON_UNKNOWN)) /* nothing within was asked: that ssh is dead, `colima.vm` says */
        return;
    for (at = ended->out; (line = text_file_line(&at, (const char *)ended->out + ended->out_len, &n)) != NULL;)
        take_line(run, &found, talon_text(run, "%.*s", n < 512 ? (int)n : 512, line));
    if (conf->ports)
        run->host->metric(run, "ports_open", found.open, "");
    if (found.status == TALON_OK && found.answers < questions(conf))
        talon_done(run, TALON_FAIL, "protocol.bad", "the VM answers less than it was asked: \"%s\"", talon_quote(run, ended->out, ended->out_len, 60));
    else if (found.status == TALON_OK)
        talon_done(run, TALON_OK, found.reason, "all is well within the VM");
    else
        talon_done(run, found.status, found.reason, "%s", found.words);
}

void inside_start(struct talon_run *run)
{
    const struct inside_conf *conf = run->conf;

    colima_ssh(run, conf->folder, conf->ssh_host, command(run), answered);
}
