/* SPDX-License-Identifier: Apache-2.0 */
#ifndef _NGX_HTTP_SSPI_MODULE_H_INCLUDED_
#define _NGX_HTTP_SSPI_MODULE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "sspi_http.h"


/* one per configuration cycle */

#if (NGX_THREADS)

/* the pools: for jobs that wait for the KDC, and for all other jobs */

#define NGX_HTTP_SSPI_POOL_OTHERS  0
#define NGX_HTTP_SSPI_POOL_KDC     1
#define NGX_HTTP_SSPI_POOLS        2


typedef struct {
    ngx_thread_pool_t         *pool;         /* NULL: jobs run at once */
    ngx_uint_t                 n;            /* 0: a pool of the configuration,
                                              * whose number of threads is not
                                              * known */
} ngx_http_sspi_threads_t;

#endif


typedef struct {
    struct sspi_acceptor      *acceptor;     /* NULL: no location uses sspi */
    ngx_array_t                protected;    /* ngx_http_sspi_loc_conf_t *:
                                              * those whose mode is not off */
    ngx_array_t                directives;   /* ngx_http_sspi_directive_t */
    ngx_array_t                ccache_names; /* ngx_str_t: further variables
                                              * with the value of $sspi_ccache
                                              */
    size_t                     state_size;
    ngx_int_t                  remote_user;  /* index of $remote_user */
    ngx_array_t                upstreams;    /* ngx_http_sspi_upstream_t: all
                                              * upstreams, if a location has
                                              * sspi_proxy_negotiate */
    ngx_http_handler_pt        basic;        /* the handler of auth_basic;
                                              * NULL: it is not wrapped */
#if (NGX_THREADS)
    ngx_http_sspi_threads_t    threads[NGX_HTTP_SSPI_POOLS];
#endif
} ngx_http_sspi_main_conf_t;


/* one per server, location, if and limit_except block */

typedef struct ngx_http_sspi_loc_conf_s  ngx_http_sspi_loc_conf_t;

struct ngx_http_sspi_loc_conf_s {
    struct sspi_policy         policy;
    ngx_http_complex_value_t  *realm;
    ngx_http_complex_value_t  *mode;     /* NULL: policy has the value */
    ngx_http_complex_value_t  *packages; /* NULL: policy has the value */
    ngx_http_sspi_loc_conf_t  *outer;    /* NULL: the http block */
    unsigned                   logout:1; /* the block has sspi_logout */
    unsigned                   used:1;   /* sspi is not off in this block, or
                                          * in an inner one */
    ngx_http_core_srv_conf_t  *server;   /* of its server block */
#if (NGX_HTTP_SSL)
    ngx_http_ssl_srv_conf_t   *ssl;      /* of its server block */
#endif

    /* the position of "sspi", for errors found after the blocks are merged */
    ngx_str_t                  file;
    ngx_uint_t                 line;
};


/* a directive's position, for errors found after all blocks are read */

typedef struct {
    ngx_http_sspi_loc_conf_t  *conf;
    enum sspi_option           option;
    ngx_str_t                  file;
    ngx_uint_t                 line;
} ngx_http_sspi_directive_t;


typedef struct ngx_http_sspi_task_s  ngx_http_sspi_task_t;
typedef ngx_int_t (*ngx_http_sspi_handler_pt)(ngx_http_request_t *r,
    ngx_http_sspi_loc_conf_t *slcf);
typedef ngx_int_t (*ngx_http_sspi_edit_pt)(ngx_http_request_t *r,
    ngx_table_elt_t *h, const struct sspi_policy *policy);


/*
 * One per client request; the main request owns it.  It has copies, because
 * the result of a step is valid only until the next step, which a subrequest
 * may make.
 */

typedef struct {
    struct sspi_exchange      *exchange;    /* NULL: no step was made yet */
    ngx_http_sspi_loc_conf_t  *checked;     /* the location whose policy was
                                             * applied to the main request */
    ngx_http_sspi_loc_conf_t  *admitted;    /* the location whose access phase
                                             * has admitted the main
                                             * request */
    ngx_str_t                  cookies;     /* as the client sent them, joined;
                                             * only if has_cookies is set */
    ngx_http_sspi_loc_conf_t  *granting;    /* the location whose policy has
                                             * granted the user */
    ngx_http_sspi_loc_conf_t  *onward;      /* the location from which the main
                                             * request went to an upstream with
                                             * sspi_proxy_negotiate; NULL: it
                                             * did not */
    ngx_str_t                  variables[SSPI_VARIABLE_COUNT];
    ngx_uint_t                 lists;       /* bits of the lists of groups that
                                             * are among the variables */
    ngx_str_t                  error;       /* why the main request was
                                             * refused; null: it was not */
    ngx_table_elt_t            success[SSPI_HEADERS_LIMIT];
    ngx_table_elt_t            challenges[SSPI_HEADERS_LIMIT];
    ngx_table_elt_t            cookie;      /* Set-Cookie, for every answer;
                                             * hash 0: none */
    ngx_uint_t                 n_success;
    ngx_uint_t                 n_challenges;
    ngx_uint_t                 challenged;  /* the status of the answer that
                                             * they are for: 401, or 429 */
    ngx_http_sspi_task_t      *task;        /* runs the exchange's job; NULL:
                                             * no job runs */
    ngx_http_sspi_handler_pt   refuse;      /* called if the core refuses the
                                             * body while it is read */
    ngx_uint_t                 n_steps;     /* since the exchange last
                                             * decided */
    unsigned                   has_cookies:1;
    unsigned                   has_authorization:1;  /* the client has sent the
                                                      * header, which is hidden
                                                      * now */
    unsigned                   granted:1;
    unsigned                   hashing:1;   /* the core hashes the body */
    unsigned                   keepalive:1; /* a 400 of this module does not
                                             * close the connection */
} ngx_http_sspi_ctx_t;


/*
 * The context of ngx_http_sspi_filter_module is ngx_http_sspi_waiter_t: each
 * main request or subrequest that waits for a job has one.
 */


/* ngx_http_sspi_ctx.c */

ngx_http_sspi_ctx_t *ngx_http_sspi_get_ctx(ngx_http_request_t *r);
ngx_http_sspi_ctx_t *ngx_http_sspi_make_ctx(ngx_http_request_t *r);

/* ngx_http_sspi_request.c */

ngx_int_t ngx_http_sspi_authenticate(ngx_http_request_t *r,
    ngx_http_sspi_loc_conf_t *slcf);
ngx_int_t ngx_http_sspi_make_exchange(ngx_http_request_t *r,
    ngx_http_sspi_ctx_t *ctx);
ngx_uint_t ngx_http_sspi_is_admitted(ngx_http_request_t *r,
    ngx_http_sspi_loc_conf_t *slcf);
ngx_int_t ngx_http_sspi_authenticate_open(ngx_http_request_t *r,
    ngx_http_sspi_loc_conf_t *slcf);

/* ngx_http_sspi_log.c */

ngx_uint_t ngx_http_sspi_log_level(enum sspi_severity severity);
enum sspi_severity ngx_http_sspi_log_from(ngx_log_t *log);
void ngx_http_sspi_log_result(ngx_http_request_t *r,
    const struct sspi_result *result);

/* ngx_http_sspi_result.c */

ngx_int_t ngx_http_sspi_keep_headers(ngx_pool_t *pool,
    const struct sspi_result *result, ngx_table_elt_t *headers,
    ngx_uint_t *n_headers);
ngx_int_t ngx_http_sspi_keep_cookie(ngx_http_request_t *r,
    ngx_http_sspi_ctx_t *ctx, const struct sspi_result *result);
ngx_int_t ngx_http_sspi_keep_user(ngx_http_request_t *r,
    ngx_http_sspi_ctx_t *ctx, const struct sspi_result *result);
ngx_int_t ngx_http_sspi_keep_error(ngx_http_request_t *r,
    ngx_http_sspi_ctx_t *ctx, const struct sspi_result *result);

/* ngx_http_sspi_body.c */

ngx_int_t ngx_http_sspi_pass_body(ngx_http_request_t *r,
    ngx_http_sspi_ctx_t *ctx);
void ngx_http_sspi_add_body_filter(void);

/* ngx_http_sspi_caches.c */

ngx_int_t ngx_http_sspi_mark_answer(ngx_http_request_t *r,
    ngx_http_sspi_ctx_t *ctx);

/* ngx_http_sspi_authorization.c */

ngx_uint_t ngx_http_sspi_has_authorization(ngx_http_request_t *r);
ngx_int_t ngx_http_sspi_hide_authorization(ngx_http_request_t *r,
    ngx_http_sspi_loc_conf_t *slcf);

ngx_int_t ngx_http_sspi_drop_onward(ngx_http_request_t *r);
ngx_int_t ngx_http_sspi_push_onward(ngx_http_request_t *r,
    const struct sspi_view *value);

/* ngx_http_sspi_onward.c */

ngx_int_t ngx_http_sspi_add_onward(ngx_http_request_t *r,
    ngx_http_sspi_loc_conf_t *slcf, const struct sspi_result *result);
ngx_int_t ngx_http_sspi_wrap_upstreams(ngx_conf_t *cf,
    ngx_http_sspi_main_conf_t *smcf);
ngx_int_t ngx_http_sspi_clean_answer(ngx_http_request_t *r,
    ngx_http_sspi_ctx_t *ctx);

/* ngx_http_sspi_headers.c */

ngx_int_t ngx_http_sspi_edit_headers(ngx_http_request_t *r,
    ngx_http_sspi_edit_pt edit, const struct sspi_policy *policy);
ngx_uint_t ngx_http_sspi_keeps_variable(ngx_http_request_t *r,
    ngx_uint_t index);
void ngx_http_sspi_forget_variable(ngx_http_request_t *r,
    const ngx_str_t *name);

/* ngx_http_sspi_cookies.c */

ngx_int_t ngx_http_sspi_keep_cookies(ngx_http_request_t *r,
    ngx_http_sspi_ctx_t *ctx);
ngx_uint_t ngx_http_sspi_has_session(ngx_http_request_t *r,
    ngx_http_sspi_loc_conf_t *slcf);
ngx_int_t ngx_http_sspi_strip_cookies(ngx_http_request_t *r,
    ngx_http_sspi_loc_conf_t *slcf);

/* ngx_http_sspi_job.c */

ngx_int_t ngx_http_sspi_join_job(ngx_http_request_t *r,
    ngx_http_sspi_ctx_t *ctx);
ngx_int_t ngx_http_sspi_wait(ngx_http_request_t *r, ngx_http_sspi_ctx_t *ctx,
    ngx_msec_t ms);
void ngx_http_sspi_begin_job(ngx_http_request_t *r, struct sspi_job *job);
ngx_int_t ngx_http_sspi_run_job(ngx_http_request_t *r,
    ngx_http_sspi_ctx_t *ctx, struct sspi_job *job);

/* ngx_http_sspi_threads.c */

#if (NGX_THREADS)
ngx_int_t ngx_http_sspi_init_threads(ngx_cycle_t *cycle,
    ngx_http_sspi_main_conf_t *smcf);
#endif

/* ngx_http_sspi_connection.c */

ngx_int_t ngx_http_sspi_describe_request(ngx_http_request_t *r,
    struct sspi_acceptor *acceptor, struct sspi_request *request);
struct sspi_connection *ngx_http_sspi_find_connection(ngx_http_request_t *r);
struct sspi_view ngx_http_sspi_view(const ngx_str_t *str);
ngx_int_t ngx_http_sspi_copy(ngx_pool_t *pool, ngx_str_t *dst,
    const struct sspi_view *src);
struct sspi_view ngx_http_sspi_header(ngx_http_request_t *r, const char *name);

/* ngx_http_sspi_http2.c */

ngx_uint_t ngx_http_sspi_can_force_http1(ngx_http_request_t *r);
ngx_int_t ngx_http_sspi_force_http1(ngx_http_request_t *r);

/* ngx_http_sspi_variables.c */

ngx_int_t ngx_http_sspi_add_variables(ngx_conf_t *cf);
ngx_int_t ngx_http_sspi_add_ccache_variable(ngx_conf_t *cf,
    const ngx_str_t *name);
ngx_int_t ngx_http_sspi_remote_user_index(ngx_conf_t *cf);
void ngx_http_sspi_set_remote_user(ngx_http_request_t *r,
    ngx_http_sspi_ctx_t *ctx);
void ngx_http_sspi_set_basic_user(ngx_http_request_t *r);
ngx_int_t ngx_http_sspi_make_groups(ngx_http_request_t *r,
    ngx_http_sspi_ctx_t *ctx);

/* ngx_http_sspi_basic.c */

void ngx_http_sspi_wrap_basic(ngx_conf_t *cf,
    ngx_http_sspi_main_conf_t *smcf);

/* ngx_http_sspi_conf.c */

void *ngx_http_sspi_create_main_conf(ngx_conf_t *cf);
void *ngx_http_sspi_create_loc_conf(ngx_conf_t *cf);
char *ngx_http_sspi_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child);
char *ngx_http_sspi_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
ngx_int_t ngx_http_sspi_check_directives(ngx_conf_t *cf,
    ngx_http_sspi_main_conf_t *smcf);

/* ngx_http_sspi_choice.c */

ngx_uint_t ngx_http_sspi_is_choice(ngx_conf_t *cf, enum sspi_option option);
char *ngx_http_sspi_set_choice(ngx_conf_t *cf, ngx_http_sspi_loc_conf_t *slcf,
    enum sspi_option option);
ngx_int_t ngx_http_sspi_choose_policy(ngx_http_request_t *r,
    ngx_http_sspi_loc_conf_t *slcf, struct sspi_policy *policy, char *error);

/* ngx_http_sspi_require.c */

char *ngx_http_sspi_compile_patterns(ngx_conf_t *cf,
    struct sspi_policy *policy, size_t n_earlier, void *const *compiled);
bool ngx_http_sspi_matches(void *compiled, struct sspi_view text);

/* ngx_http_sspi_acceptor.c */

ngx_int_t ngx_http_sspi_open_acceptor(ngx_conf_t *cf,
    ngx_http_sspi_main_conf_t *smcf);
ngx_int_t ngx_http_sspi_init_module(ngx_cycle_t *cycle);

/* ngx_http_sspi_logout.c */

ngx_int_t ngx_http_sspi_logout_handler(ngx_http_request_t *r);

/* ngx_http_sspi_status.c */

ngx_int_t ngx_http_sspi_status_handler(ngx_http_request_t *r);

/* ngx_http_sspi_zone.c */

ngx_int_t ngx_http_sspi_set_state(ngx_conf_t *cf,
    ngx_http_sspi_main_conf_t *smcf);


extern ngx_module_t  ngx_http_sspi_module;
extern ngx_module_t  ngx_http_sspi_filter_module;


#endif /* _NGX_HTTP_SSPI_MODULE_H_INCLUDED_ */
