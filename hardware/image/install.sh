#!/bin/sh
# Installs the Postern gateway from the unpacked archive that this script stands in, or removes it. Running it again upgrades.
set -eu

usage() {
  cat <<'TEXT'
Usage: install.sh [--root DIR] [--no-start]
       install.sh --uninstall [--purge] [--root DIR]

Installs the gateway into /opt/postern-gateway, its settings into /etc/postern (which it never overwrites), and its service.
An upgrade keeps the version before it, and goes back to it if the new one does not start.

  --root DIR    install into the system below DIR, such as a mounted card; starts nothing
  --no-start    install, but neither start nor restart the service
  --uninstall   remove program and service; settings and state stay
  --purge       with --uninstall: remove settings and state too
TEXT
}

say() { printf '%s\n' "$*"; }
fail() { printf 'install.sh: %s\n' "$*" >&2; exit 1; }

root=
starts=yes
action=install
purges=no
while [ $# -gt 0 ]; do
  case $1 in
    --root)
      [ $# -ge 2 ] || fail "--root wants a folder"
      root=${2%/}
      [ -d "$root/" ] || fail "--root: there is no folder $2"
      starts=no
      shift
      ;;
    --no-start) starts=no ;;
    --uninstall) action=uninstall ;;
    --purge) purges=yes ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; fail "$1 is not known" ;;
  esac
  shift
done

here=$(cd "$(dirname "$0")" && pwd)
program=$root/opt/postern-gateway
settings=$root/etc/postern
state=$root/var/lib/postern
units=$root/etc/systemd/system
unit=$units/postern-gateway.service
uplinks=$units/postern-gateway.service.d/uplinks.conf
device_rules=$root/etc/udev/rules.d/60-postern-gateway.rules
restart_rules=$root/etc/polkit-1/rules.d/50-postern-gateway.rules
command=$root/usr/local/bin/postern
manual=$root/usr/local/share/man/man1/postern.1
bash_words=$root/usr/local/share/bash-completion/completions/postern
zsh_words=$root/usr/local/share/zsh/site-functions/_postern
fish_words=$root/usr/local/share/fish/vendor_completions.d/postern.fish
account=postern

# Only the running system has a service manager that can be asked.
manages() { [ -z "$root" ] && command -v systemctl >/dev/null 2>&1 && [ -d /run/systemd/system ]; }

check_system() {
  [ -n "$root" ] || [ "$(id -u)" = 0 ] || fail "this needs root: run it with sudo"
  for part in VERSION lib/postern-gateway.mjs bin/node postern-gateway.service gateway.toml.example share/postern.1; do
    [ -r "$here/$part" ] ||
      fail "$part is missing in $here: unpack postern-gateway-*.tar.xz whole and run the install.sh in it"
  done
  version=$(cat "$here/VERSION")
  if [ -z "$root" ]; then
    machine=$(uname -m)
    case $machine in
      aarch64 | arm64) ;;
      armv6l | armv7l | armv8l)
        fail "this system is of 32 bits ($machine), and the gateway needs 64: write Raspberry Pi OS (64-bit) onto the card" ;;
      *) fail "this archive is for 64-bit ARM, and this machine is $machine" ;;
    esac
    # A 64-bit kernel may carry a system of 32 bits; and an old system may be without what Node needs.
    "$here/bin/node" --version >/dev/null 2>&1 || {
      "$here/bin/node" --version || true
      fail "Node does not run here: the system must be of 64 bits and have glibc 2.28 or later (Debian 10 or later)"
    }
    command -v systemctl >/dev/null 2>&1 || fail "there is no systemd here, and the gateway's service is one of systemd's"
  fi
  need_kb=$(du -sk "$here" | cut -f1)
  mkdir -p "$program/releases"
  free_kb=$(df -Pk "$program" | awk 'NR == 2 { print $4 }')
  [ "$free_kb" -gt "$need_kb" ] ||
    fail "$program needs $((need_kb / 1024)) MB, and only $((free_kb / 1024)) MB are free there"
}

make_account() {
  if [ -n "$root" ]; then
    mkdir -p "$root/usr/lib/sysusers.d"
    {
      say "u $account - \"Postern gateway\" /var/lib/postern"
      for group in dialout gpio; do say "m $account $group"; done
    } >"$root/usr/lib/sysusers.d/postern-gateway.conf"
    return
  fi
  getent passwd "$account" >/dev/null ||
    useradd --system --home-dir /var/lib/postern --no-create-home --shell /usr/sbin/nologin "$account"
  # dialout: serial ports. gpio: the button, where the system has the group.
  for group in dialout gpio; do
    if getent group "$group" >/dev/null; then usermod -a -G "$group" "$account"; fi
  done
}

# Whole or not at all: what is interrupted leaves a folder that the next run replaces.
copy_release() {
  release=$program/releases/$version
  rm -rf "$release.new"
  cp -R "$here" "$release.new"
  rm -rf "$release.old"
  if [ -d "$release" ]; then mv "$release" "$release.old"; fi
  mv "$release.new" "$release"
  rm -rf "$release.old"
  chmod -R go-w "$release"
}

points_at() { readlink "$program/$1" 2>/dev/null | sed 's|.*/||' || true; }

# A link is replaced in one step.
point() {
  ln -sfn "releases/$2" "$program/$1.new"
  mv -T "$program/$1.new" "$program/$1"
}

copy_rest() {
  for file in "$unit" "$device_rules" "$command" "$manual" "$bash_words" "$zsh_words" "$fish_words"; do
    mkdir -p "$(dirname "$file")"
  done
  cp "$here/postern-gateway.service" "$unit"
  cp "$here/60-postern-gateway.rules" "$device_rules"
  # Without polkit nobody asks, and the cloud cannot have the board restarted.
  if [ -d "$(dirname "$(dirname "$restart_rules")")" ]; then
    mkdir -p "$(dirname "$restart_rules")"
    cp "$here/50-postern-gateway.polkit.rules" "$restart_rules"
  fi
  cp "$here/share/postern.1" "$manual"
  cp "$here/share/postern.bash" "$bash_words"
  cp "$here/share/postern.zsh" "$zsh_words"
  cp "$here/share/postern.fish" "$fish_words"
  cat >"$command.new" <<'TEXT'
#!/bin/sh
exec /opt/postern-gateway/current/bin/node --disable-warning=ExperimentalWarning --max-semi-space-size=1 /opt/postern-gateway/current/lib/postern-gateway.mjs "$@"
TEXT
  chmod 755 "$command.new"
  mv "$command.new" "$command"
}

make_settings() {
  mkdir -p "$settings"
  if [ ! -e "$settings/gateway.toml" ]; then
    cp "$here/gateway.toml.example" "$settings/gateway.toml"
    chmod 640 "$settings/gateway.toml"
    wants_settings=yes
  fi
  chmod 750 "$settings"
  # The gateway writes there when the cloud sends it settings; which of them it may, the file itself says.
  if [ -z "$root" ]; then chown -R "$account:$account" "$settings"; fi
  # Only who steers uplinks may change routes.
  if grep -q '^[[:space:]]*\[uplinks\]' "$settings/gateway.toml"; then
    mkdir -p "$(dirname "$uplinks")"
    cp "$here/postern-gateway-uplinks.conf" "$uplinks"
  else
    rm -f "$uplinks"
  fi
}

# An upgrade that does not come up is taken back.
start_service() {
  manages || return 0
  systemctl daemon-reload
  if command -v udevadm >/dev/null 2>&1; then
    udevadm control --reload || true
    udevadm trigger --action=add --subsystem-match=leds --subsystem-match=watchdog --subsystem-match=input || true
  fi
  systemctl enable --quiet postern-gateway.service
  if [ "$wants_settings" = yes ]; then return 0; fi
  say "starting the service"
  if systemctl restart postern-gateway.service && sleep 3 && systemctl is-active --quiet postern-gateway.service; then
    return 0
  fi
  journalctl -u postern-gateway.service -n 20 --no-pager || true
  if [ -n "$before" ] && [ "$before" != "$version" ] && [ -d "$program/releases/$before" ]; then
    point current "$before"
    systemctl restart postern-gateway.service || true
    fail "version $version does not start: version $before is back; its last words are above"
  fi
  fail "the service does not start: its last words are above"
}

install_gateway() {
  wants_settings=no
  check_system
  before=$(points_at current)
  say "installing Postern gateway $version${before:+ (now: $before)}"
  make_account
  copy_release
  if [ -n "$before" ] && [ "$before" != "$version" ]; then point previous "$before"; fi
  point current "$version"
  # Of older versions only the one before is kept.
  kept=$(points_at previous)
  for release in "$program"/releases/*; do
    case ${release##*/} in "$version" | "$kept") ;; *) rm -rf "$release" ;; esac
  done
  copy_rest
  make_settings
  if [ "$starts" = yes ]; then start_service; fi
  say "installed"
  if [ "$wants_settings" = yes ]; then
    say "next: write the address of your cloud into ${settings#"$root"}/gateway.toml, then"
    say "  sudo postern gateway doctor --config /etc/postern/gateway.toml"
    say "  sudo systemctl start postern-gateway"
  fi
}

uninstall_gateway() {
  [ -n "$root" ] || [ "$(id -u)" = 0 ] || fail "this needs root: run it with sudo"
  if manages && [ -e "$unit" ]; then systemctl disable --now postern-gateway.service || true; fi
  rm -f "$unit" "$uplinks" "$device_rules" "$restart_rules" "$command" "$manual" "$bash_words" "$zsh_words" "$fish_words"
  rmdir "$(dirname "$uplinks")" 2>/dev/null || true
  rm -f "$root/usr/lib/sysusers.d/postern-gateway.conf"
  rm -rf "$program"
  if manages; then systemctl daemon-reload; fi
  if [ "$purges" = yes ]; then
    rm -rf "$settings" "$state"
    say "removed, with settings and state"
  else
    say "removed; settings (${settings#"$root"}) and state (${state#"$root"}) are still there"
  fi
}

case $action in
  install) install_gateway ;;
  uninstall) uninstall_gateway ;;
esac
