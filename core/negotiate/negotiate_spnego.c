/* SPDX-License-Identifier: Apache-2.0 */
#include "negotiate_spnego.h"

#include "binding_check.h"
#include "negotiate_token.h"
#include "error_info.h"

/* The characters of the client's list that an error text shows. */
#define OFFER_SHOWN 160

static SECURITY_STATUS malformed(const struct negotiate_step *step)
{
    return error_info_refuse(step->out->error_info, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED,
                             "the SPNEGO token of %zu bytes is malformed", step->in->token.len);
}

/* A field to send. An empty token becomes an absent field. */
static struct sspi_view present(const struct bytes *from)
{
    return from->len > 0 ? bytes_as_view(from) : (struct sspi_view){NULL, 0};
}

static SECURITY_STATUS answer(struct negotiate_step *step, enum negotiate_token_state state,
                              struct sspi_view token, struct sspi_view mic)
{
    struct negotiate_token_response response = {.state = state, .token = token, .mic = mic};
    /* RFC 4178 4.2.2: only the first reply has a supportedMech. */
    if (!step->context->reply_sent)
        response.mechanism = step->supported;
    negotiate_token_format_response(&response, &step->out->tokens[0]);
    if (step->out->tokens[0].failed)
        return error_info_no_memory(step->out->error_info);
    step->out->n_tokens = 1;
    step->context->reply_sent = true;
    return SEC_E_OK;
}

/* Ends the negotiation. Sends a reject to the client if the caller asks for it
 * (ASC_REQ_EXTENDED_ERROR). */
static SECURITY_STATUS reject(struct negotiate_step *step, SECURITY_STATUS status,
                              struct sspi_view token)
{
    step->supported = (struct sspi_view){NULL, 0};
    if ((step->in->requirements & ASC_REQ_EXTENDED_ERROR) != 0 &&
        answer(step, NEGOTIATE_TOKEN_REJECT, token, (struct sspi_view){NULL, 0}) != SEC_E_OK)
        return SEC_E_INSUFFICIENT_MEMORY;
    return status;
}

SECURITY_STATUS negotiate_spnego_run_mechanism(struct negotiate_step *step, struct sspi_view token,
                                               struct bytes *ret_token)
{
    struct negotiate_context *context = step->context;
    size_t row = (size_t)(context->chosen - negotiate_mechanism_table);
    struct package_input in = *step->in;
    struct package_output out = {.error_info = step->out->error_info};
    in.token = token;
    in.n_tokens = 1;
    SECURITY_STATUS status = context->chosen->package->accept(step->credential->mechanisms[row],
                                                              &context->mechanism, &in, &out);
    context->mechanism_done = status == SEC_E_OK;
    *ret_token = out.tokens[0];
    return status;
}

/* True if the client and the mechanism agreed on one of these flags (ASC_RET_*). */
static bool agreed_on(const struct negotiate_context *context, ULONG attributes)
{
    const struct package_info *info = context->chosen->package->info(context->mechanism);
    return info != NULL && (info->attributes & attributes) != 0;
}

static SECURITY_STATUS unprotected(const struct negotiate_step *step)
{
    return error_info_refuse(
        step->out->error_info, SEC_E_INVALID_TOKEN, SSPI_REASON_NOT_OFFERED,
        "the client asked for no integrity in %s, or for keys that are too weak. Its list of "
        "mechanisms cannot be protected: configure the client to sign",
        step->context->chosen->package->about.Name);
}

/* If the client sends a MIC, it must be right, whatever the client asked the mechanism for. NTLM
 * has the keys also without NTLMSSP_NEGOTIATE_SIGN (MS-NLMP 3.4.5.2). */
static SECURITY_STATUS check_mic(const struct negotiate_step *step, struct sspi_view mic)
{
    struct negotiate_context *context = step->context;
    struct sspi_view list = bytes_as_view(&context->mech_list);
    switch (context->chosen->package->check_mic(context->mechanism, list, mic)) {
    case SEC_E_OK:
        context->mic_verified = true;
        return SEC_E_OK;
    case SEC_E_UNSUPPORTED_FUNCTION:
        return unprotected(step);
    default:
        return error_info_refuse(
            step->out->error_info, SEC_E_MESSAGE_ALTERED, SSPI_REASON_NOT_OFFERED,
            "the mechListMIC is wrong: the client's list of mechanisms was changed in transit");
    }
}

/* A side that gets a MIC answers with its own MIC. The server sends its MIC first if a MIC is
 * required. */
static SECURITY_STATUS make_mic(const struct negotiate_step *step, struct bytes *our_mic)
{
    struct negotiate_context *context = step->context;
    struct sspi_view list = bytes_as_view(&context->mech_list);
    if (context->mic_sent)
        return SEC_E_OK;
    SECURITY_STATUS status = context->chosen->package->make_mic(context->mechanism, list, our_mic);
    if (status != SEC_E_OK)
        return error_info_refuse(step->out->error_info, status, SSPI_REASON_INTERNAL,
                                 "the mechListMIC cannot be made");
    context->mic_sent = true;
    return SEC_E_OK;
}

/* RFC 4178 section 5, after the mechanism is done. `mic` is the client's, if it sent one. */
static SECURITY_STATUS exchange_mics(struct negotiate_step *step, struct sspi_view mic,
                                     struct bytes *our_mic)
{
    struct negotiate_context *context = step->context;
    const struct package *package = context->chosen->package;
    bool absent = mic.data == NULL;
    /* If the client asked for no integrity, its list is not protected. This is accepted only if the
     * client listed no other mechanism. */
    if (absent && context->single_mechanism && !agreed_on(context, ASC_RET_INTEGRITY))
        context->mic_required = false;
    if (absent && !context->mic_required)
        return SEC_E_OK;
    if (package->make_mic == NULL || package->check_mic == NULL ||
        (absent && !agreed_on(context, ASC_RET_INTEGRITY | ASC_RET_CONFIDENTIALITY)))
        return unprotected(step);
    SECURITY_STATUS status = absent ? SEC_E_OK : check_mic(step, mic);
    return status == SEC_E_OK ? make_mic(step, our_mic) : status;
}

/* RFC 4178 section 5: where a MIC is required, the client's MIC must come before DONE. */
static enum negotiate_phase next_phase(const struct negotiate_context *context)
{
    if (!context->mechanism_done)
        return NEGOTIATE_MECHANISM;
    if (context->mic_required && !context->mic_verified)
        return NEGOTIATE_MIC;
    return NEGOTIATE_DONE;
}

/* The mechanism verified the client in an earlier leg, under the rules of that leg. The rules of
 * the last leg decide, and they may be different. */
static SECURITY_STATUS check_again(struct negotiate_step *step)
{
    const struct binding_rules rules = binding_rules_of(step->in);
    const struct package_info *info =
        step->context->chosen->package->info(step->context->mechanism);
    enum package_bound bound;
    if (info == NULL)
        return SEC_E_INTERNAL_ERROR;
    const struct binding_facts facts = {.channel = info->channel,
                                        .service = bytes_view(info->target),
                                        .service_proven = info->target_proven};
    return binding_check(&rules, &facts, NULL, &bound, step->out->error_info);
}

/* Handles the contents of one SPNEGO message, and answers it. */
static SECURITY_STATUS advance(struct negotiate_step *step, struct sspi_view token,
                               struct sspi_view mic)
{
    struct negotiate_context *context = step->context;
    BYTES_CLEANUP struct bytes mechanism_token = {0};
    BYTES_CLEANUP struct bytes our_mic = {0};
    SECURITY_STATUS status = SEC_E_OK;
    if (token.len > 0)
        status = negotiate_spnego_run_mechanism(step, token, &mechanism_token);
    if (status != SEC_E_OK && status != SEC_I_CONTINUE_NEEDED)
        return reject(step, status, present(&mechanism_token));
    if (context->mechanism_done)
        status = exchange_mics(step, mic, &our_mic);
    else if (mic.data != NULL)
        status = malformed(step); /* the mechanism has no key yet, so no side can make a MIC */
    if (status == SEC_E_OK && token.len == 0 && context->mechanism_done)
        status = check_again(step);
    if (status != SEC_E_OK && status != SEC_I_CONTINUE_NEEDED)
        return reject(step, status, (struct sspi_view){NULL, 0});
    context->phase = next_phase(context);
    enum negotiate_token_state state = NEGOTIATE_TOKEN_ACCEPT_INCOMPLETE;
    if (context->phase == NEGOTIATE_DONE)
        state = NEGOTIATE_TOKEN_ACCEPT_COMPLETED;
    else if (!context->reply_sent && context->mic_required)
        state = NEGOTIATE_TOKEN_REQUEST_MIC; /* RFC 4178 4.2.2: only in the first reply */
    /* RFC 4178 4.2.2: a client that said accept-completed expects no message. MIT's initiator has
     * then finished, and treats a message as an error. */
    if (context->phase == NEGOTIATE_DONE && step->last && mechanism_token.len == 0 &&
        our_mic.len == 0)
        return SEC_E_OK;
    status = answer(step, state, present(&mechanism_token), present(&our_mic));
    if (status != SEC_E_OK)
        return status;
    return context->phase == NEGOTIATE_DONE ? SEC_E_OK : SEC_I_CONTINUE_NEEDED;
}

static SECURITY_STATUS refuse_offer(struct negotiate_step *step,
                                    const struct negotiate_token_init *init)
{
    BYTES_CLEANUP struct bytes offered = {0};
    for (size_t i = 0; i < init->n_mechanisms; i++) {
        bytes_append_text(&offered, i > 0 ? ", " : "");
        negotiate_mechanism_name(init->mechanisms[i], &offered);
    }
    struct sspi_view list = bytes_as_view(&offered);
    int shown = list.len < OFFER_SHOWN ? (int)list.len : OFFER_SHOWN;
    BYTES_CLEANUP struct bytes accepted = {0};
    negotiate_credential_describe(step->credential, &accepted);
    return reject(step,
                  error_info_refuse(
                      step->out->error_info, SEC_E_INVALID_TOKEN, SSPI_REASON_NOT_OFFERED,
                      "the client offers only %.*s, but this server accepts %.*s%s", shown,
                      list.data, (int)bytes_as_view(&accepted).len, bytes_as_view(&accepted).data,
                      negotiate_credential_allows(step->credential, &negotiate_mechanism_table[0])
                          ? NEGOTIATE_NO_TICKET
                          : ""),
                  (struct sspi_view){NULL, 0});
}

SECURITY_STATUS negotiate_spnego_start(struct negotiate_step *step)
{
    struct negotiate_context *context = step->context;
    struct negotiate_token_init init;
    if (!negotiate_token_parse_init(step->in->token, &init))
        return malformed(step);
    size_t position = 0;
    const struct negotiate_mechanism *found = NULL;
    while (position < init.n_mechanisms && found == NULL) {
        found = negotiate_mechanism_by_oid(init.mechanisms[position]);
        if (!negotiate_credential_allows(step->credential, found)) {
            found = NULL;
            position++;
        }
    }
    if (found == NULL)
        return refuse_offer(step, &init);
    context->chosen = found;
    context->single_mechanism = init.n_mechanisms == 1;
    bytes_append_view(&context->mech_list, init.mech_list);
    if (context->mech_list.failed)
        return error_info_no_memory(step->out->error_info);
    step->supported = init.mechanisms[position];
    /* RFC 4178 section 5: optional only if both sides prefer this mechanism to all others. */
    context->mic_required =
        position != 0 || found != negotiate_credential_preferred(step->credential);
    struct sspi_view absent = {NULL, 0};
    /* RFC 4178 4.2.1: mechToken is only for the first mechanism of the list. */
    return advance(step, position == 0 ? init.token : absent, position == 0 ? init.mic : absent);
}

SECURITY_STATUS negotiate_spnego_hint(struct negotiate_step *step)
{
    struct sspi_view oids[NEGOTIATE_MECHANISM_COUNT * NEGOTIATE_MECHANISM_OIDS_LIMIT];
    size_t n_oids = 0;
    if (step->context->hint_sent)
        return malformed(step);
    for (size_t i = 0; i < NEGOTIATE_MECHANISM_COUNT; i++) {
        const struct negotiate_mechanism *row = &negotiate_mechanism_table[i];
        if (!negotiate_credential_allows(step->credential, row))
            continue;
        for (size_t j = 0; j < NEGOTIATE_MECHANISM_OIDS_LIMIT; j++) {
            if (row->oids[j].data != NULL)
                oids[n_oids++] = row->oids[j];
        }
    }
    negotiate_token_format_hints(oids, n_oids, &step->out->tokens[0]);
    if (step->out->tokens[0].failed)
        return error_info_no_memory(step->out->error_info);
    step->out->n_tokens = 1;
    step->context->hint_sent = true;
    return SEC_I_CONTINUE_NEEDED;
}

SECURITY_STATUS negotiate_spnego_continue(struct negotiate_step *step)
{
    struct negotiate_context *context = step->context;
    struct negotiate_token_response response;
    if (!negotiate_token_parse_response(step->in->token, &response))
        return malformed(step);
    if (response.state == NEGOTIATE_TOKEN_REJECT)
        return error_info_refuse(step->out->error_info, SEC_E_INVALID_TOKEN,
                                 SSPI_REASON_NOT_OFFERED, "the client ended the negotiation");
    /* Each phase waits for one thing: the mechanism's token, or the client's MIC. */
    bool as_expected = context->phase == NEGOTIATE_MECHANISM
                           ? response.token.len > 0
                           : response.token.len == 0 && response.mic.data != NULL;
    if (!as_expected)
        return reject(step, malformed(step), (struct sspi_view){NULL, 0});
    step->last = response.state == NEGOTIATE_TOKEN_ACCEPT_COMPLETED;
    return advance(step, response.token, response.mic);
}
