/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs that no request waits for: each has a thread of its own, which ends with the job. */
#include "mod_sspi.h"

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>

static void *run(void *data)
{
    struct sspi_job *job = data;

    sspi_job_run(job);
    sspi_job_unref(job);
    return NULL;
}

/* A child process that ends unloads its modules while other threads may still run. From now on this
 * module stays loaded. The parent process, which loads the module again at each restart, does not
 * call this. */
static bool stay_loaded(void)
{
    Dl_info module;

    return dladdr(&sspi_module, &module) != 0 &&
           dlopen(module.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE) != NULL;
}

/* httpd's own threads handle the signals. */
static bool create(struct sspi_job *job)
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
              pthread_create(&thread, &attributes, run, job) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return created;
}

bool mod_sspi_job_begin(struct sspi_job *job)
{
    if (!stay_loaded()) {
        return false;
    }
    sspi_job_ref(job);
    if (create(job)) {
        return true;
    }
    sspi_job_unref(job);
    return false;
}
