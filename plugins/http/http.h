/* What the files of the `http` plugin share: its options, and one function for each expectation. */
#ifndef HTTP_H
#define HTTP_H

#include <talon/plugin.h>

enum http_version { HTTP_AUTO, HTTP_PRIOR, HTTP_OFF };

struct http_tls {
    const char *ca, *cert, *key, *server_name;
    int32_t insecure;
};

struct http_conf {
    const char *url, *unix_path, *connect_to, *method, *body;
    const struct talon_pair *headers;
    const char *user, *password, *bearer;
    const char *const *expect_status;
    const struct talon_pattern *expect_body, *starting_body;
    const struct talon_pair *expect_json, *expect_header;
    int64_t follow;
    uint64_t max_body, warn_expiry, warn_after;
    int32_t http2, keep;
    int32_t impact; /* read by the core alone */
    struct http_tls tls;
};

struct expect_header;

struct http_self {                       /* of an instance */
    struct expect_header *headers;       /* expect_header, compiled; NULL: nothing is expected */
    const char *const *lines;            /* what to send, "Name: value"; NULL: nothing */
};

extern const struct talon_option http_options[], http_request_options[];
extern const struct talon_metric http_metrics[];

/* What the option types cannot say (struct talon_operation, validate). */
int http_validate(const void *conf, struct talon_problem *problem);
/* The instance's header lines, credentials among them. NULL: none. */
const char *const *http_lines(struct talon_run *instance);

/* Judges an answer and ends the run. */
void http_judge(struct talon_run *run, const struct talon_response *got);

#endif
