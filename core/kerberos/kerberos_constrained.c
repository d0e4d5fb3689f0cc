/* SPDX-License-Identifier: Apache-2.0 */
#include "kerberos_constrained.h"

#include "error_info.h"
#include "kerberos_delegation.h"

static char *cache_new(void)
{
    krb5_context krb5;
    char *name = NULL;
    if (krb5_init_context(&krb5) != 0)
        return NULL;
    if (!kerberos_delegation_new(krb5, &name))
        name = NULL;
    krb5_free_context(krb5);
    return name;
}

/* Adds the tickets of all targets to the cache. */
static SECURITY_STATUS add_all(const struct kerberos_constrained *constrained,
                               struct sspi_view evidence, const char *ccache, uint64_t *ret_end_ms,
                               struct sspi_error_info *error_info)
{
    SECURITY_STATUS status = SEC_E_OK;
    *ret_end_ms = UINT64_MAX;
    for (size_t i = 0; status == SEC_E_OK && i < constrained->n_targets; i++) {
        uint64_t end_ms = 0;
        status = kerberos_s4u_proxy(constrained->service, constrained->user, evidence,
                                    constrained->targets[i], ccache, &end_ms, error_info);
        if (end_ms < *ret_end_ms)
            *ret_end_ms = end_ms;
    }
    return status;
}

SECURITY_STATUS kerberos_constrained_get(const struct kerberos_constrained *constrained,
                                         char **ret_ccache, uint64_t *ret_end_ms,
                                         struct sspi_error_info *error_info)
{
    struct bytes made BYTES_CLEANUP = {0};
    struct sspi_view evidence = constrained->evidence;
    SECURITY_STATUS status = SEC_E_OK;
    uint64_t self_end_ms;
    if (evidence.len == 0) {
        status = kerberos_s4u_self(constrained->service, constrained->user, &made, &self_end_ms,
                                   error_info);
        evidence = bytes_as_view(&made);
    }
    if (status != SEC_E_OK)
        return status;
    char *ccache = cache_new();
    if (ccache == NULL)
        return error_info_no_memory(error_info);
    status = add_all(constrained, evidence, ccache, ret_end_ms, error_info);
    if (status == SEC_E_OK)
        *ret_ccache = ccache;
    else
        kerberos_delegation_free(ccache);
    return status;
}
