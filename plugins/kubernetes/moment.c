/* Times as Kubernetes writes them: see moment.h. */
#include "moment.h"

#include "kit/moment.h"

enum { NS_PER_S = 1000000000 };

int64_t moment_read(const char *text)
{
    int64_t ns;

    return text && moment_rfc3339(text, &ns) ? ns / NS_PER_S : 0;
}

int64_t moment_age(struct talon_run *run, const char *text)
{
    const int64_t then = moment_read(text), now = run->host->unix_ns(run) / NS_PER_S;

    return then == 0 ? -1 : now > then ? now - then : 0;
}

const char *moment_words(struct talon_run *run, int64_t seconds)
{
    return talon_show_time(run, (uint64_t)(seconds > 1 ? seconds : 1) * 1000000000u);
}

const char *moment_since(struct talon_run *run, const char *text)
{
    const int64_t age = moment_age(run, text);

    return age < 0 ? "" : moment_words(run, age);
}
