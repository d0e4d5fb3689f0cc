/* SPDX-License-Identifier: Apache-2.0 */
#include "kerberos_pac.h"

#include <stdlib.h>
#include <string.h>

#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_buffer(struct sspi_view view)
{
    struct kerberos_pac_logon logon;
    char *upn = NULL;
    if (kerberos_pac_read_logon(view, &logon) == KERBEROS_PAC_OK) {
        if (logon.user_sid.n_sub == 0 || !sid_list_check(bytes_as_view(&logon.groups)) ||
            sid_list_contains(bytes_as_view(&logon.groups), &logon.user_sid))
            abort();
        if (logon.sam_name != NULL &&
            (strchr(logon.sam_name, '\\') == NULL || !utf8_is_name(bytes_view(logon.sam_name))))
            abort();
        kerberos_pac_logon_clear(&logon);
    }
    if (kerberos_pac_read_upn(view, &upn) == KERBEROS_PAC_OK &&
        (*upn == '\0' || !utf8_is_name(bytes_view(upn))))
        abort();
    free(upn);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = malloc(size + 1); /* so that the sanitizer sees a read behind the end */

    if (copy == NULL)
        return 0;
    if (size > 0)
        memcpy(copy, data, size);
    char *exact = realloc(copy, size > 0 ? size : 1);
    if (exact == NULL)
        exact = copy;
    struct sspi_view view = {exact, size}, buffer;
    read_buffer(view);
    if (kerberos_pac_find(view, KERBEROS_PAC_LOGON_INFO, &buffer))
        read_buffer(buffer);
    if (kerberos_pac_find(view, KERBEROS_PAC_UPN_DNS_INFO, &buffer))
        read_buffer(buffer);
    free(exact);
    return 0;
}
