/* SPDX-License-Identifier: Apache-2.0 */
/* Reference counts. An object with a count lives until its last owner calls its _unref function. */
#ifndef REF_H
#define REF_H

#include <stdatomic.h>
#include <stddef.h>

struct ref {
    atomic_uint n_owners;
};

/* The first owner is the caller. */
static inline void ref_init(struct ref *ref)
{
    atomic_init(&ref->n_owners, 1);
}

/* Defines the two functions of a counted type. `member` is its struct ref, and `destroy` is the
 * function that frees the object. A header declares them:
 *
 *   TYPE *PREFIX_ref(TYPE *object);    adds an owner, who calls PREFIX_unref() too
 *   void PREFIX_unref(TYPE *object);   removes an owner (NULL: none); the last frees the object
 *
 * Any thread may call both. The last owner sees what the other owners wrote to the object. */
#define REF(prefix, type, member, destroy)                                                         \
    type *prefix##_ref(type *object)                                                               \
    {                                                                                              \
        atomic_fetch_add(&object->member.n_owners, 1);                                             \
        return object;                                                                             \
    }                                                                                              \
    void prefix##_unref(type *object)                                                              \
    {                                                                                              \
        if (object != NULL && atomic_fetch_sub(&object->member.n_owners, 1) == 1)                  \
            destroy(object);                                                                       \
    }

#endif
