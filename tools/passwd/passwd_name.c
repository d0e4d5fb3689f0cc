/* SPDX-License-Identifier: Apache-2.0 */
#include "passwd_name.h"

#include <stdlib.h>

#include "nfc.h"
#include "tool_problem.h"
#include "store_users_parse.h"

char *passwd_name_make(const char *name, bool is_realm)
{
    static const struct sspi_view mark = {"\xef\xbb\xbf", 3};
    BYTES_CLEANUP struct bytes nfc = {0};
    /* A name that has no NFC is wrong in other ways, too: store_users_parse_name() finds the
     * problem. */
    bool is_nfc = nfc_append(&nfc, bytes_view(name));
    struct sspi_view text = is_nfc ? bytes_as_view(&nfc) : bytes_view(name);
    const char *problem = store_users_parse_name(text, is_realm);
    if (problem == NULL && !is_realm && text.data[0] == '#')
        problem = "the user name starts with #, which makes a line a comment; leave it out";
    if (problem == NULL && !is_realm && text.len >= mark.len &&
        bytes_equal((struct sspi_view){text.data, mark.len}, mark))
        problem = "the user name starts with a byte order mark; leave it out";
    char *made = problem == NULL && is_nfc ? bytes_steal(&nfc, NULL) : NULL;
    if (made == NULL)
        tool_problem("%s", problem == NULL ? OUT_OF_MEMORY : problem);
    return made;
}

bool passwd_name_is(struct sspi_view in_file, struct sspi_view wanted)
{
    if (nfc_is_plain(in_file))
        return bytes_equal(in_file, wanted);
    BYTES_CLEANUP struct bytes nfc = {0};
    return nfc_append(&nfc, in_file) && bytes_equal(bytes_as_view(&nfc), wanted);
}

bool passwd_name_is_nfc(struct sspi_view in_file)
{
    return passwd_name_is(in_file, in_file);
}
