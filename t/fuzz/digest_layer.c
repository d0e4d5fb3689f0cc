/* SPDX-License-Identifier: Apache-2.0 */
/* Drives digest_layer_unseal, digest_layer_verify and digest_layer_seal. The first octet chooses
 * the cipher, the second the change of a right message. The other octets are a message of an
 * attacker.
 *  - A message that was not sealed with the keys is refused, and does not change the count.
 *  - A message sealed without a cipher is read again, whatever its contents are. With one octet
 *    changed it is refused.
 *  - No octet behind the message is read. */
#include "digest_layer.h"

#include "fuzz.h"

#define LEN_LIMIT 4096

static struct hash_suite hashes;
static struct digest_ciphers ciphers;

static const uint8_t session[DIGEST_LAYER_KEY_LEN + 1] = "H(A1) of someone";

/* Exchanges the keys of both directions: the layer then sends messages that its copy receives. */
static void turn(struct digest_layer *layer)
{
    memcpy(layer->server.sign_key, layer->client.sign_key, sizeof(layer->server.sign_key));
}

static enum digest_layer_status unseal(struct digest_layer *layer, struct sspi_view message,
                                       size_t *ret_len)
{
    char *copy = fuzz_copy(message);
    size_t len = 0;
    enum digest_layer_status status = digest_layer_unseal(layer, copy, message.len, &len);
    FUZZ_REQUIRE(len <= message.len);
    free(copy);
    *ret_len = len;
    return status;
}

static void check_foreign(enum digest_cipher cipher, struct sspi_view message)
{
    struct digest_layer layer;
    size_t len;
    FUZZ_REQUIRE(digest_layer_init(&layer, &hashes, &ciphers, cipher, session));
    enum digest_layer_status status = unseal(&layer, message, &len);
    FUZZ_REQUIRE(status == DIGEST_LAYER_WRONG || status == DIGEST_LAYER_SHORT);
    FUZZ_REQUIRE((status == DIGEST_LAYER_SHORT) ==
                 (message.len < digest_layer_tail_len(&layer, 0)));
    FUZZ_REQUIRE(layer.client.number == 0);
    const struct package_message_part none = {NULL, 0, true};
    FUZZ_REQUIRE(digest_layer_verify(&layer, &none, 1, message) == DIGEST_LAYER_WRONG);
    digest_layer_clear(&layer);
}

/* Only without a cipher, because the streams of a cipher have a direction, too. */
static void check_own(struct sspi_view text, uint8_t change)
{
    struct digest_layer sender, receiver;
    uint8_t tail[DIGEST_LAYER_TAIL_MOST];
    char *copy = fuzz_copy(text);
    const struct package_message_part part = {copy, text.len, true};
    BYTES_CLEANUP struct bytes message = {0};
    size_t len;
    FUZZ_REQUIRE(digest_layer_init(&sender, &hashes, NULL, DIGEST_CIPHER_NONE, session));
    FUZZ_REQUIRE(digest_layer_init(&receiver, &hashes, NULL, DIGEST_CIPHER_NONE, session));
    turn(&sender);
    FUZZ_REQUIRE(digest_layer_seal(&sender, &part, 1, tail) == DIGEST_LAYER_RIGHT);
    bytes_append(&message, copy, text.len);
    bytes_append(&message, tail, digest_layer_tail_len(&sender, text.len));
    FUZZ_REQUIRE(!message.failed);
    message.data[change % message.len] ^= 1;
    FUZZ_REQUIRE(unseal(&receiver, bytes_as_view(&message), &len) == DIGEST_LAYER_WRONG);
    message.data[change % message.len] ^= 1;
    FUZZ_REQUIRE(unseal(&receiver, bytes_as_view(&message), &len) == DIGEST_LAYER_RIGHT);
    FUZZ_REQUIRE(len == text.len);
    FUZZ_REQUIRE(unseal(&receiver, bytes_as_view(&message), &len) == DIGEST_LAYER_UNSEQUENCED);
    digest_layer_clear(&sender);
    digest_layer_clear(&receiver);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sspi_view input = fuzz_view(data, size);
    enum digest_cipher cipher = (enum digest_cipher)(fuzz_octet(&input) % N_DIGEST_CIPHERS);
    uint8_t change = fuzz_octet(&input);
    if (hashes.md5 == NULL)
        FUZZ_REQUIRE(hash_suite_init(&hashes) && digest_ciphers_init(&ciphers));
    if (input.len > LEN_LIMIT)
        return 0;
    check_foreign(cipher, input);
    check_own(input, change);
    return 0;
}
