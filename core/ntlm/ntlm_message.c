/* SPDX-License-Identifier: Apache-2.0 */
#include "ntlm_message.h"

/* Where fields stand. MS-NLMP 2.2.1.1 and 2.2.1.3. */
#define TYPE_START            8
#define NEGOTIATE_FLAGS       12
#define NEGOTIATE_DOMAIN      16
#define NEGOTIATE_WORKSTATION 24
#define NEGOTIATE_LEN         32
#define LM_RESPONSE           12
#define NT_RESPONSE           20
#define DOMAIN                28
#define USER                  36
#define WORKSTATION           44
#define SESSION_KEY           52
#define AUTHENTICATE_FLAGS    60
#define AUTHENTICATE_LEN      64

enum ntlm_message_type ntlm_message_type(struct sspi_view token)
{
    if (token.len < TYPE_START + 4 ||
        !bytes_equal((struct sspi_view){token.data, TYPE_START}, NTLM_SIGNATURE))
        return NTLM_MESSAGE_NONE;
    uint32_t type = bytes_read_u32(token.data + TYPE_START);
    return type >= NTLM_MESSAGE_NEGOTIATE && type <= NTLM_MESSAGE_AUTHENTICATE
               ? (enum ntlm_message_type)type
               : NTLM_MESSAGE_NONE;
}

/* MS-NLMP 2.2.1: Len, MaxLen and BufferOffset. "MaxLen ... MUST be ignored on receipt". The offset
 * of an empty field is ignored too. The code never adds two numbers of the client, so no sum
 * overflows. */
static bool read_field(struct sspi_view message, size_t at, size_t header_len,
                       struct sspi_view *ret_field)
{
    size_t len = bytes_read_u16(message.data + at);
    size_t offset = bytes_read_u32(message.data + at + 4);

    *ret_field = (struct sspi_view){NULL, 0};
    if (len == 0)
        return true;
    if (offset < header_len || offset > message.len || len > message.len - offset)
        return false;
    *ret_field = (struct sspi_view){message.data + offset, len};
    return true;
}

static bool refuse(const char *problem, const char **ret_problem)
{
    *ret_problem = problem;
    return false;
}

bool ntlm_message_read_negotiate(struct sspi_view token, uint32_t *ret_flags,
                                 const char **ret_problem)
{
    struct sspi_view ignored;

    if (token.len < NEGOTIATE_LEN)
        return refuse("it is shorter than 32 octets", ret_problem);
    if (token.len > NTLM_MESSAGE_LIMIT)
        return refuse("it is longer than 8192 octets", ret_problem);
    if (ntlm_message_type(token) != NTLM_MESSAGE_NEGOTIATE)
        return refuse("it is not a NEGOTIATE message", ret_problem);
    uint32_t flags = bytes_read_u32(token.data + NEGOTIATE_FLAGS);
    /* MS-NLMP 2.2.1.1: a field without its flag is ignored. */
    if ((flags & NTLM_FLAG_DOMAIN_SUPPLIED) != 0 &&
        !read_field(token, NEGOTIATE_DOMAIN, NEGOTIATE_LEN, &ignored))
        return refuse("its domain is outside the message", ret_problem);
    if ((flags & NTLM_FLAG_WORKSTATION_SUPPLIED) != 0 &&
        !read_field(token, NEGOTIATE_WORKSTATION, NEGOTIATE_LEN, &ignored))
        return refuse("its workstation is outside the message", ret_problem);
    *ret_flags = flags;
    return true;
}

/* The message has a MIC if no other field is in its place. */
static struct sspi_view find_mic(struct sspi_view token, const struct sspi_view *const *fields,
                                 size_t n_fields)
{
    if (token.len < NTLM_MIC_END)
        return (struct sspi_view){NULL, 0};
    for (size_t i = 0; i < n_fields; i++) {
        if (fields[i]->len > 0 && fields[i]->data < token.data + NTLM_MIC_END)
            return (struct sspi_view){NULL, 0};
    }
    return (struct sspi_view){token.data + NTLM_MIC_START, NTLM_KEY_LEN};
}

bool ntlm_message_read_authenticate(struct sspi_view token, struct ntlm_authenticate *ret_message,
                                    const char **ret_problem)
{
    struct ntlm_authenticate message = {0};
    struct {
        size_t at;
        struct sspi_view *field;
        const char *problem;
    } all[] = {
        {LM_RESPONSE, &message.lm_response, "its LM response is outside the message"},
        {NT_RESPONSE, &message.nt_response, "its NT response is outside the message"},
        {DOMAIN, &message.domain, "its domain is outside the message"},
        {USER, &message.user, "its user name is outside the message"},
        {WORKSTATION, &message.workstation, "its workstation is outside the message"},
        {SESSION_KEY, &message.session_key, "its session key is outside the message"},
    };
    const struct sspi_view *fields[sizeof(all) / sizeof(all[0])];

    if (token.len < AUTHENTICATE_LEN)
        return refuse("it is shorter than 64 octets", ret_problem);
    if (token.len > NTLM_MESSAGE_LIMIT)
        return refuse("it is longer than 8192 octets", ret_problem);
    if (ntlm_message_type(token) != NTLM_MESSAGE_AUTHENTICATE)
        return refuse("it is not an AUTHENTICATE message", ret_problem);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (!read_field(token, all[i].at, AUTHENTICATE_LEN, all[i].field))
            return refuse(all[i].problem, ret_problem);
        fields[i] = all[i].field;
    }
    message.flags = bytes_read_u32(token.data + AUTHENTICATE_FLAGS);
    message.mic = find_mic(token, fields, sizeof(all) / sizeof(all[0]));
    *ret_message = message;
    return true;
}
