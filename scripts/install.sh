#!/usr/bin/env bash
# Installs netminder as a service of Debian (or a relative of it) under systemd, from a checkout in which `npm ci` has run:
#
#   install.sh [install] [--prefix /opt/netminder] [--data-dir /var/lib/netminder]
#              [--log PATH | --log docker:CONTAINER]…    log of HAProxy: a file, or the json-file log of a container
#              [--hockeypuck-log PATH | docker:CONTAINER]  log of Hockeypuck itself
#              [--haproxy-lists DIR]                     folder that holds blacklist.list
#              [--list-in-proxy PATH]                    the same file as HAProxy (in its container) names it
#              [--admin-socket PATH | HOST:PORT]         HAProxy's admin socket
#              [--keyserver-url URL] [--no-start] [--dry-run]
#   install.sh upgrade [--no-start] [--dry-run]          this checkout replaces the installed program; data and settings stay
#   install.sh remove [--purge] [--force] [--dry-run]    lifts every block, then removes the program; --purge data and user as
#                                                        well; --force although a block could not be lifted
#
# Safe to repeat: a second run with the same options changes nothing, one with other options changes what they say. With
# DESTDIR in the environment everything is written below that folder and nothing of the running system is touched.
# Exit codes: 64 usage, 66 a named path is missing, 69 something is not there, 73 in the way, 77 not root.
set -euo pipefail

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
templates=$checkout/scripts/systemd
destdir=${DESTDIR:-}
destdir=${destdir%/}
user=netminder
settings_dir=/etc/netminder
unit_dir=/etc/systemd/system
wrapper=/usr/local/bin/netminder
marker=.installed-by-netminder
units=(netminder.service netminder-sweep.service netminder-sweep.timer)
access_units=(netminder-access.service netminder-access.path)

verb=install
prefix=
data_dir=
logs=()
hockeypuck_log=
lists=
list_in_proxy=
socket=
keyserver_url=
starts=yes
purges=
forces=
dry=
given=

fail() {
  local code=$1
  shift
  echo "install.sh: $*" >&2
  # A rehearsal goes on, so that it shows everything that stands in the way.
  [[ -n $dry && $code != 64 ]] || exit "$code"
}

say() { echo "install.sh: $*" >&2; }

# Runs a command that changes something, or shows it.
run() {
  if [[ -n $dry ]]; then
    printf 'would run:'
    printf ' %q' "$@"
    echo
  else
    "$@"
  fi
}

# The same for what concerns the running system (users, services), which a staged installation leaves alone.
run_on_system() {
  if [[ -z $destdir ]]; then
    run "$@"
  elif [[ -n $dry ]]; then
    echo "would run, were this not staged: $*"
  fi
}

# put PATH MODE < content: replaces the file as a whole, if its content differs.
put() {
  local target=$destdir$1 mode=$2 content
  content=$(cat && echo .)
  content=${content%.}
  if [[ -f $target ]] && cmp -s -- "$target" <(printf %s "$content"); then
    return 0
  fi
  if [[ -n $dry ]]; then
    echo "would write: $1 ($mode)"
    printf %s "$content" | sed 's/^/    /'
    return 0
  fi
  mkdir -p -- "$(dirname -- "$target")"
  printf %s "$content" >"$target.new"
  chmod "$mode" -- "$target.new"
  mv -f -- "$target.new" "$target"
}

check_path() { # OPTION VALUE: systemd gives "%", "$" and blanks a meaning of their own
  [[ $2 =~ ^/[A-Za-z0-9._/@:+,=-]+$ && $2 != */../* ]] ||
    fail 64 "expected an absolute path of letters, digits and ._/@:+,=- after $1, got \"$2\""
}

parse() {
  case ${1:-} in
    install | upgrade | remove) verb=$1 && shift ;;
    -h | --help) sed -n '2,/^set -euo/{s/^# \{0,1\}//;/^set -euo/!p}' "${BASH_SOURCE[0]}" && exit 0 ;;
    -* | '') ;;
    *) fail 64 "expected install, upgrade or remove, got \"$1\" (see --help)" ;;
  esac
  while [[ $# -gt 0 ]]; do
    case $1 in
      --no-start) starts= ;;
      --purge) purges=yes ;;
      --force) forces=yes ;;
      --dry-run) dry=yes ;;
      --prefix | --data-dir | --log | --hockeypuck-log | --haproxy-lists | --list-in-proxy | --admin-socket | --keyserver-url)
        [[ -n ${2:-} ]] || fail 64 "expected a value after $1"
        set_option "$1" "${2%/}"
        shift
        ;;
      *) fail 64 "expected an option, got \"$1\" (see --help)" ;;
    esac
    shift
  done
  [[ -z $purges$forces || $verb == remove ]] || fail 64 "--purge and --force belong to remove"
  [[ $verb != remove || -n $starts ]] || fail 64 "--no-start belongs to install and upgrade"
  [[ $verb == install || -z $given ]] || fail 64 "expected no $given with $verb: settings stay as they were installed"
}

set_option() {
  case $1 in
    --admin-socket) [[ $2 =~ ^[A-Za-z0-9._:-]+:[0-9]+$ || $2 == /* ]] || fail 64 "expected a path or HOST:PORT after $1, got \"$2\"" ;;
    --log | --hockeypuck-log) [[ $2 =~ ^docker:[A-Za-z0-9][A-Za-z0-9_.-]*$ ]] || check_path "$1" "$2" ;;
    --keyserver-url) [[ $2 =~ ^https?://[A-Za-z0-9._:/@%+-]+$ ]] || fail 64 "expected an http or https address after $1, got \"$2\"" ;;
    *) check_path "$1" "$2" ;;
  esac
  [[ $1 != --admin-socket || $2 != /* ]] || check_path "$1" "$2"
  given=${given:-$1}
  case $1 in
    --prefix) prefix=$2 ;;
    --data-dir) data_dir=$2 ;;
    --log) logs+=("$2") ;;
    --hockeypuck-log) hockeypuck_log=$2 ;;
    --haproxy-lists) lists=$2 ;;
    --list-in-proxy) list_in_proxy=$2 ;;
    --admin-socket) socket=$2 ;;
    --keyserver-url) keyserver_url=$2 ;;
  esac
}

check_system() {
  local release=$destdir/etc/os-release
  [[ -f $release ]] || release=/etc/os-release
  grep -qE '^ID(_LIKE)?="?([a-z ]* )?(debian|ubuntu)' "$release" 2>/dev/null ||
    fail 69 "expected Debian or a relative of it, got $(sed -n 's/^PRETTY_NAME=//p' "$release" 2>/dev/null || echo 'no /etc/os-release')"
  [[ -z $destdir ]] || return 0
  [[ $(id -u) == 0 ]] || fail 77 "expected root (sudo scripts/install.sh …), got $(id -un)"
  [[ -d /run/systemd/system ]] || fail 69 "expected a system that runs under systemd, got $(cat /proc/1/comm)"
}

check_checkout() {
  [[ -f $checkout/dist/main.js ]] || fail 69 "expected the compiled program at $checkout/dist; run \"npm ci\" there first"
  [[ -x $checkout/node_modules/node/bin/node ]] ||
    fail 69 "expected Node at $checkout/node_modules/node; run \"npm ci\" there with install scripts allowed"
  case $prefix in
    / | /usr | /usr/local | /opt | /etc | /var | /home | "$checkout" | "$checkout"/*) fail 64 "expected a folder of its own for --prefix, got $prefix" ;;
  esac
  if [[ -e $destdir$prefix && ! -f $destdir$prefix/$marker ]]; then
    fail 73 "expected $prefix to be free or ours, got something else; name another with --prefix"
  fi
  if is_below_home "$data_dir" || [[ $data_dir == /tmp/* ]]; then
    fail 64 "expected --data-dir outside homes and /tmp, which the service cannot see, got $data_dir"
  fi
}

is_container() { [[ $1 == docker:* ]]; }

check_paths() {
  local log needs_acl=
  for log in "${logs[@]}" ${hockeypuck_log:+"$hockeypuck_log"}; do
    if is_container "$log"; then
      needs_acl=yes
      [[ -n $destdir ]] || docker inspect --type container -- "${log#docker:}" >/dev/null 2>&1 ||
        fail 66 "expected a container ${log#docker:}, got none (docker ps --format '{{.Names}}')"
    else
      needs_acl=yes
      [[ -f $log || -p $log ]] || fail 66 "expected a log file at $log, got $(describe "$log")"
    fi
  done
  if [[ -n $lists ]]; then
    needs_acl=yes
    [[ -d $lists ]] || fail 66 "expected a directory at $lists, got $(describe "$lists")"
  fi
  if [[ $socket == /* ]]; then
    needs_acl=yes
    [[ -S $socket ]] || fail 66 "expected a socket at $socket, got $(describe "$socket")"
  fi
  [[ -z $socket || -n $lists ]] || fail 64 "expected --haproxy-lists with --admin-socket: a ban is written into the list as well, or a reload would end it"
  [[ -z $needs_acl ]] || command -v setfacl >/dev/null || fail 69 "expected setfacl; run \"apt install acl\""
}

describe() {
  if [[ -d $1 ]]; then echo "a directory"; elif [[ -e $1 ]]; then echo "something else"; else echo "nothing"; fi
}

# The folders of the packages that run needs: those of the lock file that are neither for developing nor the compiler.
production_packages() {
  "$checkout/node_modules/node/bin/node" -e '
    const { existsSync, readFileSync } = require("node:fs")
    const { packages } = JSON.parse(readFileSync(process.argv[1] + "/package-lock.json", "utf8"))
    for (const [path, entry] of Object.entries(packages)) {
      if (!/^node_modules\/(@[^/]+\/)?[^/]+$/.test(path) || entry.dev || entry.devOptional || path === "node_modules/typescript") continue
      if (existsSync(process.argv[1] + "/" + path)) console.log(path)
    }' "$checkout"
}

copy_program() {
  local next=$destdir$prefix.new packages=() part
  if [[ -n $dry ]]; then
    echo "would copy: $checkout (dist, bin, docs, protocols, scripts, production packages with Node) to $prefix"
    return 0
  fi
  mapfile -t packages < <(production_packages)
  # The demo plays it.
  [[ ! -e $checkout/test/fixtures/traffic ]] || packages+=(test/fixtures/traffic)
  rm -rf -- "$next"
  mkdir -p -- "$next"
  for part in bin dist docs models protocols scripts package.json package-lock.json README.md LICENSE config.example.toml; do
    [[ ! -e $checkout/$part ]] || cp -a -- "$checkout/$part" "$next/"
  done
  (cd "$checkout" && cp -a --parents -- "${packages[@]}" "$next/")
  touch -- "$next/$marker"
  chmod -R u=rwX,go=rX -- "$next"
  [[ -n $destdir ]] || chown -R root:root -- "$next"
  # The old program is moved aside and not overwritten: a daemon that still runs keeps its files.
  rm -rf -- "$destdir$prefix.old"
  [[ ! -e $destdir$prefix ]] || mv -T -- "$destdir$prefix" "$destdir$prefix.old"
  mv -T -- "$next" "$destdir$prefix"
  rm -rf -- "$destdir$prefix.old"
}

# shellcheck source=SCRIPTDIR/systemd/settings.sh
source "$templates/settings.sh"

make_user() {
  getent group "$user" >/dev/null || run_on_system groupadd --system "$user"
  getent passwd "$user" >/dev/null ||
    run_on_system useradd --system --gid "$user" --home-dir "$data_dir" --no-create-home --shell /usr/sbin/nologin "$user"
}

make_data_dir() {
  [[ -d $destdir$data_dir ]] || run mkdir -p -- "$destdir$data_dir"
  run chmod 0700 -- "$destdir$data_dir"
}

own_data_dir() { run_on_system chown -R "$user:$user" -- "$data_dir"; }

start_services() {
  run_on_system systemctl daemon-reload
  [[ -n $starts ]] || return 0
  run_on_system systemctl enable "${enabled_units[@]}"
  run_on_system systemctl restart "${enabled_units[@]}"
}

install_all() {
  check_system
  read_record
  prefix=${prefix:-/opt/netminder}
  data_dir=${data_dir:-/var/lib/netminder}
  check_checkout
  check_paths
  make_user
  make_data_dir
  copy_program
  write_record
  write_access
  write_units
  write_config
  own_data_dir
  start_services
  [[ -n $dry || -n $destdir ]] || say "done; ask with: netminder status, netminder doctor, journalctl -u netminder"
}

find_installation() {
  read_record
  [[ -n $prefix && -f $destdir$prefix/$marker ]] ||
    dry='' fail 66 "expected an installed netminder, got none ($settings_dir/install names ${prefix:-nothing})"
}

upgrade_all() {
  check_system
  find_installation
  check_checkout
  copy_program
  write_units
  own_data_dir
  start_services
}

remove_all() {
  local unit
  check_system
  find_installation
  [[ ! -e $destdir$unit_dir/netminder-access.path ]] || enabled_units+=(netminder-access.path)
  run_on_system systemctl disable --now "${enabled_units[@]}" || true
  # As root: access by ACL and group may be gone already, and no block of ours may outlive the program that would end it.
  run_on_system "$prefix/node_modules/node/bin/node" "$prefix/bin/netminder.js" actuators sweep --all --data-dir "$data_dir" ||
    [[ -n $forces ]] ||
    fail 69 "expected every block of ours to be lifted; mend what is named above and repeat, or add --force; nothing was removed"
  run_on_system "$prefix/scripts/systemd/grant-access.sh" --revoke || true
  for unit in "${units[@]}" "${access_units[@]}"; do
    run rm -f -- "$destdir$unit_dir/$unit"
  done
  for unit in netminder netminder-sweep; do
    run rm -f -- "$destdir$unit_dir/$unit.service.d/10-keyserver.conf"
    [[ ! -d $destdir$unit_dir/$unit.service.d ]] || run rmdir --ignore-fail-on-non-empty -- "$destdir$unit_dir/$unit.service.d"
  done
  run_on_system systemctl daemon-reload
  run rm -f -- "$destdir$wrapper"
  run rm -rf -- "$destdir${prefix:?}" "$destdir$settings_dir"
  if [[ -n $purges ]]; then run rm -rf -- "$destdir${data_dir:?}"; fi
  # Data that stays keeps its user: another one could be given the number, and with it the tokens.
  if [[ -n $purges ]]; then run_on_system userdel "$user" || true; fi
  [[ -n $purges || -n $dry ]] || say "data and user stay ($data_dir); install.sh remove --purge would have removed them"
}

parse "$@"
case $verb in
  install) install_all ;;
  upgrade) upgrade_all ;;
  remove) remove_all ;;
esac
