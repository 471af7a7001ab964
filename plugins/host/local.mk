# plugins/host: talon-host, and its modules for TLS and HTTP that are loaded at their first use.
