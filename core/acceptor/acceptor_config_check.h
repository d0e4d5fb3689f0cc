/* SPDX-License-Identifier: Apache-2.0 */
/* Finds mistakes in the configuration: realms that no client can answer, names that no client has,
 * and secrets that every account can read. Needs no request. */
#ifndef ACCEPTOR_CONFIG_CHECK_H
#define ACCEPTOR_CONFIG_CHECK_H

#include "sspi_http.h"

/* Checks one name that `directive` requires against the schemes that `policy` offers. False: no
 * client can have that name; `text` (SSPI_ERROR_SIZE bytes) says what would match. `default_realm`
 * may be NULL. */
bool acceptor_config_check_name(const struct sspi_policy *policy, const char *directive,
                                struct sspi_view name, const char *default_realm, char *text);

/* The same for a required realm. */
bool acceptor_config_check_realm(const struct sspi_policy *policy, const char *directive,
                                 struct sspi_view realm, char *text);

/* The same for a required group: whether the sources of groups that `policy` lists have such
 * groups. `server`: whose directives are named. */
bool acceptor_config_check_group(const struct sspi_policy *policy, enum sspi_server server,
                                 const char *directive, struct sspi_view group, char *text);

/* Checks that `policy`, which may be that of one scope, does not ask for the user names
 * DOMAIN\alice of a directory beside an NTLM user file of any domain. If httpd merges the two for a
 * request, request_user_name.c refuses the users of the file. False: `error` (SSPI_ERROR_SIZE
 * bytes) names the directives of `server`. */
bool acceptor_config_check_user_name(const struct sspi_policy *policy, enum sspi_server server,
                                     char *error);

/* Checks the mode of a file. False: every account of the machine can change the file, or read it
 * although it `is_secret`; `text` (SSPI_ERROR_SIZE bytes) names `what` the file is, and the right
 * mode. True also for a file that cannot be examined. Blocks on the file. */
bool acceptor_config_check_mode(const char *what, const char *path, bool is_secret, char *text);

/* True if the mode bits let the workers read the file, or enter the folder. `wanted` is one of the
 * owner's bits. Blocks on the file. */
bool acceptor_config_check_worker_may(const struct sspi_acceptor_config *config, const char *path,
                                      mode_t wanted);

#endif
