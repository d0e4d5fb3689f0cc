/* SPDX-License-Identifier: Apache-2.0 */
/* The PAC of a ticket counts only if the KDC signed it for this service and this client. */
#include "kerberos_pac_fixture.h"
#include "negotiate_tests.h"
#include "sid_list.h"

static const uint32_t groups[] = {1107, ENABLED};

/* The facts of the client in a login with this PAC, by the package under test. */
static const struct package_info *log_in(struct server *server, const struct forged_ticket *ticket)
{
    struct bytes token = {0};
    forged_token(ticket, &krb5_mechanism, &token);
    server->context = NULL;
    SECURITY_STATUS status = server_step(server, bytes_as_view(&token));
    bytes_free(&token);
    assert_int_equal(status, SEC_E_OK);
    assert_int_equal(kerberos_package.read_logon(server->context), SEC_E_OK);
    assert_int_equal(kerberos_package.read_logon(server->context), SEC_E_OK); /* once is enough */
    return kerberos_package.info(server->context);
}

static struct forged_ticket ticket_of(struct bytes *logon_info, struct bytes *upn_dns_info)
{
    const struct pac pac = {.user = 1104,
                            .primary = 513,
                            .groups = groups,
                            .n_groups = 1,
                            .user_name = "alice",
                            .domain_name = "EXAMPLE"};
    write_logon_info(&pac, logon_info);
    write_upn_dns_info("alice@example.com", 12, 34, upn_dns_info);
    return (struct forged_ticket){.client = {"alice"},
                                  .start_s = -60,
                                  .end_s = 3600,
                                  .logon_info = bytes_as_view(logon_info),
                                  .upn_dns_info = bytes_as_view(upn_dns_info),
                                  .pac = FORGED_PAC};
}

void a_pac_that_the_kdc_signed_names_the_user(void **test_state)
{
    BYTES_CLEANUP struct bytes logon_info = {0}, upn_dns_info = {0};
    struct server server = server_for(&kerberos_package);
    struct forged_ticket ticket = ticket_of(&logon_info, &upn_dns_info);
    const struct package_info *info = log_in(&server, &ticket);
    char sid[SID_TEXT_SIZE];
    sid_write(&info->user_sid, sid);
    assert_string_equal(sid, "S-1-5-21-1-2-3-1104");
    assert_int_equal(sid_list_count(bytes_as_view(&info->groups)), 2);
    assert_string_equal(info->sam_name, "EXAMPLE\\alice");
    assert_string_equal(info->upn, "alice@example.com");
    assert_null(info->logon_problem);
    server_end(&server);
    server_close(&server);
}

/* The login succeeds without facts of the directory. */
static void check_none(const struct forged_ticket *ticket, const char *problem)
{
    struct server server = server_for(&kerberos_package);
    const struct package_info *info = log_in(&server, ticket);
    assert_string_equal(info->name, "alice@SSPI.TEST");
    assert_int_equal(info->user_sid.n_sub, 0);
    assert_int_equal(info->groups.len, 0);
    assert_null(info->sam_name);
    assert_non_null(info->logon_problem);
    if (strstr(info->logon_problem, problem) == NULL)
        fail_msg("%s", info->logon_problem);
    server_end(&server);
    server_close(&server);
}

void a_pac_that_is_not_signed_for_this_login_is_ignored(void **test_state)
{
    BYTES_CLEANUP struct bytes logon_info = {0}, upn_dns_info = {0};
    struct forged_ticket ticket = ticket_of(&logon_info, &upn_dns_info);
    ticket.pac = FORGED_PAC_OTHER_KEY;
    check_none(&ticket, "no PAC that its KDC signed");
    ticket.pac = FORGED_PAC_OTHER_CLIENT;
    check_none(&ticket, "no PAC that its KDC signed");
    ticket.pac = FORGED_NO_PAC;
    check_none(&ticket, "no PAC that its KDC signed");
}

void a_pac_without_usable_logon_information_is_no_failure(void **test_state)
{
    BYTES_CLEANUP struct bytes logon_info = {0}, upn_dns_info = {0};
    struct forged_ticket ticket = ticket_of(&logon_info, &upn_dns_info);
    ticket.logon_info.len--;
    check_none(&ticket, "malformed");
    ticket.logon_info = absent;
    check_none(&ticket, "has no logon information");
}
