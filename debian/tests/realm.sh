# SPDX-License-Identifier: Apache-2.0
# A throw-away Kerberos realm, and the checks of a server, for the scripts apache and nginx. A script
# sets the variables keytab, digest_users, page, pid_file and error_log, defines stop_server, and configures
# http://localhost/intranet/.

realm=SSPI.TEST
dir=$(mktemp -d)
# The servers' account reads krb5.conf.
chmod 755 "$dir"
finish() {
    stop_server
    [ ! -e "$dir/kdc.pid" ] || kill "$(cat "$dir/kdc.pid")"
    rm -rf "$dir"
}
trap finish EXIT
trap 'exit 130' HUP INT TERM

export KRB5_CONFIG="$dir/krb5.conf" KRB5_KDC_PROFILE="$dir/kdc.conf" KRB5CCNAME="FILE:$dir/ccache"

start_realm() {
    cat >"$KRB5_CONFIG" <<EOF
[libdefaults]
    default_realm = $realm
    dns_lookup_kdc = false
    dns_canonicalize_hostname = false
    rdns = false
[realms]
    $realm = {
        kdc = 127.0.0.1:8888
    }
[domain_realm]
    localhost = $realm
EOF
    cat >"$KRB5_KDC_PROFILE" <<EOF
[kdcdefaults]
    kdc_listen = 127.0.0.1:8888
    kdc_tcp_listen = 127.0.0.1:8888
[realms]
    $realm = {
        database_name = $dir/principal
        key_stash_file = $dir/stash
        acl_file = $dir/acl
    }
EOF
    kdb5_util create -s -r "$realm" -P "$(openssl rand -hex 16)" >"$dir/log" 2>&1 || cat "$dir/log"
    kadmin.local -q 'addprinc -pw secret alice' >>"$dir/log" 2>&1
    kadmin.local -q 'addprinc -randkey HTTP/localhost' >>"$dir/log" 2>&1
    kadmin.local -q "ktadd -k $keytab HTTP/localhost" >>"$dir/log" 2>&1
    chmod 600 "$keytab"
    # It goes into the background when its sockets are open.
    krb5kdc -P "$dir/kdc.pid" >>"$dir/log" 2>&1
    echo secret | kinit alice
}

# Prints the status of a request.
get() {
    curl -s -o "$dir/page" -w '%{http_code}\n' "$@"
}

# expect STATUS DESCRIPTION CURL-ARGUMENTS...
expect() {
    expected=$1
    what=$2
    shift 2
    got=$(get "$@")
    if [ "$got" = "$expected" ]; then
        echo "$what: $got, as expected"
    else
        echo "$what: $got instead of $expected" >&2
        tail "$error_log" >&2
        exit 1
    fi
}

check_stock_page() {
    expect 200 "a page of the server's own configuration" http://localhost/
}

check_logins() {
    check_stock_page
    expect 401 'a request without credentials' http://localhost/intranet/
    expect 200 'Kerberos' --negotiate -u : http://localhost/intranet/
    expect 200 'Digest' --digest -u bob:secret http://localhost/intranet/
    expect 401 'a wrong password' --digest -u bob:wrong http://localhost/intranet/
}

# Both servers use port 80.
stop_services() {
    service apache2 stop || true
    service nginx stop || true
}

make_site() {
    mkdir -p "$page"
    echo welcome >"$page/index.html"
    echo secret | sspi-passwd --stdin -c -r Intranet "$digest_users" bob
}

# stop COMMAND...: runs a command that stops the server, and waits for its end.
stop() {
    [ -s "$pid_file" ] || return 0
    pid=$(cat "$pid_file")
    "$@"
    tail --pid="$pid" -f /dev/null
}
