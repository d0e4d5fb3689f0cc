/* SPDX-License-Identifier: Apache-2.0 */
/* The fixture of the package's tests: a WDigest credential with users, state and clock, and a
 * client. */
#ifndef DIGEST_FIXTURE_H
#define DIGEST_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "digest_credential.h"
#include "digest_parse.h"
#include "digest_verify.h"
#include "package_context.h"
#include "store_state.h"
#include "store_users.h"

#define REALM    "office"
#define START_MS UINT64_C(1700000000000)

/* ---- the fixture: clock, users, state, credential, and one call's output ---- */

struct fixture {
    struct clock clock;
    uint64_t now_ms;
    uint64_t set_back_ms; /* how far the wall clock was set back since the start */
    uint8_t next_random;
    char path[64];
    struct sspi_users *users;
    void *memory;
    struct sspi_state *state;
    struct digest_credential *credential;
    struct package_output out;
    struct sspi_error_info error_info;
    char nonce[DIGEST_NONCE_LEN + 1]; /* the nonce of first_client() */
};

static inline uint64_t fixture_now_ms(void *self)
{
    return ((struct fixture *)self)->now_ms;
}

static inline uint64_t fixture_steady_ms(void *self)
{
    const struct fixture *f = self;

    return f->now_ms + f->set_back_ms;
}

static inline bool fixture_random(void *self, void *out, size_t len)
{
    memset(out, ++((struct fixture *)self)->next_random, len);
    return true;
}

/* Appends the hash of `text` in hexadecimal. Returns a view of `hex`. */
static inline struct sspi_view octets_of(const char *text, enum sspi_digest_algorithm algorithm,
                                         struct bytes *octets)
{
    struct hash_suite suite;
    uint8_t digest[HASH_MAX];

    assert_true(hash_suite_init(&suite));
    assert_true(hash_once(&suite, algorithm, bytes_view(text), digest));
    bytes_append(octets, digest, hash_len(algorithm));
    hash_suite_clear(&suite);
    return bytes_as_view(octets);
}

static inline struct sspi_view hex_of(const char *text, enum sspi_digest_algorithm algorithm,
                                      struct bytes *hex)
{
    BYTES_CLEANUP struct bytes octets = {0};

    octets_of(text, algorithm, &octets);
    bytes_append_hex(hex, octets.data, octets.len);
    return bytes_as_view(hex);
}

/* One line of the user file for a password "secret-USER". */
static inline void append_user(struct bytes *file, const char *user, const char *realm,
                               enum sspi_digest_algorithm algorithm)
{
    BYTES_CLEANUP struct bytes a1 = {0};

    bytes_append_format(&a1, "%s:%s:secret-%s", user, realm, user);
    bytes_append_char(&a1, '\0');
    bytes_append_format(file, "%s:%s:%s:", user, realm, hash_name(algorithm));
    hex_of(a1.data, algorithm, file);
    bytes_append_char(file, '\n');
}

/* The line for a name and a password that fit ISO-8859-1 (RFC 2831 2.1.2.1). */
static inline void append_latin_1_line(struct bytes *file, const char *user, const char *latin_1)
{
    BYTES_CLEANUP struct bytes a1 = {0};

    bytes_append_format(&a1, "%s:%s:secret-%s", latin_1, REALM, latin_1);
    bytes_append_char(&a1, '\0');
    bytes_append_format(file, "%s:%s:MD5-ISO-8859-1:", user, REALM);
    hex_of(a1.data, SSPI_DIGEST_MD5, file);
    bytes_append_char(file, '\n');
}

static inline void write_users(struct fixture *f)
{
    BYTES_CLEANUP struct bytes file = {0};
    static const char *const users[] = {"alice", "bob", "DOM\\carol"};

    for (size_t i = 0; i < 3; i++) {
        append_user(&file, users[i], REALM, SSPI_DIGEST_SHA_256);
        append_user(&file, users[i], REALM, SSPI_DIGEST_MD5);
    }
    append_user(&file, "alice", "old", SSPI_DIGEST_MD5);
    append_user(&file, "bob", "old", SSPI_DIGEST_MD5);
    append_user(&file, "carol", "old", SSPI_DIGEST_SHA_256);
    append_user(&file, "alice", "other", SSPI_DIGEST_SHA_256);
    append_user(&file, "j\xc3\xa4s", REALM, SSPI_DIGEST_SHA_256);
    append_user(&file, "j\xc3\xa4s", REALM, SSPI_DIGEST_MD5);
    append_user(&file, "ren\xc3\xa9", REALM, SSPI_DIGEST_SHA_256);
    append_user(&file, "ren\xc3\xa9", REALM, SSPI_DIGEST_MD5);
    append_latin_1_line(&file, "ren\xc3\xa9", "ren\xe9");
    append_user(&file, "dave@example.org", "", SSPI_DIGEST_SHA_256);
    strcpy(f->path, "/tmp/digest_package.XXXXXX");
    int fd = mkstemp(f->path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, file.data, file.len), file.len);
    close(fd);
}

static inline void acquire(struct fixture *f, SSPI_ACCEPTOR_DATA data)
{
    void *credential;

    data.Version = SSPI_ACCEPTOR_DATA_VERSION;
    data.Users = f->users;
    data.State = f->state;
    assert_int_equal(digest_package.acquire(&data, &credential, &f->error_info), SEC_E_OK);
    f->credential = credential;
    f->credential->clock = &f->clock;
}

static inline int fixture_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    char error[512];

    f->clock = (struct clock){fixture_now_ms, fixture_steady_ms, fixture_random, f};
    f->now_ms = START_MS - 1000;
    f->out.error_info = &f->error_info;
    write_users(f);
    f->users = store_users_open(f->path, error, sizeof(error));
    assert_non_null(f->users);
    f->memory = aligned_alloc(4096, STORE_STATE_MIN_SIZE);
    memset(f->memory, 0, STORE_STATE_MIN_SIZE);
    f->state = store_state_format(f->memory, STORE_STATE_MIN_SIZE, &f->clock);
    assert_non_null(f->state);
    f->now_ms = START_MS;
    *state = f;
    return 0;
}

static inline void clear_output(struct fixture *f)
{
    package_output_clear(&f->out);
}

static inline int fixture_teardown(void **state)
{
    struct fixture *f = *state;

    clear_output(f);
    if (f->credential != NULL)
        digest_package.release(f->credential);
    store_users_unref(f->users);
    unlink(f->path);
    store_state_free(f->state);
    free(f->memory);
    free(f);
    return 0;
}

/* A test with a fixture of its own. */
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

/* ---- a client ---- */

struct client {
    const char *user;        /* as written between the quotes */
    const char *hashed_user; /* NULL: the same */
    const char *password;
    const char *realm;
    const char *uri;
    const char *nonce;
    unsigned count;
    enum sspi_digest_algorithm algorithm;
    const char *body;   /* if not NULL: qop auth-int with this body */
    const char *cnonce; /* NULL: "c" */
    const char *more;   /* further directives; NULL: none */
};

static inline struct client alice(const char *nonce, unsigned count)
{
    return (struct client){.user = "alice",
                           .password = "secret-alice",
                           .realm = REALM,
                           .uri = "/x?y",
                           .nonce = nonce,
                           .count = count,
                           .algorithm = SSPI_DIGEST_SHA_256};
}

/* Appends the header value of `c` for a GET. The digits of the response are filled in last. */
static inline void answer(const struct client *c, struct bytes *header)
{
    struct hash_suite suite;
    struct hash_run run;
    struct digest_response response;
    struct sspi_error_info error_info;
    uint8_t hash_a1[HASH_MAX], entity_hash[HASH_MAX] = {0}, digest[HASH_MAX];
    BYTES_CLEANUP struct bytes a1 = {0}, digits = {0};
    size_t len = hash_len(c->algorithm);

    assert_true(hash_suite_init(&suite));
    assert_true(hash_run_init(&run, &suite));
    bytes_append_format(header, "response=\"%0*d\", username=\"%s\", realm=\"%s\", nonce=\"%s\", ",
                        (int)len * 2, 0, c->user, c->realm, c->nonce);
    bytes_append_format(header, "uri=\"%s\", algorithm=%s, qop=%s, nc=%08x, cnonce=\"%s\"%s",
                        c->uri, hash_name(c->algorithm), c->body != NULL ? "auth-int" : "auth",
                        c->count, c->cnonce != NULL ? c->cnonce : "c",
                        c->more != NULL ? c->more : "");
    assert_int_equal(digest_parse_response(bytes_as_view(header), &response, &error_info),
                     SSPI_REASON_NONE);
    bytes_append_format(&a1, "%s:%s:%s", c->hashed_user != NULL ? c->hashed_user : c->user,
                        c->realm, c->password);
    assert_true(hash_once(&suite, c->algorithm, bytes_as_view(&a1), hash_a1));
    if (c->body != NULL)
        assert_true(hash_once(&suite, c->algorithm, bytes_view(c->body), entity_hash));
    assert_true(
        digest_verify_compute(&run, &response, SSPI_VIEW("GET"), entity_hash, hash_a1, digest));
    bytes_append_hex(&digits, digest, len);
    memcpy(header->data + strlen("response=\""), digits.data, 2 * len);
    digest_response_clear(&response);
    hash_run_clear(&run);
    hash_suite_clear(&suite);
}

static inline struct package_input input(struct sspi_view token)
{
    return (struct package_input){
        .token = token,
        .http = true,
        .method = SSPI_VIEW("GET"),
        .uri = SSPI_VIEW("/x?y"),
        .realm = SSPI_VIEW(REALM),
        .n_tokens = PACKAGE_CHALLENGES_LIMIT,
    };
}

static inline SECURITY_STATUS call(struct fixture *f, void **context,
                                   const struct package_input *in)
{
    clear_output(f);
    return digest_package.accept(f->credential, context, in, &f->out);
}

/* One call on the data of an established context, through package_context_accept(). */
static inline SECURITY_STATUS call_established(struct fixture *f, void *data,
                                               const struct package_input *in)
{
    struct package_credential credential = {.package = &digest_package, .data = f->credential};
    struct package_context context = {.credential = &credential, .data = data};

    package_context_settle(&context, SEC_E_OK);
    clear_output(f);
    return package_context_accept(&context, in, &f->out);
}

/* One call with the answer of `c` on a context of its own, which is destroyed afterwards. */
static inline SECURITY_STATUS login(struct fixture *f, const struct client *c)
{
    BYTES_CLEANUP struct bytes header = {0};
    void *context = NULL;

    answer(c, &header);
    struct package_input in = input(bytes_as_view(&header));
    SECURITY_STATUS status = call(f, &context, &in);
    if (context != NULL) {
        assert_true((digest_package.info(context) != NULL) == (status == SEC_E_OK));
        digest_package.destroy(context);
    }
    return status;
}

/* Copies the nonce of the first challenge in the output. */
static inline void take_nonce(struct fixture *f, char nonce[DIGEST_NONCE_LEN + 1])
{
    bytes_append(&f->out.tokens[0], "", 1);
    const char *at = strstr(f->out.tokens[0].data, "nonce=\"");
    assert_non_null(at);
    memcpy(nonce, at + 7, DIGEST_NONCE_LEN);
    nonce[DIGEST_NONCE_LEN] = '\0';
    assert_int_equal(at[7 + DIGEST_NONCE_LEN], '"');
}

static inline void get_nonce(struct fixture *f, char nonce[DIGEST_NONCE_LEN + 1])
{
    struct package_input in = input(SSPI_VIEW(""));
    void *context = NULL;

    assert_int_equal(call(f, &context, &in), SEC_I_CONTINUE_NEEDED);
    take_nonce(f, nonce);
    digest_package.destroy(context);
}

static const SSPI_ACCEPTOR_DATA without_contexts = {.Flags = SSPI_ACCEPTOR_NO_DIGEST_CONTEXTS};

/* Acquires a credential, and returns alice's first request with a nonce of it. */
static inline struct client first_client(struct fixture *f, SSPI_ACCEPTOR_DATA data)
{
    acquire(f, data);
    get_nonce(f, f->nonce);
    return alice(f->nonce, 1);
}

static inline void assert_stale(struct fixture *f)
{
    assert_int_equal(f->error_info.reason, SSPI_REASON_STALE_NONCE);
    assert_int_equal(f->out.n_tokens, 2);
    bytes_append(&f->out.tokens[1], "", 1);
    assert_non_null(strstr(f->out.tokens[1].data, "stale=true"));
}

#endif
