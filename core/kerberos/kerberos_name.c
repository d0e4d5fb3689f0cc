/* SPDX-License-Identifier: Apache-2.0 */
#include "kerberos_name.h"

#include <string.h>

#include "utf8.h"

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
