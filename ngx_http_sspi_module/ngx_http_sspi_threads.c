/* SPDX-License-Identifier: Apache-2.0 */
/* The pool of threads that jobs run in: "thread_pool sspi", or ours. */
#include "ngx_http_sspi_module.h"


#if (NGX_THREADS)

#define NGX_HTTP_SSPI_THREADS  8


static ngx_uint_t ngx_http_sspi_events_notify(ngx_cycle_t *cycle);
static ngx_thread_pool_t *ngx_http_sspi_make_threads(ngx_cycle_t *cycle,
    ngx_str_t *name);


extern ngx_module_t  ngx_thread_pool_module;


/*
 * Called when the whole configuration is known, so that "thread_pool sspi"
 * is found wherever it was written, behind http{} as well.  (A pool that is
 * made while http{} is read would turn it into a duplicate.)  Not the pool
 * "default": files that "aio threads" reads shall not wait for ours.  How
 * many threads a pool of the configuration has is private to nginx: its own
 * max_queue says what happens when all are busy.
 */

ngx_int_t
ngx_http_sspi_init_threads(ngx_cycle_t *cycle,
    ngx_http_sspi_main_conf_t *smcf)
{
    static ngx_str_t  name = ngx_string("sspi");

    smcf->threads = ngx_thread_pool_get(cycle, &name);

    if (smcf->threads == NULL && ngx_http_sspi_events_notify(cycle)) {
        smcf->threads = ngx_http_sspi_make_threads(cycle, &name);
        smcf->n_threads = NGX_HTTP_SSPI_THREADS;

        if (smcf->threads == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* poll and select cannot: with a pool of threads no worker would start */

static ngx_uint_t
ngx_http_sspi_events_notify(ngx_cycle_t *cycle)
{
    ngx_uint_t           i;
    ngx_event_conf_t    *ecf;
    ngx_event_module_t  *module;

    ecf = ngx_event_get_conf(cycle->conf_ctx, ngx_event_core_module);

    for (i = 0; cycle->modules[i]; i++) {

        if (cycle->modules[i]->type == NGX_EVENT_MODULE
            && cycle->modules[i]->ctx_index == ecf->use)
        {
            module = cycle->modules[i]->ctx;

            return module->actions.notify != NULL;
        }
    }

    return 0;
}


/*
 * The structure is private to nginx, and so is the way to fill it in: what
 * the directive does.  The workers start the threads.
 *
 * There is no queue: when all threads wait for a domain controller, who
 * comes then need not wait as well, nor a worker that quits, which would
 * turn round in ngx_thread_pool_destroy() until the last one is back.
 */

static ngx_thread_pool_t *
ngx_http_sspi_make_threads(ngx_cycle_t *cycle, ngx_str_t *name)
{
    ngx_conf_t       cf;
    ngx_str_t        args[4];
    ngx_array_t      array;
    ngx_command_t   *cmd;
    ngx_conf_file_t  file;

    ngx_str_set(&args[0], "thread_pool");
    args[1] = *name;
    ngx_str_set(&args[2],
                "threads=" ngx_value(NGX_HTTP_SSPI_THREADS));
    ngx_str_set(&args[3], "max_queue=0");

    ngx_memzero(&array, sizeof(ngx_array_t));

    array.elts = args;
    array.nelts = 4;

    ngx_memzero(&file, sizeof(ngx_conf_file_t));

    ngx_str_set(&file.file.name, "ngx_http_sspi_module");

    ngx_memzero(&cf, sizeof(ngx_conf_t));

    cf.args = &array;
    cf.cycle = cycle;
    cf.pool = cycle->pool;
    cf.log = cycle->log;
    cf.conf_file = &file;

    for (cmd = ngx_thread_pool_module.commands; cmd->name.len; cmd++) {

        if (cmd->name.len == args[0].len
            && ngx_strncmp(cmd->name.data, args[0].data, args[0].len) == 0)
        {
            if (cmd->set(&cf, cmd, NULL) != NGX_CONF_OK) {
                return NULL;
            }

            return ngx_thread_pool_get(cycle, name);
        }
    }

    return NULL;
}

#endif
