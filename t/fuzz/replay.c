/* SPDX-License-Identifier: Apache-2.0 */
/* Passes each file of a directory to one fuzz target, instead of libFuzzer. So machines without a
 * fuzzer also test the inputs that a fuzzer found. Prints TAP. */
#include <dirent.h>

#include "fuzz.h"

/* Largest input of a corpus, in octets. */
#define INPUT_LIMIT (1u << 20)

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* NULL: the file is not readable or too large. */
static uint8_t *read_input(const char *directory, const char *name, size_t *ret_size)
{
    char path[4096];
    int n = snprintf(path, sizeof(path), "%s/%s", directory, name);
    if (n < 0 || (size_t)n >= sizeof(path))
        return NULL;
    FILE *in = fopen(path, "rb");
    if (in == NULL)
        return NULL;
    struct bytes content = {.limit = INPUT_LIMIT};
    char piece[4096];
    size_t len;
    while ((len = fread(piece, 1, sizeof(piece), in)) > 0)
        bytes_append(&content, piece, len);
    bool failed = ferror(in) != 0 || content.failed;
    (void)fclose(in);
    uint8_t *input = NULL;
    if (!failed) {
        /* One octet more, because malloc(0) may return NULL. */
        input = content.len == 0 ? malloc(1) : fuzz_copy(bytes_as_view(&content));
        *ret_size = content.len;
    }
    bytes_free(&content);
    return input;
}

int main(int argc, char **argv)
{
    struct dirent **entries;
    if (argc != 2) {
        fprintf(stderr, "usage: %s CORPUS-DIRECTORY\n", argv[0]);
        return 2;
    }
    int n = scandir(argv[1], &entries, is_visible, alphasort);
    if (n <= 0) {
        printf("Bail out! no input in %s\n", argv[1]);
        return 1;
    }
    int n_failed = 0;
    printf("1..%d\n", n);
    for (int i = 0; i < n; i++) {
        size_t size = 0;
        uint8_t *input = read_input(argv[1], entries[i]->d_name, &size);
        /* Printed first, so that the output names the input if the target aborts. */
        printf("# %s\n", entries[i]->d_name);
        (void)fflush(stdout);
        if (input != NULL)
            (void)LLVMFuzzerTestOneInput(input, size);
        else
            n_failed++;
        printf("%s %d - all properties hold for %s\n", input != NULL ? "ok" : "not ok", i + 1,
               entries[i]->d_name);
        free(input);
        free(entries[i]);
    }
    free(entries);
    return n_failed == 0 ? 0 : 1;
}
