/* SPDX-License-Identifier: Apache-2.0 */
/* The arithmetic of NTLMv2 (MS-NLMP 3.3.2 and 3.4.5): from the hash of a password to the keys of a
 * session. Pure. Each `run` belongs to the hashes of an ntlm_crypto. All functions return false if
 * libcrypto failed. The output must not be used then. The caller wipes the keys. */
#ifndef NTLM_KEYS_H
#define NTLM_KEYS_H

#include "ntlm_crypto.h"

#define NTLM_CHALLENGE_LEN 8

/* Where an AUTHENTICATE message has its MIC. */
#define NTLM_MIC_START 72
#define NTLM_MIC_END   (NTLM_MIC_START + NTLM_KEY_LEN)

/* NTOWFv2: HMAC-MD5 by the NT hash over the user in upper case and the domain as the client sent
 * it, both in UTF-16LE. */
bool ntlm_keys_response(struct hash_run *run, const uint8_t nt_hash[NTLM_KEY_LEN],
                        struct sspi_view upper_user, struct sspi_view domain,
                        uint8_t ret_key[NTLM_KEY_LEN]) MUST_USE;

/* NTProofStr over the server's challenge and the client's part of the response. */
bool ntlm_keys_proof(struct hash_run *run, const uint8_t response_key[NTLM_KEY_LEN],
                     const uint8_t challenge[NTLM_CHALLENGE_LEN], struct sspi_view temp,
                     uint8_t ret_proof[NTLM_KEY_LEN]) MUST_USE;

/* SessionBaseKey, which is NTLMv2's KeyExchangeKey too. */
bool ntlm_keys_base(struct hash_run *run, const uint8_t response_key[NTLM_KEY_LEN],
                    const uint8_t proof[NTLM_KEY_LEN], uint8_t ret_key[NTLM_KEY_LEN]) MUST_USE;

/* ExportedSessionKey out of EncryptedRandomSessionKey. */
bool ntlm_keys_exported(const struct ntlm_crypto *crypto, const uint8_t base_key[NTLM_KEY_LEN],
                        const uint8_t encrypted[NTLM_KEY_LEN],
                        uint8_t ret_key[NTLM_KEY_LEN]) MUST_USE;

/* The MIC over the three messages. AUTHENTICATE has at least NTLM_MIC_END octets, and the octets of
 * its own MIC count as zeros. */
bool ntlm_keys_mic(struct hash_run *run, const uint8_t exported_key[NTLM_KEY_LEN],
                   struct sspi_view negotiate, struct sspi_view challenge,
                   struct sspi_view authenticate, uint8_t ret_mic[NTLM_KEY_LEN]) MUST_USE;

enum ntlm_keys_sender { NTLM_KEYS_CLIENT, NTLM_KEYS_SERVER };

/* SIGNKEY and SEALKEY of one direction, with extended session security and 128 bits. */
bool ntlm_keys_sign(struct hash_run *run, const uint8_t exported_key[NTLM_KEY_LEN],
                    enum ntlm_keys_sender sender, uint8_t ret_key[NTLM_KEY_LEN]) MUST_USE;
bool ntlm_keys_seal(struct hash_run *run, const uint8_t exported_key[NTLM_KEY_LEN],
                    enum ntlm_keys_sender sender, uint8_t ret_key[NTLM_KEY_LEN]) MUST_USE;

#endif
