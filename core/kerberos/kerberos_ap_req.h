/* SPDX-License-Identifier: Apache-2.0 */
/* What can be read of an AP-REQ without a key: for whom the ticket is, which key it wants, and the
 * authenticator's ciphertext, which names this one use of the ticket. Nothing of it is proven.
 * Pure. */
#ifndef KERBEROS_AP_REQ_H
#define KERBEROS_AP_REQ_H

#include "bytes.h"

/* Components of a service name, and its whole text with a NUL. */
#define KERBEROS_AP_REQ_COMPONENTS_LIMIT 8
#define KERBEROS_AP_REQ_PRINCIPAL_SIZE   1024

enum kerberos_ap_req_status {
    KERBEROS_AP_REQ_OK,
    KERBEROS_AP_REQ_OTHER_MECHANISM, /* framed, or not framed, as something else than krb5 */
    KERBEROS_AP_REQ_MALFORMED,
    KERBEROS_AP_REQ_BAD_NAME /* service or realm holds a control character, or is not UTF-8 */
};

struct kerberos_ap_req {
    struct sspi_view realm;   /* of the ticket; borrowed from the token */
    struct sspi_view message; /* the AP-REQ without framing; borrowed from the token */
    struct sspi_view cipher;  /* the authenticator's; borrowed from the token */
    bool has_kvno;
    uint32_t kvno; /* of the key the ticket is encrypted with */
    int32_t etype; /* of the same key */
    /* The ticket's service as krb5_unparse_name() writes it: "HTTP/host@REALM"; `/`, `@` and `\`
     * within a component have a backslash before them, so that no two names read the same. */
    char principal[KERBEROS_AP_REQ_PRINCIPAL_SIZE];
};

/* Reads a GSS-framed AP-REQ (RFC 2743 3.1, RFC 4121 4.1, RFC 4120 5.5.1). On other statuses than OK
 * *ret_view is not set, except for the principal of BAD_NAME, which a log line may show escaped.
 * RFC 4120 5.2.1 has names in ASCII; names in UTF-8 are in use and accepted. */
enum kerberos_ap_req_status kerberos_ap_req_parse(struct sspi_view token,
                                                  struct kerberos_ap_req *ret_view) MUST_USE;

#endif
