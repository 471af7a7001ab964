/* What the unit tests of the shipped plugins share: one use of an operation with the fake host, and one line for what
 * it must conclude. */
#ifndef PLUGIN_TEST_H
#define PLUGIN_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>
#include <talon/fake_host.h>

#define CONTAINS(text, part) contains((text), (part), __FILE__, __LINE__)
/* Runs it to its end: status, reason, a part of the summary. */
#define CONCLUDES(fake, status, reason, part) concludes((fake), (status), (reason), (part), __FILE__, __LINE__)
/* Must be refused, at that option, with these words. */
#define REFUSES(fake, option, part) refuses((fake), (option), (part), __FILE__, __LINE__)
#define ACCEPTS(fake) accepts((fake), __FILE__, __LINE__)
#define NEAR(value, expected) near_to((value), (expected), __FILE__, __LINE__)

static const struct talon_pair web_no_headers[] = { { NULL, NULL } };

/* The next request is answered within a millisecond, without headers. */
static inline void web_answers(struct fake *fake, unsigned status, const char *body)
{
    fake_http(fake, FAKE_MS,
              TALON_REQUEST(talon_response, .status = status, .headers = web_no_headers, .body = body, .body_len = strlen(body), .total_ns = FAKE_MS));
}

static inline void contains(const char *text, const char *part, const char *file, int line)
{
    if (text && strstr(text, part))
        return;
    print_error("\"%s\" does not hold \"%s\"\n", text ? text : "(nothing)", part);
    _fail(file, line);
}

static inline void near_to(double value, double expected, const char *file, int line)
{
    if (fabs(value - expected) <= 1e-9 * (fabs(expected) + 1))
        return;
    print_error("%.12g is not %.12g\n", value, expected);
    _fail(file, line);
}

static inline void concludes(struct fake *fake, enum talon_status status, const char *reason, const char *part,
                             const char *file, int line)
{
    const struct fake_result *result = fake_result(fake);

    fake_run(fake);
    if (result->end != FAKE_DONE || result->status != status || strcmp(result->reason, reason) != 0) {
        print_error("ended %d, status %d, reason %s: %s\n", (int)result->end, (int)result->status, result->reason,
                    result->summary);
        _fail(file, line);
    }
    contains(result->summary, part, file, line);
    if (fake_broken(fake)) {
        print_error("the contract is broken: %s\n", fake_broken(fake));
        _fail(file, line);
    }
}

static inline void refuses(struct fake *fake, const char *option, const char *part, const char *file, int line)
{
    const char *problem = fake_problem(fake);

    if (!problem || strncmp(problem, option, strlen(option)) != 0 || problem[strlen(option)] != ':') {
        print_error("not refused at %s: %s\n", option, problem ? problem : "(accepted)");
        _fail(file, line);
    }
    contains(problem, part, file, line);
    if (fake_broken(fake)) {
        print_error("the contract is broken: %s\n", fake_broken(fake));
        _fail(file, line);
    }
}

static inline void accepts(struct fake *fake, const char *file, int line)
{
    if (!fake_problem(fake))
        return;
    print_error("refused: %s\n", fake_problem(fake));
    _fail(file, line);
}

#endif
