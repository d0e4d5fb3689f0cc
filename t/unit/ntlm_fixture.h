/* SPDX-License-Identifier: Apache-2.0 */
/* An NTLM credential with its users and clock, for the tests of the package. */
#ifndef NTLM_FIXTURE_H
#define NTLM_FIXTURE_H

#include <unistd.h>

#include "ntlm_client.h"
#include "ntlm_context.h"
#include "store_source.h"

#define START_MS UINT64_C(1700000000000)

struct fixture {
    struct clock clock;
    uint64_t now_ms;
    uint8_t next_random;
    bool no_random;
    char path[64];
    struct sspi_users *users;
    struct ntlm_credential *credential;
    struct package_output out;
    struct sspi_error_info error_info;
};

static inline uint64_t fixture_now_ms(void *self)
{
    return ((struct fixture *)self)->now_ms;
}

static inline bool fixture_random(void *self, void *out, size_t len)
{
    struct fixture *f = self;
    memset(out, ++f->next_random, len);
    return !f->no_random;
}

static inline void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static const char users_file[] = "# Digest and NTLM\n"
                                 "alice:office:0123456789abcdef0123456789abcdef\n"
                                 "Alice:Corp:NT:" HASH_OF_PASSWORD "\n"
                                 "bob:Corp:NT:" HASH_OF_OTHER "\n"
                                 "alice:Lab:NT:" HASH_OF_OTHER "\n"
                                 "J\xc3\xb6rg Stra\xc3\x9f"
                                 "e:M\xc3\xbcnchen:NT:" HASH_OF_PASSWORD "\n";

static inline int fixture_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    char error[512];
    void *credential;
    if (f == NULL)
        return -1;
    f->clock = (struct clock){fixture_now_ms, fixture_now_ms, fixture_random, f};
    f->now_ms = START_MS;
    f->out.error_info = &f->error_info;
    strcpy(f->path, "/tmp/ntlm_package.XXXXXX");
    int file = mkstemp(f->path);
    if (file < 0)
        return -1;
    close(file);
    write_file(f->path, users_file);
    f->users = store_users_open(f->path, error, sizeof(error));
    SSPI_ACCEPTOR_DATA data = {.Version = SSPI_ACCEPTOR_DATA_VERSION, .Users = f->users};
    if (f->users == NULL || ntlm_package.acquire(&data, &credential, &f->error_info) != SEC_E_OK)
        return -1;
    f->credential = credential;
    f->credential->clock = &f->clock;
    *state = f;
    return 0;
}

static inline void drop_tokens(struct fixture *f)
{
    for (size_t i = 0; i < PACKAGE_CHALLENGES_LIMIT; i++)
        bytes_free(&f->out.tokens[i]);
    f->out.n_tokens = 0;
}

static inline int fixture_teardown(void **state)
{
    struct fixture *f = *state;
    drop_tokens(f);
    ntlm_package.release(f->credential);
    store_users_unref(f->users);
    unlink(f->path);
    free(f);
    return 0;
}

/* One call. Checks that a refusal has a reason and no token. */
static inline SECURITY_STATUS call(struct fixture *f, void **context, struct package_input in)
{
    drop_tokens(f);
    f->error_info = (struct sspi_error_info){0};
    in.n_tokens = 1;
    SECURITY_STATUS status = ntlm_package.accept(f->credential, context, &in, &f->out);
    assert_int_equal(f->out.n_tokens, status == SEC_I_CONTINUE_NEEDED ? 1 : 0);
    if (status != SEC_E_OK && status != SEC_I_CONTINUE_NEEDED) {
        assert_int_not_equal(f->error_info.reason, SSPI_REASON_NONE);
        assert_true(f->error_info.text[0] != '\0');
    }
    assert_int_equal(*context != NULL && ntlm_package.info(*context) != NULL, status == SEC_E_OK);
    return status;
}

static inline SECURITY_STATUS send(struct fixture *f, void **context, const struct bytes *token)
{
    return call(f, context, (struct package_input){.token = bytes_as_view(token)});
}

/* One client's exchange. */
struct exchange {
    void *context;
    struct bytes negotiate;
    struct bytes challenge;
    struct bytes authenticate;
    uint8_t exported[NTLM_KEY_LEN];
};

/* Runs the exchange up to the client's AUTHENTICATE, which it makes but does not send. */
static inline void exchange_begin(struct fixture *f, const struct client *client,
                                  struct exchange *exchange)
{
    *exchange = (struct exchange){0};
    client_negotiate(client, &exchange->negotiate);
    assert_int_equal(send(f, &exchange->context, &exchange->negotiate), SEC_I_CONTINUE_NEEDED);
    bytes_append_view(&exchange->challenge, bytes_as_view(&f->out.tokens[0]));
    client_authenticate(client, &f->credential->crypto, bytes_as_view(&exchange->negotiate),
                        bytes_as_view(&exchange->challenge), &exchange->authenticate,
                        exchange->exported);
}

static inline void exchange_end(struct exchange *exchange)
{
    if (exchange->context != NULL)
        ntlm_package.destroy(exchange->context);
    bytes_free(&exchange->negotiate);
    bytes_free(&exchange->challenge);
    bytes_free(&exchange->authenticate);
    exchange->context = NULL;
}

/* Runs a whole exchange. The test can then examine the context. `in` has all input but the token.
 */
static inline SECURITY_STATUS login_with(struct fixture *f, const struct client *client,
                                         struct package_input in, struct exchange *exchange)
{
    exchange_begin(f, client, exchange);
    in.token = bytes_as_view(&exchange->authenticate);
    return call(f, &exchange->context, in);
}

/* Runs a whole exchange, frees it, and returns its status. */
static inline SECURITY_STATUS login(struct fixture *f, const struct client *client)
{
    struct exchange exchange;
    SECURITY_STATUS status = login_with(f, client, (struct package_input){0}, &exchange);
    exchange_end(&exchange);
    return status;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

#define CHECK_REFUSED(f, status, wanted, why, words)                                               \
    do {                                                                                           \
        SECURITY_STATUS got = (status);                                                            \
        if (got != (wanted) || strstr((f)->error_info.text, words) == NULL)                        \
            print_message("# error: %s\n", (f)->error_info.text);                                  \
        assert_int_equal(got, wanted);                                                             \
        assert_int_equal((f)->error_info.reason, why);                                             \
        assert_non_null(strstr((f)->error_info.text, words));                                      \
    } while (0)

#endif
