/* SPDX-License-Identifier: Apache-2.0 */
#include "acceptor_delegation.h"

#include <stdio.h>

#include "bytes.h"
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

/* True if the upstream's service is one for which the server may get tickets. A ticket that a
 * client forwards is good for all services. */
static bool has_target(const struct sspi_policy *policy)
{
    bool found = policy->delegation.offers[SSPI_DELEGATION_FORWARDED];
    for (size_t i = 0; i < policy->delegation_targets.n && !found; i++)
        found = bytes_equal(policy->delegation_targets.words[i], policy->proxy_negotiate.words[0]);
    return found;
}

/* Returns the option that SSPIProxyNegotiate lacks. SSPI_OPTION_COUNT: none. With `SSPIDelegation
 * none`, requests go to the upstream without a login. */
static enum sspi_option find_proxy_lack(const struct sspi_policy *policy)
{
    if (policy->proxy_negotiate.n == 0 || (policy->delegation.order[0] == SSPI_DELEGATION_NONE &&
                                           sspi_policy_is_set(policy, SSPI_OPTION_DELEGATION)))
        return SSPI_OPTION_COUNT;
    if (policy->delegation.order[0] == SSPI_DELEGATION_NONE)
        return SSPI_OPTION_DELEGATION;
    return has_target(policy) ? SSPI_OPTION_COUNT : SSPI_OPTION_DELEGATION_TARGET;
}

static bool check_proxy(const struct sspi_policy *policy, enum sspi_server server,
                        enum sspi_option *ret_missing, char *error)
{
    *ret_missing = find_proxy_lack(policy);
    if (*ret_missing == SSPI_OPTION_COUNT)
        return true;
    struct sspi_view service = policy->proxy_negotiate.words[0];
    const char *missing = sspi_option_info(*ret_missing)->name[server];
    snprintf(error, SSPI_ERROR_SIZE, "%s %.*s needs %s%s",
             sspi_option_info(SSPI_OPTION_PROXY_NEGOTIATE)->name[server],
             (int)(service.len < 200 ? service.len : 200), service.data, missing,
             *ret_missing == SSPI_OPTION_DELEGATION
                 ? ", which says how the server gets tickets in the user's name"
                 : " with the same service");
    return false;
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
    return check_proxy(policy, server, ret_missing, error);
}

bool acceptor_delegation_open(struct acceptor_ccaches *ccaches,
                              const struct sspi_acceptor_config *config,
                              const struct sspi_policy *policy, bool complete, char *error)
{
    enum sspi_option missing;
    char why[SSPI_ERROR_SIZE];
    if (complete && !sspi_policy_check_delegation(policy, config->server, &missing, error))
        return false;
    if (policy->delegation_dir.n == 0 ||
        acceptor_ccaches_open(ccaches, policy->delegation_dir.words[0], config->worker_uid,
                              clock_machine_steady_ms(), why))
        return true;
    snprintf(error, SSPI_ERROR_SIZE, "%s: %.450s",
             sspi_option_info(SSPI_OPTION_DELEGATION_DIR)->name[config->server], why);
    return false;
}
