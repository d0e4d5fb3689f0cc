/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_world.h"

static void unusable_data_makes_no_credential(void **state)
{
    struct world *w = *state;
    SSPI_ACCEPTOR_DATA data = {.Version = SSPI_ACCEPTOR_DATA_VERSION};
    void *credential;

    unsetenv("SSPI_USER_FILE");
    assert_int_equal(digest_package.acquire(&data, &credential, &w->error_info),
                     SEC_E_NO_CREDENTIALS);
    assert_int_equal(w->error_info.reason, SSPI_REASON_CONFIGURATION);
    data.UserFile = "/nowhere/users";
    assert_int_equal(digest_package.acquire(&data, &credential, &w->error_info),
                     SEC_E_NO_CREDENTIALS);
    assert_non_null(strstr(w->error_info.text, "/nowhere/users"));
    data.UserFile = w->path;
    data.Algorithms[0] = 77;
    assert_int_equal(digest_package.acquire(&data, &credential, &w->error_info),
                     SEC_E_INVALID_PARAMETER);
    data.Algorithms[0] = data.Algorithms[1] = SSPI_DIGEST_MD5;
    assert_int_equal(digest_package.acquire(&data, &credential, &w->error_info),
                     SEC_E_INVALID_PARAMETER);
    data.Algorithms[1] = SSPI_DIGEST_NONE;
    data.DefaultRealm = "a\nb";
    assert_int_equal(digest_package.acquire(&data, &credential, &w->error_info),
                     SEC_E_INVALID_PARAMETER);
    data.DefaultRealm = NULL;
    data.Domain = "/a\r\nb";
    assert_int_equal(digest_package.acquire(&data, &credential, &w->error_info),
                     SEC_E_INVALID_PARAMETER);
    data.Domain = NULL;
    data.Flags = SSPI_ACCEPTOR_CALLER_HASHES;
    data.Algorithms[0] = SSPI_DIGEST_SHA_256;
    assert_int_equal(digest_package.acquire(&data, &credential, &w->error_info),
                     SEC_E_INVALID_PARAMETER);
}

static void user_file_of_the_environment_and_private_state_serve(void **state)
{
    struct world *w = *state;
    SSPI_ACCEPTOR_DATA data = {.Version = SSPI_ACCEPTOR_DATA_VERSION};
    char nonce[DIGEST_NONCE_LEN + 1];
    void *credential;

    setenv("SSPI_USER_FILE", w->path, 1);
    assert_int_equal(digest_package.acquire(&data, &credential, &w->error_info), SEC_E_OK);
    unsetenv("SSPI_USER_FILE");
    w->credential = credential;
    w->credential->clock = &w->clock;
    /* The private state was made by the machine's clock. */
    w->now_ms = store_state_created_ms(w->credential->state) + 1;
    get_nonce(w, nonce);
    struct client c = alice(nonce, 1);
    assert_int_equal(login(w, &c), SEC_E_OK);
    assert_int_equal(login(w, &c), SEC_E_OUT_OF_SEQUENCE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(unusable_data_makes_no_credential, make_world, end_world),
        cmocka_unit_test_setup_teardown(user_file_of_the_environment_and_private_state_serve,
                                        make_world, end_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
