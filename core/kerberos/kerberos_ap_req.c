/* SPDX-License-Identifier: Apache-2.0 */
#include "kerberos_ap_req.h"

#include <string.h>

#include "der.h"
#include "kerberos_name.h"

/* RFC 4121 4.1: the mechanism's OID 1.2.840.113554.1.2.2. */
static const struct sspi_view krb5_oid = {"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02", 9};

#define TOKEN_ID_LEN 2

struct principal_text {
    char *text;
    size_t len;
    bool failed;
};

static void put_char(struct principal_text *to, char c)
{
    if (to->len + 1 >= KERBEROS_AP_REQ_PRINCIPAL_SIZE)
        to->failed = true;
    else
        to->text[to->len++] = c;
}

/* Escapes an octet that would end the name early or read as a separator, as krb5 does. */
static void put_component(struct principal_text *to, struct sspi_view component, bool is_realm)
{
    for (size_t i = 0; i < component.len; i++) {
        char c = component.data[i];
        if (c == '\0') {
            put_char(to, '\\');
            c = '0';
        } else if (c == '@' || c == '\\' || (c == '/' && !is_realm)) {
            put_char(to, '\\');
        }
        put_char(to, c);
    }
}

/* PrincipalName ::= SEQUENCE { name-type [0] Int32, name-string [1] SEQUENCE OF GeneralString } */
static bool take_principal(struct sspi_view sname, struct sspi_view realm, char *ret_text)
{
    struct sspi_view number;
    struct sspi_view strings;
    int64_t name_type;
    if (!der_take_explicit(&sname, DER_CONTEXT(0), DER_INTEGER, &number) ||
        !der_integer(number, &name_type) ||
        !der_take_explicit(&sname, DER_CONTEXT(1), DER_SEQUENCE, &strings) || sname.len != 0)
        return false;
    struct principal_text to = {.text = ret_text};
    size_t n_components = 0;
    while (strings.len > 0) {
        struct sspi_view component;
        if (n_components == KERBEROS_AP_REQ_COMPONENTS_LIMIT ||
            !der_take(&strings, DER_GENERAL_STRING, &component))
            return false;
        if (n_components > 0)
            put_char(&to, '/');
        put_component(&to, component, false);
        n_components++;
    }
    if (n_components == 0)
        return false;
    put_char(&to, '@');
    put_component(&to, realm, true);
    to.text[to.len] = '\0';
    return !to.failed;
}

struct encrypted_data {
    int32_t etype;
    bool has_kvno;
    uint32_t kvno;
    struct sspi_view cipher;
};

/* EncryptedData ::= SEQUENCE { etype [0] Int32, kvno [1] UInt32 OPTIONAL, cipher [2] OCTET STRING }
 */
static bool take_encrypted(struct sspi_view data, struct encrypted_data *ret_data)
{
    struct encrypted_data found = {0};
    struct sspi_view number;
    int64_t value;
    if (!der_take_explicit(&data, DER_CONTEXT(0), DER_INTEGER, &number) ||
        !der_integer(number, &value) || value < INT32_MIN || value > INT32_MAX)
        return false;
    found.etype = (int32_t)value;
    if (der_at(data, DER_CONTEXT(1))) {
        /* Read-only domain controllers send a kvno over 2^31 as a negative number. */
        if (!der_take_explicit(&data, DER_CONTEXT(1), DER_INTEGER, &number) ||
            !der_integer(number, &value) || value < INT32_MIN || value > UINT32_MAX)
            return false;
        found.has_kvno = true;
        found.kvno = (uint32_t)value;
    }
    if (!der_take_explicit(&data, DER_CONTEXT(2), DER_OCTET_STRING, &found.cipher) ||
        found.cipher.len == 0 || data.len != 0)
        return false;
    *ret_data = found;
    return true;
}

/* One of the fixed numbers of RFC 4120: pvno, msg-type, tkt-vno. */
static bool take_number(struct sspi_view *from, uint8_t tag, int64_t wanted)
{
    struct sspi_view number;
    int64_t value;
    return der_take_explicit(from, tag, DER_INTEGER, &number) && der_integer(number, &value) &&
           value == wanted;
}

/* Ticket ::= [APPLICATION 1] SEQUENCE { tkt-vno [0] INTEGER (5), realm [1] Realm,
 * sname [2] PrincipalName, enc-part [3] EncryptedData } */
static bool take_ticket(struct sspi_view ticket, struct kerberos_ap_req *found)
{
    struct sspi_view sname;
    struct sspi_view enc_part;
    struct encrypted_data encrypted;
    if (!take_number(&ticket, DER_CONTEXT(0), 5) ||
        !der_take_explicit(&ticket, DER_CONTEXT(1), DER_GENERAL_STRING, &found->realm) ||
        !der_take_explicit(&ticket, DER_CONTEXT(2), DER_SEQUENCE, &sname) ||
        !take_principal(sname, found->realm, found->principal) ||
        !der_take_explicit(&ticket, DER_CONTEXT(3), DER_SEQUENCE, &enc_part) || ticket.len != 0 ||
        !take_encrypted(enc_part, &encrypted))
        return false;
    found->etype = encrypted.etype;
    found->has_kvno = encrypted.has_kvno;
    found->kvno = encrypted.kvno;
    return true;
}

/* AP-REQ ::= [APPLICATION 14] SEQUENCE { pvno [0] INTEGER (5), msg-type [1] INTEGER (14),
 * ap-options [2] BIT STRING, ticket [3] Ticket, authenticator [4] EncryptedData } */
static bool take_ap_req(struct sspi_view message, struct kerberos_ap_req *found)
{
    struct sspi_view fields;
    struct sspi_view options;
    struct sspi_view wrapper;
    struct sspi_view ticket;
    struct sspi_view authenticator;
    struct encrypted_data encrypted;
    if (!der_take_explicit(&message, DER_APPLICATION(14), DER_SEQUENCE, &fields) ||
        message.len != 0 || !take_number(&fields, DER_CONTEXT(0), 5) ||
        !take_number(&fields, DER_CONTEXT(1), 14) ||
        !der_take_explicit(&fields, DER_CONTEXT(2), DER_BIT_STRING, &options) ||
        !der_take(&fields, DER_CONTEXT(3), &wrapper))
        return false;
    found->ticket = wrapper;
    if (!der_take_explicit(&wrapper, DER_APPLICATION(1), DER_SEQUENCE, &ticket) ||
        wrapper.len != 0 || !take_ticket(ticket, found) ||
        !der_take_explicit(&fields, DER_CONTEXT(4), DER_SEQUENCE, &authenticator) ||
        fields.len != 0 || !take_encrypted(authenticator, &encrypted))
        return false;
    found->cipher = encrypted.cipher;
    return true;
}

enum kerberos_ap_req_status kerberos_ap_req_parse(struct sspi_view token,
                                                  struct kerberos_ap_req *ret_view)
{
    struct sspi_view framed;
    struct sspi_view oid;
    if (!der_at(token, DER_APPLICATION(0)))
        return KERBEROS_AP_REQ_OTHER_MECHANISM;
    if (!der_take(&token, DER_APPLICATION(0), &framed) || token.len != 0 ||
        !der_take(&framed, DER_OID, &oid))
        return KERBEROS_AP_REQ_MALFORMED;
    if (!bytes_equal(oid, krb5_oid))
        return KERBEROS_AP_REQ_OTHER_MECHANISM;
    /* RFC 4121 4.1: TOK_ID of an AP-REQ is 01 00. */
    if (framed.len < TOKEN_ID_LEN || memcmp(framed.data, "\x01\x00", TOKEN_ID_LEN) != 0)
        return KERBEROS_AP_REQ_MALFORMED;
    struct kerberos_ap_req found = {
        .message = {framed.data + TOKEN_ID_LEN, framed.len - TOKEN_ID_LEN},
    };
    if (!take_ap_req(found.message, &found))
        return KERBEROS_AP_REQ_MALFORMED;
    if (!kerberos_name_is_clean(bytes_view(found.principal))) {
        memcpy(ret_view->principal, found.principal, sizeof(found.principal));
        return KERBEROS_AP_REQ_BAD_NAME;
    }
    *ret_view = found;
    return KERBEROS_AP_REQ_OK;
}
