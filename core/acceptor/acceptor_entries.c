/* SPDX-License-Identifier: Apache-2.0 */
#include "acceptor_entries.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "acceptor_log.h"

static struct sspi_log_entry *make_room(struct acceptor_entries *entries)
{
    if (entries->n_returned > 0) {
        entries->n = 0;
        entries->n_returned = 0;
    }
    struct sspi_log_entry *grown = realloc(entries->list, (entries->n + 1) * sizeof(*grown));
    if (grown == NULL)
        return NULL;
    entries->list = grown;
    return &grown[entries->n];
}

static bool is_repeated(const struct acceptor_entries *entries, const char *text)
{
    for (size_t i = 0; i < entries->n; i++)
        if (strcmp(entries->list[i].text, text) == 0)
            return true;
    return false;
}

void acceptor_entries_add(struct acceptor_entries *entries, enum sspi_reason reason,
                          const char *format, ...)
{
    struct sspi_log_entry *entry = make_room(entries);
    va_list arguments;
    if (entry == NULL)
        return;
    va_start(arguments, format);
    acceptor_log_write_list(entry, reason, SEC_E_OK, format, arguments);
    va_end(arguments);
    if (!is_repeated(entries, entry->text))
        entries->n++;
}

size_t acceptor_entries_take(struct acceptor_entries *entries,
                             const struct sspi_log_entry **ret_entries)
{
    size_t n_new = entries->n - entries->n_returned;
    *ret_entries = entries->list == NULL ? NULL : entries->list + entries->n_returned;
    entries->n_returned = entries->n;
    return n_new;
}

void acceptor_entries_clear(struct acceptor_entries *entries)
{
    free(entries->list);
    *entries = (struct acceptor_entries){0};
}
