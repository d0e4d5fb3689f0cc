/* SPDX-License-Identifier: Apache-2.0 */
/* forge_referral KEYTAB CACHE SERVICE CLIENT REALM LOGON_INFO REQUESTER
 *
 * Does what the KDC of a realm can do that a domain trusts: makes a ticket-granting ticket of that
 * domain (SERVICE is krbtgt/DOMAIN@REALM) for CLIENT@REALM. Its PAC has the buffers of two files.
 * The keytab has the key of the trust. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "bytes.h"
#include "negotiate_forge.h"

static void read_file(const char *path, struct bytes *to)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    for (int c = getc(file); c != EOF; c = getc(file))
        bytes_append_char(to, (char)c);
    fclose(file);
}

int main(int argc, char **argv)
{
    BYTES_CLEANUP struct bytes logon_info = {0}, requester = {0};
    if (argc != 8)
        return 2;
    read_file(argv[6], &logon_info);
    read_file(argv[7], &requester);
    const struct forged_ticket ticket = {.service = argv[3],
                                         .client = {argv[4]},
                                         .client_realm = bytes_view(argv[5]),
                                         .start_s = -60,
                                         .end_s = 3600,
                                         .logon_info = bytes_as_view(&logon_info),
                                         .requester = bytes_as_view(&requester),
                                         .pac = FORGED_PAC};
    free(forge_cache(argv[1], argv[2], &ticket));
    return 0;
}
