/* SPDX-License-Identifier: Apache-2.0 */
/* Drives store_users_cdb_open and its lookups with a damaged database. If the first octet is 0, the
 * input changes a database of some users. Each change is three octets: two of the place, modulo the
 * size, and the new octet. With any other first octet, the rest of the input is the file.
 *  - No octet behind the file is read, whatever it contains. The sanitizer and the kernel check it.
 *  - A refused file has a printable message.
 *  - A user name from the file could be in a user file.
 *  - A walk over the lines ends.
 *  - Without damage, each user is found by name and by userhash, is counted, and is found by name
 *    for SASL. */
#define _GNU_SOURCE /* memfd_create */
#include "store_users_cdb.h"
#include "store_users_cdb_writer.h"

#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "hash.h"

static const struct {
    struct sspi_view user;
    struct sspi_view realm;
} accounts[] = {{{"alice", 5}, {"realm", 5}},
                {{"bob", 3}, {"realm", 5}},
                {{"carol@example.org", 17}, {"", 0}},
                {{"dave", 4}, {"other", 5}}};
#define N_ACCOUNTS (sizeof(accounts) / sizeof(accounts[0]))

static struct hash_suite hashes;
static struct bytes whole;

static void add(struct store_users_cdb_writer *writer, size_t i, enum store_users_kind kind,
                enum sspi_digest_algorithm algorithm, int octet)
{
    struct store_users_line line = {
        .kind = kind, .user = accounts[i].user, .realm = accounts[i].realm, .algorithm = algorithm};
    memset(line.hash, octet, sizeof(line.hash));
    FUZZ_REQUIRE(store_users_cdb_writer_add(writer, &line));
}

static void make_complete(void)
{
    FUZZ_REQUIRE(hash_suite_init(&hashes));
    int file = memfd_create("whole", MFD_CLOEXEC);
    struct store_users_cdb_writer *writer = store_users_cdb_writer_new(file);
    FUZZ_REQUIRE(file >= 0 && writer != NULL);
    for (size_t i = 0; i < N_ACCOUNTS; i++) {
        for (enum sspi_digest_algorithm a = SSPI_DIGEST_MD5; a <= SSPI_DIGEST_SHA_512_256; a++)
            add(writer, i, STORE_USERS_DIGEST, a, (int)(16 * i + a));
        add(writer, i, STORE_USERS_SASL, SSPI_DIGEST_MD5, (int)(16 * i + 15));
    }
    FUZZ_REQUIRE(store_users_cdb_writer_finish(writer));
    char piece[4096];
    ssize_t len;
    for (off_t at = 0; (len = pread(file, piece, sizeof(piece), at)) > 0; at += len)
        bytes_append(&whole, piece, (size_t)len);
    FUZZ_REQUIRE(len == 0 && !whole.failed && whole.len > 2048);
    (void)close(file);
}

/* Writes the file that the input describes. True if it is undamaged. */
static bool make_file(struct sspi_view input, struct bytes *to)
{
    bool damaged = false;
    if (fuzz_octet(&input) != 0) {
        bytes_append_view(to, input);
        return false;
    }
    bytes_append_view(to, bytes_as_view(&whole));
    while (input.len > 0) {
        size_t place = (size_t)fuzz_number(&input, 2) % to->len;
        to->data[place] = (char)fuzz_octet(&input);
        damaged = damaged || to->data[place] != whole.data[place];
    }
    return !damaged;
}

static void check_account(const struct store_users_cdb *cdb, size_t i, enum sspi_digest_algorithm a,
                          bool undamaged)
{
    struct sspi_view user = accounts[i].user, realm = accounts[i].realm;
    BYTES_CLEANUP struct bytes name = {0}, userhash = {0}, found = {0};
    uint8_t digest[HASH_MAX], hash[STORE_USERS_HASH_MAX];
    bytes_append_format(&name, "%s:%s", user.data, realm.data);
    FUZZ_REQUIRE(hash_once(&hashes, a, bytes_as_view(&name), digest));
    bytes_append_hex(&userhash, digest, hash_len(a));

    bool by_name = store_users_cdb_hash(cdb, user, realm, a, hash);
    bool by_userhash = store_users_cdb_user(cdb, bytes_as_view(&userhash), realm, a, &found);
    FUZZ_REQUIRE(by_userhash || found.len == 0);
    if (by_userhash) {
        FUZZ_REQUIRE(found.len > 0 && found.len <= STORE_USERS_NAME_LIMIT);
        FUZZ_REQUIRE(memchr(found.data, ':', found.len) == NULL);
    }
    /* One record has both keys. */
    FUZZ_REQUIRE(!by_name || (by_userhash && bytes_equal(bytes_as_view(&found), user)));
    if (undamaged)
        FUZZ_REQUIRE(by_name && hash[0] == 16 * i + a && hash[hash_len(a) - 1] == 16 * i + a);
}

static void check_sasl(const struct store_users_cdb *cdb, size_t i, bool undamaged)
{
    uint8_t hash[STORE_USERS_HASH_MAX];
    bool found = store_users_cdb_sasl_hash(cdb, accounts[i].user, accounts[i].realm, hash);
    if (undamaged)
        FUZZ_REQUIRE(found && hash[0] == 16 * i + 15 && hash[15] == 16 * i + 15);
}

static void check_counts(const struct store_users_cdb *cdb, bool undamaged)
{
    static const struct {
        struct sspi_view realm;
        size_t n;
    } counts[] = {{{NULL, 0}, N_ACCOUNTS}, {{"realm", 5}, 2}, {{"", 0}, 1}, {{"none", 4}, 0}};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        size_t n_users, n_with;
        store_users_cdb_count(cdb, counts[i].realm, SSPI_DIGEST_SHA_256, &n_users, &n_with);
        if (undamaged)
            FUZZ_REQUIRE(n_users == counts[i].n && n_with == counts[i].n);
    }
}

/* Each step reads at least the two lengths of a record. */
static void check_walk(const struct store_users_cdb *cdb, size_t file_len, bool undamaged)
{
    struct store_users_line line;
    unsigned place = 0;
    size_t n_lines = 0;
    while (store_users_cdb_next(cdb, &place, &line)) {
        FUZZ_REQUIRE(++n_lines <= file_len / 8);
        FUZZ_REQUIRE(line.user.len > 0 && line.user.len <= STORE_USERS_NAME_LIMIT);
        FUZZ_REQUIRE(line.realm.len <= STORE_USERS_NAME_LIMIT);
        FUZZ_REQUIRE(memchr(line.user.data, ':', line.user.len) == NULL);
        FUZZ_REQUIRE(line.kind == STORE_USERS_SASL ? line.algorithm == SSPI_DIGEST_MD5
                                                   : line.kind == STORE_USERS_DIGEST &&
                                                         store_users_parse_takes(line.algorithm));
    }
    FUZZ_REQUIRE(!undamaged || n_lines == 4 * N_ACCOUNTS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BYTES_CLEANUP struct bytes content = {0};
    char path[64], error[512] = "";
    struct stat identity;
    if (whole.len == 0)
        make_complete();
    bool undamaged = make_file(fuzz_view(data, size), &content);
    FUZZ_REQUIRE(!content.failed);
    int file = memfd_create("damaged", MFD_CLOEXEC);
    FUZZ_REQUIRE(file >= 0 && write(file, content.data, content.len) == (ssize_t)content.len);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    struct store_users_cdb *cdb = store_users_cdb_open(path, &identity, error, sizeof(error));
    (void)close(file);
    FUZZ_REQUIRE(cdb != NULL || !undamaged);
    if (cdb == NULL) {
        FUZZ_REQUIRE(error[0] != '\0' && fuzz_printable(error));
        return 0;
    }
    for (size_t i = 0; i < N_ACCOUNTS; i++) {
        for (enum sspi_digest_algorithm a = SSPI_DIGEST_MD5; a <= SSPI_DIGEST_SHA_512_256; a++)
            check_account(cdb, i, a, undamaged);
        check_sasl(cdb, i, undamaged);
    }
    check_counts(cdb, undamaged);
    check_walk(cdb, content.len, undamaged);
    store_users_cdb_free(cdb);
    return 0;
}
