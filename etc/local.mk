# etc: what service managers, log rotation, shells and package managers need to know of Talon.
ETC_SUBSTITUTE = sed -e 's|@bindir[@]|$(bindir)|g' -e 's|@sysconfdir[@]|$(sysconfdir)|g'
systemdunitdir = $(prefix)/lib/systemd/system
launchddir = $(datadir)/talon/launchd
rotationdir = $(datadir)/talon
bashcompletiondir = $(datadir)/bash-completion/completions
zshcompletiondir = $(datadir)/zsh/site-functions
fishcompletiondir = $(datadir)/fish/vendor_completions.d

nodist_systemdunit_DATA = etc/talon.service
nodist_launchd_DATA = etc/launchd/local.talon.agent.plist etc/launchd/local.talon.daemon.plist
dist_rotation_DATA = etc/newsyslog.conf etc/logrotate.conf etc/talon.yaml
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

# What packs it: Debian's source package, which is the tree itself, and the formula of Homebrew.
EXTRA_DIST += \
	debian/changelog debian/control debian/copyright debian/libtalon-fake-host0.install debian/not-installed debian/rules debian/source/format \
	debian/source/options debian/talon-dev.examples debian/talon-dev.install debian/talon.docs debian/talon.examples debian/talon.install \
	debian/talon.postrm debian/tests/check debian/tests/control debian/tests/plugin etc/homebrew/talon.rb

# Systems that are watched, a file each; names and places are variables of the main file.
EXTRA_DIST += checks/colima.yaml checks/docker.yaml checks/talos-node.yaml checks/talos.yaml
