/* SPDX-License-Identifier: Apache-2.0 */
#include "kerberos_signed_pac.h"

/* True if one of the keys signed the PAC for this login. */
static bool is_signed(krb5_context context, krb5_keytab keys, krb5_pac pac,
                      const krb5_enc_tkt_part *login)
{
    krb5_kt_cursor cursor;
    krb5_keytab_entry entry;
    bool found = false;
    if (krb5_kt_start_seq_get(context, keys, &cursor) != 0)
        return false;
    while (!found && krb5_kt_next_entry(context, keys, &entry, &cursor) == 0) {
        found = krb5_pac_verify(context, pac, login->times.authtime, login->client, &entry.key,
                                NULL) == 0;
        krb5_free_keytab_entry_contents(context, &entry);
    }
    krb5_kt_end_seq_get(context, keys, &cursor);
    return found;
}

static bool check_pac(krb5_context context, krb5_keytab keys, const krb5_enc_tkt_part *login)
{
    krb5_authdata **found = NULL;
    krb5_pac pac = NULL;
    if (login->authorization_data == NULL ||
        krb5_find_authdata(context, login->authorization_data, NULL, KRB5_AUTHDATA_WIN2K_PAC,
                           &found) != 0)
        return false;
    bool verified = found != NULL && found[0] != NULL && found[1] == NULL &&
                    krb5_pac_parse(context, found[0]->contents, found[0]->length, &pac) == 0 &&
                    is_signed(context, keys, pac, login);
    krb5_pac_free(context, pac);
    krb5_free_authdata(context, found);
    return verified;
}

bool kerberos_has_signed_pac(krb5_context context, krb5_keytab keys, struct sspi_view ticket)
{
    krb5_ticket *decoded = NULL;
    union {
        const char *in;
        char *out;
    } data = {.in = ticket.data}; /* libkrb5 only reads it */
    const krb5_data der = {.length = (unsigned)ticket.len, .data = data.out};
    if (krb5_decode_ticket(&der, &decoded) != 0)
        return false;
    bool verified = krb5_server_decrypt_ticket_keytab(context, keys, decoded) == 0 &&
                    check_pac(context, keys, decoded->enc_part2);
    krb5_free_ticket(context, decoded);
    return verified;
}
