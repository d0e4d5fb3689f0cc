/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The user's own login at the upstream ("sspi_proxy_negotiate").
 *
 * The token is a line Authorization in the headers of the request, which
 * upstream modules pass on.  When they have built their request, the line is
 * removed again, so that neither a log nor another request gets it.
 *
 * An upstream may log a user in for the connection (NTLM, and Kerberos on
 * IIS).  So a request with a login uses a new connection, which is not kept.
 * An upstream accepts a token once.  So a request whose token was sent is not
 * sent to a next server.
 */
#include "ngx_http_sspi_module.h"


typedef struct {
    ngx_http_upstream_srv_conf_t       *conf;
    ngx_http_upstream_init_peer_pt      init;
} ngx_http_sspi_upstream_t;


typedef struct {
    ngx_http_request_t                 *request;
    void                               *data;
    ngx_event_get_peer_pt               get;
    ngx_event_free_peer_pt              free;
#if (NGX_HTTP_SSL)
    ngx_event_set_peer_session_pt       set_session;
    ngx_event_save_peer_session_pt      save_session;
#endif
} ngx_http_sspi_peer_t;


static ngx_uint_t ngx_http_sspi_logs_in(ngx_http_sspi_loc_conf_t *slcf);
static ngx_int_t ngx_http_sspi_init_peer(ngx_http_request_t *r,
    ngx_http_upstream_srv_conf_t *us);
static ngx_int_t ngx_http_sspi_wrap_peer(ngx_http_request_t *r);
static ngx_int_t ngx_http_sspi_get_peer(ngx_peer_connection_t *pc, void *data);
static void ngx_http_sspi_close_peer(ngx_connection_t *c);
static void ngx_http_sspi_free_peer(ngx_peer_connection_t *pc, void *data,
    ngx_uint_t state);
#if (NGX_HTTP_SSL)
static ngx_int_t ngx_http_sspi_set_peer_session(ngx_peer_connection_t *pc,
    void *data);
static void ngx_http_sspi_save_peer_session(ngx_peer_connection_t *pc,
    void *data);
#endif
static ngx_http_sspi_loc_conf_t *ngx_http_sspi_onward_conf(
    ngx_http_request_t *r, ngx_http_sspi_ctx_t *ctx);
static ngx_uint_t ngx_http_sspi_is_challenge(ngx_table_elt_t *h);


static ngx_uint_t
ngx_http_sspi_logs_in(ngx_http_sspi_loc_conf_t *slcf)
{
    return slcf->policy.mode != SSPI_MODE_OFF
           && slcf->policy.proxy_negotiate.n > 0;
}


/*
 * Gives the main request or subrequest r the token of its granted step.  The
 * header of the client is removed, also if there is no token.
 */

ngx_int_t
ngx_http_sspi_add_onward(ngx_http_request_t *r,
    ngx_http_sspi_loc_conf_t *slcf, const struct sspi_result *result)
{
    if (!ngx_http_sspi_logs_in(slcf)) {
        return NGX_OK;
    }

    if (ngx_http_sspi_hide_authorization(r, slcf) != NGX_OK
        || ngx_http_sspi_drop_onward(r) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (result->onward.data == NULL) {
        return NGX_OK;
    }

    return ngx_http_sspi_push_onward(r, &result->onward);
}


/* called when all upstreams are known, and their modules have set their init */

ngx_int_t
ngx_http_sspi_wrap_upstreams(ngx_conf_t *cf, ngx_http_sspi_main_conf_t *smcf)
{
    ngx_uint_t                       i;
    ngx_http_sspi_upstream_t        *upstream;
    ngx_http_sspi_loc_conf_t       **slcfp;
    ngx_http_upstream_srv_conf_t   **uscfp;
    ngx_http_upstream_main_conf_t   *umcf;

    slcfp = smcf->protected.elts;

    for (i = 0; i < smcf->protected.nelts; i++) {

        if (ngx_http_sspi_logs_in(slcfp[i])) {
            break;
        }
    }

    if (i == smcf->protected.nelts) {
        return NGX_OK;
    }

    umcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_upstream_module);
    uscfp = umcf->upstreams.elts;

    if (ngx_array_init(&smcf->upstreams, cf->pool, umcf->upstreams.nelts + 1,
                       sizeof(ngx_http_sspi_upstream_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < umcf->upstreams.nelts; i++) {

        if (uscfp[i]->peer.init == NULL) {
            continue;
        }

        upstream = ngx_array_push(&smcf->upstreams);
        if (upstream == NULL) {
            return NGX_ERROR;
        }

        upstream->conf = uscfp[i];
        upstream->init = uscfp[i]->peer.init;

        uscfp[i]->peer.init = ngx_http_sspi_init_peer;
    }

    return NGX_OK;
}


/* nginx calls this when the upstream module has built its request */

static ngx_int_t
ngx_http_sspi_init_peer(ngx_http_request_t *r,
    ngx_http_upstream_srv_conf_t *us)
{
    ngx_uint_t                  i;
    ngx_http_sspi_ctx_t        *ctx;
    ngx_http_sspi_upstream_t   *upstream;
    ngx_http_sspi_loc_conf_t   *slcf;
    ngx_http_sspi_main_conf_t  *smcf;

    smcf = ngx_http_get_module_main_conf(r, ngx_http_sspi_module);

    upstream = smcf->upstreams.elts;

    for (i = 0; i < smcf->upstreams.nelts; i++) {

        if (upstream[i].conf == us) {
            break;
        }
    }

    if (i == smcf->upstreams.nelts || upstream[i].init(r, us) != NGX_OK) {
        return NGX_ERROR;
    }

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_sspi_module);

    if (!ngx_http_sspi_logs_in(slcf)) {
        return NGX_OK;
    }

    ctx = ngx_http_sspi_get_ctx(r);

    if (ctx && r == r->main) {
        ctx->onward = slcf;
    }

    if (ngx_http_sspi_drop_onward(r) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_sspi_wrap_peer(r);
}


static ngx_int_t
ngx_http_sspi_wrap_peer(ngx_http_request_t *r)
{
    ngx_http_sspi_peer_t   *peer;
    ngx_peer_connection_t  *pc;

    pc = &r->upstream->peer;

    peer = ngx_pcalloc(r->pool, sizeof(ngx_http_sspi_peer_t));
    if (peer == NULL) {
        return NGX_ERROR;
    }

    peer->request = r;
    peer->data = pc->data;
    peer->get = pc->get;
    peer->free = pc->free;

    pc->data = peer;
    pc->get = ngx_http_sspi_get_peer;
    pc->free = ngx_http_sspi_free_peer;

#if (NGX_HTTP_SSL)
    peer->set_session = pc->set_session;
    peer->save_session = pc->save_session;

    pc->set_session = ngx_http_sspi_set_peer_session;
    pc->save_session = ngx_http_sspi_save_peer_session;
#endif

    return NGX_OK;
}


static ngx_int_t
ngx_http_sspi_get_peer(ngx_peer_connection_t *pc, void *data)
{
    ngx_http_sspi_peer_t  *peer = data;

    ngx_int_t  rc;

    rc = peer->get(pc, peer->data);

    if (rc != NGX_DONE) {
        return rc;
    }

    /* a connection that was kept; the address of its server is set */

    ngx_http_sspi_close_peer(pc->connection);

    pc->connection = NULL;
    pc->cached = 0;

    return NGX_OK;
}


static void
ngx_http_sspi_close_peer(ngx_connection_t *c)
{
#if (NGX_HTTP_SSL)
    if (c->ssl) {
        c->ssl->no_wait_shutdown = 1;
        c->ssl->no_send_shutdown = 1;

        (void) ngx_ssl_shutdown(c);
    }
#endif

    if (c->pool) {
        ngx_destroy_pool(c->pool);
    }

    ngx_close_connection(c);
}


static void
ngx_http_sspi_free_peer(ngx_peer_connection_t *pc, void *data,
    ngx_uint_t state)
{
    ngx_http_sspi_peer_t  *peer = data;

    ngx_http_upstream_t  *u;

    u = peer->request->upstream;
    u->keepalive = 0;

    peer->free(pc, peer->data, state);

    if (u->request_sent) {
        pc->tries = 0;
    }
}


#if (NGX_HTTP_SSL)

static ngx_int_t
ngx_http_sspi_set_peer_session(ngx_peer_connection_t *pc, void *data)
{
    ngx_http_sspi_peer_t  *peer = data;

    return peer->set_session(pc, peer->data);
}


static void
ngx_http_sspi_save_peer_session(ngx_peer_connection_t *pc, void *data)
{
    ngx_http_sspi_peer_t  *peer = data;

    peer->save_session(pc, peer->data);
}

#endif


/*
 * Removes the challenges of an upstream where users are logged in: the client
 * must not begin a login with the upstream.  A 401 of the upstream becomes 502.
 */

ngx_int_t
ngx_http_sspi_clean_answer(ngx_http_request_t *r, ngx_http_sspi_ctx_t *ctx)
{
    ngx_uint_t                 i;
    ngx_list_part_t           *part;
    ngx_table_elt_t           *h;
    ngx_http_sspi_loc_conf_t  *slcf;

    /* no upstream took the token, or its name is in a variable */

    if (ngx_http_sspi_drop_onward(r) != NGX_OK) {
        return NGX_ERROR;
    }

    slcf = ngx_http_sspi_onward_conf(r, ctx);

    if (slcf == NULL) {
        return NGX_OK;
    }

    for (part = &r->headers_out.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (ngx_http_sspi_is_challenge(&h[i])) {
                h[i].hash = 0;
            }
        }
    }

    r->headers_out.www_authenticate = NULL;

    if (r->headers_out.status != NGX_HTTP_UNAUTHORIZED
        || (r == r->main && ctx->n_challenges))
    {
        return NGX_OK;
    }

    r->headers_out.status = NGX_HTTP_BAD_GATEWAY;
    ngx_str_null(&r->headers_out.status_line);

    ngx_http_sspi_log_result(r, sspi_exchange_note_upstream(ctx->exchange,
                                                            &slcf->policy));

    return NGX_OK;
}


/*
 * Returns the location from which r went to the upstream.  An error page of the
 * main request, such as that of proxy_intercept_errors, is in another location.
 */

static ngx_http_sspi_loc_conf_t *
ngx_http_sspi_onward_conf(ngx_http_request_t *r, ngx_http_sspi_ctx_t *ctx)
{
    ngx_http_sspi_loc_conf_t  *slcf;

    if (ctx == NULL || ctx->exchange == NULL) {
        return NULL;
    }

    if (r == r->main) {
        return ctx->onward;
    }

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_sspi_module);

    return ngx_http_sspi_logs_in(slcf) && r->upstream ? slcf : NULL;
}


static ngx_uint_t
ngx_http_sspi_is_challenge(ngx_table_elt_t *h)
{
    size_t  i;

    static const ngx_str_t  names[] = {
        ngx_string("WWW-Authenticate"),
        ngx_string("Authentication-Info"),
        ngx_string("Persistent-Auth")
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {

        if (h->key.len == names[i].len
            && ngx_strncasecmp(h->key.data, names[i].data, h->key.len) == 0)
        {
            return 1;
        }
    }

    return 0;
}
