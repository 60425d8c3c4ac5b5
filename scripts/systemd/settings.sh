# shellcheck shell=bash
# Part of install.sh: what an installation remembers, and the files that follow from it (units, drop-ins, access, configuration).
# Everything here is decided by the variables that install.sh has parsed; `put` writes or shows.
# shellcheck disable=SC2154 # destdir, settings_dir, prefix, … are set by install.sh

record=$settings_dir/install
enabled_units=(netminder.service netminder-sweep.timer)

# What an earlier installation was told, as far as this call does not say otherwise.
read_record() {
  local key value known_prefix='' known_data_dir='' recorded_logs=()
  [[ -f $destdir$record ]] || return 0
  while IFS='=' read -r key value; do
    case $key in
      prefix) known_prefix=$value ;;
      dataDir) known_data_dir=$value ;;
      log) recorded_logs+=("$value") ;;
      hockeypuckLog) hockeypuck_log=${hockeypuck_log:-$value} ;;
      lists) lists=${lists:-$value} ;;
      listInProxy) list_in_proxy=${list_in_proxy:-$value} ;;
      socket) socket=${socket:-$value} ;;
      keyserverUrl) keyserver_url=${keyserver_url:-$value} ;;
    esac
  done <"$destdir$record"
  [[ ${#logs[@]} -gt 0 ]] || logs=("${recorded_logs[@]}")
  [[ -z $prefix || -z $known_prefix || $prefix == "$known_prefix" ]] || fail 73 "expected the prefix of the installation that is here, $known_prefix, got $prefix; remove it first"
  [[ -z $data_dir || -z $known_data_dir || $data_dir == "$known_data_dir" ]] || fail 73 "expected the data directory of the installation that is here, $known_data_dir, got $data_dir; remove it first"
  prefix=$known_prefix
  data_dir=$known_data_dir
}

write_record() {
  local log
  {
    echo "# What install.sh was told; upgrade and remove read it."
    echo "prefix=$prefix"
    echo "dataDir=$data_dir"
    for log in "${logs[@]}"; do echo "log=$log"; done
    [[ -z $hockeypuck_log ]] || echo "hockeypuckLog=$hockeypuck_log"
    [[ -z $lists ]] || echo "lists=$lists"
    [[ -z $list_in_proxy ]] || echo "listInProxy=$list_in_proxy"
    [[ -z $socket ]] || echo "socket=$socket"
    [[ -z $keyserver_url ]] || echo "keyserverUrl=$keyserver_url"
  } | put "$record" 0644
}

all_logs() {
  local log
  for log in "${logs[@]}" "$hockeypuck_log"; do [[ -z $log ]] || echo "$log"; done
}

# The group through which a file is open already (Debian: adm for logs, haproxy for its socket). No other group is joined:
# membership of docker or disk would be root.
group_of() { # PATH PERMISSION
  local group mode
  group=$(stat -c %G -- "$1" 2>/dev/null) || return 0
  mode=$(stat -c %A -- "$1")
  case $group in adm | haproxy) ;; *) return 0 ;; esac
  [[ $2 == r && ${mode:4:1} == r || $2 == rw && ${mode:4:2} == rw ]] || return 0
  echo "$group"
}

# What stays shut for a plain user and must be opened by ACL, again and again; read by grant-access.sh.
write_access() {
  local log
  {
    echo "# What grant-access.sh opens for the user netminder; written by install.sh."
    while read -r log; do
      if is_container "$log"; then
        printf 'docker\t%s\n' "${log#docker:}"
      elif [[ -z $(group_of "$log" r) ]]; then
        printf 'log\t%s\n' "$log"
      fi
    done < <(all_logs)
    if [[ $socket == /* && -z $(group_of "$socket" rw) ]]; then printf 'socket\t%s\n' "$socket"; fi
    if [[ -n $lists ]]; then printf 'lists\t%s\n' "$lists"; fi
  } | put "$settings_dir/access" 0644
}

is_below_home() { [[ $1 =~ ^/(home|root|run/user)/ ]]; }

# bind_line WRITES PATH: how the sandbox lets one folder through; homes and /tmp are hidden from it, so theirs are mounted into it.
# "-": a folder that is gone must not keep the node from starting.
bind_line() {
  if is_below_home "$2" || [[ $2 == /tmp/* || $2 == /var/tmp/* ]]; then
    if [[ $1 == yes ]]; then echo "BindPaths=-$2"; else echo "BindReadOnlyPaths=-$2"; fi
  else
    if [[ $1 == yes ]]; then echo "ReadWritePaths=-$2"; else echo "ReadOnlyPaths=-$2"; fi
  fi
}

folders() {
  local log
  [[ -z $lists ]] || bind_line yes "$lists"
  [[ $socket != /* ]] || bind_line no "$(dirname -- "$socket")"
  while read -r log; do
    if is_container "$log"; then bind_line no /var/lib/docker/containers; else bind_line no "$(dirname -- "$log")"; fi
  done < <(all_logs)
}

drop_in() {
  local log groups lines
  groups=$({
    while read -r log; do is_container "$log" || group_of "$log" r; done < <(all_logs)
    [[ $socket != /* ]] || group_of "$socket" rw
  } | sort -u | paste -sd ' ')
  lines=$(folders | sort -u)
  echo "# What the keyserver beside this node needs; written by install.sh from its options."
  echo "[Service]"
  [[ -z $groups ]] || echo "SupplementaryGroups=$groups"
  # Homes are replaced by empty folders, into which only what is named below is mounted.
  ! grep -qE '=-(/home|/root|/run/user)/' <<<"$lines" || echo "ProtectHome=tmpfs"
  [[ -z $lines ]] || echo "$lines"
}

render() { # TEMPLATE: fills in the places; a line @SANDBOX@ becomes the sandbox that all units of the user share
  local state=''
  [[ $data_dir != /var/lib/* ]] || state="StateDirectory=${data_dir#/var/lib/}\nStateDirectoryMode=0700"
  sed -e "/@SANDBOX@/{r $templates/sandbox.in" -e 'd}' "$templates/$1" |
    sed -e "s|@STATE@|$state|" -e "s|@PREFIX@|$prefix|g" -e "s|@DATA_DIR@|$data_dir|g" -e "s|@SOCKET@|$socket|g" \
      -e "s|@NODE@|$prefix/node_modules/node/bin/node|g" -e '/^$/N;/^\n$/D'
}

write_units() {
  local unit
  for unit in "${units[@]}"; do
    render "$unit.in" | put "$unit_dir/$unit" 0644
  done
  for unit in netminder netminder-sweep; do
    drop_in | put "$unit_dir/$unit.service.d/10-keyserver.conf" 0644
  done
  for unit in "${access_units[@]}"; do
    if [[ $socket == /* ]]; then
      render "$unit.in" | put "$unit_dir/$unit" 0644
    elif [[ -e $destdir$unit_dir/$unit ]]; then
      run rm -f -- "$destdir$unit_dir/$unit"
    fi
  done
  [[ $socket != /* ]] || enabled_units+=(netminder-access.path)
  put "$wrapper" 0755 <<WRAPPER
#!/bin/sh
# Starts the installed netminder; written by install.sh.
: "\${NETMINDER_DATA_DIR:=$data_dir}"
export NETMINDER_DATA_DIR
exec $prefix/node_modules/node/bin/node $prefix/bin/netminder.js "\$@"
WRAPPER
}

source_block() { # NAME FORMAT LOG
  local kind=file path=$3 zone=
  if is_container "$3"; then
    kind=docker-json path=/run/netminder-access/${3#docker:}.log zone=UTC
  elif [[ $3 == *-json.log ]]; then
    kind=docker-json zone=UTC
  elif [[ -p $3 ]]; then
    kind=pipe
  fi
  printf '\n[[sources]]\nname = "%s"\nformat = "%s"\nkind = "%s"\npath = "%s"\n' "$1" "$2" "$kind" "$path"
  # Containers run in UTC unless told otherwise, and HAProxy writes times without a zone.
  [[ -z $zone || $2 != haproxy ]] || echo "timeZone = \"$zone\""
}

configuration() {
  local number=0 log in_proxy=$list_in_proxy
  echo "# Written by install.sh; every other key has its default. See docs/CONFIG.md and: netminder config show"
  [[ -z $keyserver_url ]] || printf '\n[keyserver]\nurl = "%s"\n' "$keyserver_url"
  for log in "${logs[@]}"; do
    number=$((number + 1))
    source_block "haproxy$([[ $number == 1 ]] || echo "-$number")" haproxy "$log"
  done
  [[ -z $hockeypuck_log ]] || source_block hockeypuck hockeypuck "$hockeypuck_log"
  [[ -n $lists ]] || return 0
  # Hockeypuck's standalone compose file mounts haproxy/etc to /usr/local/etc/haproxy.
  [[ -n $in_proxy || $lists != */haproxy/etc/lists ]] || in_proxy=/usr/local/etc/haproxy/lists/blacklist.list
  printf '\n[[actuators]]\nname = "haproxy"\nkind = "haproxy"\nlistPath = "%s"\n' "$lists/blacklist.list"
  [[ -z $in_proxy ]] || echo "listPathInProxy = \"$in_proxy\""
  [[ -z $socket ]] || echo "socket = \"$socket\""
}

write_config() {
  local target=$data_dir/netminder.toml
  if [[ -e $destdir$target ]]; then
    [[ $(configuration) == "$(cat -- "$destdir$target")" ]] || say "$target stays as it is; with these options it would say:"$'\n'"$(configuration)"
    return 0
  fi
  configuration | put "$target" 0600
}
