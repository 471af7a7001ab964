/*
 * Where Talon's own parts lie, worked out from where the running program lies: a build tree runs as it is, and an installed tree may be moved. No
 * environment variable changes it, because what is loaded from there is code.
 *
 * In this order: a folder that holds the running program, talon-host and plugins/ is a build tree; else what lies beside the program as it is
 * installed (bin/, libexec/talon/, lib/talon/plugins/, share/talon/); else where it was configured to be installed.
 */
#ifndef BASE_OS_INSTALL_PATHS_H
#define BASE_OS_INSTALL_PATHS_H

/* All absolute, found once, and valid as long as the process. Any thread. */

/* The program talon-host. */
const char *install_host_program(void);
/* The program talon-core, which lies beside it. */
const char *install_core_program(void);
/* The program talon-keeper, which lies beside it, too. */
const char *install_keeper_program(void);
/* Where shipped plugins are; ended by NULL. */
const char *const *install_plugin_folders(void);
/* Where shipped runbooks are; NULL: there are none. */
const char *install_runbook_folder(void);
/* Where talon-host finds its modules, talon-host-tls.so and talon-host-http.so. */
const char *install_host_modules(void);
/* What `talon plugin new` copies. */
const char *install_template_folder(void);
/* Holds checks/ and profiles/, which come with Talon. */
const char *install_data_folder(void);

#endif
