/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts that have ended: no call of the login changes an established context, and a failed
 * context accepts no further call. */
#include "message_tests.h"

#define EVERY_MESSAGE                                                                              \
    (ASC_RET_INTEGRITY | ASC_RET_REPLAY_DETECT | ASC_RET_SEQUENCE_DETECT | ASC_RET_CONFIDENTIALITY)

/* MS-NLMP 2.2.1.1: asks for Unicode, signatures and extended session security. */
#define NTLM_NEGOTIATE "NTLMSSP\0\1\0\0\0\x11\2\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

/* Calls AcceptSecurityContext once and drops its output. */
static SECURITY_STATUS say(struct pair *pair, bool first, const char *octets, size_t len,
                           ULONG flags)
{
    struct block copy = block_copy(octets, len);
    SecBuffer in = {(ULONG)len, SECBUFFER_TOKEN, copy.data}, out = {0, SECBUFFER_TOKEN, NULL};
    SecBufferDesc input = {SECBUFFER_VERSION, 1, &in}, output = {SECBUFFER_VERSION, 1, &out};
    pair->attributes = EVERY_MESSAGE;
    SECURITY_STATUS status = AcceptSecurityContext(
        &pair->credential, first ? NULL : &pair->context, &input, ASC_REQ_ALLOCATE_MEMORY | flags,
        0, &pair->context, &output, &pair->attributes, NULL);
    FreeContextBuffer(out.pvBuffer);
    block_free(&copy);
    return status;
}

static void assert_same_text(char *got, char *wanted)
{
    assert_string_equal(got, wanted);
    FreeContextBuffer(got);
    FreeContextBuffer(wanted);
}

/* The client's name, and the name in its access token. */
static char *name_of(struct pair *pair)
{
    SecPkgContext_NamesA names;
    void *token;
    assert_int_equal(QueryContextAttributesA(&pair->context, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
    assert_int_equal(QuerySecurityContextToken(&pair->context, &token), SEC_E_OK);
    assert_string_equal(sspi_token_name(token), names.sUserName);
    sspi_token_close(token);
    return names.sUserName;
}

static ULONG flags_of(struct pair *pair)
{
    SecPkgContext_Flags flags;
    assert_int_equal(QueryContextAttributesA(&pair->context, SECPKG_ATTR_FLAGS, &flags), SEC_E_OK);
    return flags.Flags;
}

/* The result must be the same before and after: success if the account exists and this is root,
 * otherwise a refusal. */
static SECURITY_STATUS impersonate(struct pair *pair)
{
    SECURITY_STATUS status = ImpersonateSecurityContext(&pair->context);
    if (status == SEC_E_OK)
        assert_int_equal(RevertSecurityContext(&pair->context), SEC_E_OK);
    return status;
}

static void check_messages(struct pair *pair)
{
    struct block message = block_text(40, 5), token, plain;
    ULONG qop;
    assert_int_equal(our_sign(pair, &message, &token), SEC_E_OK);
    assert_int_equal(peer_check_mic(pair, &message, &token), GSS_S_COMPLETE);
    block_free(&token);
    token = peer_mic(pair, &message);
    assert_int_equal(our_verify(pair, &message, &token), SEC_E_OK);
    block_free(&token);
    token = peer_wrap(pair, 1, &message);
    assert_int_equal(our_unseal(pair, &token, &plain, &qop), SEC_E_OK);
    assert_block(&plain, &message);
    block_free(&plain);
    block_free(&token);
    block_free(&message);
}

/* AcceptSecurityContext (Digest) page: "called after the specified context was established". The
 * other pages name no status. It is the same for every token of the client. */
void an_established_context_accepts_no_further_call(void **state)
{
    static const struct {
        const char *octets;
        size_t len;
    } tokens[] = {
        {"", 0}, {"no token at all", 15}, {NTLM_NEGOTIATE, 32}, {"\xa1\x03\x30\x01\x00", 5}};

    FOR_EACH_KIND(kind)
    {
        struct pair pair;
        pair_open(&pair, kind, PAIR_FLAGS);
        const CtxtHandle context = pair.context;
        ULONG flags = flags_of(&pair);
        SECURITY_STATUS can_act = impersonate(&pair);
        for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
            char *name = name_of(&pair);
            assert_int_equal(say(&pair, false, tokens[i].octets, tokens[i].len, ASC_REQ_IDENTIFY),
                             STATUS_LOGON_FAILURE);
            assert_int_equal(pair.attributes, 0);
            assert_memory_equal(&pair.context, &context, sizeof context);
            assert_int_equal(CompleteAuthToken(&pair.context, NULL), SEC_E_UNSUPPORTED_FUNCTION);
            assert_same_text(name_of(&pair), name);
            assert_int_equal(flags_of(&pair), flags);
            assert_int_equal(impersonate(&pair), can_act);
            check_messages(&pair);
        }
        pair_close(&pair);
    }
}

static void check_failed(struct pair *pair)
{
    union {
        SecPkgContext_NamesA names;
        SecPkgContext_Sizes sizes;
        SecPkgContext_SessionKey key;
        SecPkgContext_LastClientTokenStatus last;
        char room[64];
    } told;
    static const ULONG attributes[] = {SECPKG_ATTR_NAMES, SECPKG_ATTR_SIZES,
                                       SECPKG_ATTR_SESSION_KEY, SECPKG_ATTR_FLAGS,
                                       SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS};
    struct block message = block_text(20, 6), token;
    void *access;
    for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++)
        assert_int_equal(QueryContextAttributesA(&pair->context, attributes[i], &told),
                         SEC_E_INVALID_HANDLE);
    assert_int_equal(QuerySecurityContextToken(&pair->context, &access), SEC_E_INVALID_HANDLE);
    assert_int_equal(ImpersonateSecurityContext(&pair->context), SEC_E_INVALID_HANDLE);
    assert_int_equal(our_sign(pair, &message, &token), SEC_E_INVALID_HANDLE);
    block_free(&token);
    block_free(&message);
}

/* A login that failed at a later leg: there is a handle, and only DeleteSecurityContext works on
 * it. (A bare Kerberos login has one leg.) */
void a_failed_context_accepts_no_call(void **state)
{
    FOR_EACH_KIND(kind)
    if (kind->ntlm || kind->spnego) {
        struct pair pair;
        pair_open(&pair, kind, PAIR_FLAGS);
        assert_int_equal(DeleteSecurityContext(&pair.context), SEC_E_OK);
        assert_int_equal(kind->ntlm ? say(&pair, true, NTLM_NEGOTIATE, 32, 0)
                                    : say(&pair, true, "", 0, 0),
                         SEC_I_CONTINUE_NEEDED);
        assert_int_equal(say(&pair, false, "no token at all", 15, 0), SEC_E_INVALID_TOKEN);
        assert_int_equal(say(&pair, false, NTLM_NEGOTIATE, 32, 0), SEC_E_INVALID_HANDLE);
        check_failed(&pair);
        pair_close(&pair);
    }
}
