/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a request from the names in an AP-REQ to the variables that pages, logs and upstreams see.
 * The service's names are clear text, which an attacker can rewrite. The client's names are
 * encrypted, as by a KDC.
 *
 * Input: an octet that chooses the form of SSPIUserName, then five texts, each after an octet with
 * its length. The texts are both parts of the service, its realm, the client, and the client's
 * realm.
 *  - Variables are names (utf8_is_name()). SSPI_REALM is the client's realm.
 *  - A request with a text that is not a name is refused.
 *  - A good client of HTTP/localhost is granted, and its full name is its principal.
 *  - The log's lines are printable. */
#include <krb5/krb5.h>
#include <unistd.h>

#include "base64.h"
#include "fuzz.h"
#include "policy.h"
#include "kerberos_der.h"
#include "kerberos_name.h"
#include "utf8.h"

#define REALM SSPI_VIEW("SSPI.TEST")

/* RFC 4120 7.5.1 */
#define KEY_USAGE_TICKET        2
#define KEY_USAGE_AUTHENTICATOR 11

/* RFC 3962: aes256-cts-hmac-sha1-96 */
#define ENCTYPE 18

/* A file of keys (MIT's format 0x0502) with one that is all zeros: HTTP/localhost@SSPI.TEST. */
static const char keytab[] = "\x05\x02\x00\x00\x00\x4b\x00\x02\x00\x09SSPI.TEST\x00\x04HTTP\x00\x09"
                             "localhost\x00\x00\x00\x01\x00\x00\x00\x00\x01\x00\x12\x00\x20"
                             "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

static const char krb5_conf[] = "[libdefaults]\n    default_realm = SSPI.TEST\n"
                                "    dns_lookup_kdc = false\n    dns_lookup_realm = false\n";

static char keytab_path[] = "/tmp/fuzz_kerberos_keytab.XXXXXX";
static char conf_path[] = "/tmp/fuzz_kerberos_conf.XXXXXX";
static krb5_context context;
static struct sspi_acceptor *acceptor;
static struct sspi_policy policies[3];

/* The names of one input. */
struct names {
    struct sspi_view service[2];
    struct sspi_view realm;
    struct sspi_view client;
    struct sspi_view client_realm;
};

/* ---- the fixture ---- */

static void write_file(char *path, const void *text, size_t len)
{
    int file = mkstemp(path);
    FUZZ_REQUIRE(file >= 0 && write(file, text, len) == (ssize_t)len && close(file) == 0);
}

static void remove_files(void)
{
    (void)unlink(keytab_path);
    (void)unlink(conf_path);
}

static void set(struct sspi_policy *policy, enum sspi_option option, const struct sspi_view *word)
{
    char error[SSPI_ERROR_SIZE];
    FUZZ_REQUIRE(sspi_policy_set(policy, option, word, 1, SSPI_SERVER_NGINX, error));
}

static void make_policies(void)
{
    static const struct sspi_view on = {"on", 2}, negotiate = {"Negotiate", 9},
                                  kerberos = {"kerberos", 8}, any = {"*", 1};
    static const struct sspi_view forms[] = {{"full", 4}, {"short", 5}, {"local", 5}};
    static struct sspi_view path;
    char error[SSPI_ERROR_SIZE];
    path = bytes_view(keytab_path);
    for (size_t i = 0; i < 3; i++) {
        policies[i] = sspi_policy_defaults();
        set(&policies[i], SSPI_OPTION_MODE, &on);
        set(&policies[i], SSPI_OPTION_PACKAGES, &negotiate);
        set(&policies[i], SSPI_OPTION_MECHANISMS, &kerberos);
        set(&policies[i], SSPI_OPTION_KEYTAB, &path);
        set(&policies[i], SSPI_OPTION_SERVICE_NAME, &any);
        set(&policies[i], SSPI_OPTION_USER_NAME, &forms[i]);
        FUZZ_REQUIRE(sspi_acceptor_open(acceptor, &policies[i], true, false, error));
    }
}

static void make_fixture(void)
{
    if (acceptor != NULL)
        return;
    const struct sspi_acceptor_config config = {
        .server = SSPI_SERVER_NGINX, .worker_uid = geteuid(), .worker_gid = getegid()};
    write_file(keytab_path, keytab, sizeof(keytab));
    write_file(conf_path, krb5_conf, sizeof(krb5_conf) - 1);
    (void)atexit(remove_files);
    FUZZ_REQUIRE(setenv("KRB5_CONFIG", conf_path, 1) == 0);
    FUZZ_REQUIRE(setenv("KRB5RCACHENAME", "none:", 1) == 0);
    FUZZ_REQUIRE(krb5_init_context(&context) == 0);
    acceptor = sspi_acceptor_new(&config);
    FUZZ_REQUIRE(acceptor != NULL);
    make_policies();
}

/* ---- the token ---- */

/* Service and session have the same key, all zeros. */
static void put_encrypted(struct bytes *to, uint8_t outer, krb5_keyusage usage,
                          const struct bytes *secret)
{
    static krb5_octet zeros[32];
    const krb5_keyblock key = {.enctype = ENCTYPE, .length = sizeof(zeros), .contents = zeros};
    const krb5_data plain = {.length = (unsigned)secret->len, .data = secret->data};
    krb5_enc_data sealed = {0};
    size_t len;
    FUZZ_REQUIRE(krb5_c_encrypt_length(context, ENCTYPE, secret->len, &len) == 0);
    sealed.ciphertext.length = (unsigned)len;
    sealed.ciphertext.data = malloc(len);
    FUZZ_REQUIRE(krb5_c_encrypt(context, &key, usage, NULL, &plain, &sealed) == 0);
    put_cipher(to, outer, (struct sspi_view){NULL, 0},
               (struct sspi_view){sealed.ciphertext.data, len});
    free(sealed.ciphertext.data);
}

/* EncTicketPart ::= [APPLICATION 3] SEQUENCE { flags, key, crealm, cname, transited, authtime,
 * starttime, endtime } */
static void put_secret(struct bytes *to, const struct names *names, time_t now)
{
    static const char zeros[32];
    der_append_explicit(to, DER_CONTEXT(0), DER_BIT_STRING, SSPI_VIEW("\x00\x00\x00\x00\x00"));
    put_typed(to, DER_CONTEXT(1), SSPI_VIEW("\x12"), (struct sspi_view){zeros, sizeof(zeros)});
    der_append_explicit(to, DER_CONTEXT(2), DER_GENERAL_STRING, names->client_realm);
    put_name(to, DER_CONTEXT(3), SSPI_VIEW("\x01"), &names->client, 1);
    put_typed(to, DER_CONTEXT(4), SSPI_VIEW("\x01"), SSPI_VIEW(""));
    put_time(to, DER_CONTEXT(5), now - 60);
    put_time(to, DER_CONTEXT(6), now - 60);
    put_time(to, DER_CONTEXT(7), now + 3600);
    der_wrap(to, 0, DER_SEQUENCE);
    der_wrap(to, 0, DER_APPLICATION(3));
}

/* Authenticator ::= [APPLICATION 2] SEQUENCE { authenticator-vno, crealm, cname, cksum, cusec,
 * ctime }, its checksum that of RFC 4121 4.1.1 without bindings and flags. */
static void put_authenticator(struct bytes *to, const struct names *names, time_t now)
{
    static const char checksum[24] = {16};
    der_append_explicit(to, DER_CONTEXT(0), DER_INTEGER, SSPI_VIEW("\x05"));
    der_append_explicit(to, DER_CONTEXT(1), DER_GENERAL_STRING, names->client_realm);
    put_name(to, DER_CONTEXT(2), SSPI_VIEW("\x01"), &names->client, 1);
    put_typed(to, DER_CONTEXT(3), SSPI_VIEW("\x00\x80\x03"),
              (struct sspi_view){checksum, sizeof(checksum)});
    der_append_explicit(to, DER_CONTEXT(4), DER_INTEGER, SSPI_VIEW("\x00"));
    put_time(to, DER_CONTEXT(5), now);
    der_wrap(to, 0, DER_SEQUENCE);
    der_wrap(to, 0, DER_APPLICATION(2));
}

static void put_ticket(struct bytes *to, const struct names *names, time_t now)
{
    BYTES_CLEANUP struct bytes secret = {0};
    size_t start = to->len;
    put_secret(&secret, names, now);
    der_append_explicit(to, DER_CONTEXT(0), DER_INTEGER, SSPI_VIEW("\x05"));
    der_append_explicit(to, DER_CONTEXT(1), DER_GENERAL_STRING, names->realm);
    put_name(to, DER_CONTEXT(2), SSPI_VIEW("\x01"), names->service, 2);
    put_encrypted(to, DER_CONTEXT(3), KEY_USAGE_TICKET, &secret);
    der_wrap(to, start, DER_SEQUENCE);
    der_wrap(to, start, DER_APPLICATION(1));
    der_wrap(to, start, DER_CONTEXT(3));
}

static void put_token(struct bytes *to, const struct names *names, time_t now)
{
    BYTES_CLEANUP struct bytes secret = {0};
    der_append(to, DER_OID, SSPI_VIEW("\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"));
    bytes_append(to, "\x01\x00", 2);
    size_t message = to->len;
    der_append_explicit(to, DER_CONTEXT(0), DER_INTEGER, SSPI_VIEW("\x05"));
    der_append_explicit(to, DER_CONTEXT(1), DER_INTEGER, SSPI_VIEW("\x0e"));
    der_append_explicit(to, DER_CONTEXT(2), DER_BIT_STRING, SSPI_VIEW("\x00\x00\x00\x00\x00"));
    put_ticket(to, names, now);
    put_authenticator(&secret, names, now);
    put_encrypted(to, DER_CONTEXT(4), KEY_USAGE_AUTHENTICATOR, &secret);
    der_wrap(to, message, DER_SEQUENCE);
    der_wrap(to, message, DER_APPLICATION(14));
    der_wrap(to, 0, DER_APPLICATION(0));
    FUZZ_REQUIRE(!to->failed);
}

/* ---- the request ---- */

/* Runs the job that reads a changed keytab, if the step needs it. */
static const struct sspi_result *step(struct sspi_exchange *exchange,
                                      const struct sspi_policy *policy)
{
    const struct sspi_result *result = sspi_exchange_step(exchange, policy, SSPI_VIEW(""));
    if (result->need == SSPI_NEED_JOB) {
        struct sspi_job *job = result->job;
        sspi_job_run(job);
        sspi_job_unref(job);
        result = sspi_exchange_step(exchange, policy, SSPI_VIEW(""));
    }
    return result;
}

static bool are_names(const struct names *names)
{
    return utf8_is_name(names->service[0]) && utf8_is_name(names->service[1]) &&
           utf8_is_name(names->realm) && utf8_is_name(names->client) &&
           utf8_is_name(names->client_realm);
}

/* True if the server has no reason to refuse this input. */
static bool is_good(const struct names *names)
{
    return bytes_equal(names->service[0], SSPI_VIEW("HTTP")) &&
           bytes_equal(names->service[1], SSPI_VIEW("localhost")) &&
           bytes_equal(names->realm, REALM) && bytes_equal(names->client_realm, REALM) &&
           names->client.len > 0 && are_names(names);
}

static void check_granted(const struct sspi_result *result, const struct names *names, size_t form)
{
    const struct sspi_view *variables = result->variables;
    struct sspi_view user = variables[SSPI_VARIABLE_USER];
    struct sspi_view realm = variables[SSPI_VARIABLE_REALM];
    for (size_t i = 0; i < SSPI_VARIABLE_COUNT; i++)
        FUZZ_REQUIRE(utf8_is_name(variables[i]));
    FUZZ_REQUIRE(are_names(names) && user.len > 0 && variables[SSPI_VARIABLE_TARGET].len > 0);
    if (form == SSPI_USER_NAME_FULL)
        FUZZ_REQUIRE(strcmp(kerberos_name_realm(user.data), realm.data) == 0);
    if (form == SSPI_USER_NAME_LOCAL)
        FUZZ_REQUIRE(bytes_equal(user, names->client) && strpbrk(user.data, "@\\/") == NULL);
}

static void check(const struct sspi_result *result, const struct names *names, size_t form)
{
    FUZZ_REQUIRE(result->need == SSPI_NEED_NONE);
    FUZZ_REQUIRE(result->has_user || result->status == 401 || result->status == 400 ||
                 result->status == 403);
    for (size_t i = 0; i < result->n_entries; i++)
        FUZZ_REQUIRE(fuzz_printable(result->entries[i].text));
    if (result->has_user)
        check_granted(result, names, form);
    else
        FUZZ_REQUIRE(form == SSPI_USER_NAME_LOCAL || !is_good(names));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BYTES_CLEANUP struct bytes token = {0}, header = {0};
    struct sspi_view rest = fuzz_view(data, size);
    struct names names = {0};
    struct sspi_view *const texts[] = {&names.service[0], &names.service[1], &names.realm,
                                       &names.client, &names.client_realm};
    size_t form = fuzz_octet(&rest) % 3;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        *texts[i] = fuzz_take(&rest, fuzz_octet(&rest));
    make_fixture();
    put_token(&token, &names, time(NULL));
    bytes_append_text(&header, "Negotiate ");
    base64_encode(&header, bytes_as_view(&token));
    const struct sspi_request request = {.method = SSPI_VIEW("GET"),
                                         .target = SSPI_VIEW("/"),
                                         .authorization = bytes_as_view(&header),
                                         .peer = SSPI_VIEW("192.0.2.7")};
    struct sspi_exchange *exchange = sspi_exchange_new(acceptor, &request);
    FUZZ_REQUIRE(exchange != NULL);
    check(step(exchange, &policies[form]), &names, form);
    sspi_exchange_free(exchange);
    return 0;
}
