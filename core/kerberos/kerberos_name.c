/* SPDX-License-Identifier: Apache-2.0 */
#include "kerberos_name.h"

#include <errno.h>
#include <krb5/krb5.h>
#include <string.h>

#include "utf8.h"

#define LOCAL_NAME_LIMIT 256

/* An escape of krb5_unparse_name() that stands for a control character. */
static bool is_control_escape(char c)
{
    return c == 'n' || c == 't' || c == 'b' || c == '0';
}

bool kerberos_name_is_clean(struct sspi_view text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] != '\\')
            continue;
        i++;
        if (i == text.len || is_control_escape(text.data[i]))
            return false;
    }
    return utf8_is_name(text);
}

bool kerberos_name_has_escape(const char *text)
{
    return strchr(text, '\\') != NULL;
}

const char *kerberos_name_realm(const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '@')
            return at + 1;
        if (*at == '\\' && at[1] != '\0')
            at++;
    }
    return "";
}

char *kerberos_default_realm(void)
{
    krb5_context context;
    if (krb5_init_context(&context) != 0)
        return NULL;
    char *realm = NULL;
    char *copy = NULL;
    if (krb5_get_default_realm(context, &realm) == 0) {
        copy = strdup(realm);
        krb5_free_default_realm(context, realm);
    }
    krb5_free_context(context);
    return copy;
}

char *kerberos_local_name(const char *principal)
{
    krb5_context context;
    errno = 0;
    /* krb5 removes the escapes before it maps a name: alice\@OTHER@REALM would be alice@OTHER. */
    if (kerberos_name_has_escape(principal))
        return NULL;
    krb5_error_code code = krb5_init_context(&context);
    errno = code == ENOMEM ? ENOMEM : 0;
    if (code != 0)
        return NULL;
    char name[LOCAL_NAME_LIMIT];
    char *copy = NULL;
    krb5_principal parsed;
    bool no_memory = false;
    if (krb5_parse_name(context, principal, &parsed) == 0) {
        if (krb5_aname_to_localname(context, parsed, sizeof(name), name) == 0) {
            copy = strdup(name);
            no_memory = copy == NULL;
        }
        krb5_free_principal(context, parsed);
    }
    krb5_free_context(context);
    errno = no_memory ? ENOMEM : 0;
    return copy;
}
