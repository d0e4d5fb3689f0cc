/* SPDX-License-Identifier: Apache-2.0 */
/* Handles, which are numbers, and the objects behind them. A process has one table. The caller's
 * values are never used as pointers. All functions are thread-safe. They wait for nothing except
 * the table's lock, which each call holds only for a short time. */
#ifndef SECUR_HANDLE_H
#define SECUR_HANDLE_H

#include "bytes.h"
#include "sspi.h"

/* The most handles of a process. It is limited because clients can make partial contexts. */
#define SECUR_HANDLES_LIMIT (1u << 20)

enum secur_handle_kind { SECUR_HANDLE_CREDENTIAL = 1, SECUR_HANDLE_CONTEXT = 2 };

/* How a call uses an object: several calls share it, or one call has it exclusively. */
enum secur_handle_use { SECUR_HANDLE_SHARED, SECUR_HANDLE_EXCLUSIVE };

/* The first member of each object behind a handle. The table's lock protects the counts and
 * `exclusive`. */
struct secur_object {
    enum secur_handle_kind kind;
    void (*destroy)(struct secur_object *object); /* frees it; called once, without the lock */
    size_t n_references;
    size_t n_shared;
    bool exclusive;
};

/* Initialises an object with one reference, which the caller owns. */
void secur_handle_init(struct secur_object *object, enum secur_handle_kind kind,
                       void (*destroy)(struct secur_object *object));

/* Adds a reference, or releases one. The release of the last reference destroys the object. */
void secur_handle_ref(struct secur_object *object);
void secur_handle_unref(struct secur_object *object);

/* Gives the object a handle. SEC_E_OK: *ret_handle is set, and the table takes over the caller's
 * reference. SEC_E_INSUFFICIENT_MEMORY: no memory, or SECUR_HANDLES_LIMIT is reached. Then nothing
 * has changed. */
SECURITY_STATUS secur_handle_add(struct secur_object *object, SecHandle *ret_handle) MUST_USE;

/* Finds the object and keeps it alive until secur_handle_end() with the same `use`.
 * SEC_E_INVALID_HANDLE: the handle is NULL, zeroed, invalidated, deleted, of another kind, or was
 * never given out. Or another call uses the object, and one of the two uses is exclusive. This
 * function does not wait for that other call. Such a use is an error of the caller, and a server
 * with one thread would wait forever. */
SECURITY_STATUS secur_handle_begin(const SecHandle *handle, enum secur_handle_kind kind,
                                   enum secur_handle_use use,
                                   struct secur_object **ret_object) MUST_USE;
void secur_handle_end(struct secur_object *object, enum secur_handle_use use);

/* Removes the handle, and the table's reference to the object. A call in another thread may still
 * have a reference. SEC_E_INVALID_HANDLE: there is no such handle. With the last handle, the
 * table's memory is freed. */
SECURITY_STATUS secur_handle_remove(const SecHandle *handle, enum secur_handle_kind kind) MUST_USE;

#endif
