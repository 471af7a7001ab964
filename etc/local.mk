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

# What Talon knows of systems: a file of checks for each, and profiles of whole hosts. In the tree a profile lies deeper than it
# is installed; a build tree has both as `talon migrate` looks for them.
checksdir = $(datadir)/talon/checks
dist_checks_DATA = \
	checks/agent-mail.yaml checks/agent-secrets.yaml checks/aistor-operators.yaml checks/aistor.yaml checks/bluesky-pds.yaml \
	checks/caddy-docs-api.yaml checks/caddy-inngest.yaml checks/caddy-livekit.yaml checks/caddy-qdrant.yaml \
	checks/caddy-worker.yaml checks/caddy.yaml \
	checks/colima-disk.yaml checks/colima.yaml checks/dkron.yaml checks/docker.yaml checks/docs-api.yaml checks/firecracker.yaml checks/flannel.yaml \
	checks/gateway.yaml checks/host-worker.yaml checks/host.yaml checks/imsg.yaml checks/inngest.yaml checks/kube-operator-access.yaml \
	checks/kubernetes-access.yaml checks/kubernetes-dns.yaml checks/kubernetes-node.yaml checks/kubernetes.yaml checks/launchd-jobs.yaml \
	checks/livekit-server.yaml checks/minio.yaml checks/nas.yaml checks/redis.yaml checks/restate-worker.yaml checks/restate.yaml \
	checks/system-bus-worker.yaml checks/tailscale.yaml checks/talon.yaml checks/talos-node.yaml checks/talos.yaml checks/typesense.yaml \
	checks/voice-agent.yaml
# Ways to repair what those find: read where a configuration has no `runbooks:` of its own, used where a service's `heal:` names them.
dist_runbook_DATA = \
	etc/runbooks/bridge-heal.yaml etc/runbooks/caddy-reload.yaml etc/runbooks/docker-in-vm.yaml etc/runbooks/flannel-heal.yaml \
	etc/runbooks/image-pull-reset.yaml etc/runbooks/k8s-reboot-heal.yaml etc/runbooks/kubelet-restart.yaml etc/runbooks/nas-remount.yaml \
	etc/runbooks/node-uncordon.yaml etc/runbooks/rbac-restore.yaml etc/runbooks/restart-workload.yaml etc/runbooks/restate-register.yaml \
	etc/runbooks/service-heal-port.yaml etc/runbooks/service-heal.yaml etc/runbooks/usernet-clean.yaml etc/runbooks/worker-register.yaml
# What they apply to a cluster.
manifestsdir = $(datadir)/talon/manifests
dist_manifests_DATA = etc/manifests/kubelet-api-admin.yaml
profilesdir = $(datadir)/talon/profiles
nodist_profiles_DATA = share/profiles/panda.yaml
EXTRA_DIST += etc/profiles/panda.yaml
CLEANFILES += $(nodist_profiles_DATA) share/checks share/runbooks
share/profiles/panda.yaml: etc/profiles/panda.yaml
	$(AM_V_GEN)$(MKDIR_P) $(@D) && sed 's|\.\./\.\./checks/|../checks/|' $(srcdir)/etc/profiles/panda.yaml >$@.tmp && mv $@.tmp $@
	$(AM_V_at)test -e share/checks || ln -s $(abs_top_srcdir)/checks share/checks
	$(AM_V_at)test -e share/runbooks || ln -s $(abs_top_srcdir)/etc/runbooks share/runbooks
