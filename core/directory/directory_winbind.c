/* SPDX-License-Identifier: Apache-2.0 */
#include "directory_winbind.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <wbclient.h> /* only its types: this file does not link the library */

#include "pipe_signal.h"

#define LIBRARY "libwbclient.so.0"

/* The functions of the library, each with its type. */
#define FUNCTIONS(F)                                                                               \
    F(wbcCtxCreate)                                                                                \
    F(wbcCtxFree)                                                                                  \
    F(wbcCtxLookupName)                                                                            \
    F(wbcCtxInterfaceDetails)                                                                      \
    F(wbcCtxDomainInfo)                                                                            \
    F(wbcCtxPingDc)                                                                                \
    F(wbcErrorString)                                                                              \
    F(wbcFreeMemory)

struct library {
#define FIELD(name) __typeof__(name) *name;
    FUNCTIONS(FIELD)
#undef FIELD
    struct wbcContext *context;
    struct pipe_signal blocked;
};

/* ---- the library ---- */

static bool load(struct library *library)
{
    /* It is not closed again: see the header. */
    void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL)
        return false;
    bool complete = true;
#define LOAD(name)                                                                                 \
    *(void **)&library->name = dlsym(handle, #name);                                               \
    complete = complete && library->name != NULL;
    FUNCTIONS(LOAD)
#undef LOAD
    return complete;
}

/* Opens a connection of its own, because this process may have been forked. */
static bool begin(struct library *library, struct directory_answer *ret_answer)
{
    *ret_answer = (struct directory_answer){.status = DIRECTORY_UNREACHABLE};
    if (!load(library)) {
        snprintf(ret_answer->text, sizeof(ret_answer->text),
                 "winbind is not installed (" LIBRARY ")");
        return false;
    }
    library->context = library->wbcCtxCreate();
    if (library->context == NULL) {
        snprintf(ret_answer->text, sizeof(ret_answer->text), "winbind: out of memory");
        return false;
    }
    pipe_signal_block(&library->blocked);
    return true;
}

static void end(struct library *library)
{
    pipe_signal_unblock(&library->blocked);
    library->wbcCtxFree(library->context);
}

/* ---- answers ---- */

static bool copy_sid(const struct wbcDomainSid *from, struct sid *ret_sid)
{
    struct sid sid = {0};
    if (from->sid_rev_num != 1 || from->num_auths < 1 || from->num_auths > SID_SUB_LIMIT)
        return false;
    sid.n_sub = from->num_auths;
    memcpy(sid.authority, from->id_auth, sizeof(sid.authority));
    memcpy(sid.sub, from->sub_auths, sid.n_sub * sizeof(sid.sub[0]));
    *ret_sid = sid;
    return true;
}

static void take_sid(const struct wbcDomainSid *from, struct directory_answer *ret_answer)
{
    if (copy_sid(from, &ret_answer->sid))
        ret_answer->status = DIRECTORY_FOUND;
    else
        snprintf(ret_answer->text, sizeof(ret_answer->text), "winbind returned an invalid SID");
}

static bool is_group(enum wbcSidType type)
{
    return type == WBC_SID_NAME_DOM_GRP || type == WBC_SID_NAME_ALIAS ||
           type == WBC_SID_NAME_WKN_GRP;
}

/* True if winbind reaches a domain controller. */
static bool has_controller(const struct library *library)
{
    struct wbcAuthErrorInfo *error = NULL;
    wbcErr code = library->wbcCtxPingDc(library->context, NULL, &error);
    library->wbcFreeMemory(error);
    return WBC_ERROR_IS_OK(code);
}

/* winbindd returns the same error for an unknown name and for a name that it could not ask for,
 * because no domain controller answers. A ping tells the two apart. */
static void without_sid(const struct library *library, wbcErr code,
                        struct directory_answer *ret_answer)
{
    const char *text = "winbind does not answer (is winbindd running?)";
    if (code == WBC_ERR_DOMAIN_NOT_FOUND && has_controller(library)) {
        ret_answer->status = DIRECTORY_NOT_FOUND;
        text = "winbind knows no such group";
    } else if (code == WBC_ERR_DOMAIN_NOT_FOUND) {
        text = "winbind reaches no domain controller";
    } else if (code != WBC_ERR_WINBIND_NOT_AVAILABLE) {
        text = library->wbcErrorString(code);
    }
    snprintf(ret_answer->text, sizeof(ret_answer->text), "%s", text);
}

void directory_winbind_group(const char *domain, const char *group,
                             struct directory_answer *ret_answer)
{
    struct library library;
    struct wbcDomainSid sid;
    enum wbcSidType type = WBC_SID_NAME_UNKNOWN;
    if (!begin(&library, ret_answer))
        return;
    wbcErr code = library.wbcCtxLookupName(library.context, domain, group, &sid, &type);
    if (!WBC_ERROR_IS_OK(code)) {
        without_sid(&library, code, ret_answer);
    } else if (is_group(type)) {
        take_sid(&sid, ret_answer);
    } else {
        ret_answer->status = DIRECTORY_NOT_FOUND;
        snprintf(ret_answer->text, sizeof(ret_answer->text),
                 "winbind knows this name, but it is not a group");
    }
    end(&library);
}

void directory_winbind_own_domain(struct directory_answer *ret_answer)
{
    struct library library;
    struct wbcInterfaceDetails *details = NULL;
    struct wbcDomainInfo *info = NULL;
    if (!begin(&library, ret_answer))
        return;
    wbcErr code = library.wbcCtxInterfaceDetails(library.context, &details);
    if (WBC_ERROR_IS_OK(code) && details != NULL)
        code = library.wbcCtxDomainInfo(library.context, details->netbios_domain, &info);
    if (WBC_ERROR_IS_OK(code) && info != NULL)
        take_sid(&info->sid, ret_answer);
    else
        without_sid(&library, code, ret_answer);
    library.wbcFreeMemory(info);
    library.wbcFreeMemory(details);
    end(&library);
}
