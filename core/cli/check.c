/* `talon check`: one shot, as a table, as JSON, or as a Nagios plugin would say it. */
#include "base/moment.h"
#include "cli/check_show.h"
#include "cli/cli.h"
#include "cli/shot.h"

#include <stdio.h>

static const char usage[] = "talon check [NAME...] [--config FILE] [--json|--nagios] [--timeout D] [--wait D [--every D]] [--trace]";

#define SHORTEST_EVERY (10 * (uint64_t)NS_PER_MS)

static int answer(const struct shot *shot, bool json, bool nagios)
{
    struct buffer out = buffer_make(0);
    int code;

    if (json)
        check_show_json(&out, shot);
    else if (nagios)
        check_show_nagios(&out, shot);
    else
        check_show_table(&out, shot);
    code = cli_print(&out);
    buffer_free(&out);
    return code == 0 ? shot->code : code;
}

int cli_check(int argc, char **argv)
{
    const char *config = NULL;
    bool json = false, nagios = false;
    struct shot_request request = { .every = 0 };
    struct cli_option options[] = {
        CLI_CONFIG(&config),
        { "json", CLI_FLAG, &json, "one JSON object" },
        { "nagios", CLI_FLAG, &nagios, "as a Nagios plugin says it" },
        { "timeout", CLI_DURATION, &request.timeout, "no check may take longer" },
        { "wait", CLI_DURATION, &request.wait, "again and again until all are ok, or so long" },
        { "every", CLI_DURATION, &request.every, "with --wait: so long between two rounds; 1s unless said" },
        { "trace", CLI_FLAG, &request.trace, "each start and end as it happens, on standard error" },
        CLI_NO_MORE,
    };
    char file[4096];
    struct shot shot;
    int code, words = cli_options(argc, argv, options, usage, &code);

    if (words < 0)
        return code;
    if (json && nagios) {
        fprintf(stderr, "talon check: --json and --nagios exclude each other\nusage: %s\n", usage);
        return CLI_UNKNOWN;
    }
    if (request.every > 0 && (request.wait == 0 || request.every < SHORTEST_EVERY)) {
        fprintf(stderr, "talon check: --every %s\nusage: %s\n", request.wait == 0 ? "says how often --wait looks: it needs that beside it" : "must be at least 10ms", usage);
        return CLI_UNKNOWN;
    }
    if (request.every == 0)
        request.every = NS_PER_S;
    if (!cli_config_file(config, file, sizeof file))
        return CLI_UNKNOWN;
    request.file = file;
    request.names = argv + 1;
    request.n_names = (size_t)words;
    code = shot_run(&request, &shot);
    if (code == 0)
        code = answer(&shot, json, nagios);
    shot_free(&shot);
    return code;
}
