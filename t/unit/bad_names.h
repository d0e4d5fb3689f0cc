/* SPDX-License-Identifier: Apache-2.0 */
/* Names that every package must refuse. They have each control character (C0, DEL, C1), or each
 * kind of octets that are not UTF-8 (RFC 3629 3). The octets are in the middle of a name or at its
 * end. */
#ifndef BAD_NAMES_H
#define BAD_NAMES_H

#include <stdint.h>
#include <string.h>

#include "bytes.h"

#define N_CONTROLS (0x20 + 1 + 0x20)

static const char *const bad_utf8[] = {
    "\xc0\x80",
    "\xc0\xaf",
    "\xc1\xbf", /* overlong */
    "\xe0\x80\x8d",
    "\xe0\x9f\xbf",
    "\xf0\x80\x80\x8a", /* overlong CR and LF among them */
    "\xf0\x8f\xbf\xbf",
    "\xed\xa0\x80",
    "\xed\xad\xbf", /* surrogates */
    "\xed\xbe\x80",
    "\xed\xbf\xbf", /* surrogates */
    "\xf4\x90\x80\x80",
    "\xf5\x80\x80\x80",
    "\xf7\xbf\xbf\xbf", /* over U+10FFFF */
    "\xf8\x88\x80\x80",
    "\xfc\x84\x80\x80",
    "\xfe", /* octets that cannot begin a character */
    "\xff",
    "\x80",
    "\xbf", /* a continuation octet without a first octet */
    "\xc2",
    "\xdf",
    "\xe2\x82", /* truncated */
    "\xe1",
    "\xf0\x9f\x98",
    "\xf4", /* truncated */
};
#define N_BAD_UTF8 (sizeof bad_utf8 / sizeof bad_utf8[0])

#define N_BAD_NAMES (2 * (N_CONTROLS + N_BAD_UTF8))

/* Room for a bad name, its quotes and a NUL. */
#define BAD_NAME_SIZE 24

/* Returns the control character with this number, from 0. */
static inline uint32_t control_character(size_t i)
{
    return (uint32_t)(i < 0x20 ? i : 0x7F + (i - 0x20));
}

static inline void put_control(struct bytes *to, uint32_t character)
{
    if (character >= 0x80)
        bytes_append_char(to, (char)0xC2);
    bytes_append_char(to, (char)character);
}

/* Returns a bad name. An even number has the octets in the middle, an odd one at the end. The
 * control characters come first. */
static inline struct sspi_view bad_name(size_t i, char storage[BAD_NAME_SIZE])
{
    BYTES_CLEANUP struct bytes name = {0};
    bytes_append_text(&name, "ab");
    if (i / 2 < N_CONTROLS)
        put_control(&name, control_character(i / 2));
    else
        bytes_append_text(&name, bad_utf8[i / 2 - N_CONTROLS]);
    if (i % 2 == 0)
        bytes_append_text(&name, "yz");
    memcpy(storage, name.data, name.len);
    return (struct sspi_view){storage, name.len};
}

/* The same in double quotes and with a NUL at the end; NULL for the two names that hold a NUL. */
static inline const char *quoted_bad_name(size_t i, char storage[BAD_NAME_SIZE])
{
    char bare[BAD_NAME_SIZE];
    struct sspi_view name = bad_name(i, bare);
    if (i / 2 == 0)
        return NULL;
    storage[0] = '"';
    memcpy(storage + 1, bare, name.len);
    memcpy(storage + 1 + name.len, "\"", 2);
    return storage;
}

/* Good names, with the characters next to the forbidden ones. */
static const char *const good_names[] = {"a b",
                                         "~",
                                         "\xc2\xa0",
                                         "\xc3\xbf",
                                         "\xe0\xa0\x80",
                                         "\xed\x9f\xbf",
                                         "\xee\x80\x80",
                                         "\xef\xbf\xbd",
                                         "\xf0\x90\x80\x80",
                                         "\xf4\x8f\xbf\xbf"};
#define N_GOOD_NAMES (sizeof good_names / sizeof good_names[0])

#endif
