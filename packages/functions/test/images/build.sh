#!/usr/bin/env bash
# Makes images that follow the contract of AWS's base images out of this machine's own files, for where none can be
# pulled: /lambda-entrypoint.sh, /var/runtime/bootstrap, /var/task, /opt.
#   build.sh <prefix> <node binary> <python binary>     makes <prefix>/nodejs:22, <prefix>/python:3.12, <prefix>/provided:al2023
set -euo pipefail
prefix=$1
node=$2
python=$3
here=$(cd "$(dirname "$0")" && pwd)
runtimes=$here/../../src/runtimes
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

copy() { # a program and the libraries it is linked with
  mkdir -p "$root$(dirname "$2")"
  cp -L "$1" "$root$2"
  libraries "$1"
}
libraries() {
  ldd "$1" 2>/dev/null | grep -o '/[^ )]*' | while read -r library; do
    mkdir -p "$root$(dirname "$library")"
    cp -Ln "$library" "$root$library" 2>/dev/null || true
  done || true
}
make() { # an image of what is in $root
  tar -C "$root" -c . | docker import \
    --change 'ENV LANG=en_US.UTF-8 TZ=:/etc/localtime PATH=/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin LAMBDA_TASK_ROOT=/var/task LAMBDA_RUNTIME_DIR=/var/runtime' \
    --change 'WORKDIR /var/task' --change 'ENTRYPOINT ["/lambda-entrypoint.sh"]' - "$1" >/dev/null
}

mkdir -p "$root"/{bin,usr/bin,var/task,var/runtime,var/lang/bin,opt,tmp,etc,proc,dev,sys}
chmod 1777 "$root/tmp"
printf 'root:x:0:0:root:/root:/bin/sh\n' >"$root/etc/passwd"
printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
copy "$(command -v dash || command -v bash)" /bin/sh
for program in env cat ls sed tr mktemp sleep curl; do copy "$(command -v "$program")" "/usr/bin/$program"; done
cat >"$root/lambda-entrypoint.sh" <<'SH'
#!/bin/sh
[ $# -eq 1 ] || { echo "entrypoint requires the handler name to be the first argument" >&2; exit 142; }
export _HANDLER="$1"
[ -n "$AWS_LAMBDA_RUNTIME_API" ] || { echo "no Runtime API" >&2; exit 1; }
exec /var/runtime/bootstrap
SH
chmod 755 "$root/lambda-entrypoint.sh"
make "$prefix/provided:al2023"

copy "$node" /var/lang/bin/node
for library in /lib/*-linux-gnu/lib{nss_dns,nss_files,resolv,rt,pthread,dl,m,util,gcc_s,c}.so.[0-9] /usr/lib/*-linux-gnu/libstdc++.so.6; do
  [ -e "$library" ] && mkdir -p "$root$(dirname "$library")" && cp -Ln "$library" "$root$library"
done
cp "$runtimes"/nodejs/*.cjs "$root/var/runtime/"
printf '#!/bin/sh\nexport NODE_PATH=/opt/nodejs/node22/node_modules:/opt/nodejs/node_modules:/var/runtime/node_modules:/var/runtime:/var/task\nexec /var/lang/bin/node /var/runtime/bootstrap.cjs\n' >"$root/var/runtime/bootstrap"
chmod 755 "$root/var/runtime/bootstrap"
make "$prefix/nodejs:22"

home=$("$python" -c 'import sys; print(sys.base_prefix)')
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
rm -rf "$root/var/lang" "$root/var/runtime"
mkdir -p "$root$home/bin" "$root$home/lib" "$root/var/lang/bin" "$root/var/runtime"
cp -L "$home/bin/python$version" "$root$home/bin/"
libraries "$home/bin/python$version"
cp -r "$home/lib/python$version" "$root$home/lib/" 2>/dev/null
rm -rf "$root$home/lib/python$version"/{site-packages,test,idlelib,ensurepip,config-*}
find "$root$home" -name __pycache__ -prune -exec rm -rf {} +
for library in "$home"/lib/python"$version"/lib-dynload/*.so; do libraries "$library"; done
ln -s "$home/bin/python$version" "$root/var/lang/bin/python3"
cp "$runtimes"/python/bootstrap.py "$root/var/runtime/"
printf '#!/bin/sh\nexport CUMULET_OPT=/opt\nexec /var/lang/bin/python3 /var/runtime/bootstrap.py\n' >"$root/var/runtime/bootstrap"
chmod 755 "$root/var/runtime/bootstrap"
make "$prefix/python:3.12"
