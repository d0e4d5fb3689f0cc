/* SPDX-License-Identifier: Apache-2.0 */
#include "ntlm_context.h"

#include <stdlib.h>
#include <string.h>

struct ntlm_context *ntlm_context_new(void)
{
    return calloc(1, sizeof(struct ntlm_context));
}

void ntlm_context_free(struct ntlm_context *context)
{
    bytes_free(&context->negotiate);
    bytes_free(&context->challenge);
    ntlm_sign_clear(&context->sign);
    bytes_wipe(context->exported_key, sizeof(context->exported_key));
    package_info_clear(&context->info);
    free(context);
}

/* MS-NLMP 3.2.5.1.2. Each signature has a sequence number, which shows replays and their order. The
 * attributes leave out what was granted but is impossible. */
static ULONG attributes_from_flags(uint32_t flags, bool can_sign)
{
    ULONG attributes = 0;
    if (can_sign && (flags & NTLM_FLAG_SIGN) != 0)
        attributes |= ASC_RET_INTEGRITY | ASC_RET_REPLAY_DETECT | ASC_RET_SEQUENCE_DETECT;
    if (can_sign && (flags & NTLM_FLAG_SEAL) != 0)
        attributes |= ASC_RET_CONFIDENTIALITY;
    if ((flags & NTLM_FLAG_IDENTIFY) != 0)
        attributes |= ASC_RET_IDENTIFY;
    return attributes;
}

static bool set_names(struct package_info *info, struct ntlm_proof *proof)
{
    if (proof->target.len > 0)
        info->target = strndup(proof->target.data, proof->target.len);
    return ntlm_winbind_answer_take(&proof->login, info) &&
           (info->target != NULL || proof->target.len == 0);
}

bool ntlm_context_establish(struct ntlm_context *context, const struct ntlm_credential *credential,
                            struct ntlm_proof *proof)
{
    const uint32_t strong = NTLM_FLAG_EXTENDED_SECURITY | NTLM_FLAG_128;
    const struct clock *clock = credential->clock;
    /* Without these two flags, signatures are too weak. */
    bool can_sign = (proof->flags & strong) == strong;
    struct package_info info = {
        .mechanism = &ntlm_package,
        .attributes = attributes_from_flags(proof->flags, can_sign),
        .start_ms = clock->now_ms(clock->self),
        .expiry_ms = UINT64_MAX, /* an NTLM login has no end */
        .channel = proof->channel,
        .bound = proof->bound,
    };
    if (!set_names(&info, proof) ||
        (can_sign && !ntlm_sign_init(&context->sign, &credential->crypto, proof->exported_key,
                                     (proof->flags & NTLM_FLAG_KEY_EXCHANGE) != 0))) {
        package_info_clear(&info);
        return false;
    }
    context->info = info;
    context->can_sign = can_sign;
    memcpy(context->exported_key, proof->exported_key, sizeof(context->exported_key));
    context->state = NTLM_CONTEXT_ESTABLISHED;
    return true;
}
