/* SPDX-License-Identifier: Apache-2.0 */
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
#include "digest_verify.h"
#include "sspi_package.h"
#include "store_state.h"
#include "store_users.h"

#define REALM    "office"
#define START_MS UINT64_C(1700000000000)

/* ---- a world: clock, users, state, credential, and one call's output ---- */

struct world {
    struct sspi_clock clock;
    uint64_t now_ms;
    uint8_t next_random;
    char path[64];
    struct sspi_users *users;
    void *memory;
    struct sspi_state *state;
    struct digest_credential *credential;
    struct sspi_accept_output out;
    struct sspi_report report;
};

static uint64_t world_now_ms(void *self)
{
    return ((struct world *)self)->now_ms;
}

static bool world_random(void *self, void *out, size_t len)
{
    memset(out, ++((struct world *)self)->next_random, len);
    return true;
}

static void append_user(struct bytes *file, const char *user, const char *realm,
                        enum sspi_digest_algorithm algorithm)
{
    struct hash_suite suite;
    uint8_t digest[HASH_MAX];
    BYTES_CLEANUP struct bytes a1 = {0};

    assert_true(hash_suite_open(&suite));
    bytes_append_format(&a1, "%s:%s:secret-%s", user, realm, user);
    assert_true(hash_once(&suite, algorithm, bytes_as_view(&a1), digest));
    bytes_append_format(file, "%s:%s:%s:", user, realm, hash_name(algorithm));
    bytes_append_hex(file, digest, hash_len(algorithm));
    bytes_append_char(file, '\n');
    hash_suite_close(&suite);
}

static void write_users(struct world *w)
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
    strcpy(w->path, "/tmp/digest_package.XXXXXX");
    int fd = mkstemp(w->path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, file.data, file.len), file.len);
    close(fd);
}

static void acquire(struct world *w, SSPI_ACCEPTOR_DATA data)
{
    void *credential;

    data.Version = SSPI_ACCEPTOR_DATA_VERSION;
    data.Users = w->users;
    data.State = w->state;
    assert_int_equal(digest_package.acquire(&data, &credential, &w->report), SEC_E_OK);
    w->credential = credential;
    w->credential->clock = &w->clock;
}

static int make_world(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    char error[512];

    w->clock = (struct sspi_clock){world_now_ms, world_random, w};
    w->now_ms = START_MS - 1000;
    w->out.report = &w->report;
    write_users(w);
    w->users = store_users_open(w->path, error, sizeof(error));
    assert_non_null(w->users);
    w->memory = aligned_alloc(4096, STORE_STATE_MIN_SIZE);
    memset(w->memory, 0, STORE_STATE_MIN_SIZE);
    w->state = store_state_format(w->memory, STORE_STATE_MIN_SIZE, &w->clock);
    assert_non_null(w->state);
    w->now_ms = START_MS;
    *state = w;
    return 0;
}

static void clear_output(struct world *w)
{
    for (size_t i = 0; i < SSPI_CHALLENGES_LIMIT; i++) {
        bytes_free(&w->out.tokens[i]);
    }
    w->out.n_tokens = 0;
}

static int end_world(void **state)
{
    struct world *w = *state;

    clear_output(w);
    if (w->credential != NULL) {
        digest_package.release(w->credential);
    }
    store_users_close(w->users);
    unlink(w->path);
    free(w->memory);
    free(w);
    return 0;
}

/* ---- a client ---- */

struct client {
    const char *user;        /* as it is written between the quotes */
    const char *hashed_user; /* NULL: the same */
    const char *password;
    const char *realm;
    const char *uri;
    const char *nonce;
    unsigned count;
    enum sspi_digest_algorithm algorithm;
};

static struct client alice(const char *nonce, unsigned count)
{
    return (struct client){"alice", NULL,  "secret-alice", REALM,
                           "/x?y",  nonce, count,          SSPI_DIGEST_SHA_256};
}

/* The header value of `c` for a GET. The digits of the response are put in afterwards. */
static void answer(const struct client *c, struct bytes *header)
{
    struct hash_suite suite;
    struct hash_run run;
    struct digest_response response;
    struct sspi_report report;
    uint8_t hash_a1[HASH_MAX], digest[HASH_MAX];
    BYTES_CLEANUP struct bytes a1 = {0}, digits = {0};
    size_t len = hash_len(c->algorithm);

    assert_true(hash_suite_open(&suite));
    assert_true(hash_run_open(&run, &suite));
    bytes_append_format(header, "response=\"%0*d\", username=\"%s\", realm=\"%s\", nonce=\"%s\", ",
                        (int)len * 2, 0, c->user, c->realm, c->nonce);
    bytes_append_format(header, "uri=\"%s\", algorithm=%s, qop=auth, nc=%08x, cnonce=\"c\"", c->uri,
                        hash_name(c->algorithm), c->count);
    assert_int_equal(digest_parse_response(bytes_as_view(header), &response, &report),
                     SSPI_REASON_NONE);
    bytes_append_format(&a1, "%s:%s:%s", c->hashed_user != NULL ? c->hashed_user : c->user,
                        c->realm, c->password);
    assert_true(hash_once(&suite, c->algorithm, bytes_as_view(&a1), hash_a1));
    assert_true(digest_verify_compute(&run, &response, SSPI_VIEW("GET"), hash_a1, digest));
    bytes_append_hex(&digits, digest, len);
    memcpy(header->data + strlen("response=\""), digits.data, 2 * len);
    digest_parse_free(&response);
    hash_run_close(&run);
    hash_suite_close(&suite);
}

static struct sspi_accept_input input(struct sspi_view token)
{
    return (struct sspi_accept_input){
        .token = token,
        .has_params = true,
        .method = SSPI_VIEW("GET"),
        .uri = SSPI_VIEW("/x?y"),
        .realm = SSPI_VIEW(REALM),
        .n_tokens = SSPI_CHALLENGES_LIMIT,
    };
}

static SECURITY_STATUS call(struct world *w, void **context, const struct sspi_accept_input *in)
{
    clear_output(w);
    return digest_package.accept(w->credential, context, in, &w->out);
}

/* One call with the answer of `c` on a context of its own, which is gone afterwards. */
static SECURITY_STATUS login(struct world *w, const struct client *c)
{
    BYTES_CLEANUP struct bytes header = {0};
    void *context = NULL;

    answer(c, &header);
    struct sspi_accept_input in = input(bytes_as_view(&header));
    SECURITY_STATUS status = call(w, &context, &in);
    if (context != NULL) {
        assert_true((digest_package.info(context) != NULL) == (status == SEC_E_OK));
        digest_package.destroy(context);
    }
    return status;
}

/* The nonce of the first challenge in the output. */
static void take_nonce(struct world *w, char nonce[DIGEST_NONCE_LEN + 1])
{
    bytes_append(&w->out.tokens[0], "", 1);
    const char *at = strstr(w->out.tokens[0].data, "nonce=\"");
    assert_non_null(at);
    memcpy(nonce, at + 7, DIGEST_NONCE_LEN);
    nonce[DIGEST_NONCE_LEN] = '\0';
    assert_int_equal(at[7 + DIGEST_NONCE_LEN], '"');
}

static void get_nonce(struct world *w, char nonce[DIGEST_NONCE_LEN + 1])
{
    struct sspi_accept_input in = input(SSPI_VIEW(""));
    void *context = NULL;

    assert_int_equal(call(w, &context, &in), SEC_I_CONTINUE_NEEDED);
    take_nonce(w, nonce);
    digest_package.destroy(context);
}

static const SSPI_ACCEPTOR_DATA each_on_its_own = {.Flags = SSPI_ACCEPTOR_NO_DIGEST_CONTEXTS};

static void assert_stale(struct world *w)
{
    assert_int_equal(w->report.reason, SSPI_REASON_STALE_NONCE);
    assert_int_equal(w->out.n_tokens, 2);
    bytes_append(&w->out.tokens[1], "", 1);
    assert_non_null(strstr(w->out.tokens[1].data, "stale=true"));
}

/* ---- tests ---- */

static void first_call_gives_one_challenge_an_algorithm_with_one_nonce(void **state)
{
    struct world *w = *state;
    struct sspi_accept_input in = input((struct sspi_view){NULL, 0});
    void *context = NULL;
    char nonce[DIGEST_NONCE_LEN + 1];

    acquire(w, each_on_its_own);
    assert_int_equal(call(w, &context, &in), SEC_I_CONTINUE_NEEDED);
    assert_non_null(context);
    assert_null(digest_package.info(context));
    assert_int_equal(w->out.n_tokens, 2);
    take_nonce(w, nonce);
    bytes_append(&w->out.tokens[1], "", 1);
    assert_non_null(strstr(w->out.tokens[0].data, "realm=\"office\""));
    assert_non_null(strstr(w->out.tokens[0].data, "algorithm=SHA-256"));
    assert_non_null(strstr(w->out.tokens[1].data, "algorithm=MD5"));
    assert_non_null(strstr(w->out.tokens[1].data, nonce));
    assert_null(strstr(w->out.tokens[0].data, "stale"));
    in.n_tokens = 1;
    assert_int_equal(call(w, &context, &in), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(w->out.n_tokens, 1);
    digest_package.destroy(context);
}

static void right_password_is_ok_and_tells_who(void **state)
{
    struct world *w = *state;
    struct sspi_accept_input in = input(SSPI_VIEW(""));
    BYTES_CLEANUP struct bytes header = {0};
    char nonce[DIGEST_NONCE_LEN + 1];
    void *context = NULL;

    acquire(w, each_on_its_own);
    assert_int_equal(call(w, &context, &in), SEC_I_CONTINUE_NEEDED);
    take_nonce(w, nonce);
    struct client c = alice(nonce, 1);
    answer(&c, &header);
    in = input(bytes_as_view(&header));
    assert_int_equal(call(w, &context, &in), SEC_E_OK);
    const struct sspi_context_info *info = digest_package.info(context);
    assert_string_equal(info->name, "alice");
    assert_string_equal(info->realm, REALM);
    assert_string_equal(info->algorithm, "SHA-256");
    assert_ptr_equal(info->mechanism, &digest_package);
    assert_true(info->expiry_ms == UINT64_MAX && info->start_ms == START_MS);
    assert_int_equal(info->bound, SSPI_BOUND_UNCHECKED);
    assert_int_equal(w->report.reason, SSPI_REASON_NONE);
    assert_int_equal(call(w, &context, &in), STATUS_LOGON_FAILURE);
    assert_non_null(digest_package.info(context));
    digest_package.destroy(context);
}

static void unknown_user_and_wrong_password_look_the_same(void **state)
{
    struct world *w = *state;
    char nonce[DIGEST_NONCE_LEN + 1];

    acquire(w, each_on_its_own);
    get_nonce(w, nonce);
    struct client c = alice(nonce, 1);
    c.password = "wrong";
    assert_int_equal(login(w, &c), SEC_E_LOGON_DENIED);
    assert_int_equal(w->report.reason, SSPI_REASON_WRONG_PASSWORD);
    assert_non_null(strstr(w->report.text, "unknown user or wrong password: user \"alice\""));
    assert_int_equal(w->out.n_tokens, 0);
    c.user = "mallory\xc3\xa4";
    assert_int_equal(login(w, &c), SEC_E_LOGON_DENIED);
    assert_int_equal(w->report.reason, SSPI_REASON_WRONG_PASSWORD);
    assert_non_null(
        strstr(w->report.text, "unknown user or wrong password: user \"mallory\\xc3\\xa4\""));
    /* Neither used the count up. */
    c = alice(nonce, 1);
    assert_int_equal(login(w, &c), SEC_E_OK);
}

/* Who knows the dummy hash of unknown users must not get in with it. */
static void hash_of_no_user_lets_nobody_in(void **state)
{
    struct world *w = *state;
    BYTES_CLEANUP struct bytes header = {0}, digits = {0};
    char nonce[DIGEST_NONCE_LEN + 1];
    uint8_t dummy[STORE_USERS_HASH_MAX], digest[HASH_MAX];
    struct digest_response response;
    struct hash_run run;
    void *context = NULL;

    acquire(w, each_on_its_own);
    get_nonce(w, nonce);
    struct client c = alice(nonce, 1);
    c.user = "nobody";
    answer(&c, &header);
    assert_false(store_users_hash(w->users, SSPI_VIEW("nobody"), SSPI_VIEW(REALM),
                                  SSPI_DIGEST_SHA_256, dummy));
    assert_int_equal(digest_parse_response(bytes_as_view(&header), &response, &w->report),
                     SSPI_REASON_NONE);
    assert_true(hash_run_open(&run, &w->credential->hashes));
    assert_true(digest_verify_compute(&run, &response, SSPI_VIEW("GET"), dummy, digest));
    bytes_append_hex(&digits, digest, 32);
    memcpy(header.data + strlen("response=\""), digits.data, 64);
    struct sspi_accept_input in = input(bytes_as_view(&header));
    assert_int_equal(call(w, &context, &in), SEC_E_LOGON_DENIED);
    assert_null(context);
    hash_run_close(&run);
    digest_parse_free(&response);
}

static void counts_come_in_any_order_but_never_twice(void **state)
{
    struct world *w = *state;
    char nonce[DIGEST_NONCE_LEN + 1];
    static const unsigned counts[] = {2, 1, 5, 3};

    acquire(w, each_on_its_own);
    get_nonce(w, nonce);
    for (size_t i = 0; i < 4; i++) {
        struct client c = alice(nonce, counts[i]);
        assert_int_equal(login(w, &c), SEC_E_OK);
        assert_int_equal(login(w, &c), SEC_E_OUT_OF_SEQUENCE);
        assert_int_equal(w->report.reason, SSPI_REASON_REPLAY);
    }
}

static void late_nonce_is_stale_at_its_lifetime_and_one_beyond(void **state)
{
    struct world *w = *state;
    char nonce[DIGEST_NONCE_LEN + 1];

    acquire(w, each_on_its_own);
    get_nonce(w, nonce);
    struct client c = alice(nonce, 1);
    w->now_ms = START_MS + 300000;
    assert_int_equal(login(w, &c), SEC_E_OK);
    w->now_ms++;
    c.count = 2;
    assert_int_equal(login(w, &c), SEC_I_CONTINUE_NEEDED);
    assert_stale(w);
}

static void stale_is_told_only_to_who_knows_the_password(void **state)
{
    struct world *w = *state;
    struct client c = alice("made-up", 1);

    acquire(w, each_on_its_own);
    assert_int_equal(login(w, &c), SEC_I_CONTINUE_NEEDED);
    assert_stale(w);
    c.password = "wrong";
    assert_int_equal(login(w, &c), SEC_E_LOGON_DENIED);
    assert_int_equal(w->out.n_tokens, 0);
}

static void nonce_of_another_user_realm_or_future_is_stale(void **state)
{
    struct world *w = *state;
    char nonce[DIGEST_NONCE_LEN + 1];

    acquire(w, each_on_its_own);
    get_nonce(w, nonce);
    struct client c = alice(nonce, 1);
    assert_int_equal(login(w, &c), SEC_E_OK);
    c = (struct client){"bob", NULL, "secret-bob", REALM, "/x?y", nonce, 2, SSPI_DIGEST_MD5};
    assert_int_equal(login(w, &c), SEC_I_CONTINUE_NEEDED);
    assert_stale(w);
    w->now_ms = START_MS - DIGEST_NONCE_FUTURE_MS - 1;
    c = alice(nonce, 3);
    assert_int_equal(login(w, &c), SEC_I_CONTINUE_NEEDED);
    assert_stale(w);
    w->now_ms = START_MS;

    BYTES_CLEANUP struct bytes header = {0};
    void *context = NULL;
    c = alice(nonce, 4);
    c.realm = "other";
    answer(&c, &header);
    struct sspi_accept_input in = input(bytes_as_view(&header));
    in.realm = SSPI_VIEW("other");
    assert_int_equal(call(w, &context, &in), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(w->report.reason, SSPI_REASON_STALE_NONCE);
    digest_package.destroy(context);
}

static void uri_must_be_the_requests_or_its_absolute_form(void **state)
{
    struct world *w = *state;
    char nonce[DIGEST_NONCE_LEN + 1];
    static const char *const wrong[] = {"/x",       "/x?z",          "/X?y",
                                        "x?y",      "http://host/x", "ftp://h/x?y",
                                        "http:///", "/x?y#",         "//h/x?y"};
    unsigned count = 1;

    acquire(w, each_on_its_own);
    get_nonce(w, nonce);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct client c = alice(nonce, count);
        c.uri = wrong[i];
        assert_int_equal(login(w, &c), SEC_E_INVALID_TOKEN);
        assert_int_equal(w->report.reason, SSPI_REASON_WRONG_URI);
    }
    struct client c = alice(nonce, count++);
    c.uri = "HTTP://host:80/x?y";
    assert_int_equal(login(w, &c), SEC_E_OK);
    BYTES_CLEANUP struct bytes header = {0};
    void *context = NULL;
    c = alice(nonce, count++);
    c.uri = "/anything";
    answer(&c, &header);
    struct sspi_accept_input in = input(bytes_as_view(&header));
    in.uri = (struct sspi_view){NULL, 0};
    assert_int_equal(call(w, &context, &in), SEC_E_OK);
    digest_package.destroy(context);
}

static void wrong_realm_and_algorithm_are_refused(void **state)
{
    struct world *w = *state;
    char nonce[DIGEST_NONCE_LEN + 1];

    acquire(w, each_on_its_own);
    get_nonce(w, nonce);
    struct client c = alice(nonce, 1);
    c.realm = "other";
    assert_int_equal(login(w, &c), SEC_E_LOGON_DENIED);
    assert_int_equal(w->report.reason, SSPI_REASON_WRONG_REALM);
    c = alice(nonce, 1);
    c.algorithm = SSPI_DIGEST_SHA_512_256;
    assert_int_equal(login(w, &c), SEC_E_LOGON_DENIED);
    assert_int_equal(w->report.reason, SSPI_REASON_MECHANISM);
}

static void single_backslash_in_a_name_is_taken_as_it_is(void **state)
{
    struct world *w = *state;
    char nonce[DIGEST_NONCE_LEN + 1];
    struct client c = {"DOM\\carol", NULL, "secret-DOM\\carol", REALM, "/x?y",
                       nonce,        1,    SSPI_DIGEST_SHA_256};

    acquire(w, each_on_its_own);
    get_nonce(w, nonce);
    assert_int_equal(login(w, &c), SEC_E_OK);
    c.user = "DOM\\\\carol";
    c.hashed_user = "DOM\\carol";
    assert_int_equal(login(w, &c), SEC_E_OUT_OF_SEQUENCE); /* one user in both spellings */
    c.count = 2;
    assert_int_equal(login(w, &c), SEC_E_OK);
}

static void algorithms_follow_the_users_of_the_realm_or_the_list(void **state)
{
    struct world *w = *state;
    enum sspi_digest_algorithm offered[SSPI_DIGEST_ALGORITHMS_LIMIT];

    acquire(w, each_on_its_own);
    assert_int_equal(digest_credential_offered(w->credential, SSPI_VIEW("other"), offered), 1);
    assert_int_equal(offered[0], SSPI_DIGEST_SHA_256);
    /* Two of three users have MD5 alone: the third must not lock them out. */
    assert_int_equal(digest_credential_offered(w->credential, SSPI_VIEW("old"), offered), 1);
    assert_int_equal(offered[0], SSPI_DIGEST_MD5);
    assert_int_equal(digest_credential_offered(w->credential, SSPI_VIEW("nobody's"), offered), 2);
    digest_package.release(w->credential);
    acquire(w, (SSPI_ACCEPTOR_DATA){.Algorithms = {SSPI_DIGEST_SHA_512_256, SSPI_DIGEST_MD5}});
    assert_int_equal(digest_credential_offered(w->credential, SSPI_VIEW("old"), offered), 2);
    assert_int_equal(offered[0], SSPI_DIGEST_SHA_512_256);
}

static void further_request_of_a_live_context_is_completed(void **state)
{
    struct world *w = *state;
    char nonce[DIGEST_NONCE_LEN + 1];
    BYTES_CLEANUP struct bytes first = {0}, second = {0};
    void *one = NULL, *two = NULL, *three = NULL;

    acquire(w, (SSPI_ACCEPTOR_DATA){0});
    get_nonce(w, nonce);
    struct client c = alice(nonce, 1);
    answer(&c, &first);
    struct sspi_accept_input in = input(bytes_as_view(&first));
    assert_int_equal(call(w, &one, &in), SEC_E_OK);
    assert_int_equal(digest_package.complete(one, &in, &w->out), SEC_E_INVALID_HANDLE);
    c.count = 2;
    answer(&c, &second);
    in = input(bytes_as_view(&second));
    assert_int_equal(call(w, &two, &in), SEC_I_COMPLETE_NEEDED);
    assert_null(digest_package.info(two));
    in.realm = SSPI_VIEW("whatever the output token was");
    assert_int_equal(digest_package.complete(two, &in, &w->out), SEC_E_OK);
    assert_string_equal(digest_package.info(two)->name, "alice");
    assert_int_equal(digest_package.complete(two, &in, &w->out), SEC_E_INVALID_HANDLE);
    /* The same header once more: deferred, and refused by the call that verifies. */
    in = input(bytes_as_view(&second));
    assert_int_equal(call(w, &three, &in), SEC_I_COMPLETE_NEEDED);
    assert_int_equal(digest_package.complete(three, &in, &w->out), SEC_E_OUT_OF_SEQUENCE);
    assert_int_equal(w->report.reason, SSPI_REASON_REPLAY);
    assert_null(digest_package.info(three));
    digest_package.destroy(three);
    digest_package.destroy(one);
    digest_package.destroy(two);
    /* No live context is left: checked at once again. */
    c.count = 3;
    assert_int_equal(login(w, &c), SEC_E_OK);
}

static void completing_checks_the_password_and_the_age(void **state)
{
    struct world *w = *state;
    char nonce[DIGEST_NONCE_LEN + 1];
    BYTES_CLEANUP struct bytes first = {0}, wrong = {0}, late = {0};
    void *one = NULL, *two = NULL, *three = NULL;

    acquire(w, (SSPI_ACCEPTOR_DATA){0});
    get_nonce(w, nonce);
    struct client c = alice(nonce, 1);
    answer(&c, &first);
    struct sspi_accept_input in = input(bytes_as_view(&first));
    assert_int_equal(call(w, &one, &in), SEC_E_OK);
    c.count = 2;
    c.password = "wrong";
    answer(&c, &wrong);
    in = input(bytes_as_view(&wrong));
    assert_int_equal(call(w, &two, &in), SEC_I_COMPLETE_NEEDED);
    assert_int_equal(digest_package.complete(two, &in, &w->out), SEC_E_LOGON_DENIED);
    assert_null(digest_package.info(two));
    c = alice(nonce, 2);
    answer(&c, &late);
    in = input(bytes_as_view(&late));
    assert_int_equal(call(w, &three, &in), SEC_I_COMPLETE_NEEDED);
    w->now_ms += 300001;
    assert_int_equal(digest_package.complete(three, &in, &w->out), SEC_E_OUT_OF_SEQUENCE);
    assert_int_equal(w->report.reason, SSPI_REASON_STALE_NONCE);
    /* Another user with the same nonce is not deferred: it is not his context. */
    w->now_ms = START_MS;
    c = (struct client){"bob", NULL, "secret-bob", REALM, "/x?y", nonce, 9, SSPI_DIGEST_MD5};
    assert_int_equal(login(w, &c), SEC_I_CONTINUE_NEEDED);
    digest_package.destroy(one);
    digest_package.destroy(two);
    digest_package.destroy(three);
}

static void contexts_outlive_their_credential_but_verify_nothing(void **state)
{
    struct world *w = *state;
    char nonce[DIGEST_NONCE_LEN + 1];
    BYTES_CLEANUP struct bytes first = {0}, second = {0};
    void *one = NULL, *two = NULL;

    acquire(w, (SSPI_ACCEPTOR_DATA){0});
    get_nonce(w, nonce);
    struct client c = alice(nonce, 1);
    answer(&c, &first);
    struct sspi_accept_input in = input(bytes_as_view(&first));
    assert_int_equal(call(w, &one, &in), SEC_E_OK);
    c.count = 2;
    answer(&c, &second);
    in = input(bytes_as_view(&second));
    assert_int_equal(call(w, &two, &in), SEC_I_COMPLETE_NEEDED);
    digest_package.release(w->credential);
    w->credential = NULL;
    assert_int_equal(digest_package.complete(two, &in, &w->out), SEC_E_INVALID_HANDLE);
    assert_string_equal(digest_package.info(one)->name, "alice");
    digest_package.destroy(two);
    digest_package.destroy(one);
}

static void demands_that_cannot_be_met_fail(void **state)
{
    struct world *w = *state;
    struct sspi_channel_binding binding = {0};
    char nonce[DIGEST_NONCE_LEN + 1];
    BYTES_CLEANUP struct bytes header = {0};
    void *context = NULL;

    acquire(w, each_on_its_own);
    get_nonce(w, nonce);
    struct client c = alice(nonce, 1);
    answer(&c, &header);
    struct sspi_accept_input in = input(bytes_as_view(&header));
    in.requirements = ASC_REQ_CONFIDENTIALITY;
    assert_int_equal(call(w, &context, &in), SEC_E_SECURITY_QOS_FAILED);
    in.requirements = ASC_REQ_INTEGRITY;
    assert_int_equal(call(w, &context, &in), SEC_E_SECURITY_QOS_FAILED);
    in.requirements = ASC_REQ_PROXY_BINDINGS;
    assert_int_equal(call(w, &context, &in), SEC_E_BAD_BINDINGS);
    in.requirements = 0;
    in.bindings = &binding;
    in.n_bindings = 1;
    assert_int_equal(call(w, &context, &in), SEC_E_BAD_BINDINGS);
    assert_int_equal(w->report.reason, SSPI_REASON_MISSING_BINDING);
    assert_null(context);
    in.requirements = ASC_REQ_ALLOW_MISSING_BINDINGS;
    assert_int_equal(call(w, &context, &in), SEC_E_OK);
    digest_package.destroy(context);
}

static void calls_without_what_is_needed_are_refused(void **state)
{
    struct world *w = *state;
    struct sspi_accept_input in = input(SSPI_VIEW(""));
    BYTES_CLEANUP struct bytes header = {0};
    struct client c = alice("n", 1);
    void *context = NULL;

    acquire(w, each_on_its_own);
    in.has_params = false;
    assert_int_equal(call(w, &context, &in), SEC_E_UNSUPPORTED_FUNCTION);
    in = input(SSPI_VIEW(""));
    in.realm = (struct sspi_view){NULL, 0};
    assert_int_equal(call(w, &context, &in), SEC_E_INVALID_TOKEN);
    assert_int_equal(w->report.reason, SSPI_REASON_CONFIGURATION);
    in.realm = SSPI_VIEW("a\r\nb");
    assert_int_equal(call(w, &context, &in), SEC_E_INVALID_TOKEN);
    answer(&c, &header);
    in = input(bytes_as_view(&header));
    in.method = (struct sspi_view){NULL, 0};
    assert_int_equal(call(w, &context, &in), SEC_E_INVALID_TOKEN);
    in = input(SSPI_VIEW("username=\"x"));
    assert_int_equal(call(w, &context, &in), SEC_E_INVALID_TOKEN);
    assert_int_equal(w->report.reason, SSPI_REASON_MALFORMED);
    assert_null(context);
    digest_package.release(w->credential);
    acquire(w, (SSPI_ACCEPTOR_DATA){.DefaultRealm = REALM});
    in = input(SSPI_VIEW(""));
    in.realm = (struct sspi_view){NULL, 0};
    assert_int_equal(call(w, &context, &in), SEC_I_CONTINUE_NEEDED);
    digest_package.destroy(context);
}

static void unusable_data_makes_no_credential(void **state)
{
    struct world *w = *state;
    SSPI_ACCEPTOR_DATA data = {.Version = SSPI_ACCEPTOR_DATA_VERSION};
    void *credential;

    unsetenv("SSPI_USER_FILE");
    assert_int_equal(digest_package.acquire(&data, &credential, &w->report), SEC_E_NO_CREDENTIALS);
    assert_int_equal(w->report.reason, SSPI_REASON_CONFIGURATION);
    data.UserFile = "/nowhere/users";
    assert_int_equal(digest_package.acquire(&data, &credential, &w->report), SEC_E_NO_CREDENTIALS);
    assert_non_null(strstr(w->report.text, "/nowhere/users"));
    data.UserFile = w->path;
    data.Algorithms[0] = 77;
    assert_int_equal(digest_package.acquire(&data, &credential, &w->report),
                     SEC_E_INVALID_PARAMETER);
    data.Algorithms[0] = data.Algorithms[1] = SSPI_DIGEST_MD5;
    assert_int_equal(digest_package.acquire(&data, &credential, &w->report),
                     SEC_E_INVALID_PARAMETER);
    data.Algorithms[1] = SSPI_DIGEST_NONE;
    data.DefaultRealm = "a\nb";
    assert_int_equal(digest_package.acquire(&data, &credential, &w->report),
                     SEC_E_INVALID_PARAMETER);
}

static void user_file_of_the_environment_and_private_state_serve(void **state)
{
    struct world *w = *state;
    SSPI_ACCEPTOR_DATA data = {.Version = SSPI_ACCEPTOR_DATA_VERSION};
    char nonce[DIGEST_NONCE_LEN + 1];
    void *credential;

    setenv("SSPI_USER_FILE", w->path, 1);
    assert_int_equal(digest_package.acquire(&data, &credential, &w->report), SEC_E_OK);
    unsetenv("SSPI_USER_FILE");
    w->credential = credential;
    w->credential->clock = &w->clock;
    /* The private state was made by the machine's clock. */
    w->now_ms = store_state_created_ms(w->credential->state) + 1;
    get_nonce(w, nonce);
    struct client c = alice(nonce, 1);
    assert_int_equal(login(w, &c), SEC_E_OK);
    assert_int_equal(login(w, &c), SEC_E_OUT_OF_SEQUENCE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(first_call_gives_one_challenge_an_algorithm_with_one_nonce,
                                        make_world, end_world),
        cmocka_unit_test_setup_teardown(right_password_is_ok_and_tells_who, make_world, end_world),
        cmocka_unit_test_setup_teardown(unknown_user_and_wrong_password_look_the_same, make_world,
                                        end_world),
        cmocka_unit_test_setup_teardown(hash_of_no_user_lets_nobody_in, make_world, end_world),
        cmocka_unit_test_setup_teardown(counts_come_in_any_order_but_never_twice, make_world,
                                        end_world),
        cmocka_unit_test_setup_teardown(late_nonce_is_stale_at_its_lifetime_and_one_beyond,
                                        make_world, end_world),
        cmocka_unit_test_setup_teardown(stale_is_told_only_to_who_knows_the_password, make_world,
                                        end_world),
        cmocka_unit_test_setup_teardown(nonce_of_another_user_realm_or_future_is_stale, make_world,
                                        end_world),
        cmocka_unit_test_setup_teardown(uri_must_be_the_requests_or_its_absolute_form, make_world,
                                        end_world),
        cmocka_unit_test_setup_teardown(wrong_realm_and_algorithm_are_refused, make_world,
                                        end_world),
        cmocka_unit_test_setup_teardown(single_backslash_in_a_name_is_taken_as_it_is, make_world,
                                        end_world),
        cmocka_unit_test_setup_teardown(algorithms_follow_the_users_of_the_realm_or_the_list,
                                        make_world, end_world),
        cmocka_unit_test_setup_teardown(further_request_of_a_live_context_is_completed, make_world,
                                        end_world),
        cmocka_unit_test_setup_teardown(completing_checks_the_password_and_the_age, make_world,
                                        end_world),
        cmocka_unit_test_setup_teardown(contexts_outlive_their_credential_but_verify_nothing,
                                        make_world, end_world),
        cmocka_unit_test_setup_teardown(demands_that_cannot_be_met_fail, make_world, end_world),
        cmocka_unit_test_setup_teardown(calls_without_what_is_needed_are_refused, make_world,
                                        end_world),
        cmocka_unit_test_setup_teardown(unusable_data_makes_no_credential, make_world, end_world),
        cmocka_unit_test_setup_teardown(user_file_of_the_environment_and_private_state_serve,
                                        make_world, end_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
