/* SPDX-License-Identifier: Apache-2.0 */
/* A wbcContext is a connection to winbind that serves one thread at a time. Each check takes an
 * idle context or makes one. This file never uses the default context of libwbclient (NULL), and
 * never those that libwbclient makes for each thread. */
#include "ntlm_winbind.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wbclient.h>

#include "clock.h"
#include "error_info.h"
#include "escape.h"
#include "pipe_signal.h"
#include "store_source.h"
#include "utf8.h"

/* Connections that are kept for the next check. If more threads ask at a time, more connections are
 * made. */
#define IDLE_LIMIT 16

/* The default of Debian and Samba. smb.conf may set another one (state directory). */
#define PIPE_FOLDER "/var/lib/samba/winbindd_privileged"

struct sspi_winbind {
    struct store_source source; /* its contents are a struct ntlm_winbind_names */
    pthread_mutex_t lock;       /* guards what follows */
    pid_t process;              /* the process that made the connections */
    size_t n_idle;
    struct wbcContext *idle[IDLE_LIMIT];
};

static void drop_idle(struct sspi_winbind *winbind)
{
    while (winbind->n_idle > 0)
        wbcCtxFree(winbind->idle[--winbind->n_idle]);
}

const char *ntlm_winbind_pipe_folder(void)
{
    return PIPE_FOLDER;
}

/* ---- calling libwbclient ---- */

/* NULL: no memory. */
static struct wbcContext *acquire_context(struct sspi_winbind *winbind)
{
    struct wbcContext *context = NULL;
    pthread_mutex_lock(&winbind->lock);
    /* Two processes on one connection would read each other's answers. */
    if (winbind->process != getpid()) {
        drop_idle(winbind);
        winbind->process = getpid();
    }
    if (winbind->n_idle > 0)
        context = winbind->idle[--winbind->n_idle];
    pthread_mutex_unlock(&winbind->lock);
    return context != NULL ? context : wbcCtxCreate();
}

/* A context whose call failed, or that may still receive an answer, is not used for another
 * question. */
static void release_context(struct sspi_winbind *winbind, struct wbcContext *context, bool is_good)
{
    bool idle_again = false;
    pthread_mutex_lock(&winbind->lock);
    if (is_good && winbind->n_idle < IDLE_LIMIT && winbind->process == getpid()) {
        winbind->idle[winbind->n_idle++] = context;
        idle_again = true;
    }
    pthread_mutex_unlock(&winbind->lock);
    if (!idle_again)
        wbcCtxFree(context);
}

/* ---- names ---- */

static bool copy_name(const char *name, char *to, size_t to_size, bool may_be_empty)
{
    struct sspi_view view = bytes_view(name);
    if (view.len >= to_size || !utf8_is_name(view))
        return false;
    if (view.len > 0)
        memcpy(to, view.data, view.len);
    to[view.len] = '\0';
    return view.len > 0 || may_be_empty;
}

static bool copy_names(const struct wbcInterfaceDetails *details, struct ntlm_winbind_names *names)
{
    return copy_name(details->netbios_name, names->nb_computer, sizeof(names->nb_computer),
                     false) &&
           copy_name(details->netbios_domain, names->nb_domain, sizeof(names->nb_domain), false) &&
           copy_name(details->dns_domain, names->dns_domain, sizeof(names->dns_domain), true);
}

/* Asks for the SID of the domain, which tells it from other domains of that name. */
static void ask_domain(struct wbcContext *context, const char *nb_domain, struct sid *ret_sid)
{
    struct wbcDomainInfo *info = NULL;
    wbcErr code = wbcCtxDomainInfo(context, nb_domain, &info);
    if (!WBC_ERROR_IS_OK(code) || info == NULL)
        return;
    if (ntlm_winbind_answer_sid(&info->sid, ret_sid) != NULL)
        *ret_sid = (struct sid){0};
    wbcFreeMemory(info);
}

/* Uses a connection of its own and closes it at once. The first caller is the parent process, and
 * its workers must not inherit a connection. */
static bool ask(struct ntlm_winbind_names *ret_names, char *error, size_t error_size)
{
    struct wbcInterfaceDetails *details = NULL;
    struct pipe_signal blocked;
    struct wbcContext *context = wbcCtxCreate();
    if (context == NULL) {
        snprintf(error, error_size, "winbind: " OUT_OF_MEMORY);
        return false;
    }
    pipe_signal_block(&blocked);
    wbcErr code = wbcCtxInterfaceDetails(context, &details);
    if (WBC_ERROR_IS_OK(code) && details != NULL && details->netbios_domain != NULL)
        ask_domain(context, details->netbios_domain, &ret_names->domain_sid);
    pipe_signal_unblock(&blocked);
    wbcCtxFree(context);
    if (!WBC_ERROR_IS_OK(code) || details == NULL) {
        snprintf(error, error_size, "winbind does not answer (%s): is winbindd running?",
                 wbcErrorString(code));
        return false;
    }
    bool copied = copy_names(details, ret_names);
    wbcFreeMemory(details);
    if (!copied)
        snprintf(error, error_size,
                 "winbind returns no usable names of this machine and its domain; see wbinfo "
                 "--own-domain, and netbios name in smb.conf");
    return copied;
}

static void *load(struct store_source *source, struct stat *seen, char *error, size_t error_size)
{
    struct ntlm_winbind_names *names = calloc(1, sizeof(*names));
    (void)source;
    (void)seen;
    if (names == NULL) {
        snprintf(error, error_size, "winbind: " OUT_OF_MEMORY);
        return NULL;
    }
    if (ask(names, error, error_size))
        return names;
    free(names);
    return NULL;
}

static void free_names(struct store_source *source, void *names)
{
    (void)source;
    free(names);
}

static void winbind_free(struct store_source *source)
{
    struct sspi_winbind *winbind = (struct sspi_winbind *)source;
    drop_idle(winbind);
    pthread_mutex_destroy(&winbind->lock);
    store_source_clear(source);
    free(winbind);
}

static const struct store_source_kind winbind_kind = {
    .load = load,
    .free_contents = free_names,
    .free = winbind_free,
};

STORE_SOURCE(ntlm_winbind, struct sspi_winbind, source)

struct sspi_winbind *ntlm_winbind_new(void)
{
    struct sspi_winbind *winbind = calloc(1, sizeof(*winbind));
    if (winbind == NULL || pthread_mutex_init(&winbind->lock, NULL) != 0) {
        free(winbind);
        return NULL;
    }
    if (store_source_init(&winbind->source, &winbind_kind, NULL))
        return winbind;
    pthread_mutex_destroy(&winbind->lock);
    free(winbind);
    return NULL;
}

bool ntlm_winbind_names(struct sspi_winbind *winbind, struct ntlm_winbind_names *ret_names)
{
    pthread_mutex_lock(&winbind->source.lock);
    const struct ntlm_winbind_names *names = winbind->source.contents;
    if (names != NULL)
        *ret_names = *names;
    pthread_mutex_unlock(&winbind->source.lock);
    return names != NULL;
}

/* ---- responses ---- */

/* A question in the form of libwbclient, which cuts names that are too long. */
struct request {
    char user[STORE_USERS_NAME_LIMIT + 1];
    char domain[STORE_USERS_NAME_LIMIT + 1];
    char workstation[STORE_USERS_NAME_LIMIT + 1];
    struct wbcAuthUserParams params;
};

/* False: the name is too long, or has a NUL, where libwbclient would stop to read. No domain has
 * such a name. */
static bool copy_asked(struct sspi_view name, char to[STORE_USERS_NAME_LIMIT + 1])
{
    if (name.len > STORE_USERS_NAME_LIMIT ||
        (name.len > 0 && memchr(name.data, '\0', name.len) != NULL))
        return false;
    if (name.len > 0)
        memcpy(to, name.data, name.len);
    to[name.len] = '\0';
    return true;
}

static void set_response(struct sspi_view response, uint8_t **to, uint32_t *to_len)
{
    /* libwbclient only reads it. */
    *to = response.len > 0 ? (uint8_t *)(uintptr_t)response.data : NULL;
    *to_len = (uint32_t)response.len;
}

static bool make_request(const struct ntlm_winbind_question *question, struct request *request)
{
    struct wbcAuthUserParams *params = &request->params;
    if (!copy_asked(question->user, request->user) ||
        !copy_asked(question->domain, request->domain) ||
        !copy_asked(question->workstation, request->workstation) ||
        question->nt_response.len > UINT16_MAX || question->lm_response.len > UINT16_MAX)
        return false;
    *params = (struct wbcAuthUserParams){
        .account_name = request->user,
        .domain_name = request->domain,
        .workstation_name = request->workstation,
        .level = WBC_AUTH_USER_LEVEL_RESPONSE,
        /* Computers log in too, with the accounts of their services. */
        .parameter_control =
            WBC_MSV1_0_ALLOW_WORKSTATION_TRUST_ACCOUNT | WBC_MSV1_0_ALLOW_SERVER_TRUST_ACCOUNT,
    };
    memcpy(params->password.response.challenge, question->challenge, NTLM_CHALLENGE_LEN);
    set_response(question->nt_response, &params->password.response.nt_data,
                 &params->password.response.nt_length);
    set_response(question->lm_response, &params->password.response.lm_data,
                 &params->password.response.lm_length);
    return true;
}

/* True if this process may not use the folder of the pipe. If winbind has its pipe elsewhere, this
 * folder does not exist. */
static bool is_denied(void)
{
    return faccessat(AT_FDCWD, PIPE_FOLDER, X_OK, AT_EACCESS) != 0;
}

static enum ntlm_winbind_status forbidden(char *text, size_t text_size)
{
    snprintf(text, text_size,
             "this process may not use winbind's privileged pipe (%s): put its user into the group "
             "winbindd_priv and restart the server",
             PIPE_FOLDER);
    return NTLM_WINBIND_FORBIDDEN;
}

/* Responses go over the privileged pipe. For them libwbclient returns the same error if winbind
 * does not run and if this process may not use that pipe. Every process may use the other pipe, so
 * a ping tells the two apart. */
static enum ntlm_winbind_status without_answer(struct wbcContext *context, bool is_response,
                                               wbcErr code, char *text, size_t text_size)
{
    if (code == WBC_ERR_WINBIND_NOT_AVAILABLE && is_response && is_denied() &&
        WBC_ERROR_IS_OK(wbcCtxPing(context)))
        return forbidden(text, text_size);
    switch (code) {
    case WBC_ERR_WINBIND_NOT_AVAILABLE:
    case WBC_ERR_DOMAIN_NOT_FOUND:
    case WBC_ERR_NSS_ERROR:
    case WBC_ERR_INVALID_RESPONSE:
        snprintf(text, text_size, "winbind does not answer (%s): is winbindd running?",
                 wbcErrorString(code));
        return NTLM_WINBIND_UNREACHABLE;
    default:
        snprintf(text, text_size, "libwbclient failed: %s", wbcErrorString(code));
        return NTLM_WINBIND_FAILED;
    }
}

static enum ntlm_winbind_status refused(const struct wbcAuthErrorInfo *error, bool is_response,
                                        char *text, size_t text_size)
{
    const char *meaning;
    enum ntlm_winbind_status status = ntlm_winbind_status(error->nt_status, &meaning);
    /* winbind itself returns this to a process that asks on the unprivileged pipe. */
    if (error->nt_status == NTLM_WINBIND_STATUS_ACCESS_DENIED && is_response && is_denied())
        return forbidden(text, text_size);
    snprintf(text, text_size, "NT status 0x%08X, %s", (unsigned)error->nt_status, meaning);
    return status;
}

static enum ntlm_winbind_status taken(struct wbcAuthUserInfo *info, bool is_response,
                                      struct ntlm_winbind_answer *ret_answer, char *text,
                                      size_t text_size)
{
    const char *problem;
    if (ntlm_winbind_answer_copy(info, is_response, ret_answer, &problem))
        return NTLM_WINBIND_RIGHT;
    snprintf(text, text_size, "winbind's answer cannot be used: %s", problem);
    return NTLM_WINBIND_FAILED;
}

static enum ntlm_winbind_status send_request(struct wbcContext *context,
                                             const struct wbcAuthUserParams *params,
                                             struct ntlm_winbind_answer *ret_answer, char *text,
                                             size_t text_size)
{
    struct wbcAuthUserInfo *info = NULL;
    struct wbcAuthErrorInfo *error = NULL;
    enum ntlm_winbind_status status;
    bool is_response = params->level == WBC_AUTH_USER_LEVEL_RESPONSE;
    wbcErr code = wbcCtxAuthenticateUserEx(context, params, &info, &error);
    if (WBC_ERROR_IS_OK(code) && info != NULL)
        status = taken(info, is_response, ret_answer, text, text_size);
    else if (code == WBC_ERR_AUTH_ERROR && error != NULL)
        status = refused(error, is_response, text, text_size);
    else
        status = without_answer(context, is_response, code, text, text_size);
    if (info != NULL) {
        bytes_wipe(info->user_session_key, sizeof(info->user_session_key));
        bytes_wipe(info->lm_session_key, sizeof(info->lm_session_key));
    }
    wbcFreeMemory(info);
    wbcFreeMemory(error);
    return status;
}

/* True if the domain has answered, so that the connection is in order. */
static bool is_answer(enum ntlm_winbind_status status)
{
    return status == NTLM_WINBIND_RIGHT || status == NTLM_WINBIND_WRONG ||
           status == NTLM_WINBIND_EXPIRED || status == NTLM_WINBIND_LOCKED;
}

/* Sends one request over a connection of this process. */
static enum ntlm_winbind_status ask_domain_user(struct sspi_winbind *winbind,
                                                const struct wbcAuthUserParams *params,
                                                struct ntlm_winbind_answer *ret_answer, char *text,
                                                size_t text_size)
{
    struct pipe_signal blocked;
    struct wbcContext *context = acquire_context(winbind);
    if (context == NULL) {
        snprintf(text, text_size, "winbind: " OUT_OF_MEMORY);
        return NTLM_WINBIND_FAILED;
    }
    pipe_signal_block(&blocked);
    enum ntlm_winbind_status status = send_request(context, params, ret_answer, text, text_size);
    pipe_signal_unblock(&blocked);
    release_context(winbind, context, is_answer(status));
    return status;
}

enum ntlm_winbind_status ntlm_winbind_check(struct sspi_winbind *winbind,
                                            const struct ntlm_winbind_question *question,
                                            struct ntlm_winbind_answer *ret_answer, char *text,
                                            size_t text_size)
{
    struct request request;
    if (!make_request(question, &request)) {
        snprintf(text, text_size,
                 "a name or the response is too long, or a name has a NUL: no domain accepts it");
        return NTLM_WINBIND_WRONG;
    }
    return ask_domain_user(winbind, &request.params, ret_answer, text, text_size);
}

/* ---- passwords ---- */

/* winbind's own flags, which libwbclient passes on (winbind_struct_protocol.h of Samba: the
 * protocol between libwbclient and winbindd). With both, winbind gets a ticket by the password,
 * verifies it by the key of this machine, and reads its PAC. It logs in by NETLOGON only if that is
 * impossible, and not after a wrong password, which would count twice. */
#define PAM_KRB5                0x1000u
#define PAM_FALLBACK_AFTER_KRB5 0x2000u

/* A user as winbind gets it: DOMAIN, a separator and the name, in less than 255 octets. */
#define PLAIN_NAME_LIMIT 253

/* A name and a password in the form of libwbclient, which cuts what is too long. */
struct plain {
    char user[PLAIN_NAME_LIMIT + 1];
    char domain[PLAIN_NAME_LIMIT + 1];
    char password[NTLM_WINBIND_PASSWORD_LIMIT + 1];
};

#define PLAIN_CLEANUP __attribute__((cleanup(plain_clear)))

static void plain_clear(struct plain *plain)
{
    bytes_wipe(plain, sizeof(*plain));
}

/* libwbclient leaves a copy of the password in its frame on the stack, which ends below that of its
 * caller. Its request and its response have 7 KiB. */
static __attribute__((noinline)) void wipe_stack(void)
{
    char below[32768];
    bytes_wipe(below, sizeof(below));
}

static bool copy_plain(struct sspi_view from, char *to, size_t to_size)
{
    if (from.len >= to_size || (from.len > 0 && memchr(from.data, '\0', from.len) != NULL))
        return false;
    if (from.len > 0)
        memcpy(to, from.data, from.len);
    to[from.len] = '\0';
    return true;
}

/* Splits DOMAIN\user. *ret_domain is empty for a name with neither domain nor @. A UPN has no
 * domain and stays whole. False: no account can have the name. */
static bool split_user(struct sspi_view name, struct sspi_view *ret_domain,
                       struct sspi_view *ret_user)
{
    const char *slash = name.len == 0 ? NULL : memchr(name.data, '\\', name.len);
    size_t domain_len = slash == NULL ? 0 : (size_t)(slash - name.data);
    size_t skipped = slash == NULL ? 0 : domain_len + 1;
    *ret_domain = (struct sspi_view){name.data, domain_len};
    *ret_user = (struct sspi_view){name.data + skipped, name.len - skipped};
    return ret_user->len > 0 && (slash == NULL || domain_len > 0) &&
           memchr(ret_user->data, '\\', ret_user->len) == NULL &&
           domain_len + ret_user->len <= PLAIN_NAME_LIMIT;
}

/* An empty password never verifies: some domains accept unknown users as guests with it. NULL, or
 * why no domain accepts this. */
static const char *make_plain(const struct package_password *in, struct plain *plain)
{
    struct sspi_view domain, user;
    if (!split_user(in->user, &domain, &user) ||
        !copy_plain(user, plain->user, sizeof(plain->user)) ||
        !copy_plain(domain, plain->domain, sizeof(plain->domain)))
        return "no account has such a name";
    if (in->password.len == 0 ||
        !copy_plain(in->password, plain->password, sizeof(plain->password)))
        return "the password is empty, or too long for winbind (255 octets)";
    return NULL;
}

/* True if winbind knows this domain, or one that it trusts. */
static bool is_domain(struct sspi_winbind *winbind, const char *name)
{
    struct wbcDomainInfo *info = NULL;
    struct pipe_signal blocked;
    struct wbcContext *context = acquire_context(winbind);
    if (context == NULL)
        return false;
    pipe_signal_block(&blocked);
    wbcErr code = wbcCtxDomainInfo(context, name, &info);
    pipe_signal_unblock(&blocked);
    wbcFreeMemory(info);
    release_context(winbind, context, WBC_ERROR_IS_OK(code) || code == WBC_ERR_DOMAIN_NOT_FOUND);
    return WBC_ERROR_IS_OK(code);
}

/* user@domain becomes domain\user, because winbind gets tickets only for that form. Any other UPN
 * stays as it is: the domain finds its user. */
static void split_upn(struct sspi_winbind *winbind, struct plain *plain)
{
    char *at = strrchr(plain->user, '@');
    if (at == NULL || at == plain->user || !is_domain(winbind, at + 1))
        return;
    memcpy(plain->domain, at + 1, strlen(at + 1) + 1);
    *at = '\0';
}

/* A name alone is one of this machine's domain. False: winbind does not say which domain that is;
 * `text` says why. */
static bool set_domain(struct sspi_winbind *winbind, struct plain *plain, char *text,
                       size_t text_size)
{
    struct ntlm_winbind_names names = {0};
    if (plain->domain[0] != '\0')
        return true;
    if (strchr(plain->user, '@') != NULL) {
        split_upn(winbind, plain);
        return true;
    }
    if (!ntlm_winbind_names(winbind, &names) && !ask(&names, text, text_size))
        return false;
    memcpy(plain->domain, names.nb_domain, sizeof(names.nb_domain));
    return true;
}

static enum ntlm_winbind_status send_password(struct sspi_winbind *winbind,
                                              const struct plain *plain,
                                              struct ntlm_winbind_answer *ret_answer, char *text,
                                              size_t text_size)
{
    bool has_domain = plain->domain[0] != '\0';
    const struct wbcAuthUserParams params = {
        .account_name = plain->user,
        .domain_name = plain->domain,
        .flags = has_domain ? PAM_KRB5 | PAM_FALLBACK_AFTER_KRB5 : 0,
        .level = WBC_AUTH_USER_LEVEL_PLAIN,
        .password.plaintext = plain->password};
    enum ntlm_winbind_status status =
        ask_domain_user(winbind, &params, ret_answer, text, text_size);
    wipe_stack();
    /* The client chose a suffix that no domain has. winbind of a domain controller itself fails
     * then, with NO_MEMORY. */
    return status == NTLM_WINBIND_FAILED && !has_domain ? NTLM_WINBIND_WRONG : status;
}

static enum ntlm_winbind_status check_password(struct sspi_winbind *winbind,
                                               const struct package_password *in,
                                               struct ntlm_winbind_answer *ret_answer, char *text,
                                               size_t text_size)
{
    PLAIN_CLEANUP struct plain plain = {0};
    const char *problem = make_plain(in, &plain);
    if (problem != NULL) {
        snprintf(text, text_size, "%s", problem);
        return NTLM_WINBIND_WRONG;
    }
    return set_domain(winbind, &plain, text, text_size)
               ? send_password(winbind, &plain, ret_answer, text, text_size)
               : NTLM_WINBIND_UNREACHABLE;
}

static enum sspi_reason reason_of(enum ntlm_winbind_status status)
{
    switch (status) {
    case NTLM_WINBIND_WRONG:
        return SSPI_REASON_WRONG_PASSWORD;
    case NTLM_WINBIND_EXPIRED:
        return SSPI_REASON_PASSWORD_EXPIRED;
    case NTLM_WINBIND_LOCKED:
        return SSPI_REASON_ACCOUNT_LOCKED;
    case NTLM_WINBIND_UNREACHABLE:
        return SSPI_REASON_UNREACHABLE;
    case NTLM_WINBIND_RIGHT:
    case NTLM_WINBIND_FORBIDDEN:
    case NTLM_WINBIND_FAILED:
        break;
    }
    return SSPI_REASON_INTERNAL;
}

static SECURITY_STATUS refuse_password(enum ntlm_winbind_status status, struct sspi_view user,
                                       const char *why, struct sspi_error_info *error_info)
{
    char shown[ESCAPE_NAME_SIZE];
    enum sspi_reason reason = reason_of(status);
    escape_text(shown, sizeof(shown), user);
    if (status == NTLM_WINBIND_UNREACHABLE)
        return error_info_refuse(error_info, SEC_E_NO_AUTHENTICATING_AUTHORITY, reason,
                                 "the password of user \"%s\" could not be checked: %s", shown,
                                 why);
    if (reason == SSPI_REASON_INTERNAL)
        return error_info_refuse(error_info, SEC_E_INTERNAL_ERROR, reason,
                                 "the password of user \"%s\" could not be checked: %s", shown,
                                 why);
    return error_info_refuse(error_info, SEC_E_LOGON_DENIED, reason,
                             "the domain refuses user \"%s\": %s", shown, why);
}

SECURITY_STATUS ntlm_winbind_verify_password(struct sspi_winbind *winbind,
                                             const struct package_password *in,
                                             struct package_info *ret_info,
                                             struct sspi_error_info *error_info)
{
    struct ntlm_winbind_answer answer = {0};
    const struct clock *clock = clock_machine();
    char why[SSPI_ERROR_TEXT_SIZE / 2] = "";
    enum ntlm_winbind_status status = check_password(winbind, in, &answer, why, sizeof(why));
    if (status != NTLM_WINBIND_RIGHT)
        return refuse_password(status, in->user, why, error_info);
    struct package_info info = {.mechanism = &ntlm_package,
                                .start_ms = clock->now_ms(clock->self),
                                .expiry_ms = UINT64_MAX};
    bool taken = ntlm_winbind_answer_take(&answer, &info);
    ntlm_winbind_answer_clear(&answer);
    if (!taken) {
        package_info_clear(&info);
        return error_info_no_memory(error_info);
    }
    *ret_info = info;
    return SEC_E_OK;
}
