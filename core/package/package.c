/* SPDX-License-Identifier: Apache-2.0 */
#include "package.h"

#include <stdlib.h>

#include "error_info.h"
#include "package_status.h"

void package_info_clear(struct package_info *info)
{
    free(info->name);
    free(info->realm);
    free(info->target);
    free(info->authzid);
    bytes_free(&info->groups);
    free(info->sam_name);
    free(info->upn);
    bytes_free(&info->evidence);
    *info = (struct package_info){0};
}

SECURITY_STATUS package_output_check(const struct package_output *out)
{
    if (out->n_tokens > PACKAGE_CHALLENGES_LIMIT)
        return SEC_E_INTERNAL_ERROR;
    for (size_t i = 0; i < out->n_tokens; i++) {
        if (out->tokens[i].failed)
            return SEC_E_INSUFFICIENT_MEMORY;
        if (out->tokens[i].len > PACKAGE_TOKEN_LIMIT)
            return SEC_E_INTERNAL_ERROR;
    }
    return SEC_E_OK;
}

void package_output_complete_error(SECURITY_STATUS status, struct sspi_error_info *error_info)
{
    if (status < 0 && error_info->reason == SSPI_REASON_NONE)
        error_info_set(error_info, SSPI_REASON_INTERNAL, "%s", package_status_name(status));
}

void package_output_clear(struct package_output *out)
{
    for (size_t i = 0; i < PACKAGE_CHALLENGES_LIMIT; i++)
        bytes_free(&out->tokens[i]);
    out->n_tokens = 0;
    bytes_free(&out->need.user);
}
