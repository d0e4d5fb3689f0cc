/* SPDX-License-Identifier: Apache-2.0 */
/* Handles, which are numbers, and the objects behind them. A process has one table. The caller's
 * values are never used as pointers. All calls are thread-safe and none
 * blocks beyond the table's own short lock. */
#ifndef SECUR_HANDLE_H
#define SECUR_HANDLE_H

#include "bytes.h"
#include "sspi.h"

/* Live handles a process may have: partial contexts come from clients. */
#define SECUR_HANDLES_LIMIT (1u << 20)

enum secur_handle_kind { SECUR_HANDLE_CREDENTIAL = 1, SECUR_HANDLE_CONTEXT = 2 };

/* How a call uses an object: many read, or one writes. */
enum secur_handle_use { SECUR_HANDLE_SHARED, SECUR_HANDLE_EXCLUSIVE };

/* First member of whatever stands behind a handle. The numbers belong to the table's lock. */
struct secur_object {
    enum secur_handle_kind kind;
    void (*destroy)(struct secur_object *object); /* frees it; called once, without the lock */
    size_t n_references;
    size_t n_shared;
    bool exclusive;
};

/* Starts an object's life with one reference, the caller's. */
void secur_handle_init(struct secur_object *object, enum secur_handle_kind kind,
                       void (*destroy)(struct secur_object *object));

/* One reference more, or less; the last one gone destroys the object. */
void secur_handle_ref(struct secur_object *object);
void secur_handle_unref(struct secur_object *object);

/* Gives the object a handle. SEC_E_OK: *ret_handle set, and the caller's reference is the table's
 * now. SEC_E_INSUFFICIENT_MEMORY: memory, or SECUR_HANDLES_LIMIT; nothing changed. */
SECURITY_STATUS secur_handle_add(struct secur_object *object, SecHandle *ret_handle) MUST_USE;

/* Finds the object and keeps it alive until secur_handle_end with the same `use`. A handle that is
 * NULL, zeroed, invalid, stale, of the other kind or never ours: SEC_E_INVALID_HANDLE. The same
 * if another thread uses the object and one of the two uses is exclusive. This call does not wait,
 * because that could stop a server with one thread, and such a use is an error of the caller. */
SECURITY_STATUS secur_handle_begin(const SecHandle *handle, enum secur_handle_kind kind,
                                   enum secur_handle_use use,
                                   struct secur_object **ret_object) MUST_USE;
void secur_handle_end(struct secur_object *object, enum secur_handle_use use);

/* Ends the handle. The object goes with its last reference, which may be a call in another thread.
 * SEC_E_INVALID_HANDLE as above. The table's memory goes with the last handle. */
SECURITY_STATUS secur_handle_remove(const SecHandle *handle, enum secur_handle_kind kind) MUST_USE;

#endif
