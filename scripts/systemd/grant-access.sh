#!/bin/sh
# Gives the user netminder the access that the stock permissions of a keyserver deny, and nothing more; run as root by systemd
# at every start, every minute, and when HAProxy has made a new admin socket. What to open stands in /etc/netminder/access,
# one "KIND<tab>VALUE" a line, written by install.sh:
#
#   log PATH          a log file: read it
#   docker NAME       log of a container: found by `docker inspect`, linked as /run/netminder-access/NAME.log
#   socket PATH       admin socket of HAProxy: read and write
#   lists DIR         folder of HAProxy's lists: write in it
#
# Nothing is set that is set already. `--revoke` takes it all back. What cannot be opened is said on stderr and counted in the
# exit code (75); the rest is opened all the same.
set -eu

user=${NETMINDER_ACCESS_USER:-netminder}
grants=${NETMINDER_ACCESS_FILE:-/etc/netminder/access}
links=/run/netminder-access
tab=$(printf '\t')
revoke=
failed=0
[ "${1:-}" != --revoke ] || revoke=1

warn() {
  echo "grant-access: $*" >&2
  failed=$((failed + 1))
}

# open_for PATH PERMISSIONS [default]: one ACL entry, if it is not there yet.
open_for() {
  target=$1 permissions=$2 kind=${3:-}
  # A link here could point an entry at any file of the system.
  if [ -L "$target" ]; then
    warn "expected $target to be no symbolic link"
    return 0
  fi
  if [ -n "$revoke" ]; then
    setfacl ${kind:+-d} -x "u:$user" -- "$target" 2>/dev/null || warn "could not take back access to $target"
    return 0
  fi
  # The mask can make an entry void (a chmod after it does), so what counts is its effect.
  getfacl -cpe -- "$target" 2>/dev/null |
    grep -q "^${kind:+default:}user:${user}:${permissions}[[:space:]]*#effective:${permissions}\$" && return 0
  setfacl ${kind:+-d} -m "u:$user:$permissions" -- "$target" 2>/dev/null ||
    warn "could not open $target (does its file system have ACLs?)"
}

# Directories above, as far as others may not pass through them. The unit mounts what lies below a home, so homes stay shut.
open_way_to() {
  case ${1#/} in home/* | root/* | run/user/*) return 0 ;; esac
  above=$(dirname -- "$1")
  while [ "$above" != / ]; do
    case $(stat -c %A -- "$above") in
      *[xt]) ;;
      *) open_for "$above" --x ;;
    esac
    above=$(dirname -- "$above")
  done
}

# A file that logrotate makes anew is opened within a minute; the position in the old one is kept until then.
open_log() {
  if [ ! -f "$1" ]; then
    warn "expected a log file at $1"
    return 0
  fi
  open_way_to "$1"
  case $(stat -c %A -- "$(dirname -- "$1")") in
    *r-x | *rwx | *r-t | *rwt) ;;
    *) open_for "$(dirname -- "$1")" r-x ;;
  esac
  open_for "$1" r--
}

# A container that is made anew gets another id and so another path; the link keeps one name for it.
open_container() {
  log=$(timeout 20 docker inspect --type container --format '{{.LogPath}}' -- "$1" 2>/dev/null) || log=
  if [ -z "$log" ]; then
    [ -n "$revoke" ] || warn "expected a container $1 with a json-file log (docker inspect)"
    return 0
  fi
  open_log "$log"
  # The directory is this container's alone: log files that Docker makes there later are open from the start.
  open_for "$(dirname -- "$log")" r-- default
  [ -z "$revoke" ] || return 0
  mkdir -p "$links"
  chmod 0755 "$links"
  # Docker rotates to .1; that link may point nowhere.
  for suffix in '' .1; do
    if [ "$(readlink -- "$links/$1.log$suffix" 2>/dev/null)" != "$log$suffix" ]; then
      ln -sfn -- "$log$suffix" "$links/$1.log$suffix.new"
      mv -fT -- "$links/$1.log$suffix.new" "$links/$1.log$suffix"
    fi
  done
}

open_socket() {
  if [ ! -S "$1" ]; then
    warn "expected a socket at $1"
    return 0
  fi
  open_way_to "$1"
  open_for "$1" rw-
}

open_lists() {
  if [ ! -d "$1" ]; then
    warn "expected a directory at $1"
    return 0
  fi
  open_way_to "$1"
  open_for "$1" rwx
  [ ! -f "$1/blacklist.list" ] || open_for "$1/blacklist.list" r--
}

[ -f "$grants" ] || exit 0
command -v setfacl >/dev/null || {
  echo "grant-access: expected setfacl (Debian package acl)" >&2
  exit 69
}
while IFS=$tab read -r kind value; do
  case $kind in
    log) open_log "$value" ;;
    docker) open_container "$value" ;;
    socket) open_socket "$value" ;;
    lists) open_lists "$value" ;;
    '' | '#'*) ;;
    *) warn "expected log, docker, socket or lists in $grants, got \"$kind\"" ;;
  esac
done <"$grants"
[ -z "$revoke" ] || rm -rf "$links"
[ "$failed" = 0 ] || exit 75
