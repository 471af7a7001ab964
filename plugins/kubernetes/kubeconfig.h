/* A kubeconfig: the files that it is made of, and the way into one cluster that they describe. */
#ifndef KUBERNETES_KUBECONFIG_H
#define KUBERNETES_KUBECONFIG_H

#include <cjson/cJSON.h>
#include <sys/types.h>
#include <talon/plugin.h>

enum { KUBECONFIG_FILES = 8, KUBECONFIG_PATH = 1024, KUBECONFIG_PROBLEM = 400 };

/* What a file looked like when it was read. */
struct kubeconfig_stamp {
    int there;
    dev_t dev;
    ino_t ino;
    off_t size;
    time_t changed;
};

struct kubeconfig_files {
    size_t n;
    char path[KUBECONFIG_FILES][KUBECONFIG_PATH];
    struct kubeconfig_stamp stamp[KUBECONFIG_FILES];
};

/* How to get into a cluster. Its texts live as long as it does, and are overwritten when it goes. */
struct kubeconfig_login {
    cJSON *texts; /* what it owns */
    const char *context, *server, *server_name, *space; /* space: the context's namespace */
    const char *ca, *cert, *key;                         /* PEM text or an absolute path; NULL: none */
    const char *token, *token_file, *as;
    const cJSON *as_groups;
    const cJSON *exec;       /* NULL: no credential plugin */
    const char *exec_folder; /* where its relative path begins */
    int insecure;
};

/* Which files: those named with `:` between them; NULL: what KUBECONFIG names, else ~/.kube/config. 0: there can be none, `problem` says why. */
int kubeconfig_files_find(struct kubeconfig_files *files, const char *names, char problem[KUBECONFIG_PROBLEM]);
/* Is one of them another file than the one that was read, or so young that it may change again without a trace? */
int kubeconfig_files_changed(const struct kubeconfig_files *files, int64_t now_s);
/* The text of a regular file of at most `most` bytes, for kubeconfig_wipe_text(). NULL: `problem` says why; `missing` is set when it does not exist. */
char *kubeconfig_file_read(const char *path, size_t most, size_t *n, struct kubeconfig_stamp *stamp, int *missing, char problem[KUBECONFIG_PROBLEM]);

/* Reads them all; context NULL: the current one. 0: `problem` is a sentence, and `login` is empty. */
int kubeconfig_read(struct kubeconfig_files *files, const char *context, struct kubeconfig_login *login, char problem[KUBECONFIG_PROBLEM]);
void kubeconfig_forget(struct kubeconfig_login *login);
/* Overwrites what may be secret, then frees it. */
void kubeconfig_wipe(cJSON *tree);
void kubeconfig_wipe_text(char *text, size_t n);
/* Base64, blanks within allowed, into a text that is PEM, for kubeconfig_wipe_text(). NULL: it is not that. */
char *kubeconfig_pem(const char *base64);

#endif
