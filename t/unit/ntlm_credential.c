/* SPDX-License-Identifier: Apache-2.0 */
#include "ntlm_fixture.h"

static SECURITY_STATUS acquire(struct fixture *f, const char *path, struct ntlm_credential **ret)
{
    void *credential = NULL;
    SSPI_ACCEPTOR_DATA data = {.Version = SSPI_ACCEPTOR_DATA_VERSION, .UserFile = path};
    f->error_info = (struct sspi_error_info){0};
    SECURITY_STATUS status = ntlm_package.acquire(&data, &credential, &f->error_info);
    assert_int_equal(status == SEC_E_OK, credential != NULL);
    *ret = credential;
    return status;
}

static void the_user_file_is_named_in_the_data_or_the_environment(void **state)
{
    struct fixture *f = *state;
    struct ntlm_credential *credential;
    assert_int_equal(acquire(f, f->path, &credential), SEC_E_OK);
    assert_non_null(credential->own_users);
    ntlm_package.release(credential);
    assert_int_equal(unsetenv("SSPI_USER_FILE"), 0);
    CHECK_REFUSED(f, acquire(f, NULL, &credential), SEC_E_NO_CREDENTIALS, SSPI_REASON_CONFIGURATION,
                  "SSPI_USER_FILE");
    assert_int_equal(setenv("SSPI_USER_FILE", f->path, 1), 0);
    assert_int_equal(acquire(f, NULL, &credential), SEC_E_OK);
    ntlm_package.release(credential);
    CHECK_REFUSED(f, acquire(f, "/nonexistent/users", &credential), SEC_E_NO_CREDENTIALS,
                  SSPI_REASON_CONFIGURATION, "/nonexistent/users: cannot open it");
    /* Users that the caller passes have priority over the file. */
    assert_int_equal(setenv("SSPI_USER_FILE", "/nonexistent/users", 1), 0);
    assert_null(f->credential->own_users);
    assert_int_equal(unsetenv("SSPI_USER_FILE"), 0);
}

static void a_file_without_nt_lines_makes_no_credential(void **state)
{
    struct fixture *f = *state;
    struct ntlm_credential *credential;
    write_file(f->path, "alice:office:0123456789abcdef0123456789abcdef\n");
    CHECK_REFUSED(f, acquire(f, f->path, &credential), SEC_E_NO_CREDENTIALS,
                  SSPI_REASON_CONFIGURATION, "no user has an NT line");
}

/* If the credential opened the user file itself, each first leg checks it, at most once a second.
 */
static void own_users_are_read_again(void **state)
{
    struct fixture *f = *state;
    struct ntlm_credential *shared = f->credential, *own;
    const struct client zoe = {
        .user = "zoe", .domain = "Home", .nt_hash = HASH_OF_OTHER, .asked = ASKED};
    struct client alice = client_alice();
    assert_int_equal(acquire(f, f->path, &own), SEC_E_OK);
    own->clock = &f->clock;
    write_file(f->path, "zoe:Home:NT:" HASH_OF_OTHER "\n");
    f->credential = own;
    f->now_ms += 2000;
    assert_int_equal(login(f, &alice), SEC_E_LOGON_DENIED);
    assert_int_equal(login(f, &zoe), SEC_E_OK);
    /* A caller that passes its users reads them again itself. */
    f->credential = shared;
    assert_int_equal(login(f, &alice), SEC_E_OK);
    ntlm_package.release(own);
}

static void the_name_of_this_machine_is_sent(void **state)
{
    struct fixture *f = *state;
    char name[HOST_NAME_MAX + 1] = "";
    assert_int_equal(gethostname(name, sizeof(name)), 0);
    assert_string_equal(f->credential->dns_computer, name);
    size_t len = strlen(f->credential->nb_computer);
    assert_true(len <= NTLM_WINBIND_NB_LIMIT && len <= strlen(name));
    assert_true(
        bytes_equal_nocase(bytes_view(f->credential->nb_computer), (struct sspi_view){name, len}));
    assert_null(strchr(f->credential->nb_computer, '.'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_user_file_is_named_in_the_data_or_the_environment),
        TEST(a_file_without_nt_lines_makes_no_credential),
        TEST(own_users_are_read_again),
        TEST(the_name_of_this_machine_is_sent),
    };
    /* With this variable of libwbclient there is no winbind, whatever this machine has. */
    if (setenv("_NO_WINBINDD", "1", 1) != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
