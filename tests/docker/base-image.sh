#!/usr/bin/env bash
# Makes a base image for the Dockerfile out of this machine's own files, for where no image can be pulled:
#   base-image.sh <tag> <node binary>
# It holds Node, npm and the few programs that the Dockerfile and its entry point use, with the libraries they need.
set -euo pipefail
tag=$1
node=$2
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

mkdir -p "$root"/{bin,usr/bin,usr/local/bin,usr/local/lib/node_modules,etc/ssl/certs,tmp,root,var/lib,var/run}
chmod 1777 "$root/tmp"

copy() { # a program and the libraries it is linked with
  cp -L "$1" "$root$2"
  ldd "$1" 2>/dev/null | grep -o '/[^ ]*' | while read -r library; do
    mkdir -p "$root$(dirname "$library")"
    cp -Ln "$library" "$root$library" 2>/dev/null || true
  done
}
copy "$node" /usr/local/bin/node
copy "$(command -v dash || command -v bash)" /bin/sh
for program in env id stat mkdir chown rm ln ls cat uname setpriv chmod dirname sed; do
  copy "$(command -v "$program")" "/usr/bin/$program"
done
# What programs from packages are linked with, and what names are looked up through.
for library in /lib/*-linux-gnu/lib{nss_dns,nss_files,resolv,rt,pthread,dl,m,util,gcc_s,c}.so.[0-9] /usr/lib/*-linux-gnu/libstdc++.so.6; do
  [ -e "$library" ] && mkdir -p "$root$(dirname "$library")" && cp -Ln "$library" "$root$library"
done
cp -r "$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")" "$root/usr/local/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npx-cli.js "$root/usr/local/bin/npx"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/" 2>/dev/null || true
printf 'root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n' >"$root/etc/passwd"
printf 'root:x:0:\nnode:x:1000:\n' >"$root/etc/group"
printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"

tar -C "$root" -c . | docker import --change 'ENV PATH=/usr/local/bin:/usr/bin:/bin NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt' - "$tag"
