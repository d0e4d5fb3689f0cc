/* SPDX-License-Identifier: Apache-2.0 */
/* Makes and changes key files. All functions report their problems and return the exit status. */
#ifndef KEY_CHANGE_H
#define KEY_CHANGE_H

/* The keys that a rotation leaves in the file. */
#define KEY_KEPT_LIMIT 4

/* Makes a file of one new key, with mode 0600. The file must not exist. */
int key_create(const char *path);

/* Appends a new key, which only opens. All other octets of the file stay the same. */
int key_add(const char *path);

/* Moves the line of the last key in front of the first key, so that it seals, and removes all but
 * the first KEY_KEPT_LIMIT keys. Comments and empty lines stay. */
int key_rotate(const char *path);

#endif
