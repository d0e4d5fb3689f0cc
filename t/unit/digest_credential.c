/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_fixture.h"

static void unusable_data_makes_no_credential(void **state)
{
    struct fixture *f = *state;
    SSPI_ACCEPTOR_DATA data = {.Version = SSPI_ACCEPTOR_DATA_VERSION};
    void *credential;

    unsetenv("SSPI_USER_FILE");
    assert_int_equal(digest_package.acquire(&data, &credential, &f->error_info),
                     SEC_E_NO_CREDENTIALS);
    assert_int_equal(f->error_info.reason, SSPI_REASON_CONFIGURATION);
    data.UserFile = "/nowhere/users";
    assert_int_equal(digest_package.acquire(&data, &credential, &f->error_info),
                     SEC_E_NO_CREDENTIALS);
    assert_non_null(strstr(f->error_info.text, "/nowhere/users"));
    data.UserFile = f->path;
    data.Algorithms[0] = 77;
    assert_int_equal(digest_package.acquire(&data, &credential, &f->error_info),
                     SEC_E_INVALID_PARAMETER);
    data.Algorithms[0] = data.Algorithms[1] = SSPI_DIGEST_MD5;
    assert_int_equal(digest_package.acquire(&data, &credential, &f->error_info),
                     SEC_E_INVALID_PARAMETER);
    data.Algorithms[1] = SSPI_DIGEST_NONE;
    data.DefaultRealm = "a\nb";
    assert_int_equal(digest_package.acquire(&data, &credential, &f->error_info),
                     SEC_E_INVALID_PARAMETER);
    data.DefaultRealm = NULL;
    data.Domain = "/a\r\nb";
    assert_int_equal(digest_package.acquire(&data, &credential, &f->error_info),
                     SEC_E_INVALID_PARAMETER);
    data.Domain = NULL;
    data.Flags = SSPI_ACCEPTOR_CALLER_HASHES;
    data.Algorithms[0] = SSPI_DIGEST_SHA_256;
    assert_int_equal(digest_package.acquire(&data, &credential, &f->error_info),
                     SEC_E_INVALID_PARAMETER);
}

static void user_file_of_the_environment_and_private_state_work(void **state)
{
    struct fixture *f = *state;
    SSPI_ACCEPTOR_DATA data = {.Version = SSPI_ACCEPTOR_DATA_VERSION};
    char nonce[DIGEST_NONCE_LEN + 1];
    void *credential;

    setenv("SSPI_USER_FILE", f->path, 1);
    assert_int_equal(digest_package.acquire(&data, &credential, &f->error_info), SEC_E_OK);
    unsetenv("SSPI_USER_FILE");
    f->credential = credential;
    f->credential->clock = &f->clock;
    /* The private state has the time of the machine's clock. */
    f->now_ms = store_state_created_ms(f->credential->state) + 1;
    get_nonce(f, nonce);
    struct client c = alice(nonce, 1);
    assert_int_equal(login(f, &c), SEC_E_OK);
    assert_int_equal(login(f, &c), SEC_E_OUT_OF_SEQUENCE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(unusable_data_makes_no_credential),
        TEST(user_file_of_the_environment_and_private_state_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
