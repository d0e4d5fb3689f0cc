/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the tests of negotiate_accept: the realm's files, and credentials over them. */
#ifndef NEGOTIATE_TESTS_H
#define NEGOTIATE_TESTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "der.h"
#include "negotiate_client.h"
#include "negotiate_forge.h"
#include "negotiate_token.h"
#include "store_replays.h"
#include "store_state.h"

#define HTTP       "HTTP@localhost"
#define STATE_SIZE (1 << 20)

#define KRB5   "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"
#define MSKRB5 "\x2a\x86\x48\x82\xf7\x12\x01\x02\x02"
#define ALIEN  "\x2b\x06\x01\x04\x01\x82\x37\x63"
#define NTLM   "\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a"

/* Shared memory with a replay table. */
extern struct sspi_state *state_memory;

static const struct sspi_view absent = {NULL, 0};

/* Where the realm's files are. */
extern const char *dir;

/* Every HTTP service. */
extern const struct sspi_view http_names[1];

/* Returns the path of a file of the realm; valid until the next call. */
const char *file(const char *name);

/* The package's credential over a keytab file of the realm. */
void *credential_for(const struct package *package, const char *keytab,
                     const struct sspi_view *names, uint32_t n_names, struct sspi_state *state);

/* With http.keytab, every HTTP service and the shared memory. */
struct server server_for(const struct package *package);
void server_close(struct server *server);

/* Gives one token to a new context. */
SECURITY_STATUS once(struct server *server, const struct bytes *token);

/* A token with a forged ticket. */
void forged_token(const struct forged_ticket *ticket, gss_OID mechanism, struct bytes *ret_token);

/* Checks that the context is alice's, for HTTP/localhost. */
void check_alice(const struct server *server, enum package_bound bound);

#define CHECK(status, wanted)                                                                      \
    do {                                                                                           \
        SECURITY_STATUS got = (status);                                                            \
        if (got != (wanted))                                                                       \
            print_message("# error: %s\n", server.error_info.text);                                \
        assert_int_equal(got, wanted);                                                             \
    } while (0)

#define CHECK_REASON(wanted, words)                                                                \
    do {                                                                                           \
        if (server.error_info.reason != (wanted) || strstr(server.error_info.text, words) == NULL) \
            print_message("# error %d: %s\n", (int)server.error_info.reason,                       \
                          server.error_info.text);                                                 \
        assert_int_equal(server.error_info.reason, wanted);                                        \
        assert_non_null(strstr(server.error_info.text, words));                                    \
    } while (0)

void bare_tokens_are_accepted_by_both_packages(void **test_state);
void spnego_needs_one_leg_and_mit_accepts_the_answer(void **test_state);
void bare_mutual_authentication_answers_with_an_ap_rep(void **test_state);
void a_mic_with_the_last_token_is_answered_at_once(void **test_state);
void an_unknown_first_mechanism_needs_mics_from_both(void **test_state);
void a_wrong_or_missing_mic_is_refused(void **test_state);
void a_mic_before_the_mechanism_is_done_is_refused(void **test_state);
void a_mic_that_is_not_required_is_verified_and_answered(void **test_state);
void the_oid_listed_first_is_answered(void **test_state);
void an_empty_first_token_is_answered_with_our_list(void **test_state);
void the_error_says_why_a_client_has_no_kerberos(void **test_state);
void tokens_over_the_limit_are_refused(void **test_state);
void the_bytes_of_a_whole_negotiation_are_limited(void **test_state);
void authenticators_that_are_older_than_the_memory_are_refused(void **test_state);
void a_slow_clock_of_the_client_is_accepted_with_mits_cache(void **test_state);
void a_replay_is_detected_after_a_step_of_the_wall_clock(void **test_state);
void channel_bindings_follow_the_policy_with_shared_state(void **test_state);
void channel_bindings_follow_the_policy_with_mits_cache(void **test_state);
void clients_that_say_no_tls_differ_from_clients_without_a_binding(void **test_state);
void a_token_in_another_framing_is_a_replay(void **test_state);
void a_full_replay_table_asks_mits_cache_as_well(void **test_state);
void a_full_replay_table_asks_mits_cache_that_was_turned_off(void **test_state);
void a_ticket_for_another_service_is_refused(void **test_state);
void a_key_that_is_not_there_is_named(void **test_state);
void an_altered_authenticator_is_refused(void **test_state);
void no_changed_octet_causes_an_internal_error(void **test_state);
void a_krb_error_is_sent_only_when_it_is_asked_for(void **test_state);
void every_truncation_of_a_real_token_is_refused(void **test_state);
void anonymous_principals_need_a_flag(void **test_state);
void clients_without_a_proper_name_are_refused(void **test_state);
void the_realm_of_a_client_extends_to_the_end(void **test_state);
void services_without_a_proper_name_are_refused(void **test_state);
void times_that_do_not_fit_are_distinguished(void **test_state);
void messages_are_refused_after_the_ticket_expires(void **test_state);
void a_pac_that_the_kdc_signed_names_the_user(void **test_state);
void a_pac_that_is_not_signed_for_this_login_is_ignored(void **test_state);
void a_pac_without_usable_logon_information_is_no_failure(void **test_state);
void a_changed_keytab_is_read_again(void **test_state);
void a_credential_of_the_parent_works_in_its_children(void **test_state);
void threads_share_one_credential(void **test_state);
void unusable_credentials_are_refused_when_they_are_acquired(void **test_state);
void one_accept_costs_some_microseconds(void **test_state);

#endif
