/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that all workers share: a zone or a file.  It survives a reload. */
#include "ngx_http_sspi_module.h"


static ngx_int_t ngx_http_sspi_open_file(ngx_conf_t *cf,
    ngx_http_sspi_main_conf_t *smcf, const struct sspi_policy *policy);
static ngx_int_t ngx_http_sspi_add_zone(ngx_conf_t *cf,
    ngx_http_sspi_main_conf_t *smcf);
static ngx_int_t ngx_http_sspi_init_zone(ngx_shm_zone_t *shm_zone, void *data);


ngx_int_t
ngx_http_sspi_set_state(ngx_conf_t *cf, ngx_http_sspi_main_conf_t *smcf)
{
    ngx_http_sspi_loc_conf_t  *slcf;

    /* the configuration of the http block */

    slcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_sspi_module);

    if (slcf->policy.state_file.n > 0) {
        return ngx_http_sspi_open_file(cf, smcf, &slcf->policy);
    }

    return ngx_http_sspi_add_zone(cf, smcf);
}


/*
 * Each cycle maps the file again.  The module does not open the file in its
 * init function, because a failure there would end the master process.  Here
 * it ends only the reload.
 */

static ngx_int_t
ngx_http_sspi_open_file(ngx_conf_t *cf, ngx_http_sspi_main_conf_t *smcf,
    const struct sspi_policy *policy)
{
    char        error[SSPI_ERROR_SIZE];
    ngx_uint_t  only_check;

    only_check = ngx_test_config || ngx_process == NGX_PROCESS_SIGNALLER;

    if (!sspi_acceptor_open_state(smcf->acceptor, policy, only_check, error)) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "%s", error);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_sspi_add_zone(ngx_conf_t *cf, ngx_http_sspi_main_conf_t *smcf)
{
    size_t           size, pages;
    ngx_str_t        name = ngx_string("sspi");
    ngx_shm_zone_t  *shm_zone;

    /*
     * The zone has one block of whole pages, and the memory that the slab
     * allocator needs for each page and for itself.
     */

    pages = smcf->state_size / ngx_pagesize;
    size = smcf->state_size + pages * sizeof(ngx_slab_page_t)
           + 8 * ngx_pagesize;

    shm_zone = ngx_shared_memory_add(cf, &name, ngx_align(size, ngx_pagesize),
                                     &ngx_http_sspi_module);
    if (shm_zone == NULL) {
        return NGX_ERROR;
    }

    shm_zone->init = ngx_http_sspi_init_zone;
    shm_zone->data = smcf;

    return NGX_OK;
}


static ngx_int_t
ngx_http_sspi_init_zone(ngx_shm_zone_t *shm_zone, void *data)
{
    void                       *block;
    ngx_slab_pool_t            *shpool;
    struct sspi_state          *state;
    ngx_http_sspi_main_conf_t  *smcf;

    smcf = shm_zone->data;
    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (data || shm_zone->shm.exists) {

        /* the memory of an earlier cycle, whose size is the same */

        state = sspi_http_state_attach(shpool->data, smcf->state_size);

        if (state == NULL) {
            ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                          "another version of the module formatted the shared "
                          "memory zone \"%V\": restart nginx instead of "
                          "reloading it", &shm_zone->shm.name);
            return NGX_ERROR;
        }

        sspi_acceptor_set_state(smcf->acceptor, state);

        return NGX_OK;
    }

    /* nginx allocates more than half a page as whole contiguous pages */

    block = ngx_slab_alloc(shpool, smcf->state_size);

    if (block == NULL) {
        ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                      "shared memory zone \"%V\" has no space for "
                      "%uz bytes of state", &shm_zone->shm.name,
                      smcf->state_size);
        return NGX_ERROR;
    }

    state = sspi_http_state_format(block, smcf->state_size);

    if (state == NULL) {
        ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                      "cannot format the shared memory zone \"%V\": "
                      "\"sspi_state_size\" is too small, or no random numbers "
                      "are available", &shm_zone->shm.name);
        return NGX_ERROR;
    }

    shpool->data = block;

    sspi_acceptor_set_state(smcf->acceptor, state);

    return NGX_OK;
}
