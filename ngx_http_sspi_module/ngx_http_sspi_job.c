/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs of the core run in threads, so that no other request of the worker
 * waits for them.
 *
 * A request that waits is only suspended: it holds no count and does not
 * block its end (r->main->blocked), because the thread touches nothing of it.
 * What the thread needs lies in a block of its own, since r->pool goes with a
 * request that ends early.  The block knows the request as long as that
 * waits, and whatever ends this first says so: the completion and the
 * deadline wake the request up, its termination (a cleanup of the request,
 * which comes before that of the pool) does not.  The completion, always in
 * the worker's own thread, frees the block.
 *
 * All subrequests of a client's request share its exchange.  The exchange
 * must not be stepped while its job runs, so they wait together with the
 * first one.  The module wakes up the first one first and at once, because
 * the exchange must conclude the job under the policy that began it.  The
 * cleanup belongs to the main request, so all of them end together.
 *
 * A pool without a queue, as ours is, refuses tasks also while a thread comes
 * up, or comes back from its last task.  So whether a thread is free is
 * counted here, and a free one that is not ready yet is asked again.
 */
#include "ngx_http_sspi_module.h"


/* The core does without what a job does not get in that time, in ms. */
#define NGX_HTTP_SSPI_DEADLINE  5000

/* How often, and after how many ms, a thread is asked that is not ready. */
#define NGX_HTTP_SSPI_ATTEMPTS     50
#define NGX_HTTP_SSPI_RETRY_DELAY  10


#if (NGX_THREADS)

struct ngx_http_sspi_task_s {
    ngx_http_sspi_ctx_t *ctx;       /* NULL: no request waits */
    struct sspi_job     *job;
    ngx_thread_pool_t   *threads;

    /* event ident must be after 3 pointers as in ngx_connection_t */
    ngx_int_t            ident;

    ngx_queue_t          waiters;   /* ngx_http_sspi_waiter_t, first come
                                     * first */
    ngx_uint_t           attempts;  /* left, until a thread took the task */

    /* set when no request waits: a thread that begins only now need not */
    ngx_atomic_t         abandoned;

    ngx_event_t          timer;     /* the next attempt, then the deadline */
    ngx_thread_task_t    task;
};


/* from the pool of its request */

typedef struct {
    ngx_queue_t                 queue;
    ngx_http_request_t         *request;
    ngx_http_sspi_task_t       *task;
    ngx_http_cleanup_t         *cleanup;
    ngx_http_posted_request_t   posted;
} ngx_http_sspi_waiter_t;


static ngx_http_sspi_task_t *ngx_http_sspi_make_task(ngx_http_request_t *r,
    ngx_http_sspi_ctx_t *ctx, ngx_http_sspi_main_conf_t *smcf,
    struct sspi_job *job);
static ngx_int_t ngx_http_sspi_add_waiter(ngx_http_request_t *r,
    ngx_http_sspi_task_t *t);
static void ngx_http_sspi_free_task(ngx_http_sspi_task_t *t);
static ngx_int_t ngx_http_sspi_post_task(ngx_http_sspi_task_t *t);
static void ngx_http_sspi_thread(void *data, ngx_log_t *log);
static void ngx_http_sspi_job_done(ngx_event_t *ev);
static void ngx_http_sspi_timer(ngx_event_t *ev);
static void ngx_http_sspi_job_cleanup(void *data);
static void ngx_http_sspi_remove(ngx_http_sspi_waiter_t *w);
static ngx_http_request_t *ngx_http_sspi_detach(ngx_http_sspi_task_t *t);
static void ngx_http_sspi_resume(ngx_http_request_t *r);


/* of this worker: tasks that have a thread, or will have one */

static ngx_uint_t  ngx_http_sspi_n_tasks;

#endif


/*
 * If a job of the exchange of ctx runs, r waits for it, too.  NGX_OK: no job
 * runs.  NGX_AGAIN: r waits, possibly since an earlier call, because its
 * phases may run for other reasons.  NGX_ERROR: no memory.
 */

ngx_int_t
ngx_http_sspi_join_job(ngx_http_request_t *r, ngx_http_sspi_ctx_t *ctx)
{
#if (NGX_THREADS)

    if (ngx_http_get_module_ctx(r, ngx_http_sspi_filter_module)) {
        return NGX_AGAIN;
    }

    if (ctx->task) {
        return ngx_http_sspi_add_waiter(r, ctx->task) == NGX_OK ? NGX_AGAIN
                                                                : NGX_ERROR;
    }

#endif

    return NGX_OK;
}


/*
 * Takes over the caller's job.  NGX_OK: step again; NGX_AGAIN: r waits, and
 * its phases go on when the job is done or takes too long.
 */

ngx_int_t
ngx_http_sspi_run_job(ngx_http_request_t *r, ngx_http_sspi_ctx_t *ctx,
    struct sspi_job *job)
{
#if (NGX_THREADS)

    ngx_http_sspi_task_t       *t;
    ngx_http_sspi_main_conf_t  *smcf;

    smcf = ngx_http_get_module_main_conf(r, ngx_http_sspi_module);

    if (smcf->threads) {
        t = ngx_http_sspi_make_task(r, ctx, smcf, job);

        if (t == NULL) {

            /* all threads are busy, or there is no memory: do without it */

            sspi_job_unref(job);

            return NGX_OK;
        }

        if (ngx_http_sspi_post_task(t) != NGX_OK) {
            (void) ngx_http_sspi_detach(t);
            ngx_http_sspi_free_task(t);

            return NGX_OK;
        }

        return NGX_AGAIN;
    }

#endif

    sspi_job_run(job);
    sspi_job_unref(job);

    return NGX_OK;
}


#if (NGX_THREADS)

/* takes over the job, unless it returns NULL */

static ngx_http_sspi_task_t *
ngx_http_sspi_make_task(ngx_http_request_t *r, ngx_http_sspi_ctx_t *ctx,
    ngx_http_sspi_main_conf_t *smcf, struct sspi_job *job)
{
    ngx_http_sspi_task_t  *t;

    if (smcf->n_threads && ngx_http_sspi_n_tasks >= smcf->n_threads) {
        return NULL;
    }

    t = ngx_calloc(sizeof(ngx_http_sspi_task_t), r->connection->log);
    if (t == NULL) {
        return NULL;
    }

    ngx_queue_init(&t->waiters);

    if (ngx_http_sspi_add_waiter(r, t) != NGX_OK) {
        ngx_free(t);
        return NULL;
    }

    t->ctx = ctx;
    t->job = job;
    t->ident = -1;
    t->threads = smcf->threads;

    /* a pool of the configuration may just be full */

    t->attempts = smcf->n_threads ? NGX_HTTP_SSPI_ATTEMPTS : 1;

    t->timer.handler = ngx_http_sspi_timer;
    t->timer.data = t;
    t->timer.log = ngx_cycle->log;

    t->task.ctx = t;
    t->task.handler = ngx_http_sspi_thread;
    t->task.event.handler = ngx_http_sspi_job_done;
    t->task.event.data = t;
    t->task.event.log = ngx_cycle->log;

    ctx->task = t;

    ngx_http_sspi_n_tasks++;

    return t;
}


static ngx_int_t
ngx_http_sspi_add_waiter(ngx_http_request_t *r, ngx_http_sspi_task_t *t)
{
    ngx_http_cleanup_t      *cln;
    ngx_http_sspi_waiter_t  *w;

    w = ngx_pcalloc(r->pool, sizeof(ngx_http_sspi_waiter_t));
    if (w == NULL) {
        return NGX_ERROR;
    }

    cln = ngx_http_cleanup_add(r, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    w->request = r;
    w->task = t;
    w->cleanup = cln;

    cln->handler = ngx_http_sspi_job_cleanup;
    cln->data = w;

    ngx_queue_insert_tail(&t->waiters, &w->queue);

    ngx_http_set_ctx(r, w, ngx_http_sspi_filter_module);

    return NGX_OK;
}


static void
ngx_http_sspi_free_task(ngx_http_sspi_task_t *t)
{
    ngx_http_sspi_n_tasks--;

    sspi_job_unref(t->job);
    ngx_free(t);
}


/* NGX_OK: a thread took it, or it is tried again */

static ngx_int_t
ngx_http_sspi_post_task(ngx_http_sspi_task_t *t)
{
    ngx_msec_t               ms;
    ngx_http_sspi_waiter_t  *w;

    if (ngx_thread_task_post(t->threads, &t->task) == NGX_OK) {
        t->attempts = 0;
        ms = NGX_HTTP_SSPI_DEADLINE;

    } else if (--t->attempts) {
        ms = NGX_HTTP_SSPI_RETRY_DELAY;

    } else {
        return NGX_ERROR;
    }

    /* it also keeps a worker that shuts down alive for the request */

    ngx_add_timer(&t->timer, ms);

    w = ngx_queue_data(ngx_queue_head(&t->waiters), ngx_http_sspi_waiter_t,
                       queue);

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, w->request->connection->log, 0,
                   "sspi: waiting for a job, attempts:%ui, ms:%M",
                   t->attempts, ms);

    return NGX_OK;
}


static void
ngx_http_sspi_thread(void *data, ngx_log_t *log)
{
    ngx_http_sspi_task_t  *t = data;

    if (!t->abandoned) {
        sspi_job_run(t->job);
    }
}


static void
ngx_http_sspi_job_done(ngx_event_t *ev)
{
    ngx_http_request_t    *r;
    ngx_http_sspi_task_t  *t;

    t = ev->data;

    r = ngx_http_sspi_detach(t);

    ngx_http_sspi_free_task(t);

    if (r) {
        ngx_http_sspi_resume(r);
    }
}


static void
ngx_http_sspi_timer(ngx_event_t *ev)
{
    ngx_http_request_t    *r;
    ngx_http_sspi_task_t  *t;

    t = ev->data;

    if (t->attempts) {

        if (ngx_http_sspi_post_task(t) == NGX_OK) {
            return;
        }

        r = ngx_http_sspi_detach(t);

        ngx_http_sspi_free_task(t);

    } else {
        r = ngx_http_sspi_detach(t);

        ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                      "sspi: a changed file or a domain controller takes "
                      "longer than %d seconds, the request goes on without "
                      "it",
                      NGX_HTTP_SSPI_DEADLINE / 1000);
    }

    ngx_http_sspi_resume(r);
}


static void
ngx_http_sspi_job_cleanup(void *data)
{
    ngx_http_sspi_task_t    *t;
    ngx_http_sspi_waiter_t  *w = data;

    t = w->task;

    ngx_http_sspi_remove(w);

    if (!ngx_queue_empty(&t->waiters)) {
        return;
    }

    (void) ngx_http_sspi_detach(t);

    if (t->attempts) {

        /* no thread has it */

        ngx_http_sspi_free_task(t);
    }
}


static void
ngx_http_sspi_remove(ngx_http_sspi_waiter_t *w)
{
    ngx_queue_remove(&w->queue);

    w->cleanup->handler = NULL;

    ngx_http_set_ctx(w->request, NULL, ngx_http_sspi_filter_module);
}


/*
 * Returns the request that waited first.  The caller wakes it up; the others
 * continue after it.  NULL: no request waits.
 */

static ngx_http_request_t *
ngx_http_sspi_detach(ngx_http_sspi_task_t *t)
{
    ngx_queue_t             *q;
    ngx_http_request_t      *r;
    ngx_http_sspi_waiter_t  *w;

    if (t->ctx == NULL) {
        return NULL;
    }

    r = NULL;

    while (!ngx_queue_empty(&t->waiters)) {
        q = ngx_queue_head(&t->waiters);
        w = ngx_queue_data(q, ngx_http_sspi_waiter_t, queue);

        ngx_http_sspi_remove(w);

        if (r == NULL) {
            r = w->request;

        } else {
            (void) ngx_http_post_request(w->request, &w->posted);
        }
    }

    t->ctx->task = NULL;
    t->ctx = NULL;
    t->abandoned = 1;

    if (t->timer.timer_set) {
        ngx_del_timer(&t->timer);
    }

    return r;
}


/* runs the phases of r on, from where they stopped */

static void
ngx_http_sspi_resume(ngx_http_request_t *r)
{
    ngx_connection_t  *c;

    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    r->write_event_handler(r);

    ngx_http_run_posted_requests(c);
}

#endif
