/* SPDX-License-Identifier: Apache-2.0 */
/* For the tests that compare the library with Microsoft's pages: one call of AcceptSecurityContext
 * or SaslAcceptSecurityContext as a server written for Windows makes it. It needs only sspi.h. */
#ifndef MSDOCS_CALL_H
#define MSDOCS_CALL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bytes.h"
#include "sspi.h"

/* The input and output of a call. */
struct msdocs_call {
    bool sasl; /* SaslAcceptSecurityContext */
    CredHandle *credential;
    ULONG flags; /* ASC_REQ_ALLOCATE_MEMORY is always added */
    ULONG representation;
    struct sspi_view token;
    const char *binding; /* application data of a SECBUFFER_CHANNEL_BINDINGS; NULL: no buffer */
    bool http;           /* Digest's SECBUFFER_PKG_PARAMS */
    const char *method, *uri, *entity_hash, *realm;
    ULONG result_room; /* octets of a SECBUFFER_CHANNEL_BINDINGS_RESULT; 0: no buffer */
    /* out */
    SEC_CHANNEL_BINDINGS_RESULT result;
    struct bytes answer;
    ULONG attributes;
    TimeStamp expiry;
    struct sspi_error_info error_info;
};

/* Calls with `from` as phContext and `to` as phNewContext. */
SECURITY_STATUS msdocs_call(struct msdocs_call *call, CtxtHandle *from, CtxtHandle *to);

/* As many input buffers as `call` needs, with the memory they point to in `storage`. */
#define MSDOCS_BUFFERS 6
size_t msdocs_call_input(const struct msdocs_call *call, SecBuffer buffers[MSDOCS_BUFFERS],
                         struct bytes *storage);

void msdocs_call_end(struct msdocs_call *call);

/* Prints the error detail if the status is not the expected one. */
#define MSDOCS_CHECK(call, status, wanted)                                                         \
    do {                                                                                           \
        SECURITY_STATUS msdocs_got = (status);                                                     \
        if (msdocs_got != (wanted))                                                                \
            print_message("# error: %s\n", (call)->error_info.text);                               \
        assert_int_equal(msdocs_got, wanted);                                                      \
    } while (0)

/* Acquires a credential with `data` as pAuthData. */
CredHandle msdocs_credential(const char *package, SSPI_ACCEPTOR_DATA *data);

/* Every single bit of fContextReq that a page names. */
extern const ULONG msdocs_flags[];
extern const size_t msdocs_n_flags;

#endif
