/* SPDX-License-Identifier: Apache-2.0 */
#include "policy.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "digest_challenge.h"
#include "policy_cookie.h"
#include "policy_exempt.h"
#include "policy_proxies.h"
#include "policy_require.h"
#include "service_name.h"

/* ---- the table ---- */

static const char *const flag_words[] = {"off", "on", NULL};

/* clang-format off */
#define SSPI_ENUM_SET(set, SET)     static const char *const set##_words[] = {
#define SSPI_ENUM_SET_END(set, SET) NULL};
#define SSPI_LIST_SET               SSPI_ENUM_SET
#define SSPI_LIST_SET_END           SSPI_ENUM_SET_END
#define SSPI_WORD(SET, id, word)    word,
#include "sspi_options.def"
/* clang-format on */

static const struct sspi_option_info infos[SSPI_OPTION_COUNT] = {
#define SSPI_OPTION(id, apache, nginx, min, max, kind_, scope_, help_)                             \
    [SSPI_OPTION_##id].name = {apache, nginx}, [SSPI_OPTION_##id].min_args = (min),                \
    [SSPI_OPTION_##id].max_args = (max), [SSPI_OPTION_##id].kind = SSPI_KIND_##kind_,              \
    [SSPI_OPTION_##id].scope = SSPI_SCOPE_##scope_, [SSPI_OPTION_##id].help = (help_),
#include "sspi_options.def"
#define SSPI_FLAG(id, ...)                            [SSPI_OPTION_##id].words = flag_words,
#define SSPI_ENUM(id, field, apache, nginx, set, ...) [SSPI_OPTION_##id].words = set##_words,
#define SSPI_LIST                                     SSPI_ENUM
#define SSPI_TIME(id, field, apache, nginx, least_, greatest_, ...)                                \
    [SSPI_OPTION_##id].least = (least_), [SSPI_OPTION_##id].greatest = (greatest_),
#define SSPI_SIZE                                         SSPI_TIME
#define SSPI_COUNT                                        SSPI_TIME
#define SSPI_FILE(id, field, apache, nginx, prefix_, ...) [SSPI_OPTION_##id].prefix = (prefix_),
#define SSPI_FILES(id, ...)                               [SSPI_OPTION_##id].prefix = "",
#include "sspi_options.def"
};

/* A list whose two default items are both NONE sets offers[0] twice. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
static const struct sspi_policy defaults = {
#define SSPI_FLAG(id, field, apache, nginx, default_, scope, help)      .field = (default_),
#define SSPI_ENUM(id, field, apache, nginx, set, default_, scope, help) .field = (default_),
#define SSPI_LIST(id, field, apache, nginx, set, first, second, scope, help)                       \
    .field = {.order = {(first), (second)},                                                        \
              .offers = {[(first)] = (first) != 0, [(second)] = (second) != 0}},
#define SSPI_TIME(id, field, apache, nginx, least, greatest, default_, scope, help)                \
    .field = (default_),
#define SSPI_SIZE  SSPI_TIME
#define SSPI_COUNT SSPI_TIME
#define SSPI_WORDS(id, field, apache, nginx, max, what, default_, scope, help)                     \
    .field = {.words = (const struct sspi_view[]){{default_, sizeof(default_) - 1}},               \
              .n = sizeof(default_) > 1 ? 1 : 0},
#include "sspi_options.def"
};
#pragma GCC diagnostic pop

static_assert(SSPI_OPTION_COUNT <= 64, "a policy's `set` has a bit for every option");

const struct sspi_option_info *sspi_option_info(enum sspi_option option)
{
    return &infos[option];
}

struct sspi_policy sspi_policy_defaults(void)
{
    return defaults;
}

const struct sspi_words *policy_words(const struct sspi_policy *policy, enum sspi_option option)
{
    static const struct sspi_words no_words = {NULL, 0, NULL};
    const struct sspi_words *words = &no_words;
    switch (option) {
#define SSPI_FILE(id, field, ...)                                                                  \
    case SSPI_OPTION_##id:                                                                         \
        words = &policy->field;                                                                    \
        break;
#define SSPI_FILES SSPI_FILE
#define SSPI_WORDS SSPI_FILE
#define SSPI_LINES SSPI_FILE
#include "sspi_options.def"
    default:
        break;
    }
    return words;
}

/* ---- values ---- */

/* The directive whose arguments are read. */
struct directive {
    enum sspi_option option;
    const struct sspi_option_info *info;
    const struct sspi_view *words;
    size_t n_words;
    enum sspi_server server;
    char *error;
};

/* Writes the error. Returns false, so that a refusal is one statement. */
static bool refuse(const struct directive *directive, struct sspi_view word, const char *right)
{
    snprintf(directive->error, SSPI_ERROR_SIZE, "%s: \"%.*s\" is not valid; use %s",
             directive->info->name[directive->server], (int)(word.len < 100 ? word.len : 100),
             word.data, right);
    return false;
}

/* Writes `before`, all words of the option, then `after`. */
static const char *list_words(const struct sspi_option_info *info, const char *before,
                              const char *after, char ret_text[200])
{
    size_t at = (size_t)snprintf(ret_text, 200, "%s", before);
    for (const char *const *word = info->words; *word != NULL && at < 200; word++)
        at += (size_t)snprintf(ret_text + at, 200 - at, " %s", *word);
    if (at < 200)
        snprintf(ret_text + at, 200 - at, "%s", after);
    return ret_text;
}

/* Returns the index of `word` among the option's words, without case. -1: it is not one of them. */
static int index_of(const struct sspi_option_info *info, struct sspi_view word)
{
    for (int index = 0; info->words[index] != NULL; index++)
        if (bytes_equal_nocase(bytes_view(info->words[index]), word))
            return index;
    return -1;
}

static bool read_word(const struct directive *directive, unsigned *ret_index)
{
    char right[200];
    int index = index_of(directive->info, directive->words[0]);
    if (index < 0)
        return refuse(directive, directive->words[0],
                      list_words(directive->info, "one of:", "", right));
    *ret_index = (unsigned)index;
    return true;
}

/* IIS allows proxy-cohosting only together with proxy. */
static bool check_protection(const struct directive *directive, const bool *offers)
{
    if (directive->option != SSPI_OPTION_EXTENDED_PROTECTION ||
        !offers[SSPI_PROTECTION_PROXY_COHOSTING] || offers[SSPI_PROTECTION_PROXY])
        return true;
    return refuse(directive, SSPI_VIEW("proxy-cohosting"), "it together with proxy");
}

/* In an inner scope, `SSPIDelegation none` replaces the outer list by an empty one. */
static bool is_empty_list(const struct directive *directive)
{
    return directive->option == SSPI_OPTION_DELEGATION && directive->n_words == 1 &&
           bytes_equal_nocase(directive->words[0], SSPI_VIEW("none"));
}

/* `order` and `offers` are empty and have `n` entries: one for each word, and one for the end. */
static bool read_list(const struct directive *directive, uint8_t *order, bool *offers, size_t n)
{
    const char *after = directive->option == SSPI_OPTION_DELEGATION
                            ? " (each once, in the order to try), or only none"
                            : " (each once, in the order to offer)";
    char right[200];
    if (is_empty_list(directive))
        return true;
    for (size_t i = 0; i < directive->n_words; i++) {
        int index = index_of(directive->info, directive->words[i]);
        if (index < 0 || i + 1 >= n || offers[index + 1])
            return refuse(directive, directive->words[i],
                          list_words(directive->info, "one or more of:", after, right));
        order[i] = (uint8_t)(index + 1);
        offers[index + 1] = true;
    }
    return check_protection(directive, offers);
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

/* The greatest values of SSPIBasicTries. */
#define BASIC_TRIES_NUMBER_LIMIT 1000
#define BASIC_TRIES_TIME_LIMIT_S 86400

static const uint64_t seconds[] = {1, 60, 3600, 86400};

bool policy_read_tries(struct sspi_view word, struct policy_tries *ret_tries)
{
    const char *slash = word.len == 0 ? NULL : memchr(word.data, '/', word.len);
    if (slash == NULL)
        return false;
    const struct sspi_view number = {word.data, (size_t)(slash - word.data)};
    const struct sspi_view time = {slash + 1, word.len - number.len - 1};
    return read_number(number, "", NULL, &ret_tries->number) && ret_tries->number >= 1 &&
           ret_tries->number <= BASIC_TRIES_NUMBER_LIMIT &&
           read_number(time, "smhd", seconds, &ret_tries->time_s) && ret_tries->time_s >= 1 &&
           ret_tries->time_s <= BASIC_TRIES_TIME_LIMIT_S;
}

static bool read_quantity(const struct directive *directive, uint64_t *ret_number)
{
    static const struct {
        const char *letters;
        uint64_t factors[4];
        const char *help;
    } units[] = {
        [SSPI_KIND_TIME] = {"smhd", {1, 60, 3600, 86400}, ", with a unit if you like (s, m, h, d)"},
        [SSPI_KIND_SIZE] = {"kmg",
                            {1024, 1048576, 1073741824},
                            ", with a unit if you like (k, m, g)"},
        [SSPI_KIND_COUNT] = {"", {0}, ""},
    };
    const struct sspi_option_info *info = directive->info;
    /* A process of 32 bits cannot map more. */
    const uint64_t mappable = SIZE_MAX / 2;
    uint64_t greatest =
        info->kind == SSPI_KIND_SIZE && info->greatest > mappable ? mappable : info->greatest;
    if (read_number(directive->words[0], units[info->kind].letters, units[info->kind].factors,
                    ret_number) &&
        *ret_number >= info->least && *ret_number <= greatest)
        return true;
    char right[200];
    snprintf(right, sizeof(right), "a number from %llu to %llu%s", (unsigned long long)info->least,
             (unsigned long long)greatest, units[info->kind].help);
    return refuse(directive, directive->words[0], right);
}

static bool check_require(const struct directive *directive, const struct sspi_words *lines)
{
    struct policy_require_at at = {.all = lines};
    struct sspi_view word;
    while (policy_require_next(&at)) {
        const char *right = policy_require_check_line(at.line.words, at.line.n, &word);
        if (right != NULL)
            return refuse(directive, word, right);
    }
    return true;
}

static bool has_only(struct sspi_view word, const char *allowed)
{
    for (size_t i = 0; i < word.len; i++)
        if (word.data[i] == '\0' || strchr(allowed, word.data[i]) == NULL)
            return false;
    return true;
}

/* A service with a name on both sides of its slash. */
static bool is_service(struct sspi_view word)
{
    const char *slash = memchr(word.data, '/', word.len);
    size_t before = slash == NULL ? 0 : (size_t)(slash - word.data);
    return before > 0 && before + 1 < word.len && service_name_is_pattern(word);
}

/* The names of delegation are not checked further, because only the KDC knows them. */
static bool check_delegation(const struct directive *directive, struct sspi_view word)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
    static const char name[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
    if (directive->option == SSPI_OPTION_DELEGATION_VARIABLE &&
        (word.len > 64 || strchr(letters, word.data[0]) == NULL || !has_only(word, name)))
        return refuse(directive, word, "letters, digits and _, at most 64, and no digit first");
    if ((directive->option == SSPI_OPTION_DELEGATION_TARGET ||
         directive->option == SSPI_OPTION_PROXY_NEGOTIATE) &&
        !is_service(word))
        return refuse(directive, word, "a service with its host: HTTP/backend.example.com");
    if (directive->option == SSPI_OPTION_DELEGATION_REALM &&
        (memchr(word.data, '@', word.len) != NULL || memchr(word.data, '/', word.len) != NULL ||
         memchr(word.data, '\\', word.len) != NULL))
        return refuse(directive, word, "a Kerberos realm: EXAMPLE.COM");
    return true;
}

static bool check_word(const struct directive *directive, struct sspi_view word, size_t all_len)
{
    if (word.len == 0)
        return refuse(directive, word, "a value that is not empty");
    if (directive->option == SSPI_OPTION_DIGEST_DOMAIN &&
        (!digest_challenge_domain_fits(word) || all_len > DIGEST_CHALLENGE_DOMAIN_LIMIT))
        return refuse(directive, word,
                      "paths, or URIs without blanks and quotes, 1023 characters in all");
    if (directive->option == SSPI_OPTION_PROXIES && !policy_proxies_is_network(word))
        return refuse(directive, word,
                      "an address or a network: 192.0.2.1, 192.0.2.0/24, 2001:db8::/32");
    if (directive->option == SSPI_OPTION_SERVICE_NAME && !service_name_is_pattern(word))
        return refuse(directive, word, "HTTP/host, HTTP/host@REALM, HTTP/ (any host) or * (any)");
    if (directive->option == SSPI_OPTION_EXEMPT && !policy_exempt_is_word(word, directive->n_words))
        return refuse(directive, word, "methods in capital letters, such as OPTIONS, or only none");
    struct policy_tries tries;
    if (directive->option == SSPI_OPTION_BASIC_TRIES && !policy_read_tries(word, &tries))
        return refuse(directive, word,
                      "number/time: 5/5m (1 to 1000 wrong passwords, 1 second to 1 day)");
    return check_delegation(directive, word);
}

static bool check_cookie(const struct directive *directive)
{
    struct sspi_view word;
    const char *right = policy_cookie_check(directive->words, directive->n_words, &word);
    return right == NULL || refuse(directive, word, right);
}

static bool read_words(const struct directive *directive, struct sspi_words *ret_words)
{
    size_t all_len = 0; /* with a blank behind each */
    *ret_words = (struct sspi_words){directive->words, directive->n_words, NULL};
    if (directive->option == SSPI_OPTION_REQUIRE)
        return check_require(directive, ret_words);
    if (directive->option == SSPI_OPTION_SESSION_COOKIE)
        return check_cookie(directive);
    for (size_t i = 0; i < directive->n_words; i++) {
        all_len += directive->words[i].len + 1;
        if (!check_word(directive, directive->words[i], all_len))
            return false;
    }
    return true;
}

static bool has_no_field(const struct directive *directive)
{
    snprintf(directive->error, SSPI_ERROR_SIZE, "%s: the server keeps this value, not a policy",
             directive->info->name[directive->server]);
    return false;
}

/* Reads the value into the field of its option. */
static bool read_value(const struct directive *directive, struct sspi_policy *policy)
{
    unsigned index = 0;
    bool good = false;
    switch (directive->option) {
#define SSPI_FLAG(id, field, ...)                                                                  \
    case SSPI_OPTION_##id:                                                                         \
        good = read_word(directive, &index);                                                       \
        policy->field = index == 1;                                                                \
        break;
#define SSPI_ENUM(id, field, apache, nginx, set, ...)                                              \
    case SSPI_OPTION_##id:                                                                         \
        good = read_word(directive, &index);                                                       \
        policy->field = (enum sspi_##set)index;                                                    \
        break;
#define SSPI_LIST(id, field, ...)                                                                  \
    case SSPI_OPTION_##id:                                                                         \
        memset(&policy->field, 0, sizeof(policy->field));                                          \
        good = read_list(directive, policy->field.order, policy->field.offers,                     \
                         sizeof(policy->field.order));                                             \
        break;
#define SSPI_TIME(id, field, ...)                                                                  \
    case SSPI_OPTION_##id:                                                                         \
        good = read_quantity(directive, &policy->field);                                           \
        break;
#define SSPI_SIZE  SSPI_TIME
#define SSPI_COUNT SSPI_TIME
#define SSPI_FILE(id, field, ...)                                                                  \
    case SSPI_OPTION_##id:                                                                         \
        good = read_words(directive, &policy->field);                                              \
        break;
#define SSPI_FILES SSPI_FILE
#define SSPI_WORDS SSPI_FILE
#define SSPI_LINES SSPI_FILE
#define SSPI_TEXT(id, ...)                                                                         \
    case SSPI_OPTION_##id:                                                                         \
        good = has_no_field(directive);                                                            \
        break;
#define SSPI_BARE SSPI_TEXT
#include "sspi_options.def"
    case SSPI_OPTION_COUNT:
        break;
    }
    if (directive->option == SSPI_OPTION_REQUIRE)
        policy->requires_channel_bound = policy_require_has_bound_line(&policy->require);
    return good;
}

bool sspi_option_check_words(enum sspi_option option, size_t n_words, enum sspi_server server,
                             char *error)
{
    const struct sspi_option_info *info = &infos[option];
    if (n_words >= info->min_args && n_words <= info->max_args)
        return true;
    char most[32] = "no words";
    if (info->max_args > 0 && info->min_args == info->max_args)
        snprintf(most, sizeof(most), "%u word%s", info->max_args, info->max_args == 1 ? "" : "s");
    else if (info->max_args > 0)
        snprintf(most, sizeof(most), "%u to %u words", info->min_args, info->max_args);
    snprintf(error, SSPI_ERROR_SIZE, "%s takes %s, not %zu: %s", info->name[server], most, n_words,
             info->help);
    return false;
}

/* ---- scopes ---- */

/* Each of these options says where the users of Digest come from, so a scope may have only one. */
static const uint64_t user_sources =
    UINT64_C(1) << SSPI_OPTION_DIGEST_USER_FILE | UINT64_C(1) << SSPI_OPTION_DIGEST_PROVIDER;

/* True if the scope has already set the other one of the two. */
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
    const struct directive directive = {option, info, words, n_words, server, error};
    /* Several lines together may have more words: the adapter checked each line. */
    bool several = info->kind == SSPI_KIND_LINES && n_words > info->max_args;
    if (!several && !sspi_option_check_words(option, n_words, server, error))
        return false;
    if (chose_otherwise(policy, option)) {
        snprintf(error, SSPI_ERROR_SIZE,
                 "%s: either %s or %s may name the users of Digest: remove one of them",
                 info->name[server], infos[SSPI_OPTION_DIGEST_USER_FILE].name[server],
                 infos[SSPI_OPTION_DIGEST_PROVIDER].name[server]);
        return false;
    }
    struct sspi_policy changed = *policy;
    if (!read_value(&directive, &changed))
        return false;
    changed.set |= UINT64_C(1) << option;
    *policy = changed;
    return true;
}

void sspi_policy_merge(struct sspi_policy *ret_policy, const struct sspi_policy *outer,
                       const struct sspi_policy *inner)
{
    struct sspi_policy merged = *outer;
#define SSPI_FIELD(id, field, type)                                                                \
    if (sspi_policy_is_set(inner, SSPI_OPTION_##id))                                               \
        merged.field = inner->field;
#include "sspi_options.def"
    merged.set |= inner->set;
    /* If the inner scope sets one of the two options, both options of the outer scope are dropped.
     */
    if ((inner->set & user_sources) != 0) {
        merged.digest_user_file = inner->digest_user_file;
        merged.digest_providers = inner->digest_providers;
        merged.set &= ~user_sources | inner->set;
    }
    /* An inner scope inherits channel-bound: its own list of users replaces only users. */
    merged.requires_channel_bound |= inner->requires_channel_bound;
    *ret_policy = merged;
}

/* ---- predicates ---- */

/* True if a user file is named. */
static bool has_user_file(const struct sspi_policy *policy)
{
    return policy->digest_user_file.n > 0 || policy->ntlm_user_file.n > 0;
}

bool policy_runs_mech(const struct sspi_policy *policy, enum sspi_mech mech)
{
    return policy->mechanisms.offers[mech] &&
           (policy->schemes.offers[SSPI_SCHEME_NEGOTIATE] ||
            (mech == SSPI_MECH_NTLM && policy->schemes.offers[SSPI_SCHEME_NTLM]));
}

bool policy_basic_verifier(const struct sspi_policy *policy, enum sspi_basic_verify *ret_verifier)
{
    *ret_verifier = policy->basic_verify;
    if (sspi_policy_is_set(policy, SSPI_OPTION_BASIC_VERIFY))
        return true;
    if (policy->keytab.n > 0 || policy_runs_mech(policy, SSPI_MECH_KERBEROS))
        *ret_verifier = SSPI_BASIC_VERIFY_KDC;
    else if (policy->ntlm_user_file.n == 0 && policy_runs_mech(policy, SSPI_MECH_NTLM))
        *ret_verifier = SSPI_BASIC_VERIFY_WINBIND;
    else if (has_user_file(policy))
        *ret_verifier = SSPI_BASIC_VERIFY_FILE;
    else
        return false;
    return true;
}

bool policy_basic_has(const struct sspi_policy *policy, enum sspi_mech mech)
{
    enum sspi_basic_verify verifier;
    if (!policy->schemes.offers[SSPI_SCHEME_BASIC] || !policy_basic_verifier(policy, &verifier))
        return false;
    bool by_file = verifier == SSPI_BASIC_VERIFY_FILE;
    switch (mech) {
    case SSPI_MECH_KERBEROS:
        return verifier == SSPI_BASIC_VERIFY_KDC;
    case SSPI_MECH_NTLM:
        return verifier == SSPI_BASIC_VERIFY_WINBIND || (by_file && policy->ntlm_user_file.n > 0);
    default:
        return by_file && policy->digest_user_file.n > 0;
    }
}

bool sspi_policy_asks_kdc(const struct sspi_policy *policy)
{
    return policy_basic_has(policy, SSPI_MECH_KERBEROS) || policy->proxy_negotiate.n > 0 ||
           policy->delegation.offers[SSPI_DELEGATION_S4U2PROXY] ||
           policy->delegation.offers[SSPI_DELEGATION_S4U2SELF];
}

bool policy_offers_basic(const struct sspi_policy *policy, bool tls)
{
    return policy->schemes.offers[SSPI_SCHEME_BASIC] && (tls || !policy->basic_require_tls) &&
           !policy_demands_channel(policy);
}

bool policy_offers_only_over_tls(const struct sspi_policy *policy)
{
    return policy->schemes.order[0] == SSPI_SCHEME_BASIC && policy->schemes.order[1] == 0 &&
           policy->basic_require_tls;
}

struct policy_tries policy_basic_tries(const struct sspi_policy *policy)
{
    struct policy_tries tries;
    /* The default is a word, too, and sspi_policy_set() has checked any other one. */
    if (policy->basic_tries.n == 0 || !policy_read_tries(policy->basic_tries.words[0], &tries))
        return (struct policy_tries){.number = 0, .time_s = 1};
    return tries;
}

bool policy_uses_digest_users(const struct sspi_policy *policy)
{
    return policy->schemes.offers[SSPI_SCHEME_DIGEST] || policy_basic_has(policy, SSPI_MECH_NONE);
}

bool policy_uses_mech(const struct sspi_policy *policy, enum sspi_mech mech)
{
    return policy_runs_mech(policy, mech) || policy_basic_has(policy, mech);
}

bool policy_has_only_digest_users(const struct sspi_policy *policy)
{
    return policy_uses_digest_users(policy) && !policy->schemes.offers[SSPI_SCHEME_NEGOTIATE] &&
           !policy->schemes.offers[SSPI_SCHEME_NTLM] &&
           !policy_basic_has(policy, SSPI_MECH_KERBEROS) &&
           !policy_basic_has(policy, SSPI_MECH_NTLM);
}

bool policy_uses_group_file(const struct sspi_policy *policy)
{
    return policy->groups.offers[SSPI_GROUPS_FILE] && policy->group_file.n > 0;
}

struct sspi_view policy_session_audience(const struct sspi_policy *policy)
{
    return policy->session_audience.n > 0 ? policy->session_audience.words[0]
                                          : (struct sspi_view){NULL, 0};
}

static bool requires_group(const struct sspi_policy *policy)
{
    struct policy_require_at at = {.all = &policy->require};
    while (policy_require_next(&at))
        if (policy_require_line_is(&at.line, SSPI_VIEW("group")))
            return true;
    return false;
}

bool policy_asks_directory(const struct sspi_policy *policy)
{
    bool has_ticket = policy->groups.offers[SSPI_GROUPS_TICKET] ||
                      policy->groups.offers[SSPI_GROUPS_TICKET_UNFILTERED];
    bool asks_groups = sspi_policy_is_set(policy, SSPI_OPTION_GROUPS) || requires_group(policy);
    return policy->user_name == SSPI_USER_NAME_SAM || policy->user_name == SSPI_USER_NAME_UPN ||
           (has_ticket && asks_groups);
}

bool sspi_policy_runs_kerberos(const struct sspi_policy *policy)
{
    return policy_uses_mech(policy, SSPI_MECH_KERBEROS) ||
           policy->delegation.offers[SSPI_DELEGATION_S4U2PROXY] ||
           policy->delegation.offers[SSPI_DELEGATION_S4U2SELF];
}

bool sspi_policy_demands(const struct sspi_policy *policy, enum sspi_option option)
{
    if (!sspi_policy_is_set(policy, option))
        return false;
    return option == SSPI_OPTION_REQUIRE ||
           (option == SSPI_OPTION_REQUIRE_TLS && policy->require_tls) ||
           (option == SSPI_OPTION_DELEGATION_REQUIRED && policy->delegation_required) ||
           (option == SSPI_OPTION_CHANNEL_BINDING &&
            policy->channel_binding == SSPI_BINDING_REQUIRE);
}

bool policy_demands_channel(const struct sspi_policy *policy)
{
    return policy->channel_binding == SSPI_BINDING_REQUIRE || policy->requires_channel_bound;
}

bool policy_has_front_end(const struct sspi_policy *policy)
{
    return policy->protection.offers[SSPI_PROTECTION_PROXY] || policy->front_end_certificates.n > 0;
}

bool sspi_policy_make_optional(const struct sspi_policy *policy, bool tls,
                               struct sspi_policy *ret_policy)
{
    if (policy->require_tls && !tls)
        return false;
    *ret_policy = *policy;
    ret_policy->mode = SSPI_MODE_OPTIONAL;
    ret_policy->require = defaults.require;
    ret_policy->requires_channel_bound = false;
    ret_policy->delegation_required = false;
    ret_policy->set |= UINT64_C(1) << SSPI_OPTION_MODE;
    ret_policy->set &= ~(UINT64_C(1) << SSPI_OPTION_REQUIRE);
    return true;
}

bool policy_is_optional(const struct sspi_policy *policy)
{
    return policy->mode == SSPI_MODE_OPTIONAL || policy->optional;
}
