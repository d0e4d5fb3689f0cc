/* SPDX-License-Identifier: Apache-2.0 */
/* Logins of a local account by the fake package, and the ids of a thread. */
#ifndef SSPI_TOKEN_FIXTURE_H
#define SSPI_TOKEN_FIXTURE_H

#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "sspi_fake.h"

#define ACCOUNT "nobody"

static CredHandle credential;

static int acquire(void **unused)
{
    (void)unused;
    credential = fake_credential("Negotiate");
    return 0;
}

static int release(void **unused)
{
    (void)unused;
    return fake_end(&credential);
}

static CtxtHandle context_of(const char *token)
{
    CtxtHandle context;

    assert_int_equal(fake_say(&credential, NULL, token, &context), SEC_E_OK);
    return context;
}

struct ids {
    uid_t uid;
    gid_t gid;
    int n_groups;
};

static struct ids ids_now(void)
{
    return (struct ids){geteuid(), getegid(), getgroups(0, NULL)};
}

#endif
