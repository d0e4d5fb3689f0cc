/* SPDX-License-Identifier: Apache-2.0 */
/* Options whose values depend on the request: the server evaluates their text for each one. */
#include "acceptor_choice.h"

#include "bytes.h"
#include "policy.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Writes the first words of `text`. Returns how many words there are, which may be more. */
static size_t split(struct sspi_view text, struct sspi_view words[ACCEPTOR_CHOICE_WORDS])
{
    size_t n = 0, at = 0;
    while (at < text.len) {
        size_t start = at;
        while (at < text.len && !is_blank(text.data[at]))
            at++;
        if (at > start && n < ACCEPTOR_CHOICE_WORDS)
            words[n] = (struct sspi_view){text.data + start, at - start};
        n += at > start;
        while (at < text.len && is_blank(text.data[at]))
            at++;
    }
    return n;
}

bool sspi_policy_set_text(struct sspi_policy *policy, enum sspi_option option,
                          struct sspi_view text, enum sspi_server server, char *error)
{
    struct sspi_view words[ACCEPTOR_CHOICE_WORDS];
    size_t n_words = split(text, words);
    return sspi_option_check_words(option, n_words, server, error) &&
           sspi_policy_set(policy, option, words, n_words, server, error);
}

static void offer(struct sspi_policy *policy, uint8_t scheme, bool is_configured)
{
    size_t n = 0;
    if (!is_configured || policy->schemes.offers[scheme])
        return;
    while (policy->schemes.order[n] != 0)
        n++;
    policy->schemes.order[n] = scheme;
    policy->schemes.offers[scheme] = true;
}

static bool can_verify_basic(const struct sspi_policy *policy, enum sspi_server server)
{
    char error[SSPI_ERROR_SIZE];
    struct sspi_policy with = *policy;
    offer(&with, SSPI_SCHEME_BASIC, true);
    return sspi_policy_check_basic(&with, server, error);
}

void sspi_policy_offer_configured(struct sspi_policy *policy, bool has_realm,
                                  enum sspi_server server)
{
    bool ntlm = policy->mechanisms.offers[SSPI_MECH_NTLM];
    policy->schemes = (struct sspi_scheme_list){0};
    offer(policy, SSPI_SCHEME_NEGOTIATE, policy->keytab.n > 0 || ntlm);
    offer(policy, SSPI_SCHEME_NTLM, ntlm);
    offer(policy, SSPI_SCHEME_DIGEST, has_realm && policy->digest_user_file.n > 0);
    offer(policy, SSPI_SCHEME_BASIC, has_realm && can_verify_basic(policy, server));
    offer(policy, SSPI_SCHEME_NEGOTIATE, policy->schemes.order[0] == 0);
}
