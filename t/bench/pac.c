/* SPDX-License-Identifier: Apache-2.0 */
/* Measures the reader of the logon information in a ticket's PAC, for users in different numbers of
 * groups. Prints microseconds of processor time and the octets of the list. It tests nothing. */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "../unit/kerberos_pac_fixture.h"
#include "kerberos_pac.h"

#define GROUPS_LIMIT 1000u
#define READS        2000u
#define ROUNDS       5

/* The groups of a user are in no order. 7919 is a prime, so no relative id comes twice. */
static void write_user(uint32_t n_groups, struct bytes *to)
{
    static uint32_t groups[2 * GROUPS_LIMIT];
    for (uint32_t i = 0; i < n_groups; i++) {
        groups[2 * i] = 2000 + i * 7919 % GROUPS_LIMIT;
        groups[2 * i + 1] = ENABLED;
    }
    const struct pac pac = {.user = 1104,
                            .primary = 513,
                            .groups = groups,
                            .n_groups = n_groups,
                            .user_name = "alice",
                            .domain_name = "EXAMPLE"};
    write_logon_info(&pac, to);
    must(!to->failed, "memory");
}

/* Returns the microseconds of one read, in the best of several rounds. */
static double measure(struct sspi_view logon_info, size_t *ret_list_len)
{
    struct kerberos_pac_logon logon;
    double best = 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        double began = now_ns(CLOCK_PROCESS_CPUTIME_ID) / 1e3;
        for (unsigned i = 0; i < READS; i++) {
            must(kerberos_pac_read_logon(logon_info, &logon) == KERBEROS_PAC_OK, "the reader");
            *ret_list_len = logon.groups.len;
            kerberos_pac_logon_clear(&logon);
        }
        double one = (now_ns(CLOCK_PROCESS_CPUTIME_ID) / 1e3 - began) / READS;
        best = one < best ? one : best;
    }
    return best;
}

int main(void)
{
    static const uint32_t numbers[] = {0, 50, 100, 500, GROUPS_LIMIT};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        BYTES_CLEANUP struct bytes logon_info = {0};
        size_t list_len = 0;
        write_user(numbers[i], &logon_info);
        double us = measure(bytes_as_view(&logon_info), &list_len);
        printf("PAC with %u groups: %.1f us, list of %zu octets\n", numbers[i], us, list_len);
    }
    return 0;
}
