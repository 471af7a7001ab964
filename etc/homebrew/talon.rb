# Talon for Homebrew. No release can be downloaded yet: `url` and `sha256` are placeholders.
# What installs is the tree, by git:
#
#   brew tap-new --no-git local/talon
#   cp etc/homebrew/talon.rb "$(brew --repository local/talon)/Formula/"
#   HOMEBREW_TALON_TREE="file://$PWD" brew install --HEAD local/talon/talon
#   brew services start talon
class Talon < Formula
  desc "Watchdog for a host and everything stacked on it"
  homepage "https://example.com/talon"
  url "https://example.com/talon/talon-0.1.0.tar.gz"
  sha256 "0000000000000000000000000000000000000000000000000000000000000000"
  license "MIT"
  head ENV.fetch("HOMEBREW_TALON_TREE", "https://example.com/talon.git"), using: :git, branch: "main"

  depends_on "autoconf" => :build
  depends_on "automake" => :build
  depends_on "libtool" => :build
  depends_on "pkgconf" => :build
  depends_on "cjson"
  depends_on "curl"
  depends_on "hiredis"
  depends_on "libev"
  depends_on "libmicrohttpd"
  depends_on "libyaml"
  depends_on "openssl@3"
  depends_on "pcre2"
  depends_on "sqlite"

  def install
    mkdir_p "m4"
    system "autoreconf", "--force", "--install", "--verbose"
    system "./configure", "--disable-silent-rules", "--sysconfdir=#{etc}", *std_configure_args
    system "make", "install"
    (etc/"talon").install "etc/talon.yaml"
  end

  def caveats
    <<~EOS
      Talon watches what ~/.config/talon/talon.yaml says, which `talon init` writes
      from what it finds on this machine; without it, what #{etc}/talon/talon.yaml says.
    EOS
  end

  # As etc/launchd has it: a job that is throttled, or whose timers are put off, would look late.
  service do
    run [opt_bin/"talon", "run"]
    keep_alive true
    process_type :interactive
    macos_legacy_timers true
    environment_variables PATH: std_service_path_env
    log_path var/"log/talon.out"
    error_log_path var/"log/talon.out"
  end

  test do
    (testpath/"talon.yaml").write <<~YAML
      state: #{testpath}/state
      services:
        host:
          checks:
            root: { disk: { path: /, warn: 100, fail: 100 } }
            program: { exec: { command: [echo, well] } }
    YAML
    system bin/"talon", "validate", testpath/"talon.yaml"
    assert_match "ok: 2 checks", shell_output("#{bin}/talon check --config #{testpath}/talon.yaml")
    assert_match "redis", shell_output("#{bin}/talon plugin list")
    (testpath/"include.c").write "#include <talon/plugin.h>\nint main(void) { return 0; }\n"
    system ENV.cc, "include.c", "-I#{include}", "-o", "include"
  end
end
