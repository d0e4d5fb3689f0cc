/* SPDX-License-Identifier: Apache-2.0 */
/* A krb5.conf of the test's own, whose default realm is SSPI.TEST. */
#ifndef KRB5_FIXTURE_H
#define KRB5_FIXTURE_H

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REALM "SSPI.TEST"

static char krb5_fixture_path[] = "/tmp/sspi-krb5-XXXXXX";

/* Returns 0, or -1 like the setup of a group. */
static inline int krb5_fixture_start(void)
{
    static const char text[] = "[libdefaults]\n    default_realm = " REALM "\n"
                               "    dns_lookup_kdc = false\n    dns_lookup_realm = false\n";
    int file = mkstemp(krb5_fixture_path);
    if (file < 0)
        return -1;
    bool written = write(file, text, strlen(text)) == (ssize_t)strlen(text);
    return close(file) == 0 && written ? setenv("KRB5_CONFIG", krb5_fixture_path, 1) : -1;
}

static inline int krb5_fixture_end(void)
{
    return unlink(krb5_fixture_path);
}

#endif
