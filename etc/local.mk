# etc: what service managers, log rotation and shells need to know of Talon.
ETC_SUBSTITUTE = sed -e 's|@bindir[@]|$(bindir)|g' -e 's|@sysconfdir[@]|$(sysconfdir)|g'
systemdunitdir = $(prefix)/lib/systemd/system
launchddir = $(datadir)/talon/launchd
rotationdir = $(datadir)/talon
bashcompletiondir = $(datadir)/bash-completion/completions
zshcompletiondir = $(datadir)/zsh/site-functions
fishcompletiondir = $(datadir)/fish/vendor_completions.d

nodist_systemdunit_DATA = etc/talon.service
nodist_launchd_DATA = etc/launchd/local.talon.agent.plist etc/launchd/local.talon.daemon.plist
dist_rotation_DATA = etc/newsyslog.conf etc/logrotate.conf
dist_bashcompletion_DATA = etc/completion/talon
dist_zshcompletion_DATA = etc/completion/_talon
dist_fishcompletion_DATA = etc/completion/talon.fish
EXTRA_DIST += etc/talon.service.in etc/launchd/local.talon.agent.plist.in etc/launchd/local.talon.daemon.plist.in
CLEANFILES += $(nodist_systemdunit_DATA) $(nodist_launchd_DATA)

etc/talon.service etc/launchd/local.talon.agent.plist etc/launchd/local.talon.daemon.plist: Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(ETC_SUBSTITUTE) $(srcdir)/$@.in >$@.tmp && mv $@.tmp $@
etc/talon.service: $(srcdir)/etc/talon.service.in
etc/launchd/local.talon.agent.plist: $(srcdir)/etc/launchd/local.talon.agent.plist.in
etc/launchd/local.talon.daemon.plist: $(srcdir)/etc/launchd/local.talon.daemon.plist.in
