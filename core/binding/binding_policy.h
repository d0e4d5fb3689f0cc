/* SPDX-License-Identifier: Apache-2.0 */
/* Windows' Extended Protection: whether what a client says of its channel is enough. The same table
 * for every package whose client names the channel by its MD5 (Digest's channel-binding, NTLM's
 * MsvAvChannelBindings). Pure. */
#ifndef BINDING_POLICY_H
#define BINDING_POLICY_H

#include "hash.h"
#include "sspi_package.h"

/* MD5 of a channel's binding. */
#define BINDING_POLICY_HASH_LEN 16

/* What the client said about its channel, under the protection of its password. */
enum binding_claim {
    BINDING_CLAIM_SILENT, /* nothing: it does not know of bindings */
    BINDING_CLAIM_NONE,   /* it speaks through no TLS channel: all zero */
    BINDING_CLAIM_CHANNEL /* through the channel of that hash */
};

/* NONE or CHANNEL. */
enum binding_claim binding_policy_claim(const uint8_t channel[BINDING_POLICY_HASH_LEN]);

/* Judges a claim under the policy table of the EPA pages: `in->bindings` are the channels that
 * would be right, in->requirements has ASC_REQ_ALLOW_MISSING_BINDINGS and ASC_REQ_PROXY_BINDINGS.
 * `channel` is looked at for BINDING_CLAIM_CHANNEL alone; `run` must have MD5, and may be NULL
 * where there are no bindings. SEC_E_OK sets *ret_bound; SEC_E_BAD_BINDINGS, SEC_E_INTERNAL_ERROR:
 * `report` says why. */
SECURITY_STATUS binding_policy_judge(struct hash_run *run, enum binding_claim claim,
                                     const uint8_t channel[BINDING_POLICY_HASH_LEN],
                                     const struct sspi_accept_input *in, enum sspi_bound *ret_bound,
                                     struct sspi_report *report) SSPI_MUST_USE;

/* The refusal of a claim that is known not to fit: another channel, or none where one is needed. */
SECURITY_STATUS binding_policy_refuse(enum binding_claim claim, struct sspi_report *report);

/* The refusal when MD5 could not be computed. */
SECURITY_STATUS binding_policy_no_md5(struct sspi_report *report);

#endif
