/* SPDX-License-Identifier: Apache-2.0 */
/* Measures the cost of a lookup of a user, in a text file in memory and in a database. Prints the
 * ratio to one SHA-256 of a name, and the memory of processes that share the file or database. It
 * tests nothing.
 *
 * usage: bench_users [USERS] */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hash.h"
#include "store_users.h"
#include "store_users_cdb.h"
#include "store_users_cdb_writer.h"

#define REALM       SSPI_VIEW("Intranet")
#define N_USERS     100000u
#define N_LOOKUPS   200000u
#define N_PROCESSES 8
#define ROUNDS      5
#define SHA_256     SSPI_DIGEST_SHA_256

static struct hash_suite suite;
static uint32_t n_users = N_USERS;

static void must(bool fine, const char *what)
{
    if (fine)
        return;
    fprintf(stderr, "bench: %s failed\n", what);
    exit(1);
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- users ---- */

struct name {
    char text[32];
    size_t len;
};

static struct name name_of(uint32_t number)
{
    struct name name;
    name.len = (size_t)snprintf(name.text, sizeof(name.text), "user%08u", number);
    return name;
}

static struct sspi_view view(const struct name *name)
{
    return (struct sspi_view){name->text, name->len};
}

/* Writes a line whose hash is only that of the user's name, because a lookup does not read it. */
static struct store_users_line line_of(const struct name *name)
{
    struct store_users_line line = {
        .kind = STORE_USERS_DIGEST, .user = view(name), .realm = REALM, .algorithm = SHA_256};
    must(hash_once(&suite, SHA_256, line.user, line.hash), "SHA-256");
    return line;
}

static void make_text(int file)
{
    BYTES_CLEANUP struct bytes text = {0};
    for (uint32_t i = 0; i < n_users; i++) {
        struct name name = name_of(i);
        struct store_users_line line = line_of(&name);
        bytes_append_format(&text, "%s:Intranet:SHA-256:", name.text);
        bytes_append_hex(&text, line.hash, HASH_MAX);
        bytes_append_char(&text, '\n');
    }
    must(!text.failed, "memory");
    for (size_t at = 0; at < text.len;) {
        ssize_t len = write(file, text.data + at, text.len - at);
        must(len > 0, "writing the text");
        at += (size_t)len;
    }
}

static void make_database(int file)
{
    struct store_users_cdb_writer *writer = store_users_cdb_writer_new(file);
    must(writer != NULL, "a database");
    for (uint32_t i = 0; i < n_users; i++) {
        struct name name = name_of(i);
        struct store_users_line line = line_of(&name);
        must(store_users_cdb_writer_add(writer, &line), "adding a user");
    }
    must(store_users_cdb_writer_finish(writer), "ending the database");
}

/* ---- lookups ---- */

enum what { BY_NAME, UNKNOWN_NAME, BY_USERHASH, UNKNOWN_USERHASH };

/* The same numbers in each run, spread over the whole file. */
static uint32_t number(uint32_t i)
{
    return (uint32_t)((i * UINT64_C(2654435761)) % n_users);
}

/* The name that a client sends, and its userhash. */
struct client {
    struct name name;
    char userhash[2 * HASH_MAX];
};

static void make_clients(struct client *clients, bool known)
{
    uint8_t hash[HASH_MAX];
    for (uint32_t i = 0; i < N_LOOKUPS; i++) {
        BYTES_CLEANUP struct bytes text = {0}, hex = {0};
        clients[i].name = name_of(known ? number(i) : n_users + i);
        bytes_append_format(&text, "%s:Intranet", clients[i].name.text);
        must(hash_once(&suite, SHA_256, bytes_as_view(&text), hash), "SHA-256");
        bytes_append_hex(&hex, hash, sizeof(hash));
        must(!hex.failed, "memory");
        memcpy(clients[i].userhash, hex.data, hex.len);
    }
}

/* Returns the microseconds of one lookup. */
static double look_up(struct sspi_users *users, enum what what)
{
    bool known = what == BY_NAME || what == BY_USERHASH;
    bool by_name = what == BY_NAME || what == UNKNOWN_NAME;
    struct client *clients = malloc(N_LOOKUPS * sizeof(*clients));
    double best_s = 1e9;
    must(clients != NULL, "memory");
    make_clients(clients, known);
    for (int round = 0; round < ROUNDS; round++) {
        double began_s = now_s();
        for (uint32_t i = 0; i < N_LOOKUPS; i++) {
            uint8_t hash[STORE_USERS_HASH_MAX];
            BYTES_CLEANUP struct bytes user = {0};
            struct sspi_view userhash = {clients[i].userhash, 2 * HASH_MAX};
            bool found =
                by_name
                    ? store_users_hash(users, view(&clients[i].name), REALM, SHA_256, hash)
                    : store_users_hash_of_userhash(users, userhash, REALM, SHA_256, &user, hash);
            must(found == known, "a lookup");
        }
        double took_s = now_s() - began_s;
        best_s = took_s < best_s ? took_s : best_s;
    }
    free(clients);
    return best_s / N_LOOKUPS * 1e6;
}

/* Returns the microseconds of one SHA-256 of a name. */
static double floor_us(void)
{
    struct hash_run run;
    uint8_t digest[HASH_MAX];
    must(hash_run_init(&run, &suite), "a hash context");
    double began_s = now_s();
    for (uint32_t i = 0; i < N_LOOKUPS; i++) {
        hash_begin(&run, SHA_256);
        hash_update(&run, "user00000000:Intranet", 21);
        must(hash_end(&run, digest), "SHA-256");
    }
    hash_run_clear(&run);
    return (now_s() - began_s) / N_LOOKUPS * 1e6;
}

static void measure_lookups(struct sspi_users *users, const char *kind)
{
    static const char *const names[] = {"by name", "by an unknown name", "by userhash",
                                        "by an unknown userhash"};
    double one_us = floor_us();
    for (enum what what = BY_NAME; what <= UNKNOWN_USERHASH; what++) {
        double us = look_up(users, what);
        printf("%-9s %-24s %6.2f us %6.2f x %10.0f a second\n", kind, names[what], us, us / one_us,
               1e6 / us);
    }
}

/* ---- memory ---- */

/* Kilobytes of this process: all, its share of them, and its private ones. */
static void print_memory(const char *kind)
{
    char line[128];
    unsigned long rss = 0, pss = 0, private_kb = 0, value;
    FILE *in = fopen("/proc/self/smaps_rollup", "re");
    must(in != NULL, "smaps_rollup");
    while (fgets(line, sizeof(line), in) != NULL) {
        if (sscanf(line, "Rss: %lu", &value) == 1)
            rss = value;
        else if (sscanf(line, "Pss: %lu", &value) == 1)
            pss = value;
        else if (sscanf(line, "Private_%*5[Cleandirty]: %lu", &value) == 1)
            private_kb += value;
    }
    fclose(in);
    printf("%-9s one of %d processes: %lu kB resident, %lu kB its share, %lu kB its own\n", kind,
           N_PROCESSES, rss, pss, private_kb);
    fflush(stdout);
}

/* Each process looks up as many users as there are, spread over the whole file. */
static void measure_memory(struct sspi_users *users, const char *kind)
{
    pthread_barrierattr_t shared;
    pthread_barrier_t *barrier =
        mmap(NULL, sizeof(*barrier), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(barrier != MAP_FAILED, "memory");
    pthread_barrierattr_init(&shared);
    pthread_barrierattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
    pthread_barrier_init(barrier, &shared, N_PROCESSES);
    fflush(stdout);
    for (int process = 0; process < N_PROCESSES; process++) {
        pid_t child = fork();
        must(child >= 0, "fork");
        if (child > 0)
            continue;
        uint8_t hash[STORE_USERS_HASH_MAX];
        for (uint32_t i = 0; i < n_users; i++) {
            struct name name = name_of(number(i + (uint32_t)process * 7919));
            must(store_users_hash(users, view(&name), REALM, SHA_256, hash), "a lookup");
        }
        pthread_barrier_wait(barrier);
        if (process == 0)
            print_memory(kind);
        pthread_barrier_wait(barrier); /* the other processes still run */
        _exit(0);
    }
    while (wait(NULL) > 0)
        continue;
    munmap(barrier, sizeof(*barrier));
}

static void measure(const char *directory, const char *kind, void (*make)(int file))
{
    char path[64], name[80], error[512];
    bool is_database = make == make_database;
    snprintf(path, sizeof(path), "%s/%s", directory, kind);
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    must(file >= 0, "a file");
    double began_s = now_s();
    make(file);
    double made_s = now_s() - began_s;
    struct stat info;
    must(fstat(file, &info) == 0, "a look at the file");
    close(file);
    if (!is_database && info.st_size > (off_t)STORE_USERS_FILE_LIMIT) {
        printf("%-9s of %u users is over its limit\n", kind, n_users);
        unlink(path);
        return;
    }
    snprintf(name, sizeof(name), "%s%s", is_database ? STORE_USERS_CDB_PREFIX : "", path);
    began_s = now_s();
    struct sspi_users *users = store_users_open(name, error, sizeof(error));
    must(users != NULL, error);
    printf("%-9s %u users, %.1f MB: made in %.2f s, opened in %.4f s\n", kind, n_users,
           (double)info.st_size / 1e6, made_s, now_s() - began_s);
    measure_lookups(users, kind);
    measure_memory(users, kind);
    store_users_unref(users);
    unlink(path);
}

int main(int argc, char **argv)
{
    char directory[] = "/tmp/sspi-bench-XXXXXX";
    if (argc > 1)
        n_users = (uint32_t)strtoul(argv[1], NULL, 10);
    must(n_users > 0 && mkdtemp(directory) != NULL && hash_suite_init(&suite), "the beginning");
    measure(directory, "text", make_text);
    measure(directory, "database", make_database);
    rmdir(directory);
    hash_suite_clear(&suite);
    return 0;
}
