# tests/unit/serve.mk: unit tests, see the sources for what they hold.
