/* SPDX-License-Identifier: Apache-2.0 */
/* A wrong password, an unknown user and an unknown userhash take the same work. The tests count the
 * work instead of the time. The linker's --wrap (meson.build) redirects every hash and every
 * comparison of secrets to this file. */
#include "digest_sasl_client.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "store_siphash.h"

#define MANY 5000

struct work {
    size_t n_hashes;   /* begun */
    size_t n_updates;  /* of all hashes */
    size_t hashed_len; /* octets */
    size_t n_ends;
    size_t n_keyed; /* the keyed hashes that look users up */
    size_t n_compared;
    size_t compared_len;
};

static struct work work;

#define WRAP(type, name, ...)                                                                      \
    type __real_##name(__VA_ARGS__);                                                               \
    type __wrap_##name(__VA_ARGS__);                                                               \
    type __wrap_##name(__VA_ARGS__)

WRAP(int, EVP_DigestInit_ex2, EVP_MD_CTX *context, const EVP_MD *md, const OSSL_PARAM *params)
{
    work.n_hashes++;
    return __real_EVP_DigestInit_ex2(context, md, params);
}

WRAP(int, EVP_DigestUpdate, EVP_MD_CTX *context, const void *data, size_t len)
{
    work.n_updates++;
    work.hashed_len += len;
    return __real_EVP_DigestUpdate(context, data, len);
}

WRAP(int, EVP_DigestFinal_ex, EVP_MD_CTX *context, unsigned char *digest, unsigned int *len)
{
    work.n_ends++;
    return __real_EVP_DigestFinal_ex(context, digest, len);
}

WRAP(struct store_siphash, store_siphash, const uint8_t *key, const void *data, size_t len)
{
    work.n_keyed++;
    return __real_store_siphash(key, data, len);
}

WRAP(bool, bytes_equal_secret, struct sspi_view a, struct sspi_view b)
{
    work.n_compared++;
    work.compared_len += a.len;
    return __real_bytes_equal_secret(a, b);
}

/* ---- what one refusal takes ---- */

static struct work work_of_header(struct fixture *f, struct sspi_view header,
                                  const struct package_input *more)
{
    struct package_input in = input(header);
    void *context = NULL;

    in.entity_hash = more->entity_hash;
    in.hash_a1 = more->hash_a1;
    work = (struct work){0};
    assert_int_equal(call(f, &context, &in), SEC_E_LOGON_DENIED);
    struct work done = work;
    assert_int_equal(f->error_info.reason, SSPI_REASON_WRONG_PASSWORD);
    assert_null(context);
    return done;
}

static struct work work_of(struct fixture *f, const struct client *c,
                           const struct package_input *more)
{
    BYTES_CLEANUP struct bytes header = {0};

    answer(c, &header);
    return work_of_header(f, bytes_as_view(&header), more);
}

static void assert_same(const struct work *a, const struct work *b)
{
    assert_int_equal(a->n_hashes, b->n_hashes);
    assert_int_equal(a->n_updates, b->n_updates);
    assert_int_equal(a->hashed_len, b->hashed_len);
    assert_int_equal(a->n_ends, b->n_ends);
    assert_int_equal(a->n_keyed, b->n_keyed);
    assert_int_equal(a->n_compared, b->n_compared);
    assert_int_equal(a->compared_len, b->compared_len);
}

static const struct package_input nothing_more = {.token = {NULL, 0}};

/* Every user takes the same work as the first. All names have one length, so that the numbers of
 * octets are equal. */
static void assert_all_same(struct fixture *f, struct client c, const char *const *users, size_t n)
{
    struct work first = {0};

    for (size_t i = 0; i < n; i++) {
        c.user = users[i];
        struct work done = work_of(f, &c, &nothing_more);
        if (i == 0)
            first = done;
        assert_same(&done, &first);
    }
    /* The counters work: at least H(A2), the response and the comparison are counted. */
    assert_true(first.n_hashes >= 2 && first.n_ends == first.n_hashes);
    assert_true(first.hashed_len > 64);
    assert_true(first.n_compared >= 1 && first.compared_len >= hash_len(c.algorithm));
}

static void all_names_take_the_same_work(void **state)
{
    struct fixture *f = *state;
    static const enum sspi_digest_algorithm algorithms[] = {
        SSPI_DIGEST_MD5, SSPI_DIGEST_SHA_256, SSPI_DIGEST_MD5_SESS, SSPI_DIGEST_SHA_256_SESS};
    /* The last user only exists in another realm. */
    static const char *const plain[] = {"alice", "nobod", "carol"};
    static const char *const other[] = {"j\xc3\xa4s", "k\xc3\xa4s", "j\xc3\xb6s"};
    static const char *const domain[] = {"DOM\\carol", "DOM\\nobod", "NOD\\carol"};
    char nonce[DIGEST_NONCE_LEN + 1];

    acquire(f,
            (SSPI_ACCEPTOR_DATA){.Flags = SSPI_ACCEPTOR_NO_DIGEST_CONTEXTS,
                                 .Algorithms = {SSPI_DIGEST_MD5, SSPI_DIGEST_SHA_256,
                                                SSPI_DIGEST_MD5_SESS, SSPI_DIGEST_SHA_256_SESS}});
    get_nonce(f, nonce);
    for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
        struct client c = alice(nonce, 1);
        c.algorithm = algorithms[i];
        c.password = "wrong";
        assert_all_same(f, c, plain, 3);
        assert_all_same(f, c, other, 3);
        assert_all_same(f, c, domain, 3);
    }
}

static void names_without_a_hash_of_the_algorithm_take_the_same_work(void **state)
{
    struct fixture *f = *state;

    struct client c =
        first_client(f, (SSPI_ACCEPTOR_DATA){.Flags = SSPI_ACCEPTOR_NO_DIGEST_CONTEXTS,
                                             .Algorithms = {SSPI_DIGEST_SHA_512_256}});
    c.algorithm = SSPI_DIGEST_SHA_512_256;
    c.password = "wrong";
    assert_all_same(f, c, (const char *const[]){"alice", "nobod"}, 2);
}

static void names_in_sasl_take_the_same_work(void **state)
{
    static const char *const users[] = {"alice", "nobod", "carol"};
    struct fixture *f = *state;
    char nonce[DIGEST_NONCE_LEN + 1];
    struct sasl_session session;
    struct work done[3];

    acquire(f, without_contexts);
    for (size_t i = 0; i < 3; i++) {
        BYTES_CLEANUP struct bytes token = {0};
        void *context = sasl_begin(f, ASC_REQ_INTEGRITY, nonce);
        struct sasl_client c = sasl_alice(nonce);
        c.user = users[i];
        c.password = "wrong";
        c.qop = "auth-int";
        sasl_answer(&c, &token, &session);
        struct package_input in = sasl_input(bytes_as_view(&token), 0);
        work = (struct work){0};
        assert_int_equal(call(f, &context, &in), SEC_E_LOGON_DENIED);
        done[i] = work;
        assert_same(&done[i], &done[0]);
        digest_package.destroy(context);
    }
    assert_true(done[0].n_hashes >= 3 && done[0].compared_len >= 16);
}

static void bodies_take_the_same_work(void **state)
{
    struct fixture *f = *state;
    char nonce[DIGEST_NONCE_LEN + 1];
    static const char *const users[] = {"alice", "nobod"};
    struct work done[2];
    struct package_input more = nothing_more;

    acquire(f, (SSPI_ACCEPTOR_DATA){.Flags = SSPI_ACCEPTOR_NO_DIGEST_CONTEXTS |
                                             SSPI_ACCEPTOR_OFFER_INTEGRITY});
    get_nonce(f, nonce);
    more.entity_hash = SSPI_VIEW("0123456789abcdef0123456789abcdef");
    for (size_t i = 0; i < 2; i++) {
        struct client c = alice(nonce, 1);
        c.user = users[i];
        c.body = "another";
        done[i] = work_of(f, &c, &more);
    }
    assert_same(&done[0], &done[1]);
}

static void hashed_names_take_the_same_work(void **state)
{
    struct fixture *f = *state;
    static const enum sspi_digest_algorithm algorithms[] = {SSPI_DIGEST_MD5, SSPI_DIGEST_SHA_256};
    static const char *const names[] = {"alice:" REALM, "nobod:" REALM, "alice:nowhere"};
    char nonce[DIGEST_NONCE_LEN + 1];

    acquire(f, (SSPI_ACCEPTOR_DATA){.Flags = SSPI_ACCEPTOR_NO_DIGEST_CONTEXTS |
                                             SSPI_ACCEPTOR_OFFER_USERHASH});
    get_nonce(f, nonce);
    for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
        struct bytes hash[3] = {{0}};
        const char *users[3];
        struct client c = alice(nonce, 1);
        struct hash_suite suite;
        uint8_t digest[HASH_MAX];

        assert_true(hash_suite_init(&suite));
        for (size_t j = 0; j < 3; j++) {
            assert_true(hash_once(&suite, algorithms[i], bytes_view(names[j]), digest));
            bytes_append_hex(&hash[j], digest, hash_len(algorithms[i]));
            bytes_append_char(&hash[j], '\0');
            users[j] = hash[j].data;
        }
        hash_suite_clear(&suite);
        c.algorithm = algorithms[i];
        c.password = "wrong";
        c.more = ", userhash=true";
        assert_all_same(f, c, users, 3);
        for (size_t j = 0; j < 3; j++)
            bytes_free(&hash[j]);
    }
}

static void users_of_another_database_take_the_same_work(void **state)
{
    struct fixture *f = *state;
    struct package_input known = nothing_more, unknown = nothing_more;

    struct client c =
        first_client(f, (SSPI_ACCEPTOR_DATA){.Flags = SSPI_ACCEPTOR_NO_DIGEST_CONTEXTS |
                                                      SSPI_ACCEPTOR_CALLER_HASHES});
    c.algorithm = SSPI_DIGEST_MD5;
    known.hash_a1 = SSPI_VIEW("0123456789abcdef");
    unknown.hash_a1 = SSPI_VIEW("");
    struct work a = work_of(f, &c, &known), b = work_of(f, &c, &unknown);
    assert_same(&a, &b);
}

static void wrong_digits_take_the_same_work_at_any_position(void **state)
{
    struct fixture *f = *state;
    BYTES_CLEANUP struct bytes header = {0};
    struct work first = {0};

    struct client c = first_client(f, without_contexts);
    answer(&c, &header);
    for (size_t i = 0; i < 64; i++) {
        char *digit = header.data + strlen("response=\"") + i, right = *digit;
        *digit = right == '0' ? '1' : '0';
        struct work done = work_of_header(f, bytes_as_view(&header), &nothing_more);
        *digit = right;
        if (i == 0)
            first = done;
        assert_same(&done, &first);
    }
    assert_true(first.compared_len >= 32);
}

/* A file with the most users makes no difference. */
static void one_user_among_many_takes_the_same_work(void **state)
{
    struct fixture *f = *state;
    BYTES_CLEANUP struct bytes file = {0};
    char nonce[DIGEST_NONCE_LEN + 1], error[512];

    for (unsigned i = 0; i < MANY; i++)
        bytes_append_format(&file, "u%04u:%s:%032u\n", i, REALM, i);
    int fd = open(f->path, O_WRONLY | O_TRUNC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, file.data, file.len), file.len);
    close(fd);
    struct sspi_users *few = f->users;
    acquire(f, without_contexts);
    get_nonce(f, nonce);
    struct client c = alice(nonce, 1);
    c.algorithm = SSPI_DIGEST_MD5;
    c.password = "wrong";
    struct work among_few = work_of(f, &c, &nothing_more);
    digest_package.release(f->credential);
    f->users = store_users_open(f->path, error, sizeof(error));
    assert_non_null(f->users);
    acquire(f, without_contexts);
    static const char *const users[] = {"u0000", "u4999", "u2500", "u5000", "nobod"};
    assert_all_same(f, c, users, 5);
    c.user = users[0];
    struct work among_many = work_of(f, &c, &nothing_more);
    assert_same(&among_few, &among_many);
    store_users_unref(few);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_names_take_the_same_work),
        TEST(names_without_a_hash_of_the_algorithm_take_the_same_work),
        TEST(names_in_sasl_take_the_same_work),
        TEST(bodies_take_the_same_work),
        TEST(hashed_names_take_the_same_work),
        TEST(users_of_another_database_take_the_same_work),
        TEST(wrong_digits_take_the_same_work_at_any_position),
        TEST(one_user_among_many_takes_the_same_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
