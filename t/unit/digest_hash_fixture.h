/* SPDX-License-Identifier: Apache-2.0 */
/* The hash functions of this machine, for the tests of those parts of Digest that have no state. */
#ifndef DIGEST_HASH_FIXTURE_H
#define DIGEST_HASH_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "hash.h"

static struct hash_suite suite;
static struct hash_run run;

/* Setup and teardown of a group of tests. */
static inline int hash_setup(void **state)
{
    return hash_suite_init(&suite) && hash_run_init(&run, &suite) ? 0 : -1;
}

static inline int hash_teardown(void **state)
{
    hash_run_clear(&run);
    hash_suite_clear(&suite);
    return 0;
}

#endif
