/* SPDX-License-Identifier: Apache-2.0 */
/* The one decision about channels and services. Does a policy accept what the client said about its
 * TLS channel, and the service of its login? Every package calls it before it records a login as
 * used. A kept login, a later leg, a subrequest and an internal redirect call it again, with the
 * policy that applies there.
 *
 * A package reports facts: what the client said, and not whether that is right. Only the policy
 * compares, because each policy has its own candidates.
 *
 * Sources: the Extended Protection pages and .NET's HttpListener (policy table), RFC 5929, MS-NLMP
 * 3.2.5.1.2, MS-KILE 3.4.5, MS-DPSP. Pure, except for OpenSSL's MD5. */
#ifndef BINDING_CHECK_H
#define BINDING_CHECK_H

#include "hash.h"
#include "package.h"

enum binding_mode {
    BINDING_MODE_NONE,  /* channels are not compared */
    BINDING_MODE_ALLOW, /* a binding that the client sends must be right; a client without a binding
                           is accepted */
    BINDING_MODE_REQUIRE /* the client must send the right binding */
};

/* Where the client's TLS connection ends. */
enum binding_end {
    BINDING_END_KNOWN,   /* at one of the candidates: here, or at a front end with a certificate */
    BINDING_END_UNKNOWN, /* at a front end whose certificate is not known (IIS: Proxy) */
    BINDING_END_MIXED    /* at such a front end, or there is no TLS at all (IIS: ProxyCohosting) */
};

/* The demands of one policy on one connection. All pointers are borrowed. All zero: no demand. */
struct binding_rules {
    enum binding_mode mode;
    enum binding_end end;
    bool plain; /* no TLS protects the connection, here or at a known front end */
    /* The candidates: the channels that the policy accepts. At most PACKAGE_BINDINGS_LIMIT. */
    const struct package_channel_binding *bindings;
    size_t n_bindings;
    /* Accepted services (patterns of service_name.h). Without patterns, the policy accepts every
     * service that a key proves, and no name that the client sends (if such names are checked). */
    const struct sspi_view *services;
    size_t n_services;
    bool checks_client_names; /* names that no key proves are checked, too (NTLM, Digest) */
    bool refuses_dotless; /* a name that no key proves and that has no dot must be listed itself */
};

/* The facts about one login. */
struct binding_facts {
    struct package_client_channel channel;
    struct sspi_view service; /* absent or empty: not known */
    bool service_proven; /* true: the server's key for this service decrypted the ticket; false:
                            only the client named the service */
};

/* The result of comparing the client's channel with the candidates. */
enum binding_comparison { BINDING_NO_CANDIDATE, BINDING_DIFFERENT, BINDING_EQUAL };

enum binding_answer {
    BINDING_ACCEPTED,
    BINDING_NOT_READ,      /* the package did not read the client's statement about its channel */
    BINDING_CLIENT_ABSENT, /* a binding is required, and the client sent none */
    BINDING_CLIENT_NO_TLS, /* the client says that it uses no TLS */
    BINDING_OTHER_CHANNEL,
    BINDING_NOT_COMPARABLE, /* the client named a channel, and there is no candidate */
    BINDING_OTHER_SERVICE,
    BINDING_NO_SERVICE /* the client named no service, and only its name could be checked */
};

/* Returns the rules of one accept call: in->rules, or the meaning of the flags and buffers that a
 * Windows caller gives AcceptSecurityContext. */
struct binding_rules binding_rules_of(const struct package_input *in);

/* Decides about the channel. `comparison` is ignored unless the client named a channel. *ret_bound
 * says what an accepted client is bound to. Pure. */
enum binding_answer binding_check_channel(const struct binding_rules *rules,
                                          enum package_client_binding client,
                                          enum binding_comparison comparison,
                                          enum package_bound *ret_bound) MUST_USE;

/* Decides about the service of a client whose channel was accepted as `bound`. Pure. */
enum binding_answer binding_check_service(const struct binding_rules *rules,
                                          const struct binding_facts *facts,
                                          enum package_bound bound) MUST_USE;

/* Decides about both. `hashes` may be NULL: MD5 is then fetched for this call. SEC_E_OK sets
 * *ret_bound. SEC_E_BAD_BINDINGS, SEC_E_WRONG_PRINCIPAL: refused. SEC_E_INTERNAL_ERROR,
 * SEC_E_INSUFFICIENT_MEMORY: no decision. `error_info` says why. */
SECURITY_STATUS binding_check(const struct binding_rules *rules, const struct binding_facts *facts,
                              const struct hash_suite *hashes, enum package_bound *ret_bound,
                              struct sspi_error_info *error_info) MUST_USE;

/* Reads a channel hash: NO_TLS if it is all zero, otherwise PRESENT with the hash. */
struct package_client_channel
binding_channel_from_hash(const uint8_t hash[PACKAGE_CHANNEL_HASH_LEN]) MUST_USE;

/* The hash by which clients name `binding` (RFC 4121 4.1.1.2, the Bnd field). False: OpenSSL
 * failed, or a policy of this machine forbids MD5. */
bool binding_channel_hash(const struct package_channel_binding *binding,
                          const struct hash_suite *hashes,
                          uint8_t ret_hash[PACKAGE_CHANNEL_HASH_LEN]) MUST_USE;

/* Writes the refusal of a service that no rule accepts, and returns its status. */
SECURITY_STATUS binding_check_refuse_service(const struct binding_rules *rules,
                                             const struct binding_facts *facts,
                                             struct sspi_error_info *error_info);

/* Writes the refusal for a failure of binding_channel_hash(), and returns its status. */
SECURITY_STATUS binding_check_no_md5(struct sspi_error_info *error_info);

#endif
