/* SPDX-License-Identifier: Apache-2.0 */
#include "kerberos_authenticator.h"

#include <krb5/krb5.h>

/* RFC 4121 4.1.1: the checksum's type, and where its Bnd field is. */
#define CHECKSUM_TYPE 0x8003
#define BND_OFFSET    4
#define BND_LEN       16

static enum kerberos_authenticator_binding read_binding(const krb5_authenticator *authenticator)
{
    const krb5_checksum *checksum = authenticator->checksum;
    unsigned char any = 0;
    /* The type is 16 bits in the RFC and a signed number in the protocol. */
    if (checksum == NULL || (checksum->checksum_type & 0xFFFF) != CHECKSUM_TYPE ||
        checksum->contents == NULL || checksum->length < BND_OFFSET + BND_LEN)
        return KERBEROS_AUTHENTICATOR_UNBOUND;
    for (size_t i = 0; i < BND_LEN; i++)
        any |= checksum->contents[BND_OFFSET + i];
    return any != 0 ? KERBEROS_AUTHENTICATOR_BOUND : KERBEROS_AUTHENTICATOR_UNBOUND;
}

static krb5_data data_of(struct sspi_view view)
{
    union {
        const char *in;
        char *out;
    } text = {.in = view.data};
    return (krb5_data){.length = (unsigned)view.len, .data = text.out};
}

static enum kerberos_authenticator_binding look(krb5_context krb5, struct sspi_view ap_req,
                                                krb5_keytab keytab)
{
    enum kerberos_authenticator_binding binding = KERBEROS_AUTHENTICATOR_FAILED;
    krb5_auth_context auth = NULL;
    krb5_authenticator *authenticator = NULL;
    krb5_data message = data_of(ap_req);
    if (krb5_auth_con_init(krb5, &auth) != 0)
        return binding;
    /* Without KRB5_AUTH_CONTEXT_DO_TIME no replay cache is asked. */
    if (krb5_auth_con_setflags(krb5, auth, 0) == 0 &&
        krb5_rd_req(krb5, &auth, &message, NULL, keytab, NULL, NULL) == 0 &&
        krb5_auth_con_getauthenticator(krb5, auth, &authenticator) == 0) {
        binding = read_binding(authenticator);
        krb5_free_authenticator(krb5, authenticator);
    }
    (void)krb5_auth_con_free(krb5, auth);
    return binding;
}

enum kerberos_authenticator_binding kerberos_authenticator_binding(struct sspi_view ap_req,
                                                                   const char *keytab_name)
{
    enum kerberos_authenticator_binding binding = KERBEROS_AUTHENTICATOR_FAILED;
    krb5_context krb5;
    krb5_keytab keytab;
    if (krb5_init_context(&krb5) != 0)
        return binding;
    if (krb5_kt_resolve(krb5, keytab_name, &keytab) == 0) {
        binding = look(krb5, ap_req, keytab);
        (void)krb5_kt_close(krb5, keytab);
    }
    krb5_free_context(krb5);
    return binding;
}
