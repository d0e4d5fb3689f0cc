/* SPDX-License-Identifier: Apache-2.0 */
/* The records of a database of users. Internal to store/.
 *
 * The file is a cdb (cdb(5)): 2048 octets of contents, records of key and value, tables of hashes.
 * Its records, key then value, with numbers of 32 bits, little-endian:
 *  - "sspi-users": the version. The first record, so that the start of a file tells what it is.
 *  - A, H(user:realm): H(user:realm:password), then user:realm.
 *  - "i", MD5(user:realm): the hash of an MD5-ISO-8859-1 line, then user:realm.
 *  - "r", realm: users of the realm, then those with a line of MD5, of SHA-256, of SHA-512-256.
 *  - "a": the same of all realms together.
 *
 * A is an octet, the algorithm's number in enum sspi_digest_algorithm; H is that algorithm. The key
 * of a line's record is the userhash (RFC 7616 3.4.4), so one record is found by name and by
 * userhash. The hash of cdb itself has 32 bits and no secret. If the names were the keys, users
 * could choose names that collide in one slot. With H, each such name costs 2^32 tries, and a few
 * collisions have no visible effect. */
#ifndef STORE_USERS_CDB_LAYOUT_H
#define STORE_USERS_CDB_LAYOUT_H

#include "hash.h"
#include "store_users_parse.h"

/* Change the number when a reader of the number before would read the new records wrong. A reader
 * ignores records whose keys it does not know. In a database without the records of a new kind, it
 * does not find them. */
#define STORE_USERS_CDB_VERSION 1u
#define STORE_USERS_CDB_MAGIC   "sspi-users"
#define STORE_USERS_CDB_ALL     "a"
#define STORE_USERS_CDB_REALM   'r'
#define STORE_USERS_CDB_SASL    'i'

/* Offsets in a cdb are 32-bit numbers, so the end of a longer file cannot be addressed. */
#define STORE_USERS_CDB_LIMIT UINT32_MAX

#define STORE_USERS_CDB_TABLES 256 /* their offsets and lengths are the table at the start */
#define STORE_USERS_CDB_START  (STORE_USERS_CDB_TABLES * 8)

/* Users, and those with a line of each algorithm. */
#define STORE_USERS_CDB_COUNTS (1 + SSPI_DIGEST_SHA_512_256)

/* The most octets of a line's key, and of its name user:realm. */
#define STORE_USERS_CDB_KEY_MAX  (1 + HASH_MAX)
#define STORE_USERS_CDB_NAME_MAX (2 * STORE_USERS_NAME_LIMIT + 1)

_Static_assert(SSPI_DIGEST_MD5 == 1 && SSPI_DIGEST_SHA_256 == 2 && SSPI_DIGEST_SHA_512_256 == 3,
               "the numbers are in files");

#endif
