/* SPDX-License-Identifier: Apache-2.0 */
/* The Negotiate and Kerberos packages against MIT's initiator and a real KDC. negotiate_accept.t
 * makes the realm and says in SSPI_TEST_REALM where its files are. */
#include <sys/mman.h>

#include "negotiate_tests.h"

const char *dir;
static void *memory;
struct sspi_state *state_memory;

const struct sspi_view http_names[1] = {{"HTTP/", 5}};

const char *file(const char *name)
{
    static char path[512];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

void *credential_for(const struct package *package, const char *keytab,
                     const struct sspi_view *names, uint32_t n_names, struct sspi_state *state)
{
    struct sspi_error_info error_info = {0};
    void *credential = NULL;
    SSPI_ACCEPTOR_DATA data = {.Version = SSPI_ACCEPTOR_DATA_VERSION,
                               .KeytabName = file(keytab),
                               .ServiceNames = names,
                               .ServiceNameCount = n_names,
                               .State = state};
    SECURITY_STATUS status = package->acquire(&data, &credential, &error_info);
    if (status != SEC_E_OK)
        print_message("# acquire: %s\n", error_info.text);
    assert_int_equal(status, SEC_E_OK);
    return credential;
}

struct server server_for(const struct package *package)
{
    return (struct server){.package = package,
                           .credential =
                               credential_for(package, "http.keytab", http_names, 1, state_memory)};
}

void server_close(struct server *server)
{
    server_end(server);
    server->package->release(server->credential);
}

SECURITY_STATUS once(struct server *server, const struct bytes *token)
{
    server_end(server);
    return server_step(server, bytes_as_view(token));
}

void check_alice(const struct server *server, enum package_bound bound)
{
    const struct package_info *info = server->package->info(server->context);
    assert_non_null(info);
    assert_string_equal(info->name, "alice@SSPI.TEST");
    assert_string_equal(info->realm, "SSPI.TEST");
    assert_string_equal(info->target, "HTTP/localhost@SSPI.TEST");
    assert_ptr_equal(info->mechanism, &kerberos_package);
    assert_int_equal(info->bound, bound);
    /* The ticket lasts at most ten hours, and was fetched during this test. */
    uint64_t life_ms = info->expiry_ms - info->start_ms;
    assert_true(life_ms > 9 * 3600 * 1000 && life_ms <= 10 * 3600 * 1000 + 1000);
}

static int start(void **test_state)
{
    dir = getenv("SSPI_TEST_REALM");
    memory = mmap(NULL, STATE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (dir == NULL || memory == MAP_FAILED)
        return -1;
    state_memory = store_state_format(memory, STATE_SIZE, clock_machine());
    return state_memory != NULL ? 0 : -1;
}

static int end(void **test_state)
{
    store_state_free(state_memory);
    return munmap(memory, STATE_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bare_tokens_are_accepted_by_both_packages),
        cmocka_unit_test(spnego_needs_one_leg_and_mit_accepts_the_answer),
        cmocka_unit_test(bare_mutual_authentication_answers_with_an_ap_rep),
        cmocka_unit_test(a_mic_with_the_last_token_is_answered_at_once),
        cmocka_unit_test(an_unknown_first_mechanism_needs_mics_from_both),
        cmocka_unit_test(a_wrong_or_missing_mic_is_refused),
        cmocka_unit_test(a_mic_before_the_mechanism_is_done_is_refused),
        cmocka_unit_test(a_mic_that_is_not_required_is_verified_and_answered),
        cmocka_unit_test(the_oid_listed_first_is_answered),
        cmocka_unit_test(an_empty_first_token_is_answered_with_our_list),
        cmocka_unit_test(the_error_says_why_a_client_has_no_kerberos),
        cmocka_unit_test(tokens_over_the_limit_are_refused),
        cmocka_unit_test(the_bytes_of_a_whole_negotiation_are_limited),
        cmocka_unit_test(authenticators_that_are_older_than_the_memory_are_refused),
        cmocka_unit_test(a_slow_clock_of_the_client_is_accepted_with_mits_cache),
        cmocka_unit_test(a_replay_is_detected_after_a_step_of_the_wall_clock),
        cmocka_unit_test(channel_bindings_follow_the_policy_with_shared_state),
        cmocka_unit_test(channel_bindings_follow_the_policy_with_mits_cache),
        cmocka_unit_test(clients_that_say_no_tls_differ_from_clients_without_a_binding),
        cmocka_unit_test(a_token_in_another_framing_is_a_replay),
        cmocka_unit_test(a_full_replay_table_asks_mits_cache_as_well),
        cmocka_unit_test(a_full_replay_table_asks_mits_cache_that_was_turned_off),
        cmocka_unit_test(a_ticket_for_another_service_is_refused),
        cmocka_unit_test(a_key_that_is_not_there_is_named),
        cmocka_unit_test(an_altered_authenticator_is_refused),
        cmocka_unit_test(no_changed_octet_causes_an_internal_error),
        cmocka_unit_test(a_krb_error_is_sent_only_when_it_is_asked_for),
        cmocka_unit_test(every_truncation_of_a_real_token_is_refused),
        cmocka_unit_test(anonymous_principals_need_a_flag),
        cmocka_unit_test(clients_without_a_proper_name_are_refused),
        cmocka_unit_test(the_realm_of_a_client_extends_to_the_end),
        cmocka_unit_test(services_without_a_proper_name_are_refused),
        cmocka_unit_test(times_that_do_not_fit_are_distinguished),
        cmocka_unit_test(messages_are_refused_after_the_ticket_expires),
        cmocka_unit_test(a_pac_that_the_kdc_signed_names_the_user),
        cmocka_unit_test(a_pac_that_is_not_signed_for_this_login_is_ignored),
        cmocka_unit_test(a_pac_without_usable_logon_information_is_no_failure),
        cmocka_unit_test(a_changed_keytab_is_read_again),
        cmocka_unit_test(a_credential_of_the_parent_works_in_its_children),
        cmocka_unit_test(threads_share_one_credential),
        cmocka_unit_test(unusable_credentials_are_refused_when_they_are_acquired),
    };
    const struct CMUnitTest measurements[] = {
        cmocka_unit_test(one_accept_costs_some_microseconds),
    };
    if (getenv("SSPI_TEST_MEASURE") != NULL)
        return cmocka_run_group_tests(measurements, start, end);
    return cmocka_run_group_tests(tests, start, end);
}
