/* Why something failed, with room for its sentence: what the modules keep until it can be handed on as a struct talon_error. */
#ifndef HOST_MODULE_FAULT_H
#define HOST_MODULE_FAULT_H

#include <stdarg.h>
#include <stdio.h>
#include <talon/plugin.h>

enum { FAULT_TEXT = 480 };

struct fault {
    uint32_t code; /* enum talon_error_code; TALON_E_NONE: nothing failed */
    int32_t os;
    const char *token; /* for ever */
    char text[FAULT_TEXT];
};

__attribute__((format(printf, 5, 6))) static inline void
fault_say(struct fault *fault, uint32_t code, int os, const char *token, const char *format, ...)
{
    va_list ap;

    fault->code = code;
    fault->os = os;
    fault->token = token;
    va_start(ap, format);
    vsnprintf(fault->text, sizeof fault->text, format, ap);
    va_end(ap);
}

/* As the ABI wants it; borrows the text. */
static inline struct talon_error fault_error(const struct fault *fault)
{
    return (struct talon_error){ .code = fault->code, .os = fault->os, .token = fault->code ? fault->token : "", .text = fault->code ? fault->text : "" };
}

#endif
