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

#include "error_info.h"
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

/* libwbclient returns the same error if winbind does not run and if this process may not use the
 * privileged pipe. Every process may use the other pipe, so a ping tells the two apart. */
static enum ntlm_winbind_status without_answer(struct wbcContext *context, wbcErr code, char *text,
                                               size_t text_size)
{
    if (code == WBC_ERR_WINBIND_NOT_AVAILABLE && is_denied() &&
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

static enum ntlm_winbind_status refused(const struct wbcAuthErrorInfo *error, char *text,
                                        size_t text_size)
{
    const char *meaning;
    enum ntlm_winbind_status status = ntlm_winbind_status(error->nt_status, &meaning);
    /* winbind itself returns this to a process that asks on the unprivileged pipe. */
    if (error->nt_status == NTLM_WINBIND_STATUS_ACCESS_DENIED && is_denied())
        return forbidden(text, text_size);
    snprintf(text, text_size, "NT status 0x%08X, %s", (unsigned)error->nt_status, meaning);
    return status;
}

static enum ntlm_winbind_status taken(struct wbcAuthUserInfo *info,
                                      struct ntlm_winbind_answer *ret_answer, char *text,
                                      size_t text_size)
{
    const char *problem;
    if (ntlm_winbind_answer_copy(info, ret_answer, &problem))
        return NTLM_WINBIND_RIGHT;
    snprintf(text, text_size, "winbind's answer cannot be used: %s", problem);
    return NTLM_WINBIND_FAILED;
}

static enum ntlm_winbind_status send_request(struct wbcContext *context,
                                             const struct request *request,
                                             struct ntlm_winbind_answer *ret_answer, char *text,
                                             size_t text_size)
{
    struct wbcAuthUserInfo *info = NULL;
    struct wbcAuthErrorInfo *error = NULL;
    enum ntlm_winbind_status status;
    wbcErr code = wbcCtxAuthenticateUserEx(context, &request->params, &info, &error);
    if (WBC_ERROR_IS_OK(code) && info != NULL)
        status = taken(info, ret_answer, text, text_size);
    else if (code == WBC_ERR_AUTH_ERROR && error != NULL)
        status = refused(error, text, text_size);
    else
        status = without_answer(context, code, text, text_size);
    if (info != NULL) {
        bytes_wipe(info->user_session_key, sizeof(info->user_session_key));
        bytes_wipe(info->lm_session_key, sizeof(info->lm_session_key));
    }
    wbcFreeMemory(info);
    wbcFreeMemory(error);
    return status;
}

enum ntlm_winbind_status ntlm_winbind_check(struct sspi_winbind *winbind,
                                            const struct ntlm_winbind_question *question,
                                            struct ntlm_winbind_answer *ret_answer, char *text,
                                            size_t text_size)
{
    struct request request;
    struct pipe_signal blocked;
    if (!make_request(question, &request)) {
        snprintf(text, text_size,
                 "a name or the response is too long, or a name has a NUL: no domain accepts it");
        return NTLM_WINBIND_WRONG;
    }
    struct wbcContext *context = acquire_context(winbind);
    if (context == NULL) {
        snprintf(text, text_size, "winbind: " OUT_OF_MEMORY);
        return NTLM_WINBIND_FAILED;
    }
    pipe_signal_block(&blocked);
    enum ntlm_winbind_status status = send_request(context, &request, ret_answer, text, text_size);
    pipe_signal_unblock(&blocked);
    release_context(winbind, context, status == NTLM_WINBIND_RIGHT || status == NTLM_WINBIND_WRONG);
    return status;
}
