# docs: manual pages and what is read in the source, the examples as well.
dist_man_MANS += docs/talon.1 docs/talon-plugin.3 docs/talon-rehearse.5 docs/talon.yaml.5
EXTRA_DIST += docs/architecture.md docs/decisions.md docs/old-supervisor.md
dist_doc_DATA = docs/plugin-guide.md docs/plugin-protocol.md
EXTRA_DIST += \
	examples/plugin/Makefile examples/plugin/README.md examples/plugin/smtp_greeting.c examples/plugin/test_smtp_greeting.c \
	examples/python/smtp_greeting.py
