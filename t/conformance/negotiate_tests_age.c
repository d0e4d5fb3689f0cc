/* SPDX-License-Identifier: Apache-2.0 */
/* Replays that new memory or a changed clock could hide. */
#include <sys/mman.h>
#include <time.h>

#include "negotiate_tests.h"

/* ---- the wall clock of this program; libkrb5 uses the machine's clock ---- */

static time_t wall_step_s;

int __real_clock_gettime(clockid_t id, struct timespec *ret_now);
int __wrap_clock_gettime(clockid_t id, struct timespec *ret_now);

int __wrap_clock_gettime(clockid_t id, struct timespec *ret_now)
{
    int failed = __real_clock_gettime(id, ret_now);
    if (id == CLOCK_REALTIME)
        ret_now->tv_sec += wall_step_s;
    return failed;
}

/* ---- memory that began at another time ---- */

struct moment {
    int wall_age_s; /* below 0: the wall clock was set back after the memory began */
    int steady_age_s;
};

static uint64_t moment_now_ms(void *self)
{
    const struct moment *moment = self;
    return clock_machine()->now_ms(NULL) - (uint64_t)((int64_t)moment->wall_age_s * 1000);
}

static uint64_t moment_steady_ms(void *self)
{
    const struct moment *moment = self;
    return clock_machine()->steady_ms(NULL) - (uint64_t)((int64_t)moment->steady_age_s * 1000);
}

static bool moment_random(void *self, void *out, size_t len)
{
    return clock_machine()->random(NULL, out, len);
}

static struct sspi_state *state_of(struct moment *moment, void **ret_memory)
{
    struct clock clock = {moment_now_ms, moment_steady_ms, moment_random, moment};
    *ret_memory = mmap(NULL, STATE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(*ret_memory != MAP_FAILED);
    struct sspi_state *state = store_state_format(*ret_memory, STATE_SIZE, &clock);
    assert_non_null(state);
    return state;
}

/* Checks the answer of memory that began at `moment` to a client whose clock differs by
 * `client_clock_s`. */
static void check_age(struct moment moment, int client_clock_s, SECURITY_STATUS wanted)
{
    void *memory;
    struct sspi_state *state = state_of(&moment, &memory);
    const struct forged_ticket ticket = {
        .client = {"alice"}, .start_s = -7200, .end_s = 3600, .client_clock_s = client_clock_s};
    struct server server = {
        .package = &kerberos_package,
        .credential = credential_for(&kerberos_package, "http.keytab", http_names, 1, state)};
    struct bytes token = {0};
    forged_token(&ticket, &krb5_mechanism, &token);
    CHECK(once(&server, &token), wanted);
    if (wanted != SEC_E_OK)
        CHECK_REASON(SSPI_REASON_OLD_AUTHENTICATOR, "before the memory of replays began");
    bytes_free(&token);
    server_close(&server);
    store_state_free(state);
    munmap(memory, STATE_SIZE);
}

void authenticators_that_are_older_than_the_memory_are_refused(void **test_state)
{
    static const struct {
        struct moment made;
        int client_clock_s;
        SECURITY_STATUS status;
    } cases[] = {
        {{5, 5}, 0, SEC_E_OK},
        {{5, 5}, 60, SEC_E_OK},
        {{5, 5}, -60, SEC_E_LOGON_DENIED},
        {{55, 55}, -60, SEC_E_LOGON_DENIED},
        {{65, 65}, -60, SEC_E_OK},
        {{275, 275}, -285, SEC_E_LOGON_DENIED},
        {{295, 295}, -285, SEC_E_OK},
        /* MIT refuses an authenticator that is so old. */
        {{400, 400}, -285, SEC_E_OK},
        /* The wall clock was set back after the memory was made. A token that was used before may
         * come again, but the server refuses clients for at most twice the clock skew. */
        {{-3600, 5}, 0, SEC_E_LOGON_DENIED},
        {{-3600, 595}, 0, SEC_E_LOGON_DENIED},
        {{-3600, 605}, 0, SEC_E_OK},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_age(cases[i].made, cases[i].client_clock_s, cases[i].status);
}

void a_slow_clock_of_the_client_is_accepted_with_mits_cache(void **test_state)
{
    const struct forged_ticket ticket = {
        .client = {"alice"}, .start_s = -7200, .end_s = 3600, .client_clock_s = -60};
    struct server server = {
        .package = &kerberos_package,
        .credential = credential_for(&kerberos_package, "http.keytab", http_names, 1, NULL)};
    struct bytes token = {0};
    forged_token(&ticket, &krb5_mechanism, &token);
    CHECK(once(&server, &token), SEC_E_OK);
    bytes_free(&token);
    server_close(&server);
}

void a_replay_is_detected_after_a_step_of_the_wall_clock(void **test_state)
{
    static const time_t steps_s[] = {3600, -3600, 86400 * 365, 0};
    struct server server = server_for(&kerberos_package);
    struct bytes token = {0};
    client_token(&krb5_mechanism, HTTP, NULL, 0, &token);
    CHECK(once(&server, &token), SEC_E_OK);
    for (size_t i = 0; i < sizeof(steps_s) / sizeof(steps_s[0]); i++) {
        wall_step_s = steps_s[i];
        SECURITY_STATUS status = once(&server, &token);
        wall_step_s = 0;
        CHECK(status, SEC_E_LOGON_DENIED);
        CHECK_REASON(SSPI_REASON_REPLAY, "replay");
    }
    bytes_free(&token);

    wall_step_s = 3600;
    client_token(&krb5_mechanism, HTTP, NULL, 0, &token);
    SECURITY_STATUS status = once(&server, &token);
    wall_step_s = 0;
    CHECK(status, SEC_E_OK);
    bytes_free(&token);
    server_close(&server);
}
