/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <krb5/krb5.h>

#include "kerberos_der.h"
#include "negotiate_forge.h"

#define REALM "SSPI.TEST"
/* RFC 4120 7.5.1: the key usage of the ticket's part that the service decrypts. */
#define KEY_USAGE_TICKET 2

/* Lists the components of the client's name. Returns their number. */
static size_t client_of(const struct forged_ticket *ticket, struct sspi_view components[2])
{
    components[0] = ticket->client_octets;
    if (ticket->client_octets.data != NULL)
        return 1;
    components[0] = bytes_view(ticket->client[0]);
    components[1] = bytes_view(ticket->client[1]);
    return ticket->client[1] == NULL ? 1 : 2;
}

static struct sspi_view realm_of(const struct forged_ticket *ticket)
{
    return ticket->client_realm.data != NULL ? ticket->client_realm : SSPI_VIEW(REALM);
}

/* AuthorizationData (RFC 4120 5.2.6) with one element. */
static void put_authorization_data(struct bytes *to, struct sspi_view type, struct sspi_view data)
{
    size_t start = to->len;
    der_append_explicit(to, DER_CONTEXT(0), DER_INTEGER, type);
    der_append_explicit(to, DER_CONTEXT(1), DER_OCTET_STRING, data);
    der_wrap(to, start, DER_SEQUENCE);
    der_wrap(to, start, DER_SEQUENCE);
}

/* AD-WIN2K-PAC (MS-KILE 2.2.2: 128) in AD-IF-RELEVANT (1). */
static void put_pac(struct bytes *to, struct sspi_view pac)
{
    BYTES_CLEANUP struct bytes inner = {0};
    size_t start = to->len;
    if (pac.data == NULL)
        return;
    put_authorization_data(&inner, SSPI_VIEW("\x00\x80"), pac);
    put_authorization_data(to, SSPI_VIEW("\x01"), bytes_as_view(&inner));
    der_wrap(to, start, DER_CONTEXT(10));
}

/* EncTicketPart ::= [APPLICATION 3] SEQUENCE { flags, key, crealm, cname, transited, authtime,
 * starttime, endtime, authorization-data } */
static void put_secret(struct bytes *to, const krb5_keyblock *session,
                       const struct forged_ticket *ticket, struct sspi_view pac, time_t now)
{
    struct sspi_view key = {(const char *)session->contents, session->length};
    der_append_explicit(to, DER_CONTEXT(0), DER_BIT_STRING, SSPI_VIEW("\x00\x00\x00\x00\x00"));
    put_typed(to, DER_CONTEXT(1), SSPI_VIEW("\x12"), key);
    struct sspi_view client[2];
    size_t n_components = client_of(ticket, client);
    der_append_explicit(to, DER_CONTEXT(2), DER_GENERAL_STRING, realm_of(ticket));
    put_name(to, DER_CONTEXT(3), SSPI_VIEW("\x01"), client, n_components);
    put_typed(to, DER_CONTEXT(4), SSPI_VIEW("\x01"), SSPI_VIEW(""));
    put_time(to, DER_CONTEXT(5), now + ticket->start_s);
    put_time(to, DER_CONTEXT(6), now + ticket->start_s);
    put_time(to, DER_CONTEXT(7), now + ticket->end_s);
    put_pac(to, pac);
    der_wrap(to, 0, DER_SEQUENCE);
    der_wrap(to, 0, DER_APPLICATION(3));
}

static void put_encrypted(krb5_context context, const krb5_keytab_entry *entry,
                          const struct bytes *secret, struct bytes *to)
{
    size_t len;
    krb5_data plain = {.length = (unsigned)secret->len, .data = secret->data};
    krb5_enc_data sealed = {0};
    assert_int_equal(krb5_c_encrypt_length(context, entry->key.enctype, secret->len, &len), 0);
    sealed.ciphertext.length = (unsigned)len;
    sealed.ciphertext.data = malloc(len);
    assert_int_equal(krb5_c_encrypt(context, &entry->key, KEY_USAGE_TICKET, NULL, &plain, &sealed),
                     0);
    char kvno = (char)entry->vno;
    put_cipher(to, DER_CONTEXT(3), (struct sspi_view){&kvno, 1},
               (struct sspi_view){sealed.ciphertext.data, sealed.ciphertext.length});
    free(sealed.ciphertext.data);
}

static struct sspi_view view_of(krb5_data data)
{
    return (struct sspi_view){data.data, data.length};
}

static void put_ticket(krb5_context context, const krb5_keytab_entry *entry,
                       const struct bytes *secret, struct bytes *to)
{
    const krb5_principal_data *principal = entry->principal;
    assert_int_equal(principal->length, 2);
    const struct sspi_view service[2] = {view_of(principal->data[0]), view_of(principal->data[1])};
    der_append_explicit(to, DER_CONTEXT(0), DER_INTEGER, SSPI_VIEW("\x05"));
    der_append_explicit(to, DER_CONTEXT(1), DER_GENERAL_STRING, view_of(principal->realm));
    put_name(to, DER_CONTEXT(2), SSPI_VIEW("\x01"), service, 2);
    put_encrypted(context, entry, secret, to);
    der_wrap(to, 0, DER_SEQUENCE);
    der_wrap(to, 0, DER_APPLICATION(1));
    assert_false(to->failed);
}

static krb5_principal make_client(krb5_context context, const struct forged_ticket *ticket)
{
    struct sspi_view client[2] = {{NULL, 0}, {NULL, 0}}, realm = realm_of(ticket);
    size_t n_components = client_of(ticket, client);
    krb5_principal principal;
    /* A component that is NULL ends the list. */
    assert_int_equal(krb5_build_principal_ext(context, &principal, (unsigned)realm.len, realm.data,
                                              (unsigned)client[0].len, client[0].data,
                                              n_components == 2 ? (unsigned)client[1].len : 0,
                                              client[1].data, 0),
                     0);
    return principal;
}

static void store(krb5_context context, krb5_creds *creds, char *name,
                  const struct forged_ticket *ticket, time_t now)
{
    krb5_ccache cache;
    /* The header of the cache holds the offset of the client's clock. */
    if (ticket->client_clock_s != 0)
        assert_int_equal(
            krb5_set_real_time(context, (krb5_timestamp)(now + ticket->client_clock_s), 0), 0);
    assert_int_equal(krb5_cc_resolve(context, name, &cache), 0);
    assert_int_equal(krb5_cc_initialize(context, cache, creds->client), 0);
    assert_int_equal(krb5_cc_store_cred(context, cache, creds), 0);
    krb5_cc_close(context, cache);
}

static void add_buffer(krb5_context context, krb5_pac pac, uint32_t type, struct sspi_view buffer)
{
    /* Without const: krb5_data has none, and the function does not write. */
    const union {
        const char *data;
        char *unconst;
    } octets = {buffer.data};
    const krb5_data data = {.length = (unsigned)buffer.len, .data = octets.unconst};
    if (buffer.data != NULL)
        assert_int_equal(krb5_pac_add_buffer(context, pac, type, &data), 0);
}

/* Writes the PAC, or leaves *ret_pac as it is. */
static void sign_pac(krb5_context context, const krb5_keyblock *key, krb5_principal client,
                     const struct forged_ticket *ticket, time_t now, krb5_data *ret_pac)
{
    krb5_pac pac;
    krb5_keyblock other = {0};
    krb5_principal mallory;
    if (ticket->pac == FORGED_NO_PAC)
        return;
    assert_int_equal(krb5_c_make_random_key(context, key->enctype, &other), 0);
    assert_int_equal(krb5_parse_name(context, "mallory@" REALM, &mallory), 0);
    assert_int_equal(krb5_pac_init(context, &pac), 0);
    add_buffer(context, pac, 1, ticket->logon_info);
    add_buffer(context, pac, 12, ticket->upn_dns_info);
    add_buffer(context, pac, 18, ticket->requester);
    assert_int_equal(krb5_pac_sign(context, pac, (krb5_timestamp)(now + ticket->start_s),
                                   ticket->pac == FORGED_PAC_OTHER_CLIENT ? mallory : client,
                                   ticket->pac == FORGED_PAC_OTHER_KEY ? &other : key, &other,
                                   ret_pac),
                     0);
    krb5_pac_free(context, pac);
    krb5_free_principal(context, mallory);
    krb5_free_keyblock_contents(context, &other);
}

char *forge_cache(const char *keytab_path, const char *cache_path,
                  const struct forged_ticket *ticket)
{
    krb5_context context;
    krb5_keytab keytab;
    krb5_keytab_entry entry;
    krb5_creds creds = {0};
    krb5_data pac = {0};
    struct bytes secret = {0};
    struct bytes sealed = {0};
    struct bytes name = {0};
    time_t now = time(NULL);
    assert_int_equal(krb5_init_context(&context), 0);
    assert_int_equal(krb5_kt_resolve(context, keytab_path, &keytab), 0);
    assert_int_equal(
        krb5_parse_name(context,
                        ticket->service != NULL ? ticket->service : "HTTP/localhost@" REALM,
                        &creds.server),
        0);
    creds.client = make_client(context, ticket);
    assert_int_equal(krb5_kt_get_entry(context, keytab, creds.server, 0, 0, &entry), 0);
    assert_int_equal(krb5_c_make_random_key(context, entry.key.enctype, &creds.keyblock), 0);
    sign_pac(context, &entry.key, creds.client, ticket, now, &pac);
    put_secret(&secret, &creds.keyblock, ticket, (struct sspi_view){pac.data, pac.length}, now);
    krb5_free_data_contents(context, &pac);
    put_ticket(context, &entry, &secret, &sealed);
    creds.ticket = (krb5_data){.length = (unsigned)sealed.len, .data = sealed.data};
    /* The client believes that its ticket is valid. */
    creds.times.authtime = creds.times.starttime = (krb5_timestamp)(now - 7200);
    creds.times.endtime = (krb5_timestamp)(now + 7200);
    bytes_append_format(&name, "FILE:%s", cache_path);
    bytes_append_char(&name, '\0');
    store(context, &creds, name.data, ticket, now);
    creds.ticket = (krb5_data){0};
    krb5_free_cred_contents(context, &creds);
    krb5_free_keytab_entry_contents(context, &entry);
    krb5_kt_close(context, keytab);
    krb5_free_context(context);
    bytes_free(&secret);
    bytes_free(&sealed);
    return bytes_steal(&name, NULL);
}
