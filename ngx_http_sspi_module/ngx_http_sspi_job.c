/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs of the core run in threads, so that no other request of the worker
 * waits for them.
 *
 * A request that waits is only suspended: it holds no count and does not
 * block its end (r->main->blocked), because the thread touches nothing of
 * it.  What the thread needs lies in a block of its own, since r->pool goes
 * with a request that ends early.  The block knows the request as long as
 * that waits, and whatever ends this first says so: the completion and the
 * deadline wake the request up, its termination (a cleanup of the request,
 * which comes before that of the pool) does not.  The completion, always in
 * the worker's own thread, frees the block.
 */
#include "ngx_http_sspi_module.h"


/* The core does without a file that cannot be read in that time, in ms. */
#define NGX_HTTP_SSPI_DEADLINE  5000


#if (NGX_THREADS)

typedef struct {
    ngx_http_request_t  *request;   /* NULL: none waits any more */
    ngx_http_cleanup_t  *cleanup;
    struct sspi_job     *job;

    /* event ident must be after 3 pointers as in ngx_connection_t */
    ngx_int_t            ident;

    ngx_event_t          deadline;
    ngx_thread_task_t    task;
} ngx_http_sspi_task_t;


static ngx_int_t ngx_http_sspi_post_job(ngx_http_request_t *r,
    ngx_thread_pool_t *tp, struct sspi_job *job);
static void ngx_http_sspi_thread(void *data, ngx_log_t *log);
static void ngx_http_sspi_job_done(ngx_event_t *ev);
static void ngx_http_sspi_job_is_late(ngx_event_t *ev);
static void ngx_http_sspi_job_cleanup(void *data);
static ngx_http_request_t *ngx_http_sspi_detach(ngx_http_sspi_task_t *t);
static void ngx_http_sspi_wake(ngx_http_request_t *r);
static ngx_uint_t ngx_http_sspi_events_notify(ngx_cycle_t *cycle);
static ngx_thread_pool_t *ngx_http_sspi_make_threads(ngx_cycle_t *cycle,
    ngx_str_t *name);


extern ngx_module_t  ngx_thread_pool_module;

#endif


/* whether r waits for a job; its phases may run for other reasons */

ngx_uint_t
ngx_http_sspi_is_waiting(ngx_http_request_t *r)
{
    return ngx_http_get_module_ctx(r, ngx_http_sspi_filter_module) != NULL;
}


/*
 * Takes over the caller's job.  NGX_OK: step again; NGX_AGAIN: r waits, and
 * its phases go on when the job is done or takes too long.
 */

ngx_int_t
ngx_http_sspi_run_job(ngx_http_request_t *r, struct sspi_job *job)
{
#if (NGX_THREADS)

    ngx_http_sspi_main_conf_t  *smcf;

    smcf = ngx_http_get_module_main_conf(r, ngx_http_sspi_module);

    if (smcf->threads) {

        if (ngx_http_sspi_post_job(r, smcf->threads, job) == NGX_OK) {
            return NGX_AGAIN;
        }

        /* all threads are busy, or there is no memory: do without it */

        sspi_job_release(job);

        return NGX_OK;
    }

#endif

    sspi_job_run(job);
    sspi_job_release(job);

    return NGX_OK;
}


#if (NGX_THREADS)

static ngx_int_t
ngx_http_sspi_post_job(ngx_http_request_t *r, ngx_thread_pool_t *tp,
    struct sspi_job *job)
{
    ngx_http_cleanup_t    *cln;
    ngx_http_sspi_task_t  *t;

    cln = ngx_http_cleanup_add(r, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    t = ngx_calloc(sizeof(ngx_http_sspi_task_t), r->connection->log);
    if (t == NULL) {
        return NGX_ERROR;
    }

    t->job = job;
    t->ident = -1;

    t->deadline.handler = ngx_http_sspi_job_is_late;
    t->deadline.data = t;
    t->deadline.log = ngx_cycle->log;

    t->task.ctx = t;
    t->task.handler = ngx_http_sspi_thread;
    t->task.event.handler = ngx_http_sspi_job_done;
    t->task.event.data = t;
    t->task.event.log = ngx_cycle->log;

    if (ngx_thread_task_post(tp, &t->task) != NGX_OK) {
        ngx_free(t);
        return NGX_ERROR;
    }

    t->request = r;
    t->cleanup = cln;

    cln->handler = ngx_http_sspi_job_cleanup;
    cln->data = t;

    ngx_http_set_ctx(r, t, ngx_http_sspi_filter_module);

    /* it also keeps a worker that shuts down alive for the request */

    ngx_add_timer(&t->deadline, NGX_HTTP_SSPI_DEADLINE);

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "sspi: waiting for a job");

    return NGX_OK;
}


static void
ngx_http_sspi_thread(void *data, ngx_log_t *log)
{
    ngx_http_sspi_task_t  *t = data;

    sspi_job_run(t->job);
}


static void
ngx_http_sspi_job_done(ngx_event_t *ev)
{
    ngx_http_request_t    *r;
    ngx_http_sspi_task_t  *t;

    t = ev->data;

    r = ngx_http_sspi_detach(t);

    sspi_job_release(t->job);
    ngx_free(t);

    if (r) {
        ngx_http_sspi_wake(r);
    }
}


static void
ngx_http_sspi_job_is_late(ngx_event_t *ev)
{
    ngx_http_request_t    *r;
    ngx_http_sspi_task_t  *t;

    t = ev->data;

    r = ngx_http_sspi_detach(t);

    if (r) {
        ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                      "sspi: reading a changed file takes longer than %d "
                      "seconds, the request goes on without it",
                      NGX_HTTP_SSPI_DEADLINE / 1000);

        ngx_http_sspi_wake(r);
    }
}


static void
ngx_http_sspi_job_cleanup(void *data)
{
    (void) ngx_http_sspi_detach(data);
}


/* the request that waited; NULL when none does any more */

static ngx_http_request_t *
ngx_http_sspi_detach(ngx_http_sspi_task_t *t)
{
    ngx_http_request_t  *r;

    r = t->request;

    if (r) {
        ngx_http_set_ctx(r, NULL, ngx_http_sspi_filter_module);

        t->request = NULL;
        t->cleanup->handler = NULL;

        if (t->deadline.timer_set) {
            ngx_del_timer(&t->deadline);
        }
    }

    return r;
}


/* runs the phases of r on, from where they stopped */

static void
ngx_http_sspi_wake(ngx_http_request_t *r)
{
    ngx_connection_t  *c;

    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    r->write_event_handler(r);

    ngx_http_run_posted_requests(c);
}


/*
 * Called when the whole configuration is known, so that "thread_pool sspi"
 * is found wherever it was written, behind http{} as well.  (A pool that is
 * made while http{} is read would turn it into a duplicate.)  Not the pool
 * "default": files that "aio threads" reads shall not wait for ours.
 */

ngx_int_t
ngx_http_sspi_init_threads(ngx_cycle_t *cycle,
    ngx_http_sspi_main_conf_t *smcf)
{
    static ngx_str_t  name = ngx_string("sspi");

    smcf->threads = ngx_thread_pool_get(cycle, &name);

    if (smcf->threads == NULL && ngx_http_sspi_events_notify(cycle)) {
        smcf->threads = ngx_http_sspi_make_threads(cycle, &name);

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
    ngx_str_set(&args[2], "threads=8");
    ngx_str_set(&args[3], "max_queue=64");

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
