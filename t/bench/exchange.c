/* SPDX-License-Identifier: Apache-2.0 */
/* Measures the cost of a request in the core, each as a whole exchange: a challenge, a right Digest
 * response and a wrong one. Prints the ratio to the floor, which is the hashes that RFC 7616
 * requires. It also measures the merge of two policies. It tests nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "hash.h"
#include "sspi_http.h"

#define ROUNDS  7
#define PER_RUN 20000
#define STATE   (8u << 20)

#define REALM "Intranet"
#define URI   "/intranet/page.html"

static struct sspi_acceptor *acceptor;
static struct sspi_policy policy;
static struct hash_suite suite;
static char nonce[128];
static uint32_t count;

/* Writes H(text) in hexadecimal. */
static void hex_hash(const char *text, char ret_hex[2 * HASH_MAX + 1])
{
    uint8_t digest[HASH_MAX];
    must(hash_once(&suite, SSPI_DIGEST_SHA_256, bytes_view(text), digest), "SHA-256");
    for (size_t i = 0; i < HASH_MAX; i++)
        snprintf(ret_hex + 2 * i, 3, "%02x", digest[i]);
}

/* Writes the header value of a client: RFC 7616 3.4. */
static void make_header(char *to, size_t size, const char *password)
{
    char a1[2 * HASH_MAX + 1], a2[2 * HASH_MAX + 1], response[2 * HASH_MAX + 1], text[512];
    snprintf(text, sizeof(text), "alice:" REALM ":%s", password);
    hex_hash(text, a1);
    hex_hash("GET:" URI, a2);
    count++;
    snprintf(text, sizeof(text), "%s:%s:%08x:c:auth:%s", a1, nonce, count, a2);
    hex_hash(text, response);
    snprintf(to, size,
             "Digest username=\"alice\", realm=\"" REALM "\", nonce=\"%s\", uri=\"" URI
             "\", algorithm=SHA-256, cnonce=\"c\", nc=%08x, qop=auth, response=\"%s\"",
             nonce, count, response);
}

/* Returns the status of the request. */
static unsigned run(const char *authorization)
{
    const struct sspi_request request = {
        .method = SSPI_VIEW("GET"),
        .target = SSPI_VIEW(URI),
        .authorization = bytes_view(authorization),
        .log_from = SSPI_SEVERITY_NOTICE, /* the log level of servers, or less */
    };
    struct sspi_exchange *exchange = sspi_exchange_new(acceptor, &request);
    must(exchange != NULL, "an exchange");
    const struct sspi_result *result = sspi_exchange_step(exchange, &policy, SSPI_VIEW(REALM));
    unsigned status = result->status;
    if (status == 401 && nonce[0] == '\0')
        sscanf(strstr(result->headers[0].value.data, "nonce=\""), "nonce=\"%127[^\"]", nonce);
    sspi_exchange_free(exchange);
    return status;
}

/* The two hashes of a verification whose H(A1) is stored, and the HMAC of the nonce. */
static void floor_of_digest(const char *header)
{
    struct hash_run hashes;
    uint8_t digest[HASH_MAX];
    must(hash_run_init(&hashes, &suite), "a hash context");
    for (int i = 0; i < 2; i++) {
        hash_begin(&hashes, SSPI_DIGEST_SHA_256);
        hash_update(&hashes, header, 150);
        must(hash_end(&hashes, digest), "SHA-256");
    }
    must(hash_hmac_sha_256(&hashes, digest, HASH_MAX, SSPI_VIEW("0123456789abcdef"),
                           SSPI_VIEW(REALM), digest),
         "HMAC");
    hash_run_clear(&hashes);
}

static double median(double values[ROUNDS])
{
    for (int i = 0; i < ROUNDS; i++)
        for (int j = i + 1; j < ROUNDS; j++)
            if (values[j] < values[i]) {
                double swap = values[i];
                values[i] = values[j];
                values[j] = swap;
            }
    return values[ROUNDS / 2];
}

enum what { FLOOR, CHALLENGE, RIGHT, WRONG };

/* Returns the median nanoseconds of one exchange, without the time to write the headers. */
static double measure(enum what what)
{
    static char headers[PER_RUN][512];
    double ns[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < PER_RUN; i++)
            make_header(headers[i], sizeof(headers[i]), what == WRONG ? "wrong" : "secret");
        double began = now_ns(CLOCK_MONOTONIC);
        for (int i = 0; i < PER_RUN; i++) {
            if (what == FLOOR)
                floor_of_digest(headers[i]);
            else
                must(run(what == CHALLENGE ? NULL : headers[i]) == (what == RIGHT ? 0 : 401),
                     "the expected status");
        }
        ns[round] = (now_ns(CLOCK_MONOTONIC) - began) / PER_RUN;
    }
    return median(ns);
}

static void set_up(const char *users)
{
    static const struct sspi_acceptor_config config = {.server = SSPI_SERVER_NGINX};
    static struct sspi_view digest[1], file[1]; /* the policy borrows these */
    digest[0] = SSPI_VIEW("Digest");
    file[0] = bytes_view(users);
    char error[SSPI_ERROR_SIZE];
    acceptor = sspi_acceptor_new(&config);
    policy = sspi_policy_defaults();
    must(acceptor != NULL && hash_suite_init(&suite), "an acceptor");
    must(sspi_policy_set(&policy, SSPI_OPTION_PACKAGES, digest, 1, SSPI_SERVER_NGINX, error) &&
             sspi_policy_set(&policy, SSPI_OPTION_DIGEST_USER_FILE, file, 1, SSPI_SERVER_NGINX,
                             error) &&
             sspi_acceptor_open(acceptor, &policy, true, true, error),
         "the policy");
    void *memory = mmap(NULL, STATE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(memory != MAP_FAILED, "memory");
    sspi_acceptor_set_state(acceptor, sspi_http_state_format(memory, STATE));
}

/* Returns the median nanoseconds of a merge. httpd merges the policies of a location and its server
 * for each request. */
static double measure_merge(void)
{
    struct sspi_policy outer = policy, inner = sspi_policy_defaults(), merged;
    static const struct sspi_view require[] = {{"require", 7}};
    char error[SSPI_ERROR_SIZE];
    double ns[ROUNDS];
    must(sspi_policy_set(&inner, SSPI_OPTION_CHANNEL_BINDING, require, 1, SSPI_SERVER_NGINX, error),
         "a policy");
    for (int round = 0; round < ROUNDS; round++) {
        double began = now_ns(CLOCK_MONOTONIC);
        for (int i = 0; i < PER_RUN; i++) {
            sspi_policy_merge(&merged, &outer, &inner);
            __asm__ volatile("" : : "g"(&merged) : "memory"); /* the compiler keeps every merge */
        }
        ns[round] = (now_ns(CLOCK_MONOTONIC) - began) / PER_RUN;
    }
    return median(ns);
}

/* Nonces of the millisecond in which the state was created are stale, so wait for the next one. */
static void get_nonce(void)
{
    char header[512];
    do {
        nonce[0] = '\0';
        must(run(NULL) == 401 && nonce[0] != '\0', "a challenge");
        make_header(header, sizeof(header), "secret");
    } while (run(header) != 0);
}

int main(void)
{
    char users[] = "/tmp/sspi-bench-XXXXXX", hex[2 * HASH_MAX + 1];
    int fd = mkstemp(users);
    must(fd >= 0 && hash_suite_init(&suite), "a user file");
    hex_hash("alice:" REALM ":secret", hex);
    dprintf(fd, "alice:" REALM ":SHA-256:%s\n", hex);
    close(fd);
    set_up(users);
    get_nonce();

    static const char *const names[] = {"only the hashes", "a challenge", "a right response",
                                        "a wrong response and a challenge"};
    double ns[4];
    for (enum what what = FLOOR; what <= WRONG; what++)
        ns[what] = measure(what);
    for (enum what what = FLOOR; what <= WRONG; what++)
        printf("%-34s %6.2f us %6.2f x\n", names[what], ns[what] / 1000, ns[what] / ns[FLOOR]);
    /* A policy was once an array of untyped values of 968 bytes. On one machine a merge took 57 ns
     * then and takes 33 ns now. */
    double merge_ns = measure_merge();
    printf("%-34s %6.3f us %6.3f x (a policy has %zu bytes)\n", "a merge of two policies",
           merge_ns / 1000, merge_ns / ns[FLOOR], sizeof(struct sspi_policy));
    unlink(users);
    sspi_acceptor_free(acceptor);
    hash_suite_clear(&suite);
    return 0;
}
