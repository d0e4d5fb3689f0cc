/* SPDX-License-Identifier: Apache-2.0 */
/* Drives digest_nonce_check and digest_nonce_make. The input has six octets each for the issue
 * time, the present time and randomness. Four octets choose a change. Then follow a realm, ended by
 * a NUL, and a text.
 *  - The text is never accepted: an attacker without the key cannot make a nonce.
 *  - A nonce of this server is accepted if its issue time is not in the future, and only then. The
 *    reported issue time is right.
 *  - It is refused with another realm, and with one character changed, cut or added.
 *  - It has the right length and no "=". */
#include "digest_nonce.h"

#include "fuzz.h"

static const uint8_t key[DIGEST_NONCE_KEY_SIZE + 1] = "a key that no input knows, 32 oc";

static struct hash_run *the_run(void)
{
    static struct hash_suite suite;
    static struct hash_run run;
    if (run.suite == NULL)
        FUZZ_REQUIRE(hash_suite_init(&suite) && hash_run_init(&run, &suite));
    return &run;
}

static enum digest_nonce_status check(struct sspi_view nonce, struct sspi_view realm,
                                      uint64_t now_ms)
{
    uint64_t issued_ms = UINT64_MAX;
    char *copy = fuzz_copy(nonce);
    enum digest_nonce_status status = digest_nonce_check(
        the_run(), key, now_ms, (struct sspi_view){nonce.len == 0 ? "" : copy, nonce.len}, realm,
        &issued_ms);
    free(copy);
    FUZZ_REQUIRE((issued_ms == UINT64_MAX) == (status != DIGEST_NONCE_GOOD));
    return status;
}

static void check_changed(const char *nonce, struct sspi_view realm, uint64_t now_ms,
                          size_t position, uint8_t change)
{
    char changed[DIGEST_NONCE_LEN + 1];
    memcpy(changed, nonce, DIGEST_NONCE_LEN);
    changed[DIGEST_NONCE_LEN] = (char)change;
    position %= DIGEST_NONCE_LEN + 1;
    FUZZ_REQUIRE(check((struct sspi_view){changed, position % DIGEST_NONCE_LEN}, realm, now_ms) ==
                 DIGEST_NONCE_FOREIGN);
    FUZZ_REQUIRE(check((struct sspi_view){changed, sizeof(changed)}, realm, now_ms) ==
                 DIGEST_NONCE_FOREIGN);
    if (position < DIGEST_NONCE_LEN && change != 0) {
        changed[position] ^= (char)change;
        FUZZ_REQUIRE(check((struct sspi_view){changed, DIGEST_NONCE_LEN}, realm, now_ms) ==
                     DIGEST_NONCE_FOREIGN);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sspi_view input = fuzz_view(data, size);
    uint64_t issued_ms = fuzz_number(&input, 6);
    uint64_t now_ms = fuzz_number(&input, 6);
    uint8_t random[DIGEST_NONCE_RANDOM_SIZE] = {0};
    char nonce[DIGEST_NONCE_LEN + 1];
    uint64_t reported_ms = 0;
    struct sspi_view part = fuzz_take(&input, 6);
    memcpy(random, part.data, part.len);
    size_t position = fuzz_number(&input, 2);
    uint8_t change = fuzz_octet(&input);
    /* Times close to the limit, which random input would not reach. */
    if (fuzz_octet(&input) % 2 == 0)
        now_ms = issued_ms - DIGEST_NONCE_FUTURE_MS + now_ms % 3 - 1;
    struct sspi_view realm = fuzz_until(&input, '\0');

    FUZZ_REQUIRE(check(input, realm, now_ms) == DIGEST_NONCE_FOREIGN);
    FUZZ_REQUIRE(digest_nonce_make(the_run(), key, issued_ms, random, realm, nonce));
    FUZZ_REQUIRE(strlen(nonce) == DIGEST_NONCE_LEN && strchr(nonce, '=') == NULL);
    bool future = issued_ms > now_ms && issued_ms - now_ms > DIGEST_NONCE_FUTURE_MS;
    enum digest_nonce_status status =
        digest_nonce_check(the_run(), key, now_ms, bytes_view(nonce), realm, &reported_ms);
    FUZZ_REQUIRE(status == (future ? DIGEST_NONCE_FOREIGN : DIGEST_NONCE_GOOD));
    FUZZ_REQUIRE(future || reported_ms == issued_ms);

    BYTES_CLEANUP struct bytes other = {0};
    bytes_append_view(&other, realm);
    bytes_append_char(&other, 'x');
    FUZZ_REQUIRE(check(bytes_view(nonce), bytes_as_view(&other), now_ms) == DIGEST_NONCE_FOREIGN);
    check_changed(nonce, realm, now_ms, position, change);
    return 0;
}
