/* SPDX-License-Identifier: Apache-2.0 */
#include "kerberos_pac.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kerberos_pac_sids sids;
    char *copy = malloc(size + 1); /* so that the sanitizer sees a read behind the end */

    if (copy == NULL)
        return 0;
    if (size > 0)
        memcpy(copy, data, size);
    char *exact = realloc(copy, size > 0 ? size : 1);
    if (exact == NULL)
        exact = copy;
    if (kerberos_pac_read((struct sspi_view){exact, size}, &sids) == KERBEROS_PAC_OK) {
        if (sids.n_sids > KERBEROS_PAC_SIDS_LIMIT)
            abort();
        for (size_t i = 0; i < sids.n_sids; i++)
            if (strncmp(sids.sids[i], "S-1-", 4) != 0)
                abort();
        kerberos_pac_clear(&sids);
    }
    free(exact);
    return 0;
}
