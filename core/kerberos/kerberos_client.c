/* SPDX-License-Identifier: Apache-2.0 */
#include "kerberos_client.h"

#include <gssapi/gssapi_ext.h>

enum kerberos_pac_status kerberos_client_sids(gss_ctx_id_t context,
                                              struct kerberos_pac_sids *ret_sids)
{
    static char attribute[] = "urn:mspac:logon-info";
    gss_buffer_desc name = {sizeof attribute - 1, attribute};
    gss_buffer_desc value = GSS_C_EMPTY_BUFFER, shown = GSS_C_EMPTY_BUFFER;
    OM_uint32 minor;
    int authenticated = 0, complete = 0, more = -1;
    enum kerberos_pac_status st = KERBEROS_PAC_OK;
    *ret_sids = (struct kerberos_pac_sids){0};
    gss_name_t client = GSS_C_NO_NAME;
    OM_uint32 major =
        gss_inquire_context(&minor, context, &client, NULL, NULL, NULL, NULL, NULL, NULL);
    if (major != GSS_S_COMPLETE)
        return KERBEROS_PAC_NO_MEMORY; /* what else may be wrong with an established one */
    major = gss_get_name_attribute(&minor, client, &name, &authenticated, &complete, &value, &shown,
                                   &more);
    /* Authenticated: MIT has checked the signature that is made with the service's key. */
    if (major == GSS_S_COMPLETE && authenticated != 0)
        st = kerberos_pac_read((struct sspi_view){value.value, value.length}, ret_sids);
    gss_release_buffer(&minor, &value);
    gss_release_buffer(&minor, &shown);
    gss_release_name(&minor, &client);
    return st;
}
