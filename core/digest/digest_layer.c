/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_layer.h"

#include <string.h>

#define MAC_LEN       10
#define VERSION_LEN   2
#define NUMBER_LEN    4
#define NUMBER_START  (MAC_LEN + VERSION_LEN)
#define CLEAR_LEN     (VERSION_LEN + NUMBER_LEN)
#define PADDING_LIMIT 8

/* Octets of a message that are encrypted at a time: a multiple of every block size. */
#define CHUNK_LEN 1024

/* ---- keys ---- */

/* The constants of RFC 2831 2.3 and 2.4. */
static const struct {
    const char *sign;
    const char *seal;
} magic[] = {
    {"Digest session key to client-to-server signing key magic constant",
     "Digest H(A1) to client-to-server sealing key magic constant"},
    {"Digest session key to server-to-client signing key magic constant",
     "Digest H(A1) to server-to-client sealing key magic constant"},
};

static bool make_key(struct hash_run *run, const uint8_t *session, size_t len, const char *constant,
                     uint8_t ret_key[DIGEST_LAYER_KEY_LEN])
{
    uint8_t key[HASH_MAX];

    hash_begin(run, SSPI_DIGEST_MD5);
    hash_update(run, session, len);
    hash_update_view(run, bytes_view(constant));
    bool good = hash_end(run, key);
    memcpy(ret_key, key, DIGEST_LAYER_KEY_LEN);
    bytes_wipe(key, sizeof(key));
    return good;
}

static bool open_side(struct digest_layer *layer, struct digest_layer_side *side,
                      const struct digest_ciphers *ciphers,
                      const uint8_t session[DIGEST_LAYER_KEY_LEN])
{
    bool encrypts = side == &layer->server;
    uint8_t key[DIGEST_CIPHER_KEY_LEN];

    if (!make_key(&layer->run, session, DIGEST_LAYER_KEY_LEN, magic[encrypts].sign, side->sign_key))
        return false;
    if (layer->cipher == DIGEST_CIPHER_NONE)
        return true;
    if (make_key(&layer->run, session, digest_cipher_session_len(layer->cipher),
                 magic[encrypts].seal, key)) {
        side->stream = digest_cipher_stream_new(ciphers, layer->cipher, key, encrypts);
        if (!encrypts) /* the server's stream is never set back */
            side->spare = digest_cipher_stream_new(ciphers, layer->cipher, key, encrypts);
    }
    bytes_wipe(key, sizeof(key));
    return side->stream != NULL && (encrypts || side->spare != NULL);
}

bool digest_layer_init(struct digest_layer *ret_layer, const struct hash_suite *hashes,
                       const struct digest_ciphers *ciphers, enum digest_cipher cipher,
                       const uint8_t session[DIGEST_LAYER_KEY_LEN])
{
    *ret_layer = (struct digest_layer){.cipher = cipher};
    if (hash_run_init(&ret_layer->run, hashes) &&
        open_side(ret_layer, &ret_layer->client, ciphers, session) &&
        open_side(ret_layer, &ret_layer->server, ciphers, session))
        return true;
    digest_layer_clear(ret_layer);
    return false;
}

static void clear_side(struct digest_layer_side *side)
{
    cipher_stream_free(side->stream);
    cipher_stream_free(side->spare);
}

void digest_layer_clear(struct digest_layer *layer)
{
    clear_side(&layer->client);
    clear_side(&layer->server);
    hash_run_clear(&layer->run);
    bytes_wipe(layer, sizeof(*layer));
}

/* RFC 2831 has no number after the last one, so the side ends there. */
static bool has_ended(const struct digest_layer_side *side)
{
    return side->number > UINT32_MAX;
}

static enum digest_layer_status fail(struct digest_layer_side *side)
{
    side->number = UINT64_MAX;
    return DIGEST_LAYER_FAILED;
}

/* ---- signatures ---- */

static void put_number(uint8_t *to, uint32_t number)
{
    for (size_t i = 0; i < NUMBER_LEN; i++)
        to[i] = (uint8_t)(number >> (8 * (NUMBER_LEN - 1 - i)));
}

static uint32_t get_number(const char *from)
{
    uint32_t number = 0;

    for (size_t i = 0; i < NUMBER_LEN; i++)
        number = number << 8 | (uint8_t)from[i];
    return number;
}

/* RFC 2831 2.3: MAC(Ki, SeqNum, msg) = (HMAC(Ki, {SeqNum, msg})[0..9], 0x0001, SeqNum) */
static bool make_signature(struct digest_layer *layer, const struct digest_layer_side *side,
                           uint32_t number, const struct package_message_part *parts,
                           size_t n_parts, uint8_t ret_signature[DIGEST_LAYER_SIGNATURE_LEN])
{
    struct sspi_view views[PACKAGE_MESSAGE_PARTS_LIMIT + 1];
    uint8_t mac[HASH_MAX];

    if (n_parts > PACKAGE_MESSAGE_PARTS_LIMIT)
        return false;
    ret_signature[MAC_LEN] = 0;
    ret_signature[MAC_LEN + 1] = 1;
    put_number(ret_signature + NUMBER_START, number);
    views[0] = (struct sspi_view){(const char *)ret_signature + NUMBER_START, NUMBER_LEN};
    for (size_t i = 0; i < n_parts; i++)
        views[i + 1] = (struct sspi_view){parts[i].data, parts[i].len};
    bool good = hash_hmac(&layer->run, SSPI_DIGEST_MD5, side->sign_key, DIGEST_LAYER_KEY_LEN, views,
                          n_parts + 1, mac);
    memcpy(ret_signature, mac, MAC_LEN);
    bytes_wipe(mac, sizeof(mac));
    return good;
}

enum digest_layer_status digest_layer_sign(struct digest_layer *layer,
                                           const struct package_message_part *parts, size_t n_parts,
                                           uint8_t ret_signature[DIGEST_LAYER_SIGNATURE_LEN])
{
    struct digest_layer_side *side = &layer->server;

    if (has_ended(side))
        return DIGEST_LAYER_ENDED;
    if (!make_signature(layer, side, (uint32_t)side->number, parts, n_parts, ret_signature))
        return fail(side);
    side->number++;
    return DIGEST_LAYER_RIGHT;
}

/* Checks the signature for the number that it names. A signature that is right for its number was
 * made by the client. It is out of sequence if another number is due. `good` says whether the
 * padding is right. */
static enum digest_layer_status
check_signature(struct digest_layer *layer, const struct package_message_part *parts,
                size_t n_parts, const char signature[DIGEST_LAYER_SIGNATURE_LEN], bool good)
{
    struct digest_layer_side *side = &layer->client;
    uint32_t number = get_number(signature + NUMBER_START);
    uint8_t wanted[DIGEST_LAYER_SIGNATURE_LEN];

    if (!make_signature(layer, side, number, parts, n_parts, wanted))
        return DIGEST_LAYER_FAILED;
    bool equal = bytes_equal_secret((struct sspi_view){(const char *)wanted, sizeof(wanted)},
                                    (struct sspi_view){signature, sizeof(wanted)});
    bytes_wipe(wanted, sizeof(wanted));
    if (!(equal & good))
        return DIGEST_LAYER_WRONG;
    if (number != side->number)
        return DIGEST_LAYER_UNSEQUENCED;
    side->number++;
    return DIGEST_LAYER_RIGHT;
}

enum digest_layer_status digest_layer_verify(struct digest_layer *layer,
                                             const struct package_message_part *parts,
                                             size_t n_parts, struct sspi_view signature)
{
    if (has_ended(&layer->client))
        return DIGEST_LAYER_ENDED;
    if (signature.len != DIGEST_LAYER_SIGNATURE_LEN)
        return DIGEST_LAYER_WRONG;
    enum digest_layer_status status = check_signature(layer, parts, n_parts, signature.data, true);
    return status == DIGEST_LAYER_FAILED ? fail(&layer->client) : status;
}

/* ---- sealed messages ---- */

/* RFC 2831 2.4: a block cipher always has padding, so that message, padding and MAC fill whole
 * blocks. */
static size_t padding_len(const struct digest_layer *layer, size_t len)
{
    size_t block = digest_cipher_block(layer->cipher);

    return block == 1 ? 0 : block - (len + MAC_LEN) % block;
}

size_t digest_layer_tail_len(const struct digest_layer *layer, size_t len)
{
    return padding_len(layer, len) + DIGEST_LAYER_SIGNATURE_LEN;
}

/* A position in parts that follow one another. */
struct cursor {
    const struct package_message_part *part;
    size_t n_parts; /* from `part` to the last */
    size_t at;
};

/* Copies up to `room` octets out of the parts if `out`, otherwise into them. */
static size_t move(struct cursor *cursor, uint8_t *chunk, size_t room, bool out)
{
    size_t n_moved = 0;

    while (n_moved < room && cursor->n_parts > 0) {
        size_t len = cursor->part->len - cursor->at;
        if (len > room - n_moved)
            len = room - n_moved;
        if (out && len > 0)
            memcpy(chunk + n_moved, cursor->part->data + cursor->at, len);
        else if (len > 0)
            memcpy(cursor->part->data + cursor->at, chunk + n_moved, len);
        n_moved += len;
        cursor->at += len;
        if (cursor->at == cursor->part->len) {
            cursor->part++;
            cursor->n_parts--;
            cursor->at = 0;
        }
    }
    return n_moved;
}

/* A part may end inside a block. The sum of all parts is a multiple of the block size. */
static bool encrypt(struct digest_layer_side *side, const struct package_message_part *parts,
                    size_t n_parts, char *tail, size_t tail_len)
{
    struct package_message_part all[PACKAGE_MESSAGE_PARTS_LIMIT + 1];
    uint8_t chunk[CHUNK_LEN];
    bool good = true;
    size_t len;

    memcpy(all, parts, n_parts * sizeof(all[0]));
    all[n_parts] = (struct package_message_part){tail, tail_len, true};
    struct cursor from = {all, n_parts + 1, 0}, to = from;
    while (good && (len = move(&from, chunk, sizeof(chunk), true)) > 0) {
        good = cipher_stream_apply(side->stream, chunk, len, chunk);
        (void)move(&to, chunk, len, false);
    }
    bytes_wipe(chunk, sizeof(chunk));
    return good;
}

enum digest_layer_status digest_layer_seal(struct digest_layer *layer,
                                           const struct package_message_part *parts, size_t n_parts,
                                           uint8_t ret_tail[DIGEST_LAYER_TAIL_MOST])
{
    struct digest_layer_side *side = &layer->server;
    size_t len = 0;

    if (has_ended(side))
        return DIGEST_LAYER_ENDED;
    for (size_t i = 0; i < n_parts; i++)
        len += parts[i].len;
    size_t pad = padding_len(layer, len);
    memset(ret_tail, (int)pad, pad);
    if (!make_signature(layer, side, (uint32_t)side->number, parts, n_parts, ret_tail + pad))
        return fail(side);
    if (side->stream != NULL && !encrypt(side, parts, n_parts, (char *)ret_tail, pad + MAC_LEN))
        return fail(side);
    side->number++;
    return DIGEST_LAYER_RIGHT;
}

/* Returns how many octets of `body` are the message. It always examines all octets that can be
 * padding, so that the time does not reveal what was wrong. Wrong padding counts as one octet,
 * which is as good as any other number. */
static size_t strip(const char *body, size_t len, bool *ret_good)
{
    unsigned int pad = (uint8_t)body[len - 1];
    unsigned int differs =
        (unsigned int)(pad == 0) | (unsigned int)(pad > PADDING_LIMIT) | (unsigned int)(pad > len);

    for (size_t i = 0; i < PADDING_LIMIT && i < len; i++) {
        unsigned int octet = (uint8_t)body[len - 1 - i];
        differs |= (octet ^ pad) & (0u - (unsigned int)(i < pad));
    }
    *ret_good = differs == 0;
    return len - (*ret_good ? pad : 1);
}

static bool decrypt(struct digest_layer_side *side, char *octets, size_t len)
{
    return cipher_stream_copy(side->spare, side->stream) &&
           cipher_stream_apply(side->stream, (uint8_t *)octets, len, (uint8_t *)octets);
}

/* Sets the side back to its state before the message. */
static void set_back(struct digest_layer_side *side)
{
    struct evp_cipher_ctx_st *stream = side->stream;

    side->stream = side->spare;
    side->spare = stream;
}

enum digest_layer_status digest_layer_unseal(struct digest_layer *layer, char *whole, size_t len,
                                             size_t *ret_len)
{
    struct digest_layer_side *side = &layer->client;
    size_t block = digest_cipher_block(layer->cipher);
    bool good = true;

    if (has_ended(side))
        return DIGEST_LAYER_ENDED;
    if (len < digest_layer_tail_len(layer, 0))
        return DIGEST_LAYER_SHORT;
    size_t body_len = len - DIGEST_LAYER_SIGNATURE_LEN;
    if ((len - CLEAR_LEN) % block != 0)
        return DIGEST_LAYER_WRONG;
    if (side->stream != NULL && !decrypt(side, whole, len - CLEAR_LEN))
        return fail(side);
    const char *signature = whole + body_len;
    if (block > 1)
        body_len = strip(whole, body_len, &good);
    const struct package_message_part part = {whole, body_len, true};
    enum digest_layer_status status = check_signature(layer, &part, 1, signature, good);
    if (status == DIGEST_LAYER_FAILED)
        return fail(side);
    if (status == DIGEST_LAYER_RIGHT)
        *ret_len = body_len;
    else if (side->stream != NULL)
        set_back(side);
    return status;
}
