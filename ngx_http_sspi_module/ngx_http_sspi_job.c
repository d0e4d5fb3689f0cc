/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs jobs of the core in threads, so that no other request of the worker
 * waits for them.
 *
 * A request that waits is only suspended.  It may end at any time, because
 * the thread does not use it: r->main->count and r->main->blocked stay as
 * they were.
 * The thread uses only the task, which is not in r->pool, because a request
 * that ends early frees that pool.
 *
 * While a request waits, the task points to it.  The first of three events
 * detaches it: the completion of the job, the deadline, or the end of the
 * request.  The first two resume the request.  The third is a cleanup of the
 * request, which runs before the pool is freed.  The completion handler, which
 * always runs in the worker's main thread, frees the task.
 *
 * All subrequests of a client's request share its exchange.  The exchange
 * must not be stepped while its job runs, so they wait together with the
 * first request.  When the job ends, the module resumes the first request
 * before the others, because the exchange must conclude the job under the
 * policy that began it.  The
 * cleanup belongs to the main request, so all of them end together.
 *
 * The module's own thread pools have no queue.  Such a pool also refuses a task
 * while a thread starts, or returns from its last task.  So the module counts
 * the tasks itself.  If a thread is free but not ready yet, it posts the task
 * again after a delay.
 */
#include "ngx_http_sspi_module.h"


/* How often a task is posted until a thread takes it, and the delay in ms. */
#define NGX_HTTP_SSPI_ATTEMPTS     50
#define NGX_HTTP_SSPI_RETRY_DELAY  10


#if (NGX_THREADS)

struct ngx_http_sspi_task_s {
    ngx_http_sspi_ctx_t *ctx;       /* NULL: no request waits */
    struct sspi_job     *job;
    ngx_thread_pool_t   *threads;

    /* event ident must be after 3 pointers as in ngx_connection_t */
    ngx_int_t            ident;

    ngx_queue_t          waiters;   /* ngx_http_sspi_waiter_t, in the order
                                     * of arrival */
    ngx_uint_t           attempts;  /* that remain; 0: a thread has the task */
    ngx_uint_t           kind;      /* NGX_HTTP_SSPI_POOL_* */

    /* set if no request waits: a thread then skips the job */
    ngx_atomic_t         abandoned;

    ngx_event_t          timer;     /* the next attempt, then the deadline */
    ngx_thread_task_t    task;
};


/* in the pool of its request */

typedef struct {
    ngx_queue_t                 queue;
    ngx_http_request_t         *request;
    ngx_http_sspi_task_t       *task;
    ngx_http_cleanup_t         *cleanup;
    ngx_http_posted_request_t   posted;
} ngx_http_sspi_waiter_t;


/* a job that no request waits for */

typedef struct {
    struct sspi_job     *job;
    ngx_uint_t           kind;
    ngx_thread_task_t    task;
} ngx_http_sspi_background_t;


static ngx_uint_t ngx_http_sspi_pool_kind(struct sspi_job *job);
static ngx_uint_t ngx_http_sspi_is_full(ngx_http_sspi_main_conf_t *smcf,
    ngx_uint_t kind);
static void ngx_http_sspi_post_background(ngx_http_request_t *r,
    ngx_http_sspi_main_conf_t *smcf, struct sspi_job *job);
static void ngx_http_sspi_background_thread(void *data, ngx_log_t *log);
static void ngx_http_sspi_background_done(ngx_event_t *ev);
static ngx_http_sspi_task_t *ngx_http_sspi_make_task(ngx_http_request_t *r,
    ngx_http_sspi_ctx_t *ctx, ngx_http_sspi_main_conf_t *smcf,
    struct sspi_job *job);
static ngx_http_sspi_task_t *ngx_http_sspi_new_task(ngx_http_request_t *r,
    ngx_http_sspi_ctx_t *ctx);
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


/* the tasks of this worker that have a thread of a pool or wait for one */

static ngx_uint_t  ngx_http_sspi_n_tasks[NGX_HTTP_SSPI_POOLS];

#endif


/*
 * If a job of the exchange of ctx runs, r waits for it, too.  NGX_OK: no job
 * runs.  NGX_AGAIN: r waits, perhaps since an earlier call: nginx may run its
 * phases for other reasons.  NGX_ERROR: no memory.
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
 * Takes over the caller's reference to the job.  NGX_OK: step again.
 * NGX_AGAIN: r waits, and its phases continue when the job is done or takes
 * too long.
 */

ngx_int_t
ngx_http_sspi_run_job(ngx_http_request_t *r, ngx_http_sspi_ctx_t *ctx,
    struct sspi_job *job)
{
#if (NGX_THREADS)

    ngx_http_sspi_task_t       *t;
    ngx_http_sspi_main_conf_t  *smcf;

    smcf = ngx_http_get_module_main_conf(r, ngx_http_sspi_module);

    if (smcf->threads[ngx_http_sspi_pool_kind(job)].pool) {
        t = ngx_http_sspi_make_task(r, ctx, smcf, job);

        if (t == NULL) {

            /* all threads are busy, or there is no memory: continue without */

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


/*
 * NGX_AGAIN: r waits, and its phases continue after this time.  NGX_OK: step
 * again at once.  Otherwise: the status of the answer.
 */

ngx_int_t
ngx_http_sspi_wait(ngx_http_request_t *r, ngx_http_sspi_ctx_t *ctx,
    ngx_msec_t ms)
{
#if (NGX_THREADS)

    ngx_http_sspi_task_t  *t;

    t = ngx_http_sspi_new_task(r, ctx);
    if (t == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_add_timer(&t->timer, ms);

    return NGX_AGAIN;

#else

    ngx_msleep(ms);

    return NGX_OK;

#endif
}


/*
 * Takes over the caller's reference to the job, and does not wait for it.  If
 * no thread is free, a later request gets the job.
 */

void
ngx_http_sspi_begin_job(ngx_http_request_t *r, struct sspi_job *job)
{
#if (NGX_THREADS)

    ngx_http_sspi_main_conf_t  *smcf;

    smcf = ngx_http_get_module_main_conf(r, ngx_http_sspi_module);

    if (smcf->threads[ngx_http_sspi_pool_kind(job)].pool) {
        ngx_http_sspi_post_background(r, smcf, job);
        return;
    }

#endif

    sspi_job_run(job);
    sspi_job_unref(job);
}


#if (NGX_THREADS)

/*
 * MIT's library waits for a silent KDC for about 27 seconds, long after the
 * requests have left these jobs behind.  With threads of their own, they
 * cannot take those of logins that winbind verifies, or of changed files.
 */

static ngx_uint_t
ngx_http_sspi_pool_kind(struct sspi_job *job)
{
    return sspi_job_waits_for_kdc(job) ? NGX_HTTP_SSPI_POOL_KDC
                                       : NGX_HTTP_SSPI_POOL_OTHERS;
}


/* true if all threads are busy, as far as their number is known */

static ngx_uint_t
ngx_http_sspi_is_full(ngx_http_sspi_main_conf_t *smcf, ngx_uint_t kind)
{
    return smcf->threads[kind].n
           && ngx_http_sspi_n_tasks[kind] >= smcf->threads[kind].n;
}


static void
ngx_http_sspi_post_background(ngx_http_request_t *r,
    ngx_http_sspi_main_conf_t *smcf, struct sspi_job *job)
{
    ngx_uint_t                   kind;
    ngx_http_sspi_background_t  *b;

    kind = ngx_http_sspi_pool_kind(job);

    if (ngx_http_sspi_is_full(smcf, kind)) {
        sspi_job_unref(job);
        return;
    }

    b = ngx_calloc(sizeof(ngx_http_sspi_background_t), r->connection->log);
    if (b == NULL) {
        sspi_job_unref(job);
        return;
    }

    b->job = job;
    b->kind = kind;

    b->task.ctx = b;
    b->task.handler = ngx_http_sspi_background_thread;
    b->task.event.handler = ngx_http_sspi_background_done;
    b->task.event.data = b;
    b->task.event.log = ngx_cycle->log;

    ngx_http_sspi_n_tasks[kind]++;

    if (ngx_thread_task_post(smcf->threads[kind].pool, &b->task) != NGX_OK) {
        ngx_http_sspi_background_done(&b->task.event);
    }
}


static void
ngx_http_sspi_background_thread(void *data, ngx_log_t *log)
{
    ngx_http_sspi_background_t  *b = data;

    sspi_job_run(b->job);
}


static void
ngx_http_sspi_background_done(ngx_event_t *ev)
{
    ngx_http_sspi_background_t  *b = ev->data;

    ngx_http_sspi_n_tasks[b->kind]--;

    sspi_job_unref(b->job);
    ngx_free(b);
}


/* takes over the reference to the job, unless it returns NULL */

static ngx_http_sspi_task_t *
ngx_http_sspi_make_task(ngx_http_request_t *r, ngx_http_sspi_ctx_t *ctx,
    ngx_http_sspi_main_conf_t *smcf, struct sspi_job *job)
{
    ngx_uint_t             kind;
    ngx_http_sspi_task_t  *t;

    kind = ngx_http_sspi_pool_kind(job);

    if (ngx_http_sspi_is_full(smcf, kind)) {
        return NULL;
    }

    t = ngx_http_sspi_new_task(r, ctx);
    if (t == NULL) {
        return NULL;
    }

    t->job = job;
    t->kind = kind;
    t->threads = smcf->threads[kind].pool;

    /* a pool of the configuration may be full: it is asked only once */

    t->attempts = smcf->threads[kind].n ? NGX_HTTP_SSPI_ATTEMPTS : 1;

    t->task.ctx = t;
    t->task.handler = ngx_http_sspi_thread;
    t->task.event.handler = ngx_http_sspi_job_done;
    t->task.event.data = t;
    t->task.event.log = ngx_cycle->log;

    ngx_http_sspi_n_tasks[kind]++;

    return t;
}


/* a task without a job: r waits for its timer */

static ngx_http_sspi_task_t *
ngx_http_sspi_new_task(ngx_http_request_t *r, ngx_http_sspi_ctx_t *ctx)
{
    ngx_http_sspi_task_t  *t;

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
    t->ident = -1;

    t->timer.handler = ngx_http_sspi_timer;
    t->timer.data = t;
    t->timer.log = ngx_cycle->log;

    ctx->task = t;

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
    if (t->job) {
        ngx_http_sspi_n_tasks[t->kind]--;
    }

    sspi_job_unref(t->job);
    ngx_free(t);
}


/* NGX_OK: a thread has the task, or the timer posts it again */

static ngx_int_t
ngx_http_sspi_post_task(ngx_http_sspi_task_t *t)
{
    ngx_msec_t  ms;

    if (ngx_thread_task_post(t->threads, &t->task) == NGX_OK) {
        t->attempts = 0;
        ms = SSPI_JOB_DEADLINE_MS;

    } else if (--t->attempts) {
        ms = NGX_HTTP_SSPI_RETRY_DELAY;

    } else {
        return NGX_ERROR;
    }

    /* a worker that shuts down also stays for this timer */

    ngx_add_timer(&t->timer, ms);

    /* without --with-debug, a variable for the first waiter would be unused */

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP,
                   (ngx_queue_data(ngx_queue_head(&t->waiters),
                                   ngx_http_sspi_waiter_t, queue))
                       ->request->connection->log,
                   0, "sspi: waiting for a job, attempts:%ui, ms:%M",
                   t->attempts, ms);

    return NGX_OK;
}


static void
ngx_http_sspi_thread(void *data, ngx_log_t *log)
{
    ngx_http_sspi_task_t  *t = data;

    /* an atomic read, which nginx has no other function for */

    if (ngx_atomic_fetch_add(&t->abandoned, 0) == 0) {
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

    if (t->job == NULL) {
        r = ngx_http_sspi_detach(t);

        ngx_http_sspi_free_task(t);

    } else if (t->attempts) {

        if (ngx_http_sspi_post_task(t) == NGX_OK) {
            return;
        }

        r = ngx_http_sspi_detach(t);

        ngx_http_sspi_free_task(t);

    } else {
        r = ngx_http_sspi_detach(t);

        ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                      "sspi: a changed file, a domain controller or a KDC "
                      "takes longer than %d seconds: the request continues without "
                      "it",
                      SSPI_JOB_DEADLINE_MS / 1000);
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

    if (t->job == NULL || t->attempts) {

        /* no thread has the task */

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
 * Returns the request that waited first.  The caller resumes it; the others
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
    (void) ngx_atomic_fetch_add(&t->abandoned, 1);

    if (t->timer.timer_set) {
        ngx_del_timer(&t->timer);
    }

    return r;
}


/* continues the phases of r where they stopped */

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
