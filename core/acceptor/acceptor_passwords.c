/* SPDX-License-Identifier: Apache-2.0 */
#include "acceptor_passwords.h"

#include <stdlib.h>
#include <sys/mman.h>

static void destroy(struct acceptor_passwords *passwords)
{
    if (passwords->memory != MAP_FAILED)
        munmap(passwords->memory, passwords->size);
    bytes_wipe(passwords, sizeof(*passwords));
    free(passwords);
}

REF(acceptor_passwords, struct acceptor_passwords, ref, destroy)

struct acceptor_passwords *acceptor_passwords_new(void)
{
    const struct clock *clock = clock_machine();
    struct acceptor_passwords *passwords = calloc(1, sizeof(*passwords));
    if (passwords == NULL)
        return NULL;
    ref_init(&passwords->ref);
    passwords->size = store_tries_size() + store_passwords_size();
    passwords->memory = mmap(NULL, passwords->size, PROT_READ | PROT_WRITE,
                             MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (passwords->memory != MAP_FAILED &&
        store_tries_init(&passwords->tries, passwords->memory, clock) &&
        store_passwords_init(&passwords->right, (char *)passwords->memory + store_tries_size(),
                             clock) &&
        clock->random(clock->self, passwords->key, sizeof(passwords->key)))
        return passwords;
    destroy(passwords);
    return NULL;
}

bool acceptor_passwords_tag(const struct acceptor_passwords *passwords,
                            const struct hash_suite *hashes, struct sspi_view first,
                            struct sspi_view second, struct acceptor_password_tag *ret_tag)
{
    HASH_RUN_CLEANUP struct hash_run run = {0};
    return hash_run_init(&run, hashes) &&
           hash_hmac_sha_256(&run, passwords->key, sizeof(passwords->key), first, second,
                             ret_tag->octets);
}
