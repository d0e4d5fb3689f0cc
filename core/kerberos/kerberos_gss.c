/* SPDX-License-Identifier: Apache-2.0 */
#include "kerberos_gss.h"

#include <gssapi/gssapi_krb5.h>
#include <errno.h>
#include <krb5/krb5.h>
#include <stdio.h>

#include "escape.h"
#include "kerberos_keys.h"

/* The number of codes in one com_err table. */
#define ERROR_TABLE_SIZE 256

#define RENUMBERED_BASE 100000

/* The room for one message of GSSAPI in an error text. */
#define GSS_TEXT_SIZE 192

gss_buffer_desc kerberos_gss_buffer(struct sspi_view view)
{
    union {
        const char *in;
        void *out;
    } data = {.in = view.data};
    return (gss_buffer_desc){view.len, view.len > 0 ? data.out : NULL};
}

/* GSSAPI's own text for a status. It may quote names from the ticket, so it is escaped. */
static const char *gss_text(OM_uint32 major, OM_uint32 minor, char *out, size_t out_size)
{
    OM_uint32 ignored;
    OM_uint32 more = 0;
    gss_buffer_desc message = GSS_C_EMPTY_BUFFER;
    bool use_minor = minor != 0;
    OM_uint32 status = gss_display_status(&ignored, use_minor ? minor : major,
                                          use_minor ? GSS_C_MECH_CODE : GSS_C_GSS_CODE,
                                          (gss_OID)gss_mech_krb5, &more, &message);
    struct sspi_view shown = {message.value, message.length};
    if (status != GSS_S_COMPLETE)
        shown = SSPI_VIEW("unknown error");
    escape_text(out, out_size, shown);
    gss_release_buffer(&ignored, &message);
    return out;
}

/* No key decrypts the ticket. The error text says which part of the key the keytab does not have:
 * principal, encryption type or key version. */
static SECURITY_STATUS refuse_key(const struct kerberos_ap_req *view, struct sspi_keytab *keytab,
                                  struct sspi_error_info *error_info)
{
    BYTES_CLEANUP struct bytes there = {0};
    char name[ESCAPE_NAME_SIZE];
    char etype[64];
    const char *path = kerberos_keytab_path(keytab);
    escape_text(name, sizeof(name), bytes_view(view->principal));
    if (krb5_enctype_to_name(view->etype, 0, etype, sizeof(etype)) != 0)
        snprintf(etype, sizeof(etype), "%d", (int)view->etype);
    enum kerberos_keys_match match =
        kerberos_keys_compare(kerberos_keytab_keys(keytab), view->principal, view->etype,
                              view->has_kvno, view->kvno, &there);
    struct sspi_view have = bytes_as_view(&there);
    switch (match) {
    case KERBEROS_KEYS_NO_PRINCIPAL:
        return error_info_refuse(
            error_info, SEC_E_NO_KERB_KEY, SSPI_REASON_NO_KEY,
            "the ticket is for %s, but keytab %s has keys for %.*s: export that principal's key",
            name, path, (int)have.len, have.data);
    case KERBEROS_KEYS_NO_ETYPE:
        return error_info_refuse(error_info, SEC_E_NO_KERB_KEY, SSPI_REASON_NO_KEY,
                                 "the ticket for %s is encrypted with %s, but keytab %s has that "
                                 "principal's key for %.*s: export it with that encryption type",
                                 name, etype, path, (int)have.len, have.data);
    case KERBEROS_KEYS_NO_KVNO:
        return error_info_refuse(
            error_info, SEC_E_NO_KERB_KEY, SSPI_REASON_NO_KEY,
            "the ticket for %s needs key version %u, but keytab %s has version %.*s: export the "
            "key again, or renew the client's ticket",
            name, (unsigned)view->kvno, path, (int)have.len, have.data);
    case KERBEROS_KEYS_MATCH:
        break;
    }
    return error_info_refuse(
        error_info, SEC_E_LOGON_DENIED, SSPI_REASON_BAD_KEY,
        "the token for %s does not decrypt: the key in %s is not the KDC's current one (export it "
        "again), or the token is forged",
        name, path);
}

/* True for codes that only a token can cause: errors of the protocol (RFC 4120 7.5.9) and of its
 * ASN.1. The other codes are about files, memory and configuration. */
static bool is_about_token(krb5_error_code code)
{
    return (code >= ERROR_TABLE_BASE_krb5 && code < KRB5_ERR_RCSID) ||
           (code >= ERROR_TABLE_BASE_asn1 && code < ERROR_TABLE_BASE_asn1 + ERROR_TABLE_SIZE);
}

/* In two cases the mechanism glue (libgssapi) replaces a code by a number of its own, from 100001
 * on. Either another mechanism in this process reported the same code first, or the code is 0
 * (flags that contradict each other). Only the text then tells the original code. */
static bool is_renumbered(OM_uint32 minor)
{
    return minor > RENUMBERED_BASE && minor < RENUMBERED_BASE * 2;
}

/* The cases of GSS_S_FAILURE, by libkrb5's code. */
static SECURITY_STATUS refuse_code(OM_uint32 major, OM_uint32 minor,
                                   const struct kerberos_ap_req *view, struct sspi_keytab *keytab,
                                   struct sspi_error_info *error_info)
{
    char text[GSS_TEXT_SIZE];
    switch ((krb5_error_code)minor) {
    case KRB5KRB_AP_ERR_SKEW:
        return error_info_refuse(
            error_info, SEC_E_TIME_SKEW, SSPI_REASON_CLOCK_SKEW,
            "clock skew: the client's clock differs from this server's by more than %u s; check "
            "NTP on this server and on the client",
            (unsigned)kerberos_keys_clockskew_s(kerberos_keytab_keys(keytab)));
    case KRB5KRB_AP_ERR_TKT_NYV:
        return error_info_refuse(error_info, SEC_E_TIME_SKEW, SSPI_REASON_CLOCK_SKEW,
                                 "the ticket is not valid yet: this server's clock is behind the "
                                 "KDC's (check NTP on both), or the ticket is postdated");
    case KRB5KRB_AP_ERR_TKT_EXPIRED:
        return error_info_refuse(
            error_info, SEC_E_CONTEXT_EXPIRED, SSPI_REASON_TICKET_EXPIRED,
            "the ticket has expired; the client needs a new one (if it is new, check NTP on this "
            "server)");
    case KRB5KRB_AP_ERR_REPEAT:
        return error_info_refuse(error_info, SEC_E_LOGON_DENIED, SSPI_REASON_REPLAY,
                                 "replay: this token was used before");
    case KRB5KRB_AP_ERR_BAD_INTEGRITY:
    case KRB5KRB_AP_ERR_MODIFIED:
    case KRB5KRB_AP_ERR_BADKEYVER:
    case KRB5KRB_AP_ERR_NOKEY:
    case KRB5KRB_AP_ERR_NOT_US:
    case KRB5KRB_AP_WRONG_PRINC:
    case KRB5_KT_NOTFOUND:
    case KRB5_KT_KVNONOTFOUND:
    case KRB5_BAD_MSIZE:
    case KRB5_BAD_ENCTYPE:
        return refuse_key(view, keytab, error_info);
    case KRB5KRB_AP_ERR_BADMATCH:
        return error_info_refuse(
            error_info, SEC_E_LOGON_DENIED, SSPI_REASON_BAD_KEY,
            "the authenticator names another client than the ticket: the token is forged");
    case KRB5_PROG_ETYPE_NOSUPP:
    case KRB5_NOPERM_ETYPE:
    case KRB5KDC_ERR_ETYPE_NOSUPP:
        return error_info_refuse(error_info, SEC_E_NO_KERB_KEY, SSPI_REASON_NO_KEY,
                                 "this server's krb5.conf does not allow the encryption type: %s",
                                 gss_text(major, minor, text, sizeof(text)));
    case ENOMEM:
        return error_info_no_memory(error_info);
    default:
        if (is_about_token((krb5_error_code)minor))
            return error_info_refuse(error_info, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED,
                                     "the Kerberos token is not valid: %s",
                                     gss_text(major, minor, text, sizeof(text)));
        if (is_renumbered(minor))
            return error_info_refuse(error_info, SEC_E_LOGON_DENIED, SSPI_REASON_MALFORMED,
                                     "the Kerberos token was refused: %s",
                                     gss_text(major, minor, text, sizeof(text)));
        return error_info_refuse(error_info, SEC_E_INTERNAL_ERROR, SSPI_REASON_INTERNAL,
                                 "libkrb5 failed: %s", gss_text(major, minor, text, sizeof(text)));
    }
}

SECURITY_STATUS kerberos_gss_accept_status(OM_uint32 major, OM_uint32 minor,
                                           const struct kerberos_ap_req *view,
                                           struct sspi_keytab *keytab,
                                           struct sspi_error_info *error_info)
{
    char text[GSS_TEXT_SIZE];
    switch (GSS_ROUTINE_ERROR(major)) {
    case GSS_S_DEFECTIVE_TOKEN:
        /* RFC 2743 has no status of its own for an unreadable message in a correct frame. */
        return error_info_refuse(error_info, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED,
                                 "the Kerberos token is malformed: %s",
                                 gss_text(major, minor, text, sizeof(text)));
    case GSS_S_DUPLICATE_TOKEN:
    case GSS_S_OLD_TOKEN:
        return error_info_refuse(error_info, SEC_E_LOGON_DENIED, SSPI_REASON_REPLAY,
                                 "replay: this token was used before");
    case GSS_S_CREDENTIALS_EXPIRED:
    case GSS_S_CONTEXT_EXPIRED:
        return error_info_refuse(error_info, SEC_E_CONTEXT_EXPIRED, SSPI_REASON_TICKET_EXPIRED,
                                 "the ticket has expired; the client needs a new one");
    case GSS_S_BAD_SIG:
        return error_info_refuse(error_info, SEC_E_MESSAGE_ALTERED, SSPI_REASON_BAD_KEY,
                                 "the token was altered: %s",
                                 gss_text(major, minor, text, sizeof(text)));
    case GSS_S_BAD_MECH:
        return error_info_refuse(error_info, SEC_E_INVALID_TOKEN, SSPI_REASON_NOT_OFFERED,
                                 "the token is of another mechanism than Kerberos");
    case GSS_S_UNAUTHORIZED:
        return error_info_refuse(error_info, SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_PASSWORD,
                                 "the client is not authorized: %s",
                                 gss_text(major, minor, text, sizeof(text)));
    case GSS_S_NO_CRED:
    case GSS_S_DEFECTIVE_CREDENTIAL:
    case GSS_S_FAILURE:
    default:
        return refuse_code(major, minor, view, keytab, error_info);
    }
}

SECURITY_STATUS kerberos_gss_mic_status(OM_uint32 major)
{
    if (major == GSS_S_COMPLETE)
        return SEC_E_OK;
    switch (GSS_ROUTINE_ERROR(major)) {
    case GSS_S_BAD_SIG:
        return SEC_E_MESSAGE_ALTERED;
    case GSS_S_DEFECTIVE_TOKEN:
        return SEC_E_INVALID_TOKEN;
    case GSS_S_CONTEXT_EXPIRED:
        return SEC_E_CONTEXT_EXPIRED;
    case GSS_S_NO_CONTEXT:
        return SEC_E_INVALID_HANDLE;
    case GSS_S_BAD_QOP:
        return SEC_E_QOP_NOT_SUPPORTED;
    case 0:
        /* Only supplementary bits: a replayed, old or reordered message. */
        return SEC_E_OUT_OF_SEQUENCE;
    default:
        return SEC_E_INTERNAL_ERROR;
    }
}

SECURITY_STATUS kerberos_gss_message_status(OM_uint32 major, OM_uint32 minor)
{
    if (GSS_ROUTINE_ERROR(major) == GSS_S_FAILURE && minor == ENOMEM)
        return SEC_E_INSUFFICIENT_MEMORY;
    return kerberos_gss_mic_status(major);
}

SECURITY_STATUS kerberos_gss_peer_status(OM_uint32 major, OM_uint32 minor)
{
    SECURITY_STATUS status = kerberos_gss_message_status(major, minor);
    /* The message has the header of another token, or an impossible length or checksum. */
    if (status == SEC_E_INVALID_TOKEN ||
        (status == SEC_E_INTERNAL_ERROR && is_about_token((krb5_error_code)minor)))
        return SEC_E_MESSAGE_ALTERED;
    return status;
}

SECURITY_STATUS kerberos_gss_acquire_status(OM_uint32 major, OM_uint32 minor,
                                            struct sspi_error_info *error_info)
{
    char text[GSS_TEXT_SIZE];
    return error_info_refuse(error_info, SEC_E_NO_CREDENTIALS, SSPI_REASON_CONFIGURATION,
                             "no Kerberos credential: %s",
                             gss_text(major, minor, text, sizeof(text)));
}

SECURITY_STATUS kerberos_gss_initiate_status(OM_uint32 major, OM_uint32 minor,
                                             struct sspi_error_info *error_info)
{
    char text[GSS_TEXT_SIZE];
    bool is_silent = minor == (OM_uint32)KRB5_KDC_UNREACH;
    return error_info_refuse(
        error_info, is_silent ? SEC_E_NO_AUTHENTICATING_AUTHORITY : SEC_E_INTERNAL_ERROR,
        is_silent ? SSPI_REASON_KDC_UNREACHABLE : SSPI_REASON_INTERNAL,
        "Kerberos made no token: %s", gss_text(major, minor, text, sizeof(text)));
}
