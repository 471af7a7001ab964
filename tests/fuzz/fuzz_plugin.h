/* The plugin of the target that plays the core: an option of every type, and runs that do what their option `does` says. */
#ifndef FUZZ_PLUGIN_H
#define FUZZ_PLUGIN_H

#include <talon/plugin.h>

extern const struct talon_plugin fuzz_plugin;

#endif
