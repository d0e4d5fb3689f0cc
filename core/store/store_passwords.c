/* SPDX-License-Identifier: Apache-2.0 */
#include "store_passwords.h"

#include <stdalign.h>
#include <string.h>

#include "store_layout.h"
#include "store_lock.h"

/* An entry is used only if its check is right. So a reader never uses an entry that another process
 * has not written completely. */
struct entry {
    uint64_t right_ms; /* when the password was right; 0: the entry is free */
    uint64_t len;
    struct store_siphash check; /* of all that follows, the time and the length */
    uint8_t tag[STORE_PASSWORDS_TAG_LEN];
    char facts[STORE_PASSWORDS_FACTS_LIMIT];
};

struct store_passwords_set {
    alignas(STORE_LAYOUT_LINE) struct store_lock lock;
    struct entry entries[STORE_PASSWORDS_WAYS];
};

size_t store_passwords_size(void)
{
    return STORE_PASSWORDS_SETS * sizeof(struct store_passwords_set);
}

bool store_passwords_init(struct store_passwords *ret_passwords, void *memory,
                          const struct clock *clock)
{
    ret_passwords->sets = memory;
    return clock->random(clock->self, ret_passwords->key, sizeof(ret_passwords->key));
}

/* The tag is a keyed hash, so its octets are spread evenly. */
static struct store_passwords_set *set_of(const struct store_passwords *passwords,
                                          const uint8_t tag[STORE_PASSWORDS_TAG_LEN])
{
    return &passwords->sets[store_layout_set(bytes_read_u64(tag), STORE_PASSWORDS_SETS)];
}

static bool has_tag(const struct entry *entry, const uint8_t tag[STORE_PASSWORDS_TAG_LEN])
{
    return entry->right_ms != 0 &&
           bytes_equal_secret((struct sspi_view){(const char *)entry->tag, sizeof(entry->tag)},
                              (struct sspi_view){(const char *)tag, STORE_PASSWORDS_TAG_LEN});
}

static struct store_siphash check_of(const struct store_passwords *passwords,
                                     const struct entry *entry, size_t len)
{
    const uint64_t numbers[] = {entry->right_ms, len};
    const struct store_siphash parts[] = {
        store_siphash(passwords->key, numbers, sizeof(numbers)),
        store_siphash(passwords->key, entry->tag, sizeof(entry->tag)),
        store_siphash(passwords->key, entry->facts, len),
    };
    return store_siphash(passwords->key, parts, sizeof(parts));
}

/* Returns the entry of the same password, a free one, or the oldest one. */
static struct entry *choose(struct store_passwords_set *set,
                            const uint8_t tag[STORE_PASSWORDS_TAG_LEN])
{
    struct entry *oldest = &set->entries[0];
    for (size_t i = 0; i < STORE_PASSWORDS_WAYS; i++) {
        if (has_tag(&set->entries[i], tag))
            return &set->entries[i];
        if (set->entries[i].right_ms < oldest->right_ms)
            oldest = &set->entries[i];
    }
    return oldest;
}

void store_passwords_add(struct store_passwords *passwords,
                         const uint8_t tag[STORE_PASSWORDS_TAG_LEN], struct sspi_view facts,
                         uint64_t now_ms)
{
    struct store_passwords_set *set = set_of(passwords, tag);
    uint64_t held;
    bool owner_died;
    if (facts.len > STORE_PASSWORDS_FACTS_LIMIT ||
        !store_lock_acquire(&set->lock, &held, &owner_died))
        return;
    struct entry *entry = choose(set, tag);
    entry->right_ms = now_ms;
    entry->len = facts.len;
    memcpy(entry->tag, tag, sizeof(entry->tag));
    memcpy(entry->facts, facts.data, facts.len);
    entry->check = check_of(passwords, entry, facts.len);
    (void)store_lock_release(&set->lock, held);
}

/* Copies the entry of the tag. False: there is none. */
static bool copy(const struct store_passwords_set *set, const uint8_t tag[STORE_PASSWORDS_TAG_LEN],
                 struct entry *ret_copy)
{
    for (size_t i = 0; i < STORE_PASSWORDS_WAYS; i++) {
        if (!has_tag(&set->entries[i], tag))
            continue;
        *ret_copy = set->entries[i];
        return true;
    }
    return false;
}

bool store_passwords_find(struct store_passwords *passwords,
                          const uint8_t tag[STORE_PASSWORDS_TAG_LEN], uint64_t now_ms,
                          uint64_t lifetime_ms, struct bytes *ret_facts)
{
    struct store_passwords_set *set = set_of(passwords, tag);
    struct entry entry;
    uint64_t held;
    bool owner_died;
    if (lifetime_ms == 0 || !store_lock_acquire(&set->lock, &held, &owner_died))
        return false;
    bool found = copy(set, tag, &entry);
    (void)store_lock_release(&set->lock, held);
    if (!found || now_ms - entry.right_ms >= lifetime_ms || entry.len > sizeof(entry.facts) ||
        !store_siphash_same(entry.check, check_of(passwords, &entry, (size_t)entry.len)))
        return false;
    bytes_append(ret_facts, entry.facts, (size_t)entry.len);
    return !ret_facts->failed;
}
