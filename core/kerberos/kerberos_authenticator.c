/* SPDX-License-Identifier: Apache-2.0 */
#include "kerberos_authenticator.h"

#include "binding_check.h"

/* RFC 4121 4.1.1: the checksum's type, its Lgth and Bnd fields, and the Flags that follow. */
#define CHECKSUM_TYPE   0x8003
#define CHECKSUM_BND    4
#define CHECKSUM_LEAST  24
#define CHECKSUM_LENGTH 16

/* MS-KILE 2.2.10: in AD-AUTH-DATA-AP-OPTIONS, the client says that it knows channel bindings. */
#define AP_OPTIONS_CBT 0x4000u

/* True if a client that sends no binding says that it knows channel bindings. */
static bool knows_bindings(krb5_context context, krb5_authdata **authdata)
{
    krb5_authdata **found = NULL;
    bool knows = false;
    if (authdata == NULL ||
        krb5_find_authdata(context, NULL, authdata, KRB5_AUTHDATA_AP_OPTIONS, &found) != 0)
        return false;
    for (size_t i = 0; found != NULL && found[i] != NULL; i++)
        knows = knows || (found[i]->length >= 4 &&
                          (bytes_read_u32(found[i]->contents) & AP_OPTIONS_CBT) != 0);
    krb5_free_authdata(context, found);
    return knows;
}

static struct package_client_channel channel_of(krb5_context context,
                                                const krb5_authenticator *authenticator)
{
    struct package_client_channel channel = {.client = PACKAGE_CLIENT_BINDING_ABSENT};
    const krb5_checksum *checksum = authenticator->checksum;
    if (checksum != NULL && checksum->checksum_type == CHECKSUM_TYPE &&
        checksum->length >= CHECKSUM_LEAST && bytes_read_u32(checksum->contents) == CHECKSUM_LENGTH)
        channel = binding_channel_from_hash(checksum->contents + CHECKSUM_BND);
    /* In Kerberos, a hash of zeros has no meaning without AP_OPTIONS_CBT (MS-KILE 3.4.5). */
    if (channel.client != PACKAGE_CLIENT_BINDING_PRESENT)
        channel.client = knows_bindings(context, authenticator->authorization_data)
                             ? PACKAGE_CLIENT_BINDING_NO_TLS
                             : PACKAGE_CLIENT_BINDING_ABSENT;
    return channel;
}

static uint64_t made_ms(const krb5_authenticator *authenticator)
{
    /* Unsigned, as in libkrb5, so that the 32 bits are valid beyond 2038. */
    uint64_t seconds = (uint32_t)authenticator->ctime;
    krb5_int32 micro = authenticator->cusec;
    bool in_range = micro >= 0 && micro < 1000000; /* RFC 4120 5.2.4: Microseconds */
    return seconds * 1000 + (in_range ? (uint64_t)micro / 1000 : 0);
}

bool kerberos_authenticator_read(krb5_context context, krb5_keytab keys, struct sspi_view message,
                                 struct kerberos_authenticator *ret_authenticator)
{
    krb5_auth_context auth = NULL;
    krb5_authenticator *authenticator = NULL;
    if (krb5_auth_con_init(context, &auth) != 0)
        return false;
    union {
        const char *in;
        char *out;
    } data = {.in = message.data}; /* libkrb5 only reads it */
    const krb5_data ap_req = {.length = (unsigned)message.len, .data = data.out};
    /* Without KRB5_AUTH_CONTEXT_DO_TIME, libkrb5 uses no replay cache. */
    bool read = krb5_auth_con_setflags(context, auth, 0) == 0 &&
                krb5_rd_req(context, &auth, &ap_req, NULL, keys, NULL, NULL) == 0 &&
                krb5_auth_con_getauthenticator(context, auth, &authenticator) == 0;
    if (read)
        *ret_authenticator = (struct kerberos_authenticator){channel_of(context, authenticator),
                                                             made_ms(authenticator)};
    krb5_free_authenticator(context, authenticator);
    krb5_auth_con_free(context, auth);
    return read;
}
