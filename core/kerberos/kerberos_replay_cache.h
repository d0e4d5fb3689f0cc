/* SPDX-License-Identifier: Apache-2.0 */
/* Finds out whether the administrator turned MIT's own replay cache off, as manuals of some other
 * modules advise. */
#ifndef KERBEROS_REPLAY_CACHE_H
#define KERBEROS_REPLAY_CACHE_H

#include <stdbool.h>

/* Names MIT's cache in its usual place, whatever krb5.conf and the environment say. */
#define KERBEROS_REPLAY_CACHE_USUAL "dfl:"

/* By the environment or krb5.conf, as libkrb5 reads them. May read files. */
bool kerberos_replay_cache_is_off(void);

#endif
