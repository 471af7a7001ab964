/* The check type `http` and the action `http.request`: one exchange, judged by judge.c. What is the same for every run is made once, with the
 * instance. */
#include "http.h"

#include "kit/expect.h"

static void answered(struct talon_run *run, void *arg, const struct talon_response *got)
{
    (void)arg;
    http_judge(run, got);
}

static void setup(struct talon_run *instance)
{
    const struct http_conf *conf = instance->conf;
    struct http_self *self = instance->state;

    self->lines = http_lines(instance);
    self->headers = expect_headers(instance, conf->expect_header);
}

static void start(struct talon_run *run)
{
    static const uint32_t versions[] = { [HTTP_AUTO] = 0, [HTTP_PRIOR] = TALON_HTTP_2, [HTTP_OFF] = TALON_HTTP_1 };
    const struct http_conf *conf = run->conf;
    const struct http_self *self = run->self;
    const struct talon_tls tls = {
        .size = sizeof tls,
        .insecure = (uint32_t)conf->tls.insecure,
        .ca = conf->tls.ca,
        .cert = conf->tls.cert,
        .key = conf->tls.key,
        .server_name = conf->tls.server_name,
    };

    run->host->http(run,
                    TALON_REQUEST(talon_http, .flags = versions[conf->http2] | (conf->keep ? TALON_HTTP_KEEP : 0),
                                  .method = conf->method, .url = conf->url, .unix_path = conf->unix_path,
                                  .connect_to = conf->connect_to, .headers = self->lines, .body = conf->body,
                                  .body_len = conf->body ? strlen(conf->body) : 0, .tls = &tls,
                                  .max_body = (uint32_t)conf->max_body, .max_redirects = (uint32_t)conf->follow),
                    answered, NULL);
}

static const struct talon_operation operations[] = {
    { .kind = TALON_CHECK,
      .name = "http",
      .summary = "Fetches a URL and compares the answer with what is expected.",
      .options = http_options,
      .metrics = http_metrics,
      .conf_size = sizeof(struct http_conf),
      .instance_size = sizeof(struct http_self),
      .validate = http_validate,
      .setup = setup,
      .start = start },
    { .kind = TALON_ACTION,
      .name = "request",
      .summary = "Sends a request once, and compares the answer with what is expected.",
      .options = http_request_options,
      .metrics = http_metrics,
      .conf_size = sizeof(struct http_conf),
      .instance_size = sizeof(struct http_self),
      .impact = TALON_RESTART,
      .validate = http_validate,
      .setup = setup,
      .start = start },
};

const struct talon_plugin talon_plugin_descriptor = {
    TALON_PLUGIN_HEAD,
    .name = "http",
    .version = "1.0.0",
    .license = "MIT",
    .summary = "HTTP and HTTPS checks, and requests that repair.",
    TALON_OPERATIONS(operations),
};
