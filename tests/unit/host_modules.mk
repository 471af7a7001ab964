# tests/unit/host_modules.mk: unit tests, see the sources for what they hold.
