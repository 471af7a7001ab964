/* Loads the host's own modules at their first use: see modules.h. */
#ifndef HOST_MODULES_LOAD_H
#define HOST_MODULES_LOAD_H

#include "modules.h"

/* NULL: it cannot be had, and `why` is a sentence that lives for ever. Asked again, it is tried again. */
const struct tls_module *modules_tls(const char **why);
const struct http_module *modules_http(const char **why);
/* Frees what they hold. */
void modules_close(void);

#endif
