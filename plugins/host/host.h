/* What the parts of the host share of the host itself. */
#ifndef HOST_HOST_H
#define HOST_HOST_H

/* The PATH of children, as the core says it; NULL: unchanged. Copied. */
void host_set_path(const char *path);
const char *host_path(void);
/* Ends all runs and instances without a word, and then the loop. */
void host_quit(void);

#endif
