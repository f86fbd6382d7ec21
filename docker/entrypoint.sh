#!/bin/sh
# Runs the `cumulet` command as an ordinary user. Only what that user may not do is done as root first: the data volume
# becomes theirs, and they join the group of the Docker socket when one is mounted.
set -e
command="node /cumulet/apps/control-plane/bin/cumulet.mjs"

if [ "$(id -u)" != 0 ] || ! command -v setpriv >/dev/null 2>&1; then
  exec $command "$@"
fi

user=1000
data=${CUMULET_DATA:-/var/lib/cumulet}
mkdir -p "$data"
[ "$(stat -c %u "$data")" = "$user" ] || chown -R "$user:$user" "$data"

groups=--clear-groups
[ -S /var/run/docker.sock ] && groups="--groups=$(stat -c %g /var/run/docker.sock)"
export HOME=/tmp
exec setpriv --reuid="$user" --regid="$user" "$groups" --no-new-privs $command "$@"
