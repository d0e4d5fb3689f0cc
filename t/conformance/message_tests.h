/* SPDX-License-Identifier: Apache-2.0 */
/* The tests of message_exchange that are in other files. */
#ifndef MESSAGE_TESTS_H
#define MESSAGE_TESTS_H

#include "message_pair.h"

void assert_block(const struct block *got, const struct block *wanted);

/* The peer's gss_wrap() without encryption. gss-ntlmssp always encrypts there, so for NTLM this
 * builds the message from its signature. */
struct block peer_wrap_signed(struct pair *pair, const struct block *message);

void any_altered_octet_of_a_sealed_message_is_detected(void **state);
void any_altered_octet_of_a_signed_message_is_detected(void **state);
void a_message_cut_off_is_refused(void **state);
void sealed_messages_have_their_order(void **state);
void signed_messages_have_their_order(void **state);
void without_its_flags_kerberos_accepts_any_order(void **state);
void with_only_replay_detection_any_order_is_accepted(void **state);
void our_own_messages_are_not_taken_back(void **state);
void a_failed_call_uses_up_no_sequence_number(void **state);

void windows_layout_is_decrypted_in_place(void **state);
void parts_in_clear_are_covered(void **state);
void several_buffers_are_one_message(void **state);
void without_confidentiality_nothing_is_encrypted(void **state);
void without_integrity_there_are_no_messages(void **state);
void sizes_are_those_of_messages(void **state);
void both_sides_have_the_same_session_key(void **state);
void key_info_names_the_algorithms(void **state);
void one_thread_encrypts_while_another_decrypts(void **state);

void an_established_context_accepts_no_further_call(void **state);
void a_failed_context_accepts_no_call(void **state);

#endif
