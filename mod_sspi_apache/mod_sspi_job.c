/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs. Each runs in a thread of its own, which ends with the job.
 *
 * The thread of a request waits for the thread of its job, but not longer than the deadline. Then
 * it leaves the job behind: libkrb5 waits for a silent KDC for about 27 s and knows no deadline,
 * and winbind and NSS wait as long as they like. The core limits how many jobs wait for another
 * machine. At most one job reads each file. */
#include "mod_sspi.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

/* A job, and the thread of the request that waits for it. */
struct call {
    struct sspi_job *job;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t done;
    bool is_done;
    bool is_left; /* no request waits: the thread of the job frees this */
};

/* ---- calls ---- */

/* A step of the wall clock does not change the deadline. */
static bool init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    bool made;

    if (pthread_condattr_init(&attributes) != 0) {
        return false;
    }
    made = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
           pthread_cond_init(condition, &attributes) == 0;
    pthread_condattr_destroy(&attributes);
    return made;
}

/* Takes over the reference to the job, also if it returns NULL: no memory. */
static struct call *call_new(struct sspi_job *job)
{
    struct call *call = calloc(1, sizeof(*call));

    if (call == NULL || !init_condition(&call->done)) {
        sspi_job_unref(job);
        free(call);
        return NULL;
    }
    pthread_mutex_init(&call->lock, NULL); /* never fails without attributes */
    call->job = job;
    return call;
}

static void call_free(struct call *call)
{
    sspi_job_unref(call->job);
    pthread_cond_destroy(&call->done);
    pthread_mutex_destroy(&call->lock);
    free(call);
}

/* ---- threads ---- */

static void *run(void *data)
{
    struct call *call = data;
    bool is_left;

    sspi_job_run(call->job);
    pthread_mutex_lock(&call->lock);
    call->is_done = true;
    is_left = call->is_left;
    pthread_cond_signal(&call->done);
    pthread_mutex_unlock(&call->lock);
    if (is_left) {
        call_free(call);
    }
    return NULL;
}

static pthread_once_t stay_once = PTHREAD_ONCE_INIT;
static bool stays;

/* A child process that ends unloads its modules while other threads may still run. From now on this
 * module stays loaded. The parent process, which loads the module again at each restart, does not
 * call this. */
static void stay_loaded(void)
{
    Dl_info module;

    stays = dladdr(&sspi_module, &module) != 0 &&
            dlopen(module.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE) != NULL;
}

/* httpd's own threads handle the signals. */
static bool create(struct call *call)
{
    sigset_t all, before;
    pthread_attr_t attributes;
    pthread_t thread;
    bool created;

    if (pthread_attr_init(&attributes) != 0) {
        return false;
    }
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    created = pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
              pthread_create(&thread, &attributes, run, call) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return created;
}

/* False: there is no thread. */
static bool begin(struct call *call)
{
    pthread_once(&stay_once, stay_loaded);
    return stays && create(call);
}

/* ---- waiting ---- */

static struct timespec deadline(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += SSPI_JOB_DEADLINE_MS / 1000;
    return at;
}

/* Waits until the job is done or its deadline passes. False: the thread of the job, which still
 * runs, owns the call from now on. */
static bool wait_for(struct call *call)
{
    struct timespec until = deadline();
    bool is_done;

    pthread_mutex_lock(&call->lock);
    while (!call->is_done && pthread_cond_timedwait(&call->done, &call->lock, &until) == 0) {
    }
    is_done = call->is_done;
    call->is_left = !is_done;
    pthread_mutex_unlock(&call->lock);
    return is_done;
}

bool mod_sspi_job_run(struct sspi_job *job)
{
    struct call *call = call_new(job);
    bool began = call != NULL && begin(call);

    if (began && !wait_for(call)) {
        return false;
    }
    if (call != NULL) {
        call_free(call);
    }
    return true;
}

void mod_sspi_job_begin(struct sspi_job *job)
{
    struct call *call = call_new(job);

    if (call == NULL) {
        return;
    }
    call->is_left = true;
    if (!begin(call)) {
        call_free(call);
    }
}
