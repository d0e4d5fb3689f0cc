/* SPDX-License-Identifier: Apache-2.0 */
#include "secur_handle.h"

#include <pthread.h>
#include <stdlib.h>

struct slot {
    struct secur_object *object; /* NULL: free */
    ULONG_PTR tag;
    size_t next_free; /* index + 1 of the next free slot, 0: none */
};

/* The only mutable global of the project. Windows' handles are numbers of the whole process, so a
 * call finds its object by the number only. The memory is freed with the last handle, because
 * servers may unload the library. `n_issued` is never set back, so no tag is used twice. */
static struct {
    pthread_mutex_t lock;
    struct slot *slots;
    size_t n_slots;
    size_t n_live;
    size_t first_free; /* index + 1, 0: none */
    uint64_t n_issued;
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

#define FIRST_SLOTS 16

/* Neither call can fail on a static mutex of the default kind. */
static void lock(void)
{
    (void)pthread_mutex_lock(&table.lock);
}

static void unlock(void)
{
    (void)pthread_mutex_unlock(&table.lock);
}

/* Returns a number that no other handle of this process has or had, and that a wrong value is
 * unlikely to equal. It is a bijection of a counter (the finaliser of splitmix64). */
static ULONG_PTR next_tag(void)
{
    ULONG_PTR tag;

    do {
        uint64_t x = ++table.n_issued * UINT64_C(0x9E3779B97F4A7C15);
        x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
        x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
        tag = (ULONG_PTR)(x ^ (x >> 31));
    } while (
        tag == 0 ||
        tag >=
            (ULONG_PTR)-2); /* Windows' values of a zeroed, an invalidated and a deleted handle */
    return tag;
}

static bool grow(void)
{
    size_t n = table.n_slots == 0 ? FIRST_SLOTS : table.n_slots * 2;
    if (n > SECUR_HANDLES_LIMIT)
        return false;
    struct slot *slots = realloc(table.slots, n * sizeof(*slots));
    if (slots == NULL)
        return false;
    for (size_t i = n; i > table.n_slots; i--) {
        slots[i - 1] = (struct slot){.next_free = table.first_free};
        table.first_free = i;
    }
    table.slots = slots;
    table.n_slots = n;
    return true;
}

/* Returns the slot of a handle; NULL: there is no such handle. dwLower has the slot's index and the
 * kind. It is never 0, because kinds begin with 1, and never -1, because of SECUR_HANDLES_LIMIT.
 * dwUpper has the tag. */
static struct slot *find(const SecHandle *handle, enum secur_handle_kind kind)
{
    if (handle == NULL || (handle->dwLower & 3) != (ULONG_PTR)kind)
        return NULL;
    size_t index = handle->dwLower >> 2;
    if (index >= table.n_slots)
        return NULL;
    struct slot *slot = &table.slots[index];
    if (slot->object == NULL || slot->tag != handle->dwUpper || slot->object->kind != kind)
        return NULL;
    return slot;
}

/* Releases one reference. True: it was the last one, and the caller destroys the object after it
 * has released the lock. */
static bool unreference(struct secur_object *object)
{
    object->n_references--;
    return object->n_references == 0;
}

void secur_handle_init(struct secur_object *object, enum secur_handle_kind kind,
                       void (*destroy)(struct secur_object *object))
{
    *object = (struct secur_object){.kind = kind, .destroy = destroy, .n_references = 1};
}

void secur_handle_ref(struct secur_object *object)
{
    lock();
    object->n_references++;
    unlock();
}

void secur_handle_unref(struct secur_object *object)
{
    lock();
    bool last = unreference(object);
    unlock();
    if (last)
        object->destroy(object);
}

SECURITY_STATUS secur_handle_add(struct secur_object *object, SecHandle *ret_handle)
{
    lock();
    if (table.first_free == 0 && !grow()) {
        unlock();
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    size_t index = table.first_free - 1;
    struct slot *slot = &table.slots[index];
    table.first_free = slot->next_free;
    *slot = (struct slot){.object = object, .tag = next_tag()};
    table.n_live++;
    ret_handle->dwLower = ((ULONG_PTR)index << 2) | (ULONG_PTR)object->kind;
    ret_handle->dwUpper = slot->tag;
    unlock();
    return SEC_E_OK;
}

SECURITY_STATUS secur_handle_begin(const SecHandle *handle, enum secur_handle_kind kind,
                                   enum secur_handle_use use, struct secur_object **ret_object)
{
    lock();
    struct slot *slot = find(handle, kind);
    struct secur_object *object = slot == NULL ? NULL : slot->object;
    if (object == NULL || object->exclusive ||
        (use == SECUR_HANDLE_EXCLUSIVE && object->n_shared > 0)) {
        unlock();
        return SEC_E_INVALID_HANDLE;
    }
    object->n_references++;
    if (use == SECUR_HANDLE_EXCLUSIVE)
        object->exclusive = true;
    else
        object->n_shared++;
    unlock();
    *ret_object = object;
    return SEC_E_OK;
}

void secur_handle_end(struct secur_object *object, enum secur_handle_use use)
{
    lock();
    if (use == SECUR_HANDLE_EXCLUSIVE)
        object->exclusive = false;
    else
        object->n_shared--;
    bool last = unreference(object);
    unlock();
    if (last)
        object->destroy(object);
}

SECURITY_STATUS secur_handle_remove(const SecHandle *handle, enum secur_handle_kind kind)
{
    lock();
    struct slot *slot = find(handle, kind);
    if (slot == NULL) {
        unlock();
        return SEC_E_INVALID_HANDLE;
    }
    struct secur_object *object = slot->object;
    *slot = (struct slot){.next_free = table.first_free};
    table.first_free = (size_t)(slot - table.slots) + 1;
    table.n_live--;
    if (table.n_live == 0) {
        free(table.slots);
        table.slots = NULL;
        table.n_slots = 0;
        table.first_free = 0;
    }
    bool last = unreference(object);
    unlock();
    if (last)
        object->destroy(object);
    return SEC_E_OK;
}
