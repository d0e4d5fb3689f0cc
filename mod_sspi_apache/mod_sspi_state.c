/* SPDX-License-Identifier: Apache-2.0 */
/* The memory that all children share. Without SSPIStateFile it is anonymous. The parent keeps it
 * over its restarts, so that nonces stay valid and replays are still detected. */
#include "mod_sspi.h"

#include <sys/mman.h>
#include <unistd.h>

#include "http_core.h"
#include "http_log.h"

APLOG_USE_MODULE(sspi);

#define RETAINED_KEY "mod_sspi state"

/* Survives restarts, during which httpd unloads the module. */
struct retained {
    void *memory;
    size_t size;
};

static size_t wanted_size(const struct mod_sspi_dir_config *dir)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t size = (size_t)dir->policy.state_size;

    return (size + page - 1) / page * page;
}

/* Unmaps the memory in the parent. Children that still serve requests have their own mapping. */
static void unmap(struct retained *retained)
{
    munmap(retained->memory, retained->size);
    retained->memory = NULL;
}

/* Returns the state of the previous configuration if its size is still right. Otherwise NULL. */
static struct sspi_state *attach(struct retained *retained, size_t size)
{
    struct sspi_state *state = NULL;

    if (retained->memory == NULL) {
        return NULL;
    }
    if (retained->size == size) {
        state = sspi_http_state_attach(retained->memory, size);
    }
    if (state == NULL) {
        unmap(retained);
    }
    return state;
}

static struct sspi_state *create(struct retained *retained, size_t size)
{
    struct sspi_state *state;
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED) {
        return NULL;
    }
    state = sspi_http_state_format(memory, size);
    if (state == NULL) {
        munmap(memory, size);
        return NULL;
    }
    retained->memory = memory;
    retained->size = size;
    return state;
}

static struct retained *get_retained(void)
{
    struct retained *retained = ap_retained_data_get(RETAINED_KEY);

    return retained != NULL ? retained : ap_retained_data_create(RETAINED_KEY, sizeof(*retained));
}

/* Keeps the memory of the previous configuration, or makes new memory. False: no memory. */
static bool set_own_memory(server_rec *s, const struct mod_sspi_server_config *config,
                           const struct mod_sspi_dir_config *dir)
{
    struct retained *retained = get_retained();
    size_t size = wanted_size(dir);
    struct sspi_state *state;

    state = attach(retained, size);
    if (state == NULL) {
        state = create(retained, size);
    }
    if (state == NULL) {
        ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_ERR, 0, s,
                     "%s: cannot allocate %" APR_SIZE_T_FMT
                     " bytes of shared memory: set a smaller size, or free memory",
                     sspi_option_info(SSPI_OPTION_STATE_SIZE)->name[SSPI_SERVER_APACHE], size);
        return false;
    }
    sspi_acceptor_set_state(config->acceptor, state);
    return true;
}

static bool open_file(server_rec *s, const struct mod_sspi_server_config *config,
                      const struct mod_sspi_dir_config *dir, bool only_check)
{
    char error[SSPI_ERROR_SIZE];

    if (sspi_acceptor_open_state(config->acceptor, &dir->policy, only_check, error)) {
        return true;
    }
    ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_ERR, 0, s, "%s", error);
    return false;
}

/* Opens the file for use. Frees the retained memory: nonces that are used while the file is in
 * force are not recorded there. */
static bool set_file(server_rec *s, const struct mod_sspi_server_config *config,
                     const struct mod_sspi_dir_config *dir)
{
    struct retained *retained = get_retained();

    if (retained->memory != NULL) {
        unmap(retained);
    }
    return open_file(s, config, dir, false);
}

bool mod_sspi_state_check(server_rec *s, const struct mod_sspi_server_config *config)
{
    const struct mod_sspi_dir_config *dir = ap_get_module_config(s->lookup_defaults, &sspi_module);

    return dir->policy.state_file.n == 0 || open_file(s, config, dir, true);
}

int mod_sspi_state_open(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    const struct mod_sspi_server_config *config =
        ap_get_module_config(s->module_config, &sspi_module);
    const struct mod_sspi_dir_config *dir = ap_get_module_config(s->lookup_defaults, &sspi_module);
    bool set;

    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return OK; /* httpd reads the configuration once more before it serves requests */
    }
    set = dir->policy.state_file.n > 0 ? set_file(s, config, dir) : set_own_memory(s, config, dir);
    if (!set) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    mod_sspi_log_acceptor(s);
    return OK;
}
