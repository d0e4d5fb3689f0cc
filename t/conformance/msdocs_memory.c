/* SPDX-License-Identifier: Apache-2.0 */
#include "msdocs_memory.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *block, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t n);
int __real_posix_memalign(void **block, size_t alignment, size_t size);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *block, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t n);
int __wrap_posix_memalign(void **block, size_t alignment, size_t size);
void __wrap_free(void *block);

#define BLOCKS_LIMIT 65536

static struct {
    size_t fail_at; /* 0: never */
    size_t n_allocations;
    bool failed;
    size_t n_pauses;
    size_t n_live;
    void *live[BLOCKS_LIMIT]; /* allocated since let_fail(), not in a pause; in no order */
} memory;

/* The n-th allocation from now on fails, once. 0: no allocation fails. */
static void let_fail(size_t n)
{
    memory.fail_at = n;
    memory.n_allocations = 0;
    memory.failed = false;
    memory.n_live = 0;
}

void msdocs_memory_check(SECURITY_STATUS (*exchange)(void))
{
    size_t n = 1;
    bool failed = true;

    for (; failed; n++) {
        let_fail(n);
        SECURITY_STATUS status = exchange();
        failed = memory.failed;
        if (status != (failed ? SEC_E_INSUFFICIENT_MEMORY : SEC_E_OK))
            print_message("# allocation %zu: 0x%08x\n", n, (unsigned)status);
        assert_int_equal(status, failed ? SEC_E_INSUFFICIENT_MEMORY : SEC_E_OK);
        if (memory.n_live != 0)
            print_message("# allocation %zu: %zu blocks are left\n", n, memory.n_live);
        assert_int_equal(memory.n_live, 0);
    }
    let_fail(0);
    print_message("# %zu allocations\n", n - 2);
    assert_true(n > 20);
}

void msdocs_memory_pause(void)
{
    memory.n_pauses++;
}

void msdocs_memory_resume(void)
{
    memory.n_pauses--;
}

static bool fails(void)
{
    if (memory.n_pauses > 0 || ++memory.n_allocations != memory.fail_at)
        return false;
    memory.failed = true;
    errno = ENOMEM;
    return true;
}

static void *born(void *block)
{
    if (block != NULL && memory.n_pauses == 0 && memory.n_live < BLOCKS_LIMIT)
        memory.live[memory.n_live++] = block;
    return block;
}

static void gone(const void *block)
{
    for (size_t i = memory.n_live; block != NULL && i > 0; i--) {
        if (memory.live[i - 1] == block) {
            memory.live[i - 1] = memory.live[--memory.n_live];
            return;
        }
    }
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : born(__real_malloc(size));
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : born(__real_calloc(n, size));
}

void *__wrap_realloc(void *block, size_t size)
{
    if (fails())
        return NULL;
    /* The block is removed from the list before realloc() may free it. */
    gone(block);
    void *moved = __real_realloc(block, size);
    return born(moved);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : born(__real_strdup(text));
}

char *__wrap_strndup(const char *text, size_t n)
{
    return fails() ? NULL : born(__real_strndup(text, n));
}

int __wrap_posix_memalign(void **block, size_t alignment, size_t size)
{
    if (fails())
        return ENOMEM;
    int error = __real_posix_memalign(block, alignment, size);
    if (error == 0)
        (void)born(*block);
    return error;
}

void __wrap_free(void *block)
{
    gone(block);
    __real_free(block);
}
