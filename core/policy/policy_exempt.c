/* SPDX-License-Identifier: Apache-2.0 */
#include "policy_exempt.h"

/* Removes the methods of an outer scope. */
static const struct sspi_view none = {"none", 4};

/* Methods are case-sensitive (RFC 9110 9.1), and the registered ones have capital letters. nginx
 * accepts only capital letters, hyphens and underscores. So `options` would never match. */
static bool is_method(struct sspi_view word)
{
    for (size_t i = 0; i < word.len; i++) {
        char c = word.data[i];
        bool is_letter = c >= 'A' && c <= 'Z';
        if (!is_letter && (i == 0 || (c != '-' && c != '_')))
            return false;
    }
    return word.len > 0;
}

bool policy_exempt_is_word(struct sspi_view word, size_t n_words)
{
    return is_method(word) || (n_words == 1 && bytes_equal(word, none));
}

bool sspi_policy_exempts(const struct sspi_policy *policy, struct sspi_view method)
{
    for (size_t i = 0; i < policy->exempt.n; i++)
        if (is_method(method) && bytes_equal(policy->exempt.words[i], method))
            return true;
    return false;
}
