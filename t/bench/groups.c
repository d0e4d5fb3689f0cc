/* SPDX-License-Identifier: Apache-2.0 */
/* Measures what the groups of the directory cost in a request, for users in different numbers of
 * groups: the check of a required SID, and the texts of SSPI_GROUPS and SSPI_GROUP_SIDS. Prints
 * microseconds. It tests nothing. */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "request_membership.h"
#include "sid_list.h"

#define GROUPS_LIMIT 1000u
#define ROUNDS       5
#define CHECKS       200000u
#define TEXTS        500u

static struct sspi_acceptor *acceptor;
static struct sspi_exchange *exchange;
static struct sspi_policy policy;

static struct sid sid_of(uint32_t rid)
{
    struct sid sid;
    must(sid_parse(SSPI_VIEW("S-1-5-21-1004336348-1177238915-682003330-1"), &sid), "a SID");
    sid.sub[sid.n_sub - 1] = rid;
    return sid;
}

/* 7919 is a prime, so the groups are in no order and none comes twice. */
static void make_groups(uint32_t n, struct bytes *ret_list)
{
    struct sid *sids = calloc(n + 1, sizeof(*sids));
    must(sids != NULL, "memory");
    for (uint32_t i = 0; i < n; i++)
        sids[i] = sid_of(2000 + i * 7919 % GROUPS_LIMIT);
    must(sid_list_make(sids, n, ret_list), "a list");
    free(sids);
}

static void make_user(struct bytes *list)
{
    static char name[] = "alice@EXAMPLE.ORG", realm[] = "EXAMPLE.ORG";
    exchange->identity = (struct policy_identity){.scheme = SSPI_SCHEME_NEGOTIATE,
                                                  .mech = SSPI_MECH_KERBEROS,
                                                  .name = name,
                                                  .realm = realm,
                                                  .groups = list->data,
                                                  .groups_len = list->len,
                                                  .is_borrowed = true};
    exchange->reason = SSPI_REASON_GRANTED;
}

static void check(void)
{
    for (uint32_t i = 0; i < CHECKS; i++)
        must(request_membership_has(exchange, &policy,
                                    SSPI_VIEW("S-1-5-21-1004336348-1177238915-682003330-512")) ==
                 POLICY_MISSED,
             "a check");
}

static void write_names(void)
{
    for (uint32_t i = 0; i < TEXTS; i++)
        (void)sspi_exchange_group_variable(exchange, &policy, SSPI_VARIABLE_GROUPS);
}

static void write_sids(void)
{
    for (uint32_t i = 0; i < TEXTS; i++)
        (void)sspi_exchange_group_variable(exchange, &policy, SSPI_VARIABLE_GROUP_SIDS);
}

/* Returns the microseconds of one of `n` calls, in the fastest round. */
static double measure(void (*run)(void), uint32_t n)
{
    double best = 1e12;
    for (int round = 0; round < ROUNDS; round++) {
        double begin = now_ns(CLOCK_MONOTONIC) / 1e3;
        run();
        double took = (now_ns(CLOCK_MONOTONIC) / 1e3 - begin) / n;
        best = took < best ? took : best;
    }
    return best;
}

int main(void)
{
    static const uint32_t numbers[] = {0, 50, 100, 500, GROUPS_LIMIT};
    const struct sspi_acceptor_config config = {.server = SSPI_SERVER_NGINX};
    const struct sspi_request request = {.target = SSPI_VIEW("/")};
    acceptor = sspi_acceptor_new(&config);
    exchange = acceptor == NULL ? NULL : sspi_exchange_new(acceptor, &request);
    must(exchange != NULL, "memory");
    policy = sspi_policy_defaults();
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        struct bytes list BYTES_CLEANUP = {0};
        make_groups(numbers[i], &list);
        make_user(&list);
        size_t len = sspi_exchange_group_variable(exchange, &policy, SSPI_VARIABLE_GROUP_SIDS).len;
        printf("  %4u groups: check %6.3f us, SSPI_GROUPS %7.2f us, SSPI_GROUP_SIDS %7.2f us, "
               "%zu octets\n",
               numbers[i], measure(check, CHECKS), measure(write_names, TEXTS),
               measure(write_sids, TEXTS), len);
    }
    sspi_exchange_free(exchange);
    sspi_acceptor_free(acceptor);
    return 0;
}
