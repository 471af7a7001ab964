/* The problems of a configuration as a compiler would print them: see problems.h. */
#include "cli/problems.h"

#include <stdio.h>

void problems_print(const struct config *config, bool quiet)
{
    size_t n, more;
    const struct config_problem *problems = config_problems(config, &n, &more);
    struct buffer text = buffer_make(0);

    if (quiet && config_errors(config) == 0)
        return;
    for (size_t i = 0; i < n; i++)
        config_show_problem(&problems[i], &text);
    if (more > 0)
        buffer_printf(&text, "and %zu more\n", more);
    fputs(buffer_string(&text), stderr);
    buffer_free(&text);
}
