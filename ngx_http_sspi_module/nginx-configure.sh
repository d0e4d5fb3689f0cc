#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Usage: nginx-configure.sh SRC OUT
# Makes ngx_auto_config.h and ngx_auto_headers.h in OUT, because the package nginx-dev lacks them.
# Runs nginx's own configure in SRC, with the flags of the distribution's nginx if SRC has them.
set -eu

src=$1
mkdir -p "$2"
out=$(cd "$2" && pwd)

NGX_CONF_FLAGS=(--with-compat --with-threads --with-http_ssl_module --with-http_v2_module)

cd "$src"
[ -f conf_flags ] && . ./conf_flags
configure=./configure
[ -x "$configure" ] || configure=auto/configure

if ! "$configure" --with-cc-opt=-fPIC "${NGX_CONF_FLAGS[@]}" --builddir="$out/objs" \
    >"$out/nginx-configure.log" 2>&1; then
    echo "nginx's configure in $src failed:" >&2
    tail -n 20 "$out/nginx-configure.log" >&2
    exit 1
fi

cp "$out/objs/ngx_auto_config.h" "$out/objs/ngx_auto_headers.h" "$out/"
