/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that runs out where a test wants it to. It reports blocks that were not freed. Takes the
 * place of malloc and its kin in everything that is linked statically: the library and the test. */
#ifndef MSDOCS_MEMORY_H
#define MSDOCS_MEMORY_H

#include <stddef.h>

#include "sspi.h"

/* Runs `exchange` with each of its allocations failing in turn. It must return
 * SEC_E_INSUFFICIENT_MEMORY if an allocation failed, otherwise SEC_E_OK, and free all blocks. */
void msdocs_memory_check(SECURITY_STATUS (*exchange)(void));

/* During a pause allocations neither fail nor count: a test pauses for its own allocations. Pauses
 * nest. */
void msdocs_memory_pause(void);
void msdocs_memory_resume(void);

#endif
