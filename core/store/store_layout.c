/* SPDX-License-Identifier: Apache-2.0 */
#include "store_layout.h"

#include <stdlib.h>
#include <string.h>

#include "base64.h"

#define OPAQUE_SIZE 12

_Static_assert(BASE64_URL_LEN(OPAQUE_SIZE) == STORE_STATE_OPAQUE_LEN, "the name fits");

/* Sets the numbers of sets for memory of this size. */
static void divide(struct store_constants *constants, uint64_t size)
{
    uint64_t tables = size - store_layout_header_size();
    uint64_t rest = tables / 16 * 15;
    constants->n_nonce_sets = rest / 4 * 3 / sizeof(struct store_nonce_set);
    constants->n_replay_sets = rest / 4 / sizeof(struct store_replay_set);
    constants->n_revocation_sets = tables / 16 / sizeof(struct store_revocation_set);
}

static bool same_division(const struct store_constants *a, const struct store_constants *b)
{
    return a->n_nonce_sets == b->n_nonce_sets && a->n_replay_sets == b->n_replay_sets &&
           a->n_revocation_sets == b->n_revocation_sets;
}

static bool make_secret(const struct clock *clock, uint8_t *secret, size_t len)
{
    return clock->random(clock->self, secret, len);
}

static bool make_opaque(struct store_constants *constants, const struct clock *clock)
{
    uint8_t octets[OPAQUE_SIZE];
    if (!clock->random(clock->self, octets, sizeof(octets)))
        return false;
    base64_url_encode(octets, sizeof(octets), constants->opaque);
    return true;
}

static bool make_secrets(struct store_constants *constants, const struct clock *clock)
{
    return make_secret(clock, constants->nonce_key, sizeof(constants->nonce_key)) &&
           make_secret(clock, constants->session_key, sizeof(constants->session_key)) &&
           make_secret(clock, constants->tag_key, sizeof(constants->tag_key)) &&
           make_secret(clock, constants->owner_key, sizeof(constants->owner_key)) &&
           make_secret(clock, constants->replay_key, sizeof(constants->replay_key)) &&
           make_secret(clock, constants->revocation_key, sizeof(constants->revocation_key)) &&
           make_opaque(constants, clock);
}

struct store_siphash store_layout_check(const struct store_constants *constants)
{
    static const uint8_t no_key[STORE_SIPHASH_KEY_SIZE];
    return store_siphash(no_key, constants, sizeof(*constants));
}

static bool can_hold(const void *memory, uint64_t size)
{
    return memory != NULL && (uintptr_t)memory % STORE_LAYOUT_LINE == 0 &&
           size >= STORE_STATE_MIN_SIZE && size <= STORE_STATE_MAX_SIZE;
}

static struct sspi_state *make_view(struct store_header *header,
                                    const struct store_constants *constants)
{
    struct sspi_state *state = malloc(sizeof(*state));
    if (state == NULL)
        return NULL;
    *state = (struct sspi_state){.constants = *constants, .header = header, .file = -1};
    return state;
}

struct sspi_state *store_layout_format(void *memory, size_t size, const struct store_origin *origin,
                                       const struct clock *clock)
{
    _Static_assert(sizeof(struct store_header) < STORE_STATE_MIN_SIZE / 2, "tables need room");
    if (!can_hold(memory, size))
        return NULL;
    memset(memory, 0, size);
    struct store_header *header = memory;
    struct store_constants *constants = &header->constants;
    constants->layout = STORE_LAYOUT_NUMBER;
    constants->header_size = store_layout_header_size();
    constants->size = size;
    constants->created_ms = clock->now_ms(clock->self);
    constants->created_steady_ms = clock->steady_ms(clock->self);
    constants->origin = *origin;
    divide(constants, size);
    if (!make_secrets(constants, clock))
        return NULL;
    header->check = store_layout_check(constants);
    struct sspi_state *state = make_view(header, constants);
    if (state != NULL)
        atomic_store_explicit(&header->magic, STORE_LAYOUT_MAGIC, memory_order_release);
    return state;
}

/* Checks a private copy, which no other process can change between the check and the use. */
static bool is_sound(const struct store_constants *constants, struct store_siphash check,
                     size_t size, const struct store_origin *origin)
{
    struct store_constants right;
    divide(&right, size);
    return store_siphash_same(check, store_layout_check(constants)) &&
           constants->layout == STORE_LAYOUT_NUMBER &&
           constants->header_size == store_layout_header_size() && constants->size == size &&
           same_division(constants, &right) &&
           memcmp(&constants->origin, origin, sizeof(*origin)) == 0;
}

struct sspi_state *store_layout_attach(void *memory, size_t size, const struct store_origin *origin)
{
    if (!can_hold(memory, size))
        return NULL;
    struct store_header *header = memory;
    if (atomic_load_explicit(&header->magic, memory_order_acquire) != STORE_LAYOUT_MAGIC)
        return NULL;
    struct store_constants constants = header->constants;
    struct sspi_state *state =
        is_sound(&constants, header->check, size, origin) ? make_view(header, &constants) : NULL;
    bytes_wipe(&constants, sizeof(constants));
    return state;
}
