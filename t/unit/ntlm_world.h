/* SPDX-License-Identifier: Apache-2.0 */
/* An NTLM credential with its users and clock, for the tests of the package. */
#ifndef NTLM_WORLD_H
#define NTLM_WORLD_H

#include <unistd.h>

#include "ntlm_client.h"
#include "ntlm_context.h"
#include "store_source.h"

#define START_MS UINT64_C(1700000000000)

struct world {
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

static inline uint64_t world_now_ms(void *self)
{
    return ((struct world *)self)->now_ms;
}

static inline bool world_random(void *self, void *out, size_t len)
{
    struct world *w = self;
    memset(out, ++w->next_random, len);
    return !w->no_random;
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

static inline int make_world(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    char error[512];
    void *credential;
    if (w == NULL)
        return -1;
    w->clock = (struct clock){world_now_ms, world_now_ms, world_random, w};
    w->now_ms = START_MS;
    w->out.error_info = &w->error_info;
    strcpy(w->path, "/tmp/ntlm_package.XXXXXX");
    int file = mkstemp(w->path);
    if (file < 0)
        return -1;
    close(file);
    write_file(w->path, users_file);
    w->users = store_users_open(w->path, error, sizeof error);
    SSPI_ACCEPTOR_DATA data = {.Version = SSPI_ACCEPTOR_DATA_VERSION, .Users = w->users};
    if (w->users == NULL || ntlm_package.acquire(&data, &credential, &w->error_info) != SEC_E_OK)
        return -1;
    w->credential = credential;
    w->credential->clock = &w->clock;
    *state = w;
    return 0;
}

static inline void drop_tokens(struct world *w)
{
    for (size_t i = 0; i < PACKAGE_CHALLENGES_LIMIT; i++)
        bytes_free(&w->out.tokens[i]);
    w->out.n_tokens = 0;
}

static inline int end_world(void **state)
{
    struct world *w = *state;
    drop_tokens(w);
    ntlm_package.release(w->credential);
    store_users_unref(w->users);
    unlink(w->path);
    free(w);
    return 0;
}

/* One call. A refusal says why, and gives no token. */
static inline SECURITY_STATUS call(struct world *w, void **context, struct package_input in)
{
    drop_tokens(w);
    w->error_info = (struct sspi_error_info){0};
    in.n_tokens = 1;
    SECURITY_STATUS st = ntlm_package.accept(w->credential, context, &in, &w->out);
    assert_int_equal(w->out.n_tokens, st == SEC_I_CONTINUE_NEEDED ? 1 : 0);
    if (st != SEC_E_OK && st != SEC_I_CONTINUE_NEEDED) {
        assert_int_not_equal(w->error_info.reason, SSPI_REASON_NONE);
        assert_true(w->error_info.text[0] != '\0');
    }
    assert_int_equal(*context != NULL && ntlm_package.info(*context) != NULL, st == SEC_E_OK);
    return st;
}

static inline SECURITY_STATUS send(struct world *w, void **context, const struct bytes *token)
{
    return call(w, context, (struct package_input){.token = bytes_as_view(token)});
}

/* One client's exchange. */
struct exchange {
    void *context;
    struct bytes negotiate;
    struct bytes challenge;
    struct bytes authenticate;
    uint8_t exported[NTLM_KEY_LEN];
};

/* As far as the client's AUTHENTICATE, which is not sent. */
static inline void exchange_begin(struct world *w, const struct client *client,
                                  struct exchange *exchange)
{
    *exchange = (struct exchange){0};
    client_negotiate(client, &exchange->negotiate);
    assert_int_equal(send(w, &exchange->context, &exchange->negotiate), SEC_I_CONTINUE_NEEDED);
    bytes_append_view(&exchange->challenge, bytes_as_view(&w->out.tokens[0]));
    client_authenticate(client, &w->credential->crypto, bytes_as_view(&exchange->negotiate),
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

/* All of it; the context is left for looking into. `in` says all but the token. */
static inline SECURITY_STATUS login_with(struct world *w, const struct client *client,
                                         struct package_input in, struct exchange *exchange)
{
    exchange_begin(w, client, exchange);
    in.token = bytes_as_view(&exchange->authenticate);
    return call(w, &exchange->context, in);
}

/* All of it, and what came of it. */
static inline SECURITY_STATUS login(struct world *w, const struct client *client)
{
    struct exchange exchange;
    SECURITY_STATUS st = login_with(w, client, (struct package_input){0}, &exchange);
    exchange_end(&exchange);
    return st;
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, make_world, end_world)

#define CHECK_REFUSED(w, st, wanted, why, words)                                                   \
    do {                                                                                           \
        SECURITY_STATUS got = (st);                                                                \
        if (got != (wanted) || strstr((w)->error_info.text, words) == NULL)                        \
            print_message("# report: %s\n", (w)->error_info.text);                                 \
        assert_int_equal(got, wanted);                                                             \
        assert_int_equal((w)->error_info.reason, why);                                             \
        assert_non_null(strstr((w)->error_info.text, words));                                      \
    } while (0)

#endif
