/*
 * JSON Schema (draft 2020-12) for editors, from the plugins' descriptions: one for main files, service files and runbooks. It is milder than config itself, since an
 * editor reads `no` and 08 by YAML's rules and knows no variables: what it marks is wrong, what it does not mark may be.
 */
#include "config/steps.h"

#include "base/text.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The parts that do not hang on plugins; ' stands for ". */
static const char kinds[] =
    "'text':{'type':['string','number','boolean']},"
    "'variable':{'type':'string','pattern':'[$][{]'},"
    "'name':{'type':'string','pattern':'^[a-z0-9][a-z0-9_-]{0,62}$'},"
    "'duration':{'anyOf':[{'type':'string','pattern':'^([0-9]+([.][0-9]+)?(ms|s|m|h|d|w))+$'},{'const':0},{'const':'0'},{'$ref':'#/$defs/variable'}]},"
    "'size':{'anyOf':[{'type':'string','pattern':'^[0-9]+([.][0-9]+)? ?([KMGT]iB|[kMGT]B|B)$'},{'const':0},{'const':'0'},{'$ref':'#/$defs/variable'}]},"
    "'whole':{'anyOf':[{'type':'integer'},{'type':'string','pattern':'^-?[0-9]+$'},{'$ref':'#/$defs/variable'}]},"
    "'number':{'anyOf':[{'type':'number'},{'type':'string','pattern':'^-?[0-9]'},{'$ref':'#/$defs/variable'}]},"
    "'truth':{'anyOf':[{'type':'boolean'},{'enum':['true','false']},{'$ref':'#/$defs/variable'}]},"
    "'count':{'anyOf':[{'type':'integer','minimum':1,'maximum':1000},{'$ref':'#/$defs/variable'}]},"
    "'rate':{'type':'string','pattern':'^([0-9]+ per [0-9.a-z]+|.*[$][{].*)$'},"
    "'texts':{'type':['array','null'],'items':{'$ref':'#/$defs/text'}},"
    "'any':{'type':'object','required':['any'],'properties':{'any':{'type':'array','items':{'$ref':'#/$defs/name'}}},'additionalProperties':false},"
    "'need':{'anyOf':[{'$ref':'#/$defs/name'},{'$ref':'#/$defs/any'}]},"
    "'heal':{'type':'object','required':['run'],'additionalProperties':false,'properties':{"
    "'when':{'type':'string','description':'A condition such as `ping failed and port ok`.'},"
    "'run':{'type':'string','description':'The name of a runbook.'},'with':{'type':'object','additionalProperties':{'$ref':'#/$defs/text'}}}}";

static const char programs[] =
    ",'variables':{'type':['object','null'],'additionalProperties':{'$ref':'#/$defs/text'}},"
    "'program':{'type':'object','required':['command'],'additionalProperties':false,'properties':{"
    "'command':{'type':'array','minItems':1,'items':{'$ref':'#/$defs/text'}},'enabled':{'$ref':'#/$defs/truth','default':true},'folder':{'$ref':'#/$defs/text','default':'/'},"
    "'env':{'$ref':'#/$defs/variables'},'env_file':{'$ref':'#/$defs/text'},'secrets':{'$ref':'#/$defs/variables','description':'Variables that get the value of a secret.'},"
    "'log':{'$ref':'#/$defs/text'},'log_errors':{'$ref':'#/$defs/text'},'log_rotate':{'$ref':'#/$defs/size','default':'10MiB'},"
    "'port':{'anyOf':[{'$ref':'#/$defs/text'},{'type':'object','required':['listen'],'additionalProperties':false,"
    "'properties':{'listen':{'$ref':'#/$defs/text'},'taken':{'enum':['wait','refuse'],'default':'wait'}}}]},"
    "'health':{'anyOf':[{'$ref':'#/$defs/text'},{'type':'object','required':['check'],'additionalProperties':false,"
    "'properties':{'check':{'$ref':'#/$defs/text'},'start':{'$ref':'#/$defs/duration','default':'60s'},'fail_after':{'$ref':'#/$defs/count','default':3}}}]},"
    "'preflight':{'type':'object','required':['command'],'additionalProperties':false,"
    "'properties':{'command':{'$ref':'#/$defs/texts'},'timeout':{'$ref':'#/$defs/duration','default':'30s'}}},"
    "'start_call':{'type':'object','required':['url'],'additionalProperties':false,'properties':{'url':{'$ref':'#/$defs/text'},'method':{'enum':['PUT','POST','GET'],'default':'PUT'},"
    "'after':{'$ref':'#/$defs/duration','default':'5s'},'tries':{'$ref':'#/$defs/count','default':3},'every':{'$ref':'#/$defs/duration','default':'5s'},"
    "'timeout':{'$ref':'#/$defs/duration','default':'5s'}}},"
    "'restart':{'type':['object','null'],'additionalProperties':false,'properties':{'first':{'$ref':'#/$defs/duration','default':'1s'},"
    "'longest':{'$ref':'#/$defs/duration','default':'30s'},'good':{'$ref':'#/$defs/duration','default':'60s'}}},"
    "'drain':{'anyOf':[{'$ref':'#/$defs/duration'},{'type':'object','additionalProperties':false,"
    "'properties':{'signal':{'enum':['TERM','INT','QUIT','HUP','USR1','USR2'],'default':'TERM'},'wait':{'$ref':'#/$defs/duration','default':'5s'}}}]},"
    "'unless_loaded':{'anyOf':[{'type':'string'},{'type':'object','required':['label'],'additionalProperties':false,"
    "'properties':{'label':{'$ref':'#/$defs/text'},'every':{'$ref':'#/$defs/duration','default':'10s'}}}]},"
    "'events':{'type':'object','required':['command'],'additionalProperties':false,'properties':{'command':{'$ref':'#/$defs/texts'},"
    "'source':{'$ref':'#/$defs/text'},'component':{'$ref':'#/$defs/text'},'prefix':{'$ref':'#/$defs/text'}}}}}";

static const char check_settings[] =
    "'every':{'$ref':'#/$defs/duration','description':'The interval.','default':'60s'},"
    "'timeout':{'$ref':'#/$defs/duration','description':'The longest time a run may take.','default':'10s'},"
    "'fail_after':{'$ref':'#/$defs/count','description':'Bad results in a row before it counts as failed.','default':3},"
    "'recover_after':{'$ref':'#/$defs/count','description':'Good results in a row before it counts as ok again.','default':2},"
    "'unknown_after':{'$ref':'#/$defs/count','description':'Unknown results in a row before it counts as unknown.','default':3},"
    "'confirm_every':{'$ref':'#/$defs/duration','description':'The interval while it is suspect; by default a quarter of every.'},"
    "'through':{'$ref':'#/$defs/text','description':'The path (of paths:) that it goes through.'}";

static const char check_own[] =
    ",'witness':{'$ref':'#/$defs/truth','description':'It never fails its service; it only gives evidence to conditions.','default':false},"
    "'enabled':{'$ref':'#/$defs/truth','default':true},"
    "'for_each':{'type':'array','minItems':1,'items':{'$ref':'#/$defs/text'},'description':'Makes one check for each item, NAME-ITEM; ${each} is the item.'}";

static const char service_times[] =
    "'needs_wait':{'$ref':'#/$defs/duration','default':'30s'},'recover_grace':{'$ref':'#/$defs/duration','default':'60s'},"
    "'start_timeout':{'$ref':'#/$defs/duration','default':'5m'},'tell_warn_after':{'$ref':'#/$defs/duration','default':'1h'}";

static const char service_own[] =
    ",'title':{'$ref':'#/$defs/text'},'note':{'$ref':'#/$defs/text','description':'What helps the person who is called.'},"
    "'needs':{'anyOf':[{'type':['array','null'],'items':{'$ref':'#/$defs/need'}},{'$ref':'#/$defs/any'}],'description':'The services that it depends on.'},"
    "'critical':{'$ref':'#/$defs/truth','default':false},'enabled':{'$ref':'#/$defs/truth','default':true},"
    "'heal_stopped':{'$ref':'#/$defs/truth','default':false},"
    "'checks':{'type':['object','null'],'propertyNames':{'$ref':'#/$defs/name'},'additionalProperties':{'$ref':'#/$defs/check'}},"
    "'heal':{'type':['array','null'],'items':{'$ref':'#/$defs/heal'}},'defaults':{'$ref':'#/$defs/defaults'},'notify':{'type':['object','null'],'additionalProperties':false,'properties':{'channels':{'anyOf':[{'$ref':'#/$defs/text'},{'$ref':'#/$defs/texts'}]},"
    "'urgency':{'enum':['as_is','raise','lower']}}},'on_failure':{'type':'array'}";

static const char main_settings[] =
    "'listen':{'$ref':'#/$defs/text','default':'127.0.0.1:9999'},'allow_hosts':{'$ref':'#/$defs/texts'},'state':{'$ref':'#/$defs/text'},"
    "'log':{'type':['object','null'],'additionalProperties':false,'properties':{'file':{'$ref':'#/$defs/text'},"
    "'level':{'enum':['debug','info','warn','error']},'rotate':{'$ref':'#/$defs/size'}}},"
    "'exec_path':{'$ref':'#/$defs/texts'},"
    "'guard':{'type':['object','null'],'additionalProperties':false,'properties':{'stall':{'$ref':'#/$defs/duration'}}},"
    "'control':{'type':['object','null'],'additionalProperties':false,'properties':{'path':{'$ref':'#/$defs/text'},'group':{'$ref':'#/$defs/text'}}},"
    "'remediation':{'type':['object','null'],'additionalProperties':false,'properties':{'at_most':{'$ref':'#/$defs/rate'},'concurrent':{'$ref':'#/$defs/whole'}}},"
    "'storm':{'type':'string','pattern':'%$|[$][{]'},'storm_cooldown':{'$ref':'#/$defs/duration'},'reopen':{'$ref':'#/$defs/duration'},"
    "'flap_escalate':{'$ref':'#/$defs/duration'},'heartbeat':{'type':['object','null'],'additionalProperties':false,'properties':{'url':{'$ref':'#/$defs/text'},'every':{'$ref':'#/$defs/duration'},"
    "'timeout':{'$ref':'#/$defs/duration'}}},'history':{'type':'object'},'notify':{'type':['object','null'],'additionalProperties':false,'properties':{'channels':{'type':['object','null'],'propertyNames':{'$ref':'#/$defs/name'}},"
    "'messages':{'$ref':'#/$defs/rate'},'digest':{'$ref':'#/$defs/text'},'zone':{'$ref':'#/$defs/text'},'expire':{'$ref':'#/$defs/duration'}}},"
    "'programs':{'type':['object','null'],'propertyNames':{'$ref':'#/$defs/name'},'additionalProperties':{'$ref':'#/$defs/program'}},"
    "'ladder':{'type':['object','null'],'additionalProperties':false,'properties':{'agents':{'type':['array','null']},'sos':{'type':['object','null']}}},"
    "'maintenance':{'type':['object','null'],'propertyNames':{'$ref':'#/$defs/name'},'additionalProperties':{'type':'object','required':['cron','for'],"
    "'additionalProperties':false,'properties':{'cron':{'$ref':'#/$defs/text'},'for':{'$ref':'#/$defs/duration'},'zone':{'$ref':'#/$defs/text'},"
    "'services':{'anyOf':[{'$ref':'#/$defs/text'},{'$ref':'#/$defs/texts'}]}}}}";

static const char main_more[] = /* a text of its own: C promises no longer ones */
    ",'vars':{'type':['object','null'],'propertyNames':{'$ref':'#/$defs/name'},'additionalProperties':{'$ref':'#/$defs/text'}},"
    "'defaults':{'$ref':'#/$defs/defaults'},'include':{'anyOf':[{'$ref':'#/$defs/text'},{'$ref':'#/$defs/texts'}]},"
    "'runbooks':{'anyOf':[{'$ref':'#/$defs/text'},{'$ref':'#/$defs/texts'}]},"
    "'plugins':{'type':['object','null'],'propertyNames':{'pattern':'^[a-z0-9_]{1,63}$'},'additionalProperties':{'type':'object','additionalProperties':false,"
    "'properties':{'path':{'type':'string'},'command':{'$ref':'#/$defs/texts'},'host':{'enum':['own','shared']}}}},"
    "'secrets':{'type':['object','null'],'propertyNames':{'$ref':'#/$defs/name'},'additionalProperties':{'type':'object','additionalProperties':false,"
    "'properties':{'env':{'type':'string'},'file':{'type':'string'},'command':{'$ref':'#/$defs/texts'},'ttl':{'$ref':'#/$defs/duration'},'json':{'type':'string'}},"
    "'oneOf':[{'required':['env']},{'required':['file']},{'required':['command']}]}},"
    "'services':{'type':['object','null'],'propertyNames':{'$ref':'#/$defs/name'},'additionalProperties':{'$ref':'#/$defs/service'}},"
    "'paths':{'type':['object','null'],'propertyNames':{'$ref':'#/$defs/name'},'additionalProperties':{'type':'object','required':['concurrent'],"
    "'additionalProperties':false,'properties':{'concurrent':{'$ref':'#/$defs/whole'}}}}";

static const char runbook_kinds[] =
    ",'names':{'anyOf':[{'$ref':'#/$defs/text'},{'$ref':'#/$defs/texts'}]},"
    "'condition':{'type':'string','minLength':1},"
    "'window':{'type':'object','additionalProperties':false,'properties':{'checks':{'$ref':'#/$defs/names'},'passes':{'$ref':'#/$defs/count'},"
    "'every':{'$ref':'#/$defs/duration'},'within':{'$ref':'#/$defs/duration'}}},"
    "'until':{'type':'object','required':['checks','within'],'additionalProperties':false,'properties':{'checks':{'$ref':'#/$defs/names'},"
    "'passes':{'$ref':'#/$defs/count'},'every':{'$ref':'#/$defs/duration'},'within':{'$ref':'#/$defs/duration'},'hard':{'$ref':'#/$defs/condition'},"
    "'warmup':{'$ref':'#/$defs/condition'},'meanwhile':{'type':['array','null'],'items':{'type':'object','required':['do'],'additionalProperties':false,"
    "'properties':{'when':{'$ref':'#/$defs/condition'},'do':{'$ref':'#/$defs/do'},'every':{'$ref':'#/$defs/duration'},'timeout':{'$ref':'#/$defs/duration'}}}}}},"
    "'step':{'type':'object','additionalProperties':false,'properties':{'do':{'$ref':'#/$defs/do'},'collect':{'$ref':'#/$defs/collect'},"
    "'timeout':{'$ref':'#/$defs/duration'},'on_failure':{'enum':['stop','continue']},'verify':{'anyOf':[{'$ref':'#/$defs/names'},{'$ref':'#/$defs/window'}]},"
    "'until':{'$ref':'#/$defs/until'},'wait':{'$ref':'#/$defs/duration'},'if':{'$ref':'#/$defs/condition'},'then':{'$ref':'#/$defs/steps'},"
    "'else':{'$ref':'#/$defs/steps'}},'oneOf':[{'required':['do']},{'required':['collect']},{'required':['verify']},{'required':['until']},{'required':['wait']},"
    "{'required':['if']}]},"
    "'steps':{'type':['array','null'],'items':{'$ref':'#/$defs/step'}}";

static const char runbook_file[] =
    "'runbook':{'$ref':'#/$defs/name'},'title':{'$ref':'#/$defs/text'},'note':{'$ref':'#/$defs/text'},"
    "'params':{'type':['object','null'],'propertyNames':{'$ref':'#/$defs/name'},'additionalProperties':{'type':['object','null'],'additionalProperties':false,"
    "'properties':{'required':{'$ref':'#/$defs/truth'},'default':{'$ref':'#/$defs/text'}}}},"
    "'impact':{'enum':['observe','restart','disruptive','destructive']},"
    "'limits':{'type':['object','null'],'additionalProperties':false,'properties':{'attempts':{'$ref':'#/$defs/count','default':3},"
    "'cooldown':{'$ref':'#/$defs/duration','default':'15m'},'at_most':{'$ref':'#/$defs/rate','default':'3 per 6h'},"
    "'hold_after_failure':{'$ref':'#/$defs/duration','default':'30m'},'confirm':{'type':['object','null'],'additionalProperties':false,'properties':{"
    "'ticks':{'$ref':'#/$defs/count','default':2},'within':{'$ref':'#/$defs/duration'},'or':{'type':['object','null'],'additionalProperties':false,'properties':{"
    "'tries':{'$ref':'#/$defs/count','default':6},'every':{'$ref':'#/$defs/duration','default':'5s'}}}}},"
    "'warmup':{'$ref':'#/$defs/condition'},'locks':{'$ref':'#/$defs/texts'},'owner':{'$ref':'#/$defs/condition'}}},"
    "'steps':{'$ref':'#/$defs/steps'},'verify':{'$ref':'#/$defs/window'},'deadline':{'$ref':'#/$defs/duration'}},'required':['runbook']";

static void add(struct buffer *out, const char *text)
{
    for (; *text; text++)
        buffer_char(out, *text == '\'' ? '"' : *text);
}

static void add_text(struct buffer *out, const char *text)
{
    text_json(out, text, strlen(text));
}

/* ---- options ---- */

static const char *const references[OPTION_TYPES] = {
    [OPTION_STRING] = "text", [OPTION_PATH] = "text", [OPTION_PEM] = "text", [OPTION_INT] = "whole", [OPTION_NUMBER] = "number", [OPTION_BOOL] = "truth",
    [OPTION_DURATION] = "duration", [OPTION_SIZE] = "size", [OPTION_ADDRESS] = "text", [OPTION_PATTERN] = "text",
};

static void add_options(struct buffer *out, const struct option *options, size_t n, bool required);

static void add_bounds(struct buffer *out, const struct option *o)
{
    add(out, "'anyOf':[{'type':'");
    add(out, o->type == OPTION_INT ? "integer'" : "number'");
    if (o->bounded_below && o->type == OPTION_INT)
        buffer_printf(out, ",\"minimum\":%" PRId64, o->least);
    else if (o->bounded_below)
        buffer_printf(out, ",\"minimum\":%.17g", o->min);
    if (o->bounded_above && o->type == OPTION_INT)
        buffer_printf(out, ",\"maximum\":%" PRId64, o->most);
    else if (o->bounded_above)
        buffer_printf(out, ",\"maximum\":%.17g", o->max);
    add(out, "},{'type':'string','pattern':'^-?[0-9]|[$][{]'}]");
}

static void add_choices(struct buffer *out, const struct option *o)
{
    add(out, "'anyOf':[{'enum':[");
    for (size_t i = 0; i < o->n_choices; i++) {
        add(out, i > 0 ? "," : "");
        add_text(out, o->choices[i]);
    }
    add(out, "]},{'$ref':'#/$defs/variable'}]");
}

static void add_type(struct buffer *out, const struct option *o)
{
    switch (o->type) {
    case OPTION_ENUM:
        add_choices(out, o);
        break;
    case OPTION_LIST:
        add(out, "'anyOf':[{'$ref':'#/$defs/texts'},{'$ref':'#/$defs/text'}]");
        break;
    case OPTION_MAP:
        add(out, "'type':['object','null'],'additionalProperties':{'$ref':'#/$defs/text'}");
        break;
    case OPTION_GROUP:
        add_options(out, o->fields, o->n_fields, true);
        break;
    case OPTION_TABLE:
        add(out, "'type':['array','null'],'items':{");
        add_options(out, o->fields, o->n_fields, true);
        add(out, "}");
        break;
    default:
        if ((o->type == OPTION_INT || o->type == OPTION_NUMBER) && (o->bounded_below || o->bounded_above))
            add_bounds(out, o);
        else
            buffer_printf(out, "\"$ref\":\"#/$defs/%s\"", references[o->type]);
    }
}

static void add_option(struct buffer *out, const struct option *o, const char *name)
{
    add_text(out, name);
    add(out, ":{");
    add_type(out, o);
    if (o->help) {
        add(out, ",'description':");
        add_text(out, o->help);
    }
    if (o->fallback && o->fallback->kind == NODE_TEXT) {
        add(out, ",'default':");
        add_text(out, o->fallback->of.text);
    }
    add(out, o->obsolete || name != o->name ? ",'deprecated':true}" : "}");
}

static void add_properties(struct buffer *out, const struct option *options, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        add(out, i > 0 ? "," : "");
        add_option(out, &options[i], options[i].name);
        if (options[i].former) {
            add(out, ",");
            add_option(out, &options[i], options[i].former);
        }
    }
}

/* required: also which must be there; not in `defaults:`. */
static void add_options(struct buffer *out, const struct option *options, size_t n, bool required)
{
    bool any = false;

    add(out, "'type':['object','null'],'additionalProperties':false,'properties':{");
    add_properties(out, options, n);
    add(out, "}");
    for (size_t i = 0; required && i < n; i++) {
        if (!options[i].required || options[i].former)
            continue;
        add(out, any ? "," : ",'required':[");
        add_text(out, options[i].name);
        any = true;
    }
    add(out, any ? "]" : "");
}

/* ---- the whole ---- */

static void add_types(const struct config *c, struct buffer *out, const char *family)
{
    for (size_t i = 0; i < c->operations.n; i++) {
        const struct operation *o = VECTOR_AT(&c->operations, struct operation, i);

        if (o->action)
            continue;
        add(out, ",");
        add_text(out, o->name);
        buffer_printf(out, ":{\"$ref\":\"#/$defs/%s.%s\"}", family, o->name);
    }
}

static void add_definitions(const struct config *c, struct buffer *out)
{
    for (size_t i = 0; i < c->operations.n; i++) {
        const struct operation *o = VECTOR_AT(&c->operations, struct operation, i);

        if (o->action)
            continue;
        buffer_printf(out, ",\"type.%s\":{", o->name);
        if (o->summary) {
            add(out, "'description':");
            add_text(out, o->summary);
            add(out, ",");
        }
        add_options(out, o->options, o->n_options, true);
        buffer_printf(out, "},\"default.%s\":{", o->name);
        add(out, "'type':['object','null'],'additionalProperties':false,'properties':{");
        add(out, check_settings);
        add(out, o->n_options > 0 ? "," : "");
        add_properties(out, o->options, o->n_options);
        add(out, "}}");
    }
}

static void add_object(struct buffer *out, const char *name, const char *first, const char *second)
{
    buffer_printf(out, ",\"%s\":{", name);
    add(out, "'type':'object','additionalProperties':false,'properties':{");
    add(out, first);
    add(out, second);
}

/* One use of an action by a step; evidence may come of checks as well. */
static void add_uses(const struct config *c, struct buffer *out, const char *name, bool checks)
{
    bool any = false;

    buffer_printf(out, ",\"%s\":{", name);
    add(out, "'type':'object','minProperties':1,'maxProperties':1,'additionalProperties':false,'properties':{");
    for (size_t i = 0; i < c->operations.n; i++) {
        const struct operation *o = VECTOR_AT(&c->operations, struct operation, i);

        if (!o->action && !checks)
            continue;
        add(out, any ? "," : "");
        add_text(out, o->name);
        buffer_printf(out, ":{\"$ref\":\"#/$defs/%s.%s\"}", o->action ? "action" : "type", o->name);
        any = true;
    }
    add(out, "}}");
}

static void add_actions(const struct config *c, struct buffer *out)
{
    for (size_t i = 0; i < c->operations.n; i++) {
        const struct operation *o = VECTOR_AT(&c->operations, struct operation, i);

        if (!o->action)
            continue;
        buffer_printf(out, ",\"action.%s\":{", o->name);
        add_options(out, o->options, o->n_options, true);
        add(out, "}");
    }
}

static void add_runbooks(const struct config *c, struct buffer *out)
{
    add(out, runbook_kinds);
    add_uses(c, out, "do", false);
    add_uses(c, out, "collect", true);
    add_actions(c, out);
    add_object(out, "runbook_file", runbook_file, "}");
}

static void write_schema(const struct config *c, struct buffer *out)
{
    add(out, "{'$schema':'https://json-schema.org/draft/2020-12/schema','title':'Talon: talon.yaml, a service file or a runbook',");
    add(out, "'if':{'type':'object','required':['service']},'then':{'$ref':'#/$defs/service_file'},'else':{'if':{'type':'object','required':['runbook']},");
    add(out, "'then':{'$ref':'#/$defs/runbook_file'},'else':{'anyOf':[{'$ref':'#/$defs/main'},{'type':'null'}]}},'$defs':{");
    add(out, kinds);
    add(out, programs);
    add_object(out, "check", check_settings, check_own);
    add_types(c, out, "type");
    add(out, "}}");
    add_object(out, "defaults", check_settings, ",");
    add(out, service_times);
    add_types(c, out, "default");
    add(out, "}}");
    add_object(out, "service", service_times, service_own);
    add(out, "}}");
    add_object(out, "service_file", service_times, service_own);
    add(out, ",'service':{'$ref':'#/$defs/name'}},'required':['service']}");
    add_object(out, "main", main_settings, main_more);
    add(out, "}}");
    add_definitions(c, out);
    add_runbooks(c, out);
    add(out, "}}\n");
}

/* The plugin's name is in its description; one that is not as documented is left out. */
static void describe_one(struct config *c, const char *description)
{
    cJSON *json = cJSON_Parse(description);
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(json, "name");
    struct plugin_plan *plan;
    char copy[64] = "";

    if (cJSON_IsString(name) && strlen(name->valuestring) < sizeof copy)
        memcpy(copy, name->valuestring, strlen(name->valuestring) + 1);
    cJSON_Delete(json);
    if (copy[0] == '\0')
        return;
    plan = vector_push(c->arena, &c->plugins, sizeof *plan);
    plan->shown.name = arena_string(c->made, copy);
    describe_read(c, c->plugins.n - 1, description);
}

void schema_write(struct config *c, const char *const *descriptions, size_t n, struct buffer *out)
{
    for (size_t i = 0; i < n; i++)
        describe_one(c, descriptions[i]);
    write_schema(c, out);
}
