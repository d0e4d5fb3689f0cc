/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the parts of an AP-REQ that need no key: the service of the ticket, the key that the ticket
 * needs, and the authenticator's ciphertext. The ciphertext is different for each use of the
 * ticket. Nothing that is read here is verified. Pure. */
#ifndef KERBEROS_AP_REQ_H
#define KERBEROS_AP_REQ_H

#include "bytes.h"

/* Limits for a service name: its components, and its text with a NUL. */
#define KERBEROS_AP_REQ_COMPONENTS_LIMIT 8
#define KERBEROS_AP_REQ_PRINCIPAL_SIZE   1024

enum kerberos_ap_req_status {
    KERBEROS_AP_REQ_OK,
    KERBEROS_AP_REQ_OTHER_MECHANISM, /* not framed, or framed as another mechanism than krb5 */
    KERBEROS_AP_REQ_MALFORMED,
    KERBEROS_AP_REQ_BAD_NAME /* a control character, or not UTF-8, in service or realm */
};

struct kerberos_ap_req {
    struct sspi_view realm;   /* of the ticket; borrowed from the token */
    struct sspi_view message; /* the AP-REQ without framing; borrowed from the token */
    struct sspi_view ticket;  /* the Ticket in DER; borrowed from the token */
    struct sspi_view cipher;  /* the authenticator's ciphertext; borrowed from the token */
    bool has_kvno;
    uint32_t kvno; /* version of the key that encrypts the ticket */
    int32_t etype; /* encryption type of the same key */
    /* The ticket's service as krb5_unparse_name() writes it: "HTTP/host@REALM". A backslash stands
     * before `/`, `@` and `\` within a component, so that different names have different texts. */
    char principal[KERBEROS_AP_REQ_PRINCIPAL_SIZE];
};

/* Reads a GSS-framed AP-REQ (RFC 2743 3.1, RFC 4121 4.1, RFC 4120 5.5.1). Only OK sets *ret_view.
 * BAD_NAME sets its principal, which a log line may show escaped. RFC 4120 5.2.1 allows only ASCII
 * in names. Names in UTF-8 are in use, and are accepted. */
enum kerberos_ap_req_status kerberos_ap_req_parse(struct sspi_view token,
                                                  struct kerberos_ap_req *ret_view) MUST_USE;

#endif
