/* SPDX-License-Identifier: Apache-2.0 */
/* Measures what a session costs: a whole exchange in the core with the cookie of a Kerberos login,
 * beside one of a request that needs no user. It tests nothing. */
#include <krb5/krb5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"
#include "request_exchange.h"
#include "request_session_make.h"
#include "sid_list.h"

#define ROUNDS  9
#define PER_RUN 20000
#define STATE   (8u << 20)
#define SERVICE "HTTP/www.example.com@EXAMPLE.COM"

static struct sspi_acceptor *acceptor;
static struct sspi_policy with_session, without;
static char cookie[4096];

static struct sspi_request request_with(const char *cookies)
{
    return (struct sspi_request){.method = SSPI_VIEW("GET"),
                                 .target = SSPI_VIEW("/"),
                                 .authority = SSPI_VIEW("www.example.com"),
                                 .tls = true,
                                 .cookies = bytes_view(cookies),
                                 .log_from = SSPI_SEVERITY_NOTICE};
}

/* ---- a login ---- */

static void write_keytab(const char *path)
{
    krb5_context context = NULL;
    krb5_keytab keytab = NULL;
    krb5_keytab_entry entry = {.vno = 1};
    char name[128];
    snprintf(name, sizeof(name), "WRFILE:%s", path);
    must(krb5_init_context(&context) == 0 && krb5_kt_resolve(context, name, &keytab) == 0 &&
             krb5_parse_name(context, SERVICE, &entry.principal) == 0 &&
             krb5_c_make_random_key(context, ENCTYPE_AES256_CTS_HMAC_SHA1_96, &entry.key) == 0 &&
             krb5_kt_add_entry(context, keytab, &entry) == 0,
         "writing a keytab");
    krb5_free_keytab_entry_contents(context, &entry);
    krb5_kt_close(context, keytab);
    krb5_free_context(context);
}

static void make_groups(size_t n, struct bytes *ret_groups)
{
    struct sid *sids = calloc(n + 1, sizeof(*sids));
    must(sids != NULL, "memory");
    for (size_t i = 0; i < n; i++) {
        must(sid_parse(SSPI_VIEW("S-1-5-21-1-2-3-0"), &sids[i]), "a SID");
        sids[i].sub[4] = (uint32_t)(1000 + i);
    }
    must(sid_list_make(sids, n, ret_groups), "a list of SIDs");
    free(sids);
}

/* Puts the cookie of a login with so many groups into `cookie`. */
static void log_in(size_t n_groups)
{
    const struct sspi_request request = request_with(NULL);
    struct sspi_exchange *exchange = sspi_exchange_new(acceptor, &request);
    struct bytes groups BYTES_CLEANUP = {0};
    char name[] = "alice@EXAMPLE.COM", realm[] = "EXAMPLE.COM", target[] = SERVICE;
    must(exchange != NULL, "an exchange");
    make_groups(n_groups, &groups);
    exchange->identity = (struct policy_identity){
        .scheme = SSPI_SCHEME_NEGOTIATE,
        .mech = SSPI_MECH_KERBEROS,
        .name = name,
        .realm = realm,
        .target = target,
        .target_proven = true,
        .mechanism = "Kerberos",
        .source = acceptor_source_find(acceptor->sources, &with_session, SSPI_OPTION_KEYTAB),
        .expiry_ms = UINT64_MAX,
        .groups = groups.data,
        .groups_len = groups.len,
        .is_borrowed = true};
    request_session_make(exchange, &with_session);
    struct sspi_view line = bytes_as_view(&exchange->session.line);
    must(line.len > 0, "a session");
    snprintf(cookie, sizeof(cookie), "%.*s", (int)strcspn(line.data, ";"), line.data);
    sspi_exchange_free(exchange);
}

/* ---- measuring ---- */

static void run(const struct sspi_policy *policy, const char *cookies)
{
    const struct sspi_request request = request_with(cookies);
    struct sspi_exchange *exchange = sspi_exchange_new(acceptor, &request);
    must(exchange != NULL, "an exchange");
    const struct sspi_result *result =
        sspi_exchange_step(exchange, policy, (struct sspi_view){NULL, 0});
    must(result->status == 0 && result->has_user == (cookies != NULL), "the expected answer");
    sspi_exchange_free(exchange);
}

/* Returns the least nanoseconds of one exchange, which other programs disturb least. */
static double measure(const struct sspi_policy *policy, const char *cookies)
{
    double least = 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        double began = now_ns(CLOCK_PROCESS_CPUTIME_ID);
        for (int i = 0; i < PER_RUN; i++)
            run(policy, cookies);
        double ns = (now_ns(CLOCK_PROCESS_CPUTIME_ID) - began) / PER_RUN;
        least = ns < least ? ns : least;
    }
    return least;
}

static void set(struct sspi_policy *policy, enum sspi_option option, const struct sspi_view *word)
{
    char error[SSPI_ERROR_SIZE];
    must(sspi_policy_set(policy, option, word, 1, SSPI_SERVER_NGINX, error), "a policy");
}

static void set_up(const char *path)
{
    static const struct sspi_acceptor_config config = {.server = SSPI_SERVER_NGINX};
    static struct sspi_view words[3]; /* the policy borrows these */
    char error[SSPI_ERROR_SIZE];
    words[0] = bytes_view(path);
    words[1] = SSPI_VIEW("optional");
    words[2] = SSPI_VIEW("on");
    acceptor = sspi_acceptor_new(&config);
    void *memory = mmap(NULL, STATE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(acceptor != NULL && memory != MAP_FAILED, "an acceptor");
    sspi_acceptor_set_state(acceptor, sspi_http_state_format(memory, STATE));
    without = sspi_policy_defaults();
    set(&without, SSPI_OPTION_KEYTAB, &words[0]);
    set(&without, SSPI_OPTION_MODE, &words[1]);
    with_session = without;
    set(&with_session, SSPI_OPTION_SESSION, &words[2]);
    must(sspi_acceptor_open(acceptor, &with_session, true, false, error), "opening the keytab");
}

int main(void)
{
    static const size_t n_groups[] = {0, 50, 100, 500};
    char path[] = "/tmp/sspi-bench-XXXXXX";
    int fd = mkstemp(path);
    must(fd >= 0, "a file");
    close(fd);
    unlink(path);
    write_keytab(path);
    set_up(path);
    double bare = measure(&without, NULL);
    printf("  without a user: %.0f ns\n", bare);
    for (size_t i = 0; i < sizeof(n_groups) / sizeof(n_groups[0]); i++) {
        log_in(n_groups[i]);
        double ns = measure(&with_session, cookie);
        printf("  session with %3zu groups, cookie of %4zu octets: %.0f ns, %+.0f ns\n",
               n_groups[i], strlen(cookie), ns, ns - bare);
    }
    unlink(path);
    sspi_acceptor_free(acceptor);
    return 0;
}
