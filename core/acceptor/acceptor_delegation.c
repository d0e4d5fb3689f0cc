/* SPDX-License-Identifier: Apache-2.0 */
#include "acceptor_delegation.h"

#include <stdio.h>

#include "clock.h"

/* Returns the option that a word of SSPIDelegation lacks. SSPI_OPTION_COUNT: none. */
static enum sspi_option find_lack(const struct sspi_policy *policy, uint8_t word)
{
    if (policy->delegation_dir.n == 0)
        return SSPI_OPTION_DELEGATION_DIR;
    if (word != SSPI_DELEGATION_FORWARDED && policy->delegation_targets.n == 0)
        return SSPI_OPTION_DELEGATION_TARGET;
    if (word == SSPI_DELEGATION_S4U2SELF && policy->delegation_realm.n == 0)
        return SSPI_OPTION_DELEGATION_REALM;
    return SSPI_OPTION_COUNT;
}

bool sspi_policy_check_delegation(const struct sspi_policy *policy, enum sspi_server server,
                                  enum sspi_option *ret_missing, char *error)
{
    for (const uint8_t *at = policy->delegation.order; *at != 0; at++) {
        *ret_missing = find_lack(policy, *at);
        if (*ret_missing == SSPI_OPTION_COUNT)
            continue;
        snprintf(error, SSPI_ERROR_SIZE, "%s %s needs %s: %s",
                 sspi_option_info(SSPI_OPTION_DELEGATION)->name[server],
                 sspi_option_info(SSPI_OPTION_DELEGATION)->words[*at - 1],
                 sspi_option_info(*ret_missing)->name[server],
                 sspi_option_info(*ret_missing)->help);
        return false;
    }
    return true;
}

bool acceptor_delegation_open(struct acceptor_ccaches *ccaches,
                              const struct sspi_acceptor_config *config,
                              const struct sspi_policy *policy, bool complete, char *error)
{
    const struct clock *clock = clock_machine();
    enum sspi_option missing;
    char why[SSPI_ERROR_SIZE];
    if (complete && !sspi_policy_check_delegation(policy, config->server, &missing, error))
        return false;
    if (policy->delegation_dir.n == 0 ||
        acceptor_ccaches_open(ccaches, policy->delegation_dir.words[0], config->worker_uid,
                              clock->steady_ms(clock->self), why))
        return true;
    snprintf(error, SSPI_ERROR_SIZE, "%s: %.450s",
             sspi_option_info(SSPI_OPTION_DELEGATION_DIR)->name[config->server], why);
    return false;
}
