/* Writes metrics: see exposition.h. */
#include "serve/exposition.h"

#include "serve/json.h"

#include <math.h>

static const char *suffix(enum exposition_type type)
{
    return type == EXPOSITION_COUNTER ? "_total" : type == EXPOSITION_INFO ? "_info" : "";
}

/* What the older format does not know is a gauge there; the suffix of a counter belongs to its name there, in OpenMetrics to its samples. */
static const char *type_name(const struct exposition *exposition)
{
    switch (exposition->type) {
    case EXPOSITION_COUNTER:
        return "counter";
    case EXPOSITION_INFO:
        return exposition->openmetrics ? "info" : "gauge";
    case EXPOSITION_STATESET:
        return exposition->openmetrics ? "stateset" : "gauge";
    case EXPOSITION_GAUGE:
        break;
    }
    return "gauge";
}

void exposition_family(struct exposition *exposition, const char *name, enum exposition_type type, const char *help)
{
    const char *tail = exposition->openmetrics ? "" : suffix(type);

    exposition->name = name;
    exposition->type = type;
    buffer_printf(exposition->out, "# HELP %s%s %s\n# TYPE %s%s %s\n", name, tail, help, name, tail, type_name(exposition));
}

void exposition_sample(struct exposition *exposition)
{
    exposition->labelled = false;
    buffer_text(exposition->out, exposition->name);
    buffer_text(exposition->out, suffix(exposition->type));
}

void exposition_label(struct exposition *exposition, const char *name, const char *value)
{
    struct buffer *out = exposition->out;
    const char *plain = value;

    buffer_char(out, exposition->labelled ? ',' : '{');
    exposition->labelled = true;
    buffer_text(out, name);
    buffer_text(out, "=\"");
    for (; *value; value++) {
        if (*value != '\\' && *value != '"' && *value != '\n')
            continue;
        buffer_add(out, plain, (size_t)(value - plain));
        buffer_char(out, '\\');
        buffer_char(out, *value == '\n' ? 'n' : *value);
        plain = value + 1;
    }
    buffer_add(out, plain, (size_t)(value - plain));
    buffer_char(out, '"');
}

void exposition_value(struct exposition *exposition, double value)
{
    struct buffer *out = exposition->out;

    if (exposition->labelled)
        buffer_char(out, '}');
    buffer_char(out, ' ');
    if (isnan(value))
        buffer_text(out, "NaN");
    else if (isinf(value))
        buffer_text(out, value > 0. ? "+Inf" : "-Inf");
    else
        json_number(out, value);
    buffer_char(out, '\n');
}

void exposition_single(struct exposition *exposition, double value)
{
    exposition_sample(exposition);
    exposition_value(exposition, value);
}

void exposition_end(struct exposition *exposition)
{
    if (exposition->openmetrics)
        buffer_text(exposition->out, "# EOF\n");
}
