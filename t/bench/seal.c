/* SPDX-License-Identifier: Apache-2.0 */
/* Measures what a session costs in the core's store: to seal and to open its contents, to decode
 * the cookie, and to look a revocation up. Prints nanoseconds. It tests nothing.
 *
 * usage: bench_seal */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "bench.h"
#include "base64.h"
#include "store_keys.h"
#include "store_revocations.h"
#include "store_seal.h"
#include "store_state.h"

#define N_ROUNDS    100000u
#define ROUNDS      5
#define STATE_SIZE  ((size_t)32 << 20)
#define MOST_OCTETS 2800u
#define ASSOCIATED  SSPI_VIEW("__Host-sspi www.example.com 1")

static struct store_keys *keys;
static struct sspi_state *state;

/* The work of one measurement. */
static size_t n_octets;
static char contents[MOST_OCTETS];
static struct bytes sealed;
static char cookie[BASE64_URL_LEN(MOST_OCTETS + STORE_SEAL_OVERHEAD)];

/* ---- the work ---- */

static void seal(unsigned number)
{
    (void)number;
    bytes_free(&sealed);
    must(store_seal_make(keys, STORE_KEY_SESSION, ASSOCIATED,
                         (struct sspi_view){contents, n_octets}, &sealed),
         "sealing");
}

static void open_sealed(unsigned number)
{
    char buffer[MOST_OCTETS];
    size_t len;
    (void)number;
    must(store_seal_open(keys, STORE_KEY_SESSION, ASSOCIATED, bytes_as_view(&sealed), buffer,
                         sizeof(buffer), &len) == STORE_SEAL_OK,
         "opening");
}

static void decode(unsigned number)
{
    char octets[MOST_OCTETS + STORE_SEAL_OVERHEAD];
    struct sspi_view text = {cookie, BASE64_URL_LEN(sealed.len)};
    (void)number;
    must(base64_url_decode(text, octets, sealed.len), "decoding");
}

static void find_revocation(unsigned number)
{
    uint8_t id[STORE_REVOCATION_ID_SIZE] = {0};
    memcpy(id, &number, sizeof(number));
    must(!store_revocations_has(state, id, 1, 1), "looking up");
}

static void fingerprint(unsigned number)
{
    uint8_t made[STORE_SEAL_FINGERPRINT_SIZE];
    (void)number;
    store_seal_fingerprint(keys, (struct sspi_view){contents, 32}, made);
}

/* ---- measuring ---- */

/* Prints the least time of all rounds, because other processes only add to it. */
static void measure(const char *what, void (*work)(unsigned))
{
    double best = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double start = now_ns(CLOCK_MONOTONIC);
        for (unsigned i = 0; i < N_ROUNDS; i++)
            work(i);
        double each = (now_ns(CLOCK_MONOTONIC) - start) / N_ROUNDS;
        best = round == 0 || each < best ? each : best;
    }
    printf("%-40s %7.0f ns\n", what, best);
}

static void measure_octets(size_t n)
{
    char what[64];
    n_octets = n;
    snprintf(what, sizeof(what), "seal %zu octets", n);
    measure(what, seal);
    snprintf(what, sizeof(what), "open %zu octets", n);
    measure(what, open_sealed);
    base64_url_encode(sealed.data, sealed.len, cookie);
    snprintf(what, sizeof(what), "decode a cookie of %zu octets", n);
    measure(what, decode);
}

int main(void)
{
    static const uint8_t key[STORE_KEY_SIZE] = "0123456789abcdef0123456789abcde";
    void *memory =
        mmap(NULL, STATE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(memory != MAP_FAILED, "mmap");
    keys = store_keys_new(key, clock_machine());
    state = store_state_format(memory, STATE_SIZE, clock_machine());
    must(keys != NULL && state != NULL, "the keys");
    measure_octets(300);
    measure_octets(MOST_OCTETS);
    measure("find no revocation", find_revocation);
    measure("make a fingerprint", fingerprint);
    bytes_free(&sealed);
    store_keys_unref(keys);
    store_state_free(state);
    munmap(memory, STATE_SIZE);
    return 0;
}
