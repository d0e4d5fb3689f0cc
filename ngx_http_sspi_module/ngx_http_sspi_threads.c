/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread pools for jobs: "thread_pool sspi" and "thread_pool sspi_kdc" of
 * the configuration, or pools that the module makes.
 */
#include "ngx_http_sspi_module.h"


#if (NGX_THREADS)

#define NGX_HTTP_SSPI_THREADS  8


static ngx_int_t ngx_http_sspi_init_pool(ngx_cycle_t *cycle, ngx_str_t *name,
    ngx_http_sspi_threads_t *threads);
static ngx_uint_t ngx_http_sspi_events_notify(ngx_cycle_t *cycle);
static ngx_thread_pool_t *ngx_http_sspi_make_threads(ngx_cycle_t *cycle,
    ngx_str_t *name);


extern ngx_module_t  ngx_thread_pool_module;


/*
 * Called after the whole configuration is read, so that it finds the
 * directives also after http{}.  If the module made a pool while nginx reads
 * http{}, its directive would be a duplicate.
 *
 * The pool "default" is not used, because files that "aio threads" reads must
 * not wait for jobs.  The number of threads of a configured pool is private to
 * nginx.  If all of them are busy, the pool's own max_queue decides.
 */

ngx_int_t
ngx_http_sspi_init_threads(ngx_cycle_t *cycle,
    ngx_http_sspi_main_conf_t *smcf)
{
    static ngx_str_t  names[] = {
        ngx_string("sspi"),
        ngx_string("sspi_kdc")
    };

    ngx_uint_t  i;

    for (i = 0; i < NGX_HTTP_SSPI_POOLS; i++) {

        if (ngx_http_sspi_init_pool(cycle, &names[i], &smcf->threads[i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_sspi_init_pool(ngx_cycle_t *cycle, ngx_str_t *name,
    ngx_http_sspi_threads_t *threads)
{
    threads->pool = ngx_thread_pool_get(cycle, name);

    if (threads->pool == NULL && ngx_http_sspi_events_notify(cycle)) {
        threads->pool = ngx_http_sspi_make_threads(cycle, name);
        threads->n = NGX_HTTP_SSPI_THREADS;

        if (threads->pool == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* false for poll and select: with a thread pool, no worker would start */

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
 * The structure of a pool is private to nginx, so the module calls the handler
 * of the directive "thread_pool".  The workers start the threads.
 *
 * The pool has no queue.  If all threads wait for another machine, later
 * requests do not wait.  A queue would also delay a worker that quits: it
 * would loop in ngx_thread_pool_destroy() until the last task is done.
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
