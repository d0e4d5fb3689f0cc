/* SPDX-License-Identifier: Apache-2.0 */
#include "kerberos_initiate.h"

#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <krb5/krb5.h>

#include "error_info.h"
#include "kerberos_gss.h"

struct initiator {
    gss_cred_id_t credential;
    gss_name_t client, target;
    gss_ctx_id_t context;
};

static void initiator_clear(struct initiator *initiator)
{
    OM_uint32 minor;
    gss_delete_sec_context(&minor, &initiator->context, GSS_C_NO_BUFFER);
    gss_release_name(&minor, &initiator->client);
    gss_release_name(&minor, &initiator->target);
    gss_release_cred(&minor, &initiator->credential);
}

static OM_uint32 import_name(const char *text, gss_name_t *ret_name, OM_uint32 *ret_minor)
{
    gss_buffer_desc name = kerberos_gss_buffer(bytes_view(text));
    return gss_import_name(ret_minor, &name, (gss_OID)GSS_KRB5_NT_PRINCIPAL_NAME, ret_name);
}

/* GSSAPI refuses a cache that belongs to another client than that of the initiator. */
static OM_uint32 acquire(struct initiator *initiator, const char *ccache, OM_uint32 *ret_minor)
{
    /* Without a client keytab of its own, GSSAPI would use that of the machine when the tickets
     * have ended. This one has no keys. */
    gss_key_value_element_desc elements[] = {{"ccache", ccache},
                                             {"client_keytab", "MEMORY:sspi-no-keys"}};
    gss_key_value_set_desc store = {2, elements};
    gss_OID_set_desc mechanisms = {1, (gss_OID)gss_mech_krb5};
    return gss_acquire_cred_from(ret_minor, initiator->client, GSS_C_INDEFINITE, &mechanisms,
                                 GSS_C_INITIATE, &store, &initiator->credential, NULL, NULL);
}

static OM_uint32 make_token(struct initiator *initiator, struct bytes *ret_token,
                            OM_uint32 *ret_minor)
{
    OM_uint32 ignored;
    gss_buffer_desc token = GSS_C_EMPTY_BUFFER;
    OM_uint32 major =
        gss_init_sec_context(ret_minor, initiator->credential, &initiator->context,
                             initiator->target, (gss_OID)gss_mech_krb5, 0, GSS_C_INDEFINITE,
                             GSS_C_NO_CHANNEL_BINDINGS, GSS_C_NO_BUFFER, NULL, &token, NULL, NULL);
    if (major == GSS_S_COMPLETE)
        bytes_append(ret_token, token.value, token.length);
    gss_release_buffer(&ignored, &token);
    return major;
}

SECURITY_STATUS kerberos_initiate_token(const char *ccache, const char *client, const char *target,
                                        struct bytes *ret_token, struct sspi_error_info *error_info)
{
    __attribute__((cleanup(initiator_clear))) struct initiator initiator = {0};
    OM_uint32 minor;
    OM_uint32 major = GSS_S_COMPLETE;
    if (client != NULL)
        major = import_name(client, &initiator.client, &minor);
    if (major == GSS_S_COMPLETE)
        major = acquire(&initiator, ccache, &minor);
    if (major == GSS_S_COMPLETE)
        major = import_name(target, &initiator.target, &minor);
    if (major == GSS_S_COMPLETE)
        major = make_token(&initiator, ret_token, &minor);
    if (major != GSS_S_COMPLETE)
        return kerberos_gss_initiate_status(major, minor, error_info);
    return ret_token->failed ? error_info_no_memory(error_info) : SEC_E_OK;
}

static krb5_error_code find_ticket(krb5_context krb5, krb5_ccache ccache, const char *target)
{
    krb5_creds wanted = {0}, *found = NULL;
    krb5_error_code code = krb5_cc_get_principal(krb5, ccache, &wanted.client);
    if (code == 0)
        code = krb5_parse_name(krb5, target, &wanted.server);
    if (code == 0)
        code = krb5_get_credentials(krb5, KRB5_GC_CACHED, ccache, &wanted, &found);
    krb5_free_creds(krb5, found);
    krb5_free_cred_contents(krb5, &wanted);
    return code;
}

bool kerberos_initiate_has_ticket(const char *ccache, const char *target)
{
    krb5_context krb5;
    krb5_ccache cache;
    bool found = false;
    if (krb5_init_context(&krb5) != 0)
        return false;
    if (krb5_cc_resolve(krb5, ccache, &cache) == 0) {
        found = find_ticket(krb5, cache, target) == 0;
        krb5_cc_close(krb5, cache);
    }
    krb5_free_context(krb5);
    return found;
}
