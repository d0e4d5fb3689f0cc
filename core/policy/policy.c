/* SPDX-License-Identifier: Apache-2.0 */
#include "policy.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "digest_challenge.h"
#include "policy_proxies.h"
#include "service_name.h"

static const struct sspi_option_info infos[SSPI_OPTION_COUNT] = {
#define SSPI_OPTION(id, apache, nginx, min, max, kind, values, default_text, scope, help)          \
    {{apache, nginx}, min, max, SSPI_KIND_##kind, values, default_text, SSPI_SCOPE_##scope, help},
#include "sspi_options.def"
#undef SSPI_OPTION
};

static_assert(SSPI_OPTION_COUNT <= 64, "a policy's `set` has a bit for every option");

/* "HTTP/": every host's HTTP service, the default of SSPIServiceName. */
static const struct sspi_view any_http_service = {"HTTP/", 5};

static const uint8_t default_packages[] = {POLICY_SCHEME_NEGOTIATE, 0};
static const uint8_t default_mechanisms[] = {POLICY_MECHANISM_KERBEROS, 0};
static const uint8_t default_types[] = {POLICY_BINDING_END_POINT, 0};
static const uint8_t default_qop[] = {POLICY_QOP_AUTH, 0};
static const uint8_t empty_list[] = {0};

const struct sspi_option_info *sspi_option_info(enum sspi_option option)
{
    return &infos[option];
}

/* The place of `word` among the words of `values`, without case, counted from 0; -1: none of them.
 */
static int place_of(const char *values, struct sspi_view word)
{
    int place = 0;
    for (const char *at = values; *at != '\0'; place++) {
        size_t len = strcspn(at, " ");
        if (bytes_equal_nocase((struct sspi_view){at, len}, word))
            return place;
        at += len;
        at += strspn(at, " ");
    }
    return -1;
}

/* Digits, then at most one letter of `units`, whose factors stand in the same order. */
static bool read_number(struct sspi_view text, const char *units, const uint64_t *factors,
                        uint64_t *ret_number)
{
    uint64_t number = 0;
    size_t at = 0;
    for (; at < text.len && text.data[at] >= '0' && text.data[at] <= '9'; at++) {
        uint64_t digit = (uint64_t)(text.data[at] - '0');
        if (number > (UINT64_MAX - digit) / 10)
            return false;
        number = number * 10 + digit;
    }
    if (at == 0)
        return false;
    if (at < text.len) {
        const char *unit = text.data[at] == '\0' ? NULL : strchr(units, text.data[at] | 0x20);
        if (unit == NULL || at + 1 != text.len)
            return false;
        uint64_t factor = factors[unit - units];
        if (number > UINT64_MAX / factor)
            return false;
        number *= factor;
    }
    *ret_number = number;
    return true;
}

static bool read_quantity(const struct sspi_option_info *info, struct sspi_view text,
                          uint64_t *ret_number)
{
    static const uint64_t seconds[] = {1, 60, 3600, 86400}, bytes[] = {1024, 1048576, 1073741824};
    if (info->kind == SSPI_KIND_COUNT)
        return read_number(text, "", NULL, ret_number);
    if (info->kind == SSPI_KIND_TIME)
        return read_number(text, "smhd", seconds, ret_number);
    return read_number(text, "kmg", bytes, ret_number);
}

static bool is_quantity(const struct sspi_option_info *info)
{
    return info->kind == SSPI_KIND_TIME || info->kind == SSPI_KIND_SIZE ||
           info->kind == SSPI_KIND_COUNT;
}

static void complain(char *error, const struct sspi_option_info *info, enum sspi_server server,
                     struct sspi_view word, const char *what_is_right)
{
    snprintf(error, SSPI_ERROR_SIZE, "%s: \"%.*s\" is not valid; use %s", info->name[server],
             (int)(word.len < 100 ? word.len : 100), word.data, what_is_right);
}

static bool set_list(struct sspi_option_value *value, const struct sspi_option_info *info,
                     const struct sspi_view *words, size_t n_words, enum sspi_server server,
                     char *error)
{
    char right[200];
    snprintf(right, sizeof(right), "one or more of: %s (each once, in the order to offer)",
             info->values);
    for (size_t i = 0; i < n_words; i++) {
        int place = place_of(info->values, words[i]);
        if (place < 0 || i >= SSPI_OPTION_LIST_LIMIT - 1 ||
            memchr(value->list, place + 1, i) != NULL) {
            complain(error, info, server, words[i], right);
            return false;
        }
        value->list[i] = (uint8_t)(place + 1);
    }
    return true;
}

/* IIS knows the one only together with the other. */
static bool check_protection(const struct sspi_option_value *value,
                             const struct sspi_option_info *info, enum sspi_server server,
                             char *error)
{
    size_t n = strlen((const char *)value->list);
    if (memchr(value->list, POLICY_PROTECTION_COHOSTING, n) == NULL ||
        memchr(value->list, POLICY_PROTECTION_PROXY, n) != NULL)
        return true;
    complain(error, info, server, SSPI_VIEW("proxy-cohosting"), "it together with proxy");
    return false;
}

static bool set_quantity(struct sspi_option_value *value, const struct sspi_option_info *info,
                         struct sspi_view word, enum sspi_server server, char *error)
{
    unsigned long long least, greatest;
    if (sscanf(info->values, "%llu %llu", &least, &greatest) != 2)
        return false;
    if (read_quantity(info, word, &value->number) && value->number >= least &&
        value->number <= greatest)
        return true;
    const char *units = info->kind == SSPI_KIND_COUNT  ? ""
                        : info->kind == SSPI_KIND_TIME ? ", with a unit if you like (s, m, h, d)"
                                                       : ", with a unit if you like (k, m, g)";
    char right[200];
    snprintf(right, sizeof(right), "a number from %llu to %llu%s", least, greatest, units);
    complain(error, info, server, word, right);
    return false;
}

static bool set_word(struct sspi_option_value *value, const struct sspi_option_info *info,
                     struct sspi_view word, enum sspi_server server, char *error)
{
    int place = place_of(info->values, word);
    if (place >= 0) {
        value->number = (uint64_t)place;
        return true;
    }
    char right[200];
    snprintf(right, sizeof(right), "one of: %s", info->values);
    complain(error, info, server, word, right);
    return false;
}

static bool is_require_line(const struct sspi_view *words, size_t n_words)
{
    return (n_words > 1 && bytes_equal(words[0], SSPI_VIEW("user"))) ||
           (n_words == 1 && bytes_equal(words[0], SSPI_VIEW("channel-bound")));
}

/* Every line: `user` and at least one name, or `channel-bound`. */
static bool check_require(const struct sspi_option_info *info, const struct sspi_view *words,
                          size_t n_words, enum sspi_server server, char *error)
{
    for (size_t i = 0, start = 0; i < n_words; i++) {
        if (words[i].data != NULL)
            continue;
        if (!is_require_line(words + start, i - start)) {
            complain(error, info, server, i > start ? words[start] : SSPI_VIEW(""),
                     "user NAME..., with full names: alice@REALM, DOMAIN\\alice, digest:alice; or "
                     "channel-bound");
            return false;
        }
        start = i + 1;
    }
    return true;
}

static bool has_bound_line(const struct sspi_view *words, size_t n_words)
{
    /* Each line has at least one word. An absent view follows it. */
    for (size_t i = 0; i < n_words; i++)
        if ((i == 0 || words[i - 1].data == NULL) &&
            bytes_equal(words[i], SSPI_VIEW("channel-bound")))
            return true;
    return false;
}

static bool check_words(enum sspi_option option, const struct sspi_option_info *info,
                        const struct sspi_view *words, size_t n_words, enum sspi_server server,
                        char *error)
{
    if (option == SSPI_OPTION_REQUIRE)
        return check_require(info, words, n_words, server, error);
    size_t all_len = 0; /* with a blank behind each */
    for (size_t i = 0; i < n_words; i++) {
        all_len += words[i].len + 1;
        if (words[i].len == 0) {
            complain(error, info, server, words[i], "a value that is not empty");
            return false;
        }
        if (option == SSPI_OPTION_DIGEST_DOMAIN &&
            (!digest_challenge_domain_fits(words[i]) || all_len > DIGEST_CHALLENGE_DOMAIN_LIMIT)) {
            complain(error, info, server, words[i],
                     "paths, or URIs without blanks and quotes, 1023 characters in all");
            return false;
        }
        if (option == SSPI_OPTION_PROXIES && !policy_proxies_is_network(words[i])) {
            complain(error, info, server, words[i],
                     "an address or a network: 192.0.2.1, 192.0.2.0/24, 2001:db8::/32");
            return false;
        }
        if (option == SSPI_OPTION_SERVICE_NAME && !service_name_is_pattern(words[i])) {
            complain(error, info, server, words[i],
                     "HTTP/host, HTTP/host@REALM, HTTP/ (any host) or * (any)");
            return false;
        }
    }
    return true;
}

static bool read_value(struct sspi_option_value *value, enum sspi_option option,
                       const struct sspi_view *words, size_t n_words, enum sspi_server server,
                       char *error)
{
    const struct sspi_option_info *info = &infos[option];
    switch (info->kind) {
    case SSPI_KIND_FLAG:
    case SSPI_KIND_ENUM:
        return set_word(value, info, words[0], server, error);
    case SSPI_KIND_LIST:
        return set_list(value, info, words, n_words, server, error) &&
               (option != SSPI_OPTION_EXTENDED_PROTECTION ||
                check_protection(value, info, server, error));
    case SSPI_KIND_TIME:
    case SSPI_KIND_SIZE:
    case SSPI_KIND_COUNT:
        return set_quantity(value, info, words[0], server, error);
    case SSPI_KIND_FILE:
    case SSPI_KIND_FILES:
    case SSPI_KIND_WORDS:
    case SSPI_KIND_LINES:
        value->words = words;
        value->n_words = n_words;
        if (option == SSPI_OPTION_REQUIRE)
            value->number = has_bound_line(words, n_words);
        return check_words(option, info, words, n_words, server, error);
    case SSPI_KIND_TEXT:
    case SSPI_KIND_BARE:
        break;
    }
    snprintf(error, SSPI_ERROR_SIZE, "%s is kept by the server, not by a policy",
             info->name[server]);
    return false;
}

bool sspi_option_takes(enum sspi_option option, size_t n_words, enum sspi_server server,
                       char *error)
{
    const struct sspi_option_info *info = &infos[option];
    if (n_words >= info->min_args && n_words <= info->max_args)
        return true;
    char least[16] = "";
    if (info->min_args != info->max_args)
        snprintf(least, sizeof(least), "%u to ", info->min_args);
    snprintf(error, SSPI_ERROR_SIZE, "%s takes %s%u word%s, not %zu: %s", info->name[server], least,
             info->max_args, info->max_args == 1 ? "" : "s", n_words, info->help);
    return false;
}

/* Where the users of Digest come from is one choice, made by either of the two. */
static const uint64_t user_sources =
    UINT64_C(1) << SSPI_OPTION_DIGEST_USER_FILE | UINT64_C(1) << SSPI_OPTION_DIGEST_PROVIDER;

/* True when the scope has chosen by the other one. */
static bool chose_otherwise(const struct sspi_policy *policy, enum sspi_option option)
{
    uint64_t bit = UINT64_C(1) << option;
    return (user_sources & bit) != 0 && (policy->set & user_sources & ~bit) != 0;
}

bool sspi_policy_set(struct sspi_policy *policy, enum sspi_option option,
                     const struct sspi_view *words, size_t n_words, enum sspi_server server,
                     char *error)
{
    const struct sspi_option_info *info = &infos[option];
    /* Several lines together may be more: the adapter checked each of them. */
    bool several = info->kind == SSPI_KIND_LINES && n_words > info->max_args;
    if (!several && !sspi_option_takes(option, n_words, server, error))
        return false;
    if (chose_otherwise(policy, option)) {
        snprintf(error, SSPI_ERROR_SIZE, "%s: either %s or %s says where users come from, not both",
                 info->name[server], infos[SSPI_OPTION_DIGEST_USER_FILE].name[server],
                 infos[SSPI_OPTION_DIGEST_PROVIDER].name[server]);
        return false;
    }
    struct sspi_option_value value = {0};
    if (!read_value(&value, option, words, n_words, server, error))
        return false;
    policy->value[option] = value;
    policy->set |= UINT64_C(1) << option;
    return true;
}

bool policy_requires_bound(const struct sspi_policy *policy)
{
    return policy_is_set(policy, SSPI_OPTION_REQUIRE) &&
           policy->value[SSPI_OPTION_REQUIRE].number == 1;
}

void sspi_policy_merge(struct sspi_policy *ret_policy, const struct sspi_policy *outer,
                       const struct sspi_policy *inner)
{
    struct sspi_policy merged = *inner;
    for (unsigned option = 0; option < SSPI_OPTION_COUNT; option++)
        if ((inner->set & (UINT64_C(1) << option)) == 0)
            merged.value[option] = outer->value[option];
    /* An inner scope inherits channel-bound: its own list of users replaces only users. */
    if (policy_requires_bound(outer))
        merged.value[SSPI_OPTION_REQUIRE].number = 1;
    /* An inner choice hides the outer one, by whichever option that was made. */
    merged.set |= (inner->set & user_sources) != 0 ? outer->set & ~user_sources : outer->set;
    *ret_policy = merged;
}

bool policy_is_set(const struct sspi_policy *policy, enum sspi_option option)
{
    return (policy->set & (UINT64_C(1) << option)) != 0;
}

uint64_t sspi_policy_number(const struct sspi_policy *policy, enum sspi_option option)
{
    if (policy_is_set(policy, option))
        return policy->value[option].number;
    const struct sspi_option_info *info = &infos[option];
    struct sspi_view text = bytes_view(info->default_text);
    uint64_t number = 0;
    if (is_quantity(info))
        return read_quantity(info, text, &number) ? number : 0;
    int place = place_of(info->values, text);
    return place < 0 ? 0 : (uint64_t)place;
}

const uint8_t *policy_list(const struct sspi_policy *policy, enum sspi_option option)
{
    if (policy_is_set(policy, option))
        return policy->value[option].list;
    if (option == SSPI_OPTION_PACKAGES)
        return default_packages;
    if (option == SSPI_OPTION_MECHANISMS)
        return default_mechanisms;
    if (option == SSPI_OPTION_CHANNEL_BINDING_TYPE)
        return default_types;
    return option == SSPI_OPTION_DIGEST_QOP ? default_qop : empty_list;
}

static bool has_place(const struct sspi_policy *policy, enum sspi_option option, uint8_t place)
{
    for (const uint8_t *at = policy_list(policy, option); *at != 0; at++)
        if (*at == place)
            return true;
    return false;
}

bool policy_offers_scheme(const struct sspi_policy *policy, uint8_t package)
{
    return has_place(policy, SSPI_OPTION_PACKAGES, package);
}

bool policy_offers_digest_only(const struct sspi_policy *policy)
{
    const uint8_t *offered = policy_list(policy, SSPI_OPTION_PACKAGES);
    return offered[0] == POLICY_SCHEME_DIGEST && offered[1] == 0;
}

bool policy_allows_mechanism(const struct sspi_policy *policy, uint8_t mechanism)
{
    return has_place(policy, SSPI_OPTION_MECHANISMS, mechanism);
}

bool policy_uses_mechanism(const struct sspi_policy *policy, uint8_t mechanism)
{
    return policy_allows_mechanism(policy, mechanism) &&
           (policy_offers_scheme(policy, POLICY_SCHEME_NEGOTIATE) ||
            (mechanism == POLICY_MECHANISM_NTLM &&
             policy_offers_scheme(policy, POLICY_SCHEME_NTLM)));
}

bool sspi_policy_runs_kerberos(const struct sspi_policy *policy)
{
    return policy_uses_mechanism(policy, POLICY_MECHANISM_KERBEROS);
}

bool sspi_policy_demands(const struct sspi_policy *policy, enum sspi_option option)
{
    if (!policy_is_set(policy, option))
        return false;
    return option == SSPI_OPTION_REQUIRE ||
           (option == SSPI_OPTION_REQUIRE_TLS && policy->value[option].number == 1) ||
           (option == SSPI_OPTION_CHANNEL_BINDING &&
            policy->value[option].number == POLICY_BINDING_REQUIRE);
}

bool policy_allows_channel_type(const struct sspi_policy *policy, uint8_t type)
{
    return has_place(policy, SSPI_OPTION_CHANNEL_BINDING_TYPE, type);
}

bool policy_has_protection(const struct sspi_policy *policy, uint8_t flag)
{
    return has_place(policy, SSPI_OPTION_EXTENDED_PROTECTION, flag);
}

bool policy_has_front_end(const struct sspi_policy *policy)
{
    return policy_has_protection(policy, POLICY_PROTECTION_PROXY) ||
           policy_is_set(policy, SSPI_OPTION_CHANNEL_BINDING_CERTIFICATE);
}

bool policy_allows_qop(const struct sspi_policy *policy, uint8_t qop)
{
    return has_place(policy, SSPI_OPTION_DIGEST_QOP, qop);
}

bool policy_has_provider(const struct sspi_policy *policy)
{
    return policy_is_set(policy, SSPI_OPTION_DIGEST_PROVIDER);
}

const struct sspi_view *policy_words(const struct sspi_policy *policy, enum sspi_option option,
                                     size_t *ret_n)
{
    *ret_n = policy_is_set(policy, option) ? policy->value[option].n_words : 0;
    return *ret_n > 0 ? policy->value[option].words : NULL;
}

bool sspi_policy_open(const struct sspi_policy *policy, bool tls, struct sspi_policy *ret_open)
{
    if (sspi_policy_number(policy, SSPI_OPTION_REQUIRE_TLS) == 1 && !tls)
        return false;
    *ret_open = *policy;
    ret_open->set |= UINT64_C(1) << SSPI_OPTION_MODE;
    ret_open->set &= ~(UINT64_C(1) << SSPI_OPTION_REQUIRE);
    ret_open->value[SSPI_OPTION_MODE].number = SSPI_MODE_OPTIONAL;
    return true;
}

const struct sspi_view *policy_services(const struct sspi_policy *policy, size_t *ret_n)
{
    const struct sspi_view *names = policy_words(policy, SSPI_OPTION_SERVICE_NAME, ret_n);
    if (names != NULL)
        return names;
    *ret_n = 1;
    return &any_http_service;
}

bool policy_is_optional(const struct sspi_policy *policy)
{
    return sspi_policy_number(policy, SSPI_OPTION_MODE) == SSPI_MODE_OPTIONAL ||
           sspi_policy_number(policy, SSPI_OPTION_OPTIONAL) == 1;
}
