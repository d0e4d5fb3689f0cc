/* SPDX-License-Identifier: Apache-2.0 */
/* A package whose input tokens are commands (fake_step() below), so that the SSPI calls can be
 * tested without tickets and passwords. It replaces all real packages. */
#ifndef SSPI_FAKE_H
#define SSPI_FAKE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "package.h"

static atomic_int fake_credentials; /* number of credentials that were not freed */
static atomic_int fake_contexts;

/* The last input of the package. Views are copied where a test looks at them. */
static struct {
    char service[64];
    ULONG requirements;
    bool http;
    char method[64], uri[64], entity_hash[64], realm[64];
    struct sspi_view hash_a1; /* valid only during the call */
    size_t n_bindings;
    char application[64];
    size_t n_tokens;
} fake_seen;

/* The facts of contexts that are made from now on. A test of messages sets both. It defines
 * FAKE_MESSAGES, a pointer, before it includes this file. */
extern const struct package kerberos_package;
static const struct package *fake_mechanism = &kerberos_package;
static ULONG fake_attributes = ASC_RET_MUTUAL_AUTH;

#ifndef FAKE_MESSAGES
#define FAKE_MESSAGES NULL
#endif

/* False in tests with threads, because writes to fake_seen would be a data race. */
static bool fake_looks = true;

struct fake_context {
    bool established;
    bool may_wait;
    char name[64];
    struct package_info info;
};

static void fake_copy(char (*to)[64], struct sspi_view from)
{
    size_t len = from.len < sizeof(*to) - 1 ? from.len : sizeof(*to) - 1;
    memset(*to, 0, sizeof(*to));
    if (from.data == NULL)
        memcpy(*to, "(absent)", 9);
    else if (len > 0)
        memcpy(*to, from.data, len);
}

/* The same with octets in hexadecimal. */
static void fake_copy_hex(char (*to)[64], struct sspi_view octets)
{
    BYTES_CLEANUP struct bytes hex = {0};
    bytes_append_hex(&hex, octets.data, octets.len);
    fake_copy(to, octets.data == NULL ? octets : bytes_as_view(&hex));
}

static SECURITY_STATUS fake_acquire(const SSPI_ACCEPTOR_DATA *data, void **ret_credential,
                                    struct sspi_error_info *error_info)
{
    if (data->KeytabName != NULL && strcmp(data->KeytabName, "missing") == 0) {
        error_info->reason = SSPI_REASON_NO_KEY;
        return SEC_E_NO_CREDENTIALS;
    }
    fake_copy(&fake_seen.service,
              data->ServiceNameCount > 0 ? data->ServiceNames[0] : (struct sspi_view){NULL, 0});
    *ret_credential = calloc(1, 1);
    fake_credentials++;
    return SEC_E_OK;
}

static void fake_release(void *credential)
{
    fake_credentials--;
    free(credential);
}

static void fake_inspect(const struct package_input *in)
{
    fake_seen.requirements = in->requirements;
    fake_seen.http = in->http;
    fake_copy(&fake_seen.method, in->method);
    fake_copy(&fake_seen.uri, in->uri);
    fake_copy_hex(&fake_seen.entity_hash, in->entity_hash);
    fake_copy(&fake_seen.realm, in->realm);
    fake_seen.hash_a1 = in->hash_a1;
    fake_seen.n_bindings = in->n_bindings;
    if (in->n_bindings > 0)
        fake_copy(&fake_seen.application, in->bindings[in->n_bindings - 1].application);
    fake_seen.n_tokens = in->n_tokens;
}

static SECURITY_STATUS fake_step(struct fake_context *context, const struct package_input *in,
                                 struct package_output *out)
{
    struct sspi_view token = in->token;

    context->may_wait = bytes_equal(token, SSPI_VIEW("more, slowly"));
    if (token.len == 0 || context->may_wait || bytes_equal(token, SSPI_VIEW("more"))) {
        bytes_append_text(&out->tokens[0], "challenge");
        out->n_tokens = 1;
        return SEC_I_CONTINUE_NEEDED;
    }
    if (bytes_equal(token, SSPI_VIEW("ok")) || bytes_equal(token, SSPI_VIEW("ok, quietly"))) {
        context->established = true;
        if (token.len == 2) {
            bytes_append_text(&out->tokens[0], "welcome");
            out->n_tokens = 1;
        }
        return SEC_E_OK;
    }
    if (token.len > 3 && token.len < 64 && memcmp(token.data, "as ", 3) == 0) {
        memcpy(context->name, token.data + 3, token.len - 3);
        context->info.name = context->name;
        context->established = true;
        return SEC_E_OK;
    }
    if (bytes_equal(token, SSPI_VIEW("many"))) {
        for (size_t i = 0; i < 3; i++)
            bytes_append_format(&out->tokens[i], "challenge %zu", i);
        out->n_tokens = 3;
        return SEC_I_CONTINUE_NEEDED;
    }
    if (bytes_equal(token, SSPI_VIEW("complete")))
        return SEC_I_COMPLETE_NEEDED;
    if (bytes_equal(token, SSPI_VIEW("ok, but nobody"))) {
        bytes_append_text(&out->tokens[0], "welcome");
        out->n_tokens = 1;
        return SEC_E_OK;
    }
    if (bytes_equal(token, SSPI_VIEW("strange")))
        return 0x12345;
    if (bytes_equal(token, SSPI_VIEW("silent no")))
        return SEC_E_LOGON_DENIED;
    out->error_info->reason = SSPI_REASON_WRONG_PASSWORD;
    memcpy(out->error_info->text, "no", 3);
    bytes_append_text(&out->tokens[0], "reject");
    out->n_tokens = 1;
    return SEC_E_LOGON_DENIED;
}

static SECURITY_STATUS fake_accept(void *credential, void **context, const struct package_input *in,
                                   struct package_output *out)
{
    struct fake_context *c = *context;

    (void)*(volatile const char *)credential; /* a sanitizer reports a credential that was freed */
    if (fake_looks)
        fake_inspect(in);
    if (c == NULL) {
        c = calloc(1, sizeof(*c));
        static char name[] = "j\xc3\xb6rg@EXAMPLE.ORG", target[] = "HTTP/www.example.org";
        c->info = (struct package_info){.name = name,
                                        .target = target,
                                        .mechanism = fake_mechanism,
                                        .attributes = fake_attributes,
                                        .start_ms = 0,
                                        .expiry_ms = UINT64_MAX};
        fake_contexts++;
        *context = c;
    }
    assert_false(c->established); /* core/sspi refuses such a call itself */
    return fake_step(c, in, out);
}

static SECURITY_STATUS fake_complete(void *context, const struct package_input *in,
                                     struct package_output *out)
{
    struct fake_context *c = context;

    if (fake_looks)
        fake_inspect(in);
    if (!bytes_equal(in->token, SSPI_VIEW("complete"))) {
        out->error_info->reason = SSPI_REASON_REPLAY;
        return SEC_E_OUT_OF_SEQUENCE;
    }
    c->established = true;
    return SEC_E_OK;
}

static bool fake_waits(const void *context)
{
    const struct fake_context *c = context;
    assert_false(c->established);
    return c->may_wait;
}

static const struct package_info *fake_info(const void *context)
{
    const struct fake_context *c = context;
    return c->established ? &c->info : NULL;
}

static void fake_destroy(void *context)
{
    fake_contexts--;
    free(context);
}

#define FAKE_PACKAGE(name, other, completes)                                                       \
    {                                                                                              \
        .about = {.fCapabilities = SECPKG_FLAG_CONNECTION,                                         \
                  .wVersion = 1,                                                                   \
                  .wRPCID = 9,                                                                     \
                  .cbMaxToken = 4096,                                                              \
                  .Name = (char[]){name},                                                          \
                  .Comment = (char[]){"fake " name}},                                              \
        .alias = other, .acquire = fake_acquire, .release = fake_release, .accept = fake_accept,   \
        .may_wait = fake_waits, .complete = completes, .messages = FAKE_MESSAGES,                  \
        .info = fake_info, .destroy = fake_destroy                                                 \
    }

const struct package negotiate_package = FAKE_PACKAGE("Negotiate", NULL, NULL);
const struct package kerberos_package = FAKE_PACKAGE("Kerberos", NULL, NULL);
const struct package ntlm_package = FAKE_PACKAGE("NTLM", NULL, NULL);
const struct package digest_package = FAKE_PACKAGE("WDigest", "Digest", fake_complete);

/* ---- short forms of calls ---- */

static inline CredHandle fake_credential(const char *package)
{
    CredHandle credential;
    assert_int_equal(AcquireCredentialsHandleA(NULL, package, SECPKG_CRED_INBOUND, NULL, NULL, NULL,
                                               NULL, &credential, NULL),
                     SEC_E_OK);
    return credential;
}

/* One call with only a token; its output is freed. `context` is NULL, or a handle's variable. */
static inline SECURITY_STATUS fake_say(CredHandle *credential, CtxtHandle *context,
                                       const char *token, CtxtHandle *ret_context)
{
    char copy[64];
    char answer[64];
    size_t len = strlen(token);
    memcpy(copy, token, len);
    SecBuffer in = {(ULONG)len, SECBUFFER_TOKEN, copy};
    SecBuffer out = {sizeof(answer), SECBUFFER_TOKEN, answer};
    SecBufferDesc input = {SECBUFFER_VERSION, 1, &in};
    SecBufferDesc output = {SECBUFFER_VERSION, 1, &out};
    return AcceptSecurityContext(credential, context, &input, 0, 0, ret_context, &output, NULL,
                                 NULL);
}

static inline void fake_all_gone(void)
{
    assert_int_equal(fake_credentials, 0);
    assert_int_equal(fake_contexts, 0);
}

/* The end of a test that acquired `credential`. */
static inline int fake_end(CredHandle *credential)
{
    if (FreeCredentialsHandle(credential) != SEC_E_OK)
        return -1;
    fake_all_gone();
    return 0;
}

#endif
