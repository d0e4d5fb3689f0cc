/* SPDX-License-Identifier: Apache-2.0 */
/* Verifies a password of Basic by the lines of the user files of Digest and NTLM. */
#ifndef REQUEST_BASIC_FILE_H
#define REQUEST_BASIC_FILE_H

#include "package_password.h"
#include "request_exchange.h"

/* The user files that a location verifies passwords by. NULL: the location does not name one. */
struct request_basic_files {
    struct acceptor_source *digest, *nt;
};

/* Compares the password with all lines that the name can mean. "alice" is a user of Digest in the
 * realm of the location, then a user of NTLM in the domain of the file. "DOMAIN\alice" is a user of
 * NTLM. The work depends only on the lengths of name and password, so that unknown users cost the
 * same. GRANTED: exchange->identity is set. WRONG_PASSWORD: nothing is logged or counted yet.
 * Otherwise the request ends for the reason, which is logged. Reads no file. */
enum sspi_reason request_basic_file_verify(struct sspi_exchange *exchange,
                                           const struct request_basic_files *files,
                                           const struct package_password *in) MUST_USE;

#endif
