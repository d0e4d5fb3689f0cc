/* SPDX-License-Identifier: Apache-2.0 */
#include "store_test.h"

#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>

#include "assert_between.h"
#include "base64.h"

#define SIZE 65536u

static void format_refuses_memory_that_is_too_small(void **unused)
{
    (void)unused;
    unsigned seed = 1;
    struct clock clock = {
        .now_ms = test_now, .steady_ms = test_now, .random = test_random, .self = &seed};
    static _Alignas(64) char memory[STORE_STATE_MIN_SIZE];
    assert_null(store_state_format(memory, STORE_STATE_MIN_SIZE - 1, &clock));
    assert_null(store_state_format(NULL, STORE_STATE_MIN_SIZE, &clock));
    assert_null(store_state_format(memory + 8, STORE_STATE_MIN_SIZE - 8, &clock));
    struct sspi_state *state = store_state_format(memory, STORE_STATE_MIN_SIZE, &clock);
    assert_non_null(state);
    store_state_free(state);
}

static bool no_random(void *self, void *out, size_t len)
{
    (void)self, (void)out, (void)len;
    return false;
}

static void format_without_randomness_leaves_nothing_to_attach(void **unused)
{
    (void)unused;
    static _Alignas(64) char memory[SIZE];
    struct clock clock = {.now_ms = test_now, .steady_ms = test_now, .random = no_random};
    assert_null(store_state_format(memory, sizeof(memory), &clock));
    assert_null(store_state_attach(memory, sizeof(memory)));
}

static void attach_finds_the_same_state_with_its_key(void **unused)
{
    (void)unused;
    struct sspi_state *state = test_state(SIZE);
    struct sspi_state *again = store_state_attach(state->header, SIZE);
    assert_non_null(again);
    assert_int_equal(store_state_created_ms(again), TEST_CREATED_MS);
    static const uint8_t zero[STORE_STATE_KEY_SIZE];
    assert_memory_not_equal(store_state_nonce_key(again), zero, sizeof(zero));
    assert_memory_equal(store_state_nonce_key(again), store_state_nonce_key(state), sizeof(zero));
    assert_memory_not_equal(store_state_session_key(again), zero, STORE_KEY_SIZE);
    assert_memory_not_equal(store_state_session_key(again), store_state_nonce_key(state),
                            STORE_KEY_SIZE);
    assert_memory_equal(store_state_session_key(again), store_state_session_key(state),
                        STORE_KEY_SIZE);
    store_state_free(again);
    test_state_free(state);
}

static void the_public_name_is_random_and_needs_no_quoting(void **unused)
{
    (void)unused;
    static _Alignas(64) char memory[2][SIZE];
    unsigned seed = 1; /* the second state continues the sequence of the first */
    struct clock clock = {
        .now_ms = test_now, .steady_ms = test_now, .random = test_random, .self = &seed};
    struct sspi_state *states[2];
    struct sspi_view name[2];
    for (size_t i = 0; i < 2; i++) {
        struct sspi_state *made = states[i] = store_state_format(memory[i], SIZE, &clock);
        assert_non_null(made);
        name[i] = store_state_opaque(made);
        assert_int_equal(name[i].len, STORE_STATE_OPAQUE_LEN);
        for (size_t k = 0; k < name[i].len; k++)
            assert_non_null(memchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                   "0123456789-_",
                                   name[i].data[k], 64));
        struct sspi_state *again = store_state_attach(memory[i], SIZE);
        assert_memory_equal(store_state_opaque(again).data, name[i].data, name[i].len);
        store_state_free(again);
        /* No secret of the memory shows in it. */
        uint8_t octets[12];
        assert_true(base64_url_decode(name[i], octets, sizeof(octets)));
        assert_memory_not_equal(octets, store_state_nonce_key(made), sizeof(octets));
    }
    assert_memory_not_equal(name[0].data, name[1].data, STORE_STATE_OPAQUE_LEN);
    store_state_free(states[0]);
    store_state_free(states[1]);
}

static void attach_refuses_another_size_or_magic(void **unused)
{
    (void)unused;
    struct sspi_state *state = test_state(2 * SIZE);
    assert_null(store_state_attach(state->header, SIZE));
    assert_null(store_state_attach(state->header, SIZE - 1));
    assert_null(store_state_attach(NULL, SIZE));

    struct store_header *header = state->header;
    header->magic ^= 1;
    assert_null(store_state_attach(header, 2 * SIZE));
    header->magic ^= 1;
    struct sspi_state *again = store_state_attach(header, 2 * SIZE);
    assert_non_null(again);
    store_state_free(again);
    test_state_free(state);
}

/* Attaches to memory with one changed constant, with or without the right check. */
static void attach_refuses_with(struct sspi_state *state, uint64_t *constant)
{
    struct store_header *header = state->header;
    struct store_siphash check = header->check;
    ++*constant;
    assert_null(store_state_attach(header, SIZE));
    header->check = store_layout_check(&header->constants);
    assert_null(store_state_attach(header, SIZE));
    --*constant;
    header->check = check;
    struct sspi_state *again = store_state_attach(header, SIZE);
    assert_non_null(again);
    store_state_free(again);
}

static void attach_refuses_numbers_that_do_not_fit(void **unused)
{
    (void)unused;
    struct sspi_state *state = test_state(SIZE);
    struct store_constants *constants = &state->header->constants;
    attach_refuses_with(state, &constants->layout);
    attach_refuses_with(state, &constants->header_size);
    attach_refuses_with(state, &constants->size);
    attach_refuses_with(state, &constants->n_nonce_sets);
    attach_refuses_with(state, &constants->n_replay_sets);
    attach_refuses_with(state, &constants->n_revocation_sets);
    attach_refuses_with(state, &constants->origin.inode);
    test_state_free(state);
}

static void attach_refuses_a_damaged_key(void **unused)
{
    (void)unused;
    struct sspi_state *state = test_state(SIZE);
    state->header->constants.nonce_key[0] ^= 1;
    assert_null(store_state_attach(state->header, SIZE));
    test_state_free(state);
}

/* Memory that must not be touched follows the tables. */
static struct sspi_state *state_before_a_hole(void **ret_memory)
{
    unsigned seed = 1;
    struct clock clock = {
        .now_ms = test_now, .steady_ms = test_now, .random = test_random, .self = &seed};
    void *memory = mmap(NULL, 2 * SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(memory, MAP_FAILED);
    assert_int_equal(mprotect((char *)memory + SIZE, SIZE, PROT_NONE), 0);
    struct sspi_state *state = store_state_format(memory, SIZE, &clock);
    assert_non_null(state);
    *ret_memory = memory;
    return state;
}

static void a_worker_that_overwrites_the_header_sends_no_other_out_of_range(void **unused)
{
    (void)unused;
    void *memory;
    struct sspi_state *state = state_before_a_hole(&memory);
    struct sspi_view alice = SSPI_VIEW("alice"), early = SSPI_VIEW("early");
    assert_int_equal(store_nonce_use(state, early, alice, TEST_CREATED_MS, 1), STORE_COUNT_FRESH);
    assert_int_equal(store_replay_check(state, early, 1, 1000), STORE_REPLAY_FRESH);
    memset(&state->header->constants, 0xff, sizeof(state->header->constants));

    for (uint32_t i = 0; i < 1000; i++) {
        struct sspi_view name = {(char *)&i, sizeof(i)};
        uint64_t issued_ms = TEST_CREATED_MS + 1 + i;
        assert_int_equal(store_nonce_peek(state, name, issued_ms, 1), STORE_COUNT_FRESH);
        assert_int_equal(store_nonce_use(state, name, alice, issued_ms, 1), STORE_COUNT_FRESH);
        assert_int_not_equal(store_replay_check(state, name, 1, 1000), STORE_REPLAY_SEEN);
    }
    assert_int_equal(store_replay_check(state, early, 1, 1000), STORE_REPLAY_SEEN);
    assert_int_not_equal(store_nonce_use(state, early, alice, TEST_CREATED_MS, 1),
                         STORE_COUNT_FRESH);
    assert_int_equal(store_state_created_ms(state), TEST_CREATED_MS);
    assert_int_equal(store_state_opaque(state).len, STORE_STATE_OPAQUE_LEN);
    assert_null(store_state_attach(memory, SIZE));
    store_state_free(state);
    munmap(memory, 2 * SIZE);
}

static void tables_end_within_the_memory_and_hold_what_is_promised(void **unused)
{
    (void)unused;
    for (size_t size = SIZE; size <= 8 * SIZE; size += 4096) {
        struct sspi_state *state = test_state(size);
        struct store_revocation_set *end =
            store_layout_revocations(state) + state->constants.n_revocation_sets;
        assert_true((char *)end <= (char *)state->header + size);
        assert_true(state->constants.n_revocation_sets > 0);
        assert_int_equal((uintptr_t)store_layout_nonces(state) % STORE_LAYOUT_LINE, 0);
        test_state_free(state);
    }
    struct sspi_state *state = test_state((size_t)32 << 20);
    assert_between(state->constants.n_nonce_sets * STORE_NONCE_WAYS, 245000, 245760);
    assert_between(state->constants.n_replay_sets * STORE_REPLAY_WAYS, 306000, 307200);
    assert_between(state->constants.n_revocation_sets * STORE_REVOCATION_WAYS, 57000, 57344);
    test_state_free(state);
}

static void siphash_gives_the_value_of_its_reference(void **unused)
{
    (void)unused;
    /* First of the reference vectors for 128 bits: key 00..0f, no input. */
    static const uint8_t want[16] = {0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6,
                                     0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02, 0x93};
    uint8_t key[STORE_SIPHASH_KEY_SIZE];
    for (uint8_t i = 0; i < sizeof(key); i++)
        key[i] = i;
    struct store_siphash hash = store_siphash(key, NULL, 0);
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal((uint8_t)(hash.low >> (8 * i)), want[i]);
        assert_int_equal((uint8_t)(hash.high >> (8 * i)), want[8 + i]);
    }
}

static void siphash_agrees_with_openssl_for_every_length(void **unused)
{
    (void)unused;
    uint8_t key[STORE_SIPHASH_KEY_SIZE], in[128];
    for (unsigned i = 0; i < sizeof(in); i++)
        in[i] = (uint8_t)(i * 37 + 200);
    memcpy(key, in + 64, sizeof(key));
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(mac);
    size_t size = 16;
    OSSL_PARAM params[] = {OSSL_PARAM_construct_size_t("size", &size), OSSL_PARAM_construct_end()};
    for (size_t len = 0; len <= sizeof(in); len++) {
        uint8_t want[16], got[16];
        size_t out_len;
        assert_true(EVP_MAC_init(context, key, sizeof(key), params));
        assert_true(EVP_MAC_update(context, in, len));
        assert_true(EVP_MAC_final(context, want, &out_len, sizeof(want)));
        struct store_siphash hash = store_siphash(key, in, len);
        for (unsigned i = 0; i < 8; i++) {
            got[i] = (uint8_t)(hash.low >> (8 * i));
            got[8 + i] = (uint8_t)(hash.high >> (8 * i));
        }
        assert_memory_equal(got, want, sizeof(want));
    }
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(mac);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(format_refuses_memory_that_is_too_small),
        cmocka_unit_test(format_without_randomness_leaves_nothing_to_attach),
        cmocka_unit_test(attach_finds_the_same_state_with_its_key),
        cmocka_unit_test(the_public_name_is_random_and_needs_no_quoting),
        cmocka_unit_test(attach_refuses_another_size_or_magic),
        cmocka_unit_test(attach_refuses_numbers_that_do_not_fit),
        cmocka_unit_test(attach_refuses_a_damaged_key),
        cmocka_unit_test(a_worker_that_overwrites_the_header_sends_no_other_out_of_range),
        cmocka_unit_test(tables_end_within_the_memory_and_hold_what_is_promised),
        cmocka_unit_test(siphash_gives_the_value_of_its_reference),
        cmocka_unit_test(siphash_agrees_with_openssl_for_every_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
