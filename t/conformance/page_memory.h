/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that runs out where a test wants it to, and that tells what was not given back. Takes the
 * place of malloc and its kin in everything that is linked statically: the library and the test. */
#ifndef PAGE_MEMORY_H
#define PAGE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* From now on the n-th allocation fails, once; 0: none does. */
void page_memory_fail(size_t n);

/* Whether it came to that. */
bool page_memory_failed(void);

/* While paused nothing fails or is counted: for what the test does itself. Pauses nest. */
void page_memory_pause(void);
void page_memory_resume(void);

/* Blocks that were allocated since page_memory_fail(), not in a pause, and are not freed. */
size_t page_memory_live(void);

#endif
