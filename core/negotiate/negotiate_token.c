/* SPDX-License-Identifier: Apache-2.0 */
#include "negotiate_token.h"

#include <string.h>

#include "der.h"

/* RFC 4178 4.2.1: SPNEGO's OID 1.3.6.1.5.5.2. */
static const struct sspi_view spnego_oid = {"\x2b\x06\x01\x05\x05\x02", 6};

static const struct sspi_view ntlm_signature = {"NTLMSSP\0", 8};

/* MS-SPNG 2.2.1: the fixed name that servers put into negHints. */
static const struct sspi_view hint_name = {"not_defined_in_RFC4178@please_ignore", 36};

enum negotiate_token_kind negotiate_token_kind(struct sspi_view token, struct sspi_view *ret_oid)
{
    struct sspi_view framed;
    struct sspi_view oid;
    if (token.len == 0)
        return NEGOTIATE_TOKEN_EMPTY;
    if (der_at(token, DER_CONTEXT(1)))
        return NEGOTIATE_TOKEN_RESPONSE;
    if (token.len >= ntlm_signature.len &&
        memcmp(token.data, ntlm_signature.data, ntlm_signature.len) == 0)
        return NEGOTIATE_TOKEN_NTLM;
    /* RFC 2743 3.1: [APPLICATION 0] { thisMech OID, innerToken } */
    if (!der_take(&token, DER_APPLICATION(0), &framed) || !der_take(&framed, DER_OID, &oid))
        return NEGOTIATE_TOKEN_UNKNOWN;
    if (bytes_equal(oid, spnego_oid))
        return NEGOTIATE_TOKEN_INIT;
    *ret_oid = oid;
    return NEGOTIATE_TOKEN_FRAMED;
}

/* An OPTIONAL field. It may be absent, but must not be malformed. */
static bool take_optional(struct sspi_view *from, uint8_t outer, uint8_t inner,
                          struct sspi_view *field)
{
    return !der_at(*from, outer) || der_take_explicit(from, outer, inner, field);
}

/* MechTypeList ::= SEQUENCE OF OBJECT IDENTIFIER, within [0] */
static bool take_mechanisms(struct sspi_view *from, struct negotiate_token_init *init)
{
    struct sspi_view wrapper;
    struct sspi_view oids;
    if (!der_take(from, DER_CONTEXT(0), &wrapper))
        return false;
    init->mech_list = wrapper;
    if (!der_take(&wrapper, DER_SEQUENCE, &oids) || wrapper.len != 0)
        return false;
    while (oids.len > 0) {
        struct sspi_view oid;
        if (init->n_mechanisms == NEGOTIATE_TOKEN_MECHANISMS_LIMIT ||
            !der_take(&oids, DER_OID, &oid) || oid.len == 0)
            return false;
        init->mechanisms[init->n_mechanisms++] = oid;
    }
    /* RFC 4178 4.2.1: the list has at least one element. */
    return init->n_mechanisms > 0;
}

/* [3] is mechListMIC in a NegTokenInit. In a NegTokenInit2 it is negHints, and [4] is
 * mechListMIC. */
static bool take_hints_and_mic(struct sspi_view *from, struct negotiate_token_init *init)
{
    struct sspi_view wrapper;
    struct sspi_view hints;
    if (der_at(*from, DER_CONTEXT(3))) {
        if (!der_take(from, DER_CONTEXT(3), &wrapper))
            return false;
        if (der_at(wrapper, DER_OCTET_STRING))
            return der_take(&wrapper, DER_OCTET_STRING, &init->mic) && wrapper.len == 0;
        if (!der_take(&wrapper, DER_SEQUENCE, &hints) || wrapper.len != 0)
            return false;
    }
    return take_optional(from, DER_CONTEXT(4), DER_OCTET_STRING, &init->mic);
}

bool negotiate_token_parse_init(struct sspi_view token, struct negotiate_token_init *ret_init)
{
    struct sspi_view framed;
    struct sspi_view oid;
    struct sspi_view fields;
    struct sspi_view flags;
    struct negotiate_token_init init = {0};
    if (!der_take(&token, DER_APPLICATION(0), &framed) || token.len != 0 ||
        !der_take(&framed, DER_OID, &oid) || !bytes_equal(oid, spnego_oid))
        return false;
    /* NegTokenInit ::= SEQUENCE { mechTypes [0], reqFlags [1] OPTIONAL, mechToken [2] OPTIONAL,
     * mechListMIC [3] OPTIONAL }, itself the choice [0] */
    if (!der_take_explicit(&framed, DER_CONTEXT(0), DER_SEQUENCE, &fields) || framed.len != 0 ||
        !take_mechanisms(&fields, &init) ||
        !take_optional(&fields, DER_CONTEXT(1), DER_BIT_STRING, &flags) ||
        !take_optional(&fields, DER_CONTEXT(2), DER_OCTET_STRING, &init.token) ||
        !take_hints_and_mic(&fields, &init) || fields.len != 0)
        return false;
    *ret_init = init;
    return true;
}

bool negotiate_token_parse_response(struct sspi_view token,
                                    struct negotiate_token_response *ret_response)
{
    struct sspi_view fields;
    struct sspi_view number = {NULL, 0};
    struct negotiate_token_response response = {.state = NEGOTIATE_TOKEN_STATE_NONE};
    /* NegTokenResp ::= SEQUENCE { negState [0] ENUMERATED OPTIONAL, supportedMech [1] OPTIONAL,
     * responseToken [2] OPTIONAL, mechListMIC [3] OPTIONAL }, itself the choice [1] */
    if (!der_take_explicit(&token, DER_CONTEXT(1), DER_SEQUENCE, &fields) || token.len != 0 ||
        !take_optional(&fields, DER_CONTEXT(0), DER_ENUMERATED, &number) ||
        !take_optional(&fields, DER_CONTEXT(1), DER_OID, &response.mechanism) ||
        !take_optional(&fields, DER_CONTEXT(2), DER_OCTET_STRING, &response.token) ||
        !take_optional(&fields, DER_CONTEXT(3), DER_OCTET_STRING, &response.mic) || fields.len != 0)
        return false;
    if (number.data != NULL) {
        int64_t state;
        if (!der_integer(number, &state) || state < NEGOTIATE_TOKEN_ACCEPT_COMPLETED ||
            state > NEGOTIATE_TOKEN_REQUEST_MIC)
            return false;
        response.state = (enum negotiate_token_state)state;
    }
    *ret_response = response;
    return true;
}

static void put_optional(struct bytes *to, uint8_t outer, uint8_t inner, struct sspi_view content)
{
    if (content.data != NULL)
        der_append_explicit(to, outer, inner, content);
}

void negotiate_token_format_response(const struct negotiate_token_response *response,
                                     struct bytes *to)
{
    size_t start = to->len;
    char state = (char)response->state;
    if (response->state != NEGOTIATE_TOKEN_STATE_NONE)
        der_append_explicit(to, DER_CONTEXT(0), DER_ENUMERATED, (struct sspi_view){&state, 1});
    put_optional(to, DER_CONTEXT(1), DER_OID, response->mechanism);
    put_optional(to, DER_CONTEXT(2), DER_OCTET_STRING, response->token);
    put_optional(to, DER_CONTEXT(3), DER_OCTET_STRING, response->mic);
    der_wrap(to, start, DER_SEQUENCE);
    der_wrap(to, start, DER_CONTEXT(1));
}

void negotiate_token_format_hints(const struct sspi_view *mechanisms, size_t n_mechanisms,
                                  struct bytes *to)
{
    size_t start = to->len;
    der_append(to, DER_OID, spnego_oid);
    size_t fields = to->len;
    for (size_t i = 0; i < n_mechanisms; i++)
        der_append(to, DER_OID, mechanisms[i]);
    der_wrap(to, fields, DER_SEQUENCE);
    der_wrap(to, fields, DER_CONTEXT(0));
    /* NegHints ::= SEQUENCE { hintName [0] GeneralString OPTIONAL, … } */
    size_t hints = to->len;
    der_append_explicit(to, DER_CONTEXT(0), DER_GENERAL_STRING, hint_name);
    der_wrap(to, hints, DER_SEQUENCE);
    der_wrap(to, hints, DER_CONTEXT(3));
    der_wrap(to, fields, DER_SEQUENCE);
    der_wrap(to, fields, DER_CONTEXT(0));
    der_wrap(to, start, DER_APPLICATION(0));
}
