/* SPDX-License-Identifier: Apache-2.0 */
/* Describes a request and its connection to the core. */
#include "ngx_http_sspi_module.h"


static void ngx_http_sspi_request_line(ngx_http_request_t *r,
    ngx_str_t *method, ngx_str_t *target);
#if (NGX_HTTP_SSL)
static SSL_CTX *ngx_http_sspi_host_tls(ngx_http_request_t *r);
#endif
static struct sspi_view ngx_http_sspi_authority(ngx_http_request_t *r);
static uint64_t ngx_http_sspi_entity_length(ngx_http_request_t *r);
static void ngx_http_sspi_peer(ngx_http_request_t *r,
    struct sspi_request *request);
static ngx_uint_t ngx_http_sspi_has_proxy_header(ngx_http_request_t *r);
static ngx_uint_t ngx_http_sspi_equal(const ngx_str_t *one,
    const ngx_str_t *other);
static struct sspi_connection *ngx_http_sspi_get_connection(
    ngx_http_request_t *r, struct sspi_acceptor *acceptor);
static void ngx_http_sspi_connection_cleanup(void *data);


ngx_int_t
ngx_http_sspi_describe_request(ngx_http_request_t *r,
    struct sspi_acceptor *acceptor, struct sspi_request *request)
{
    ngx_str_t                 method, target;
    ngx_table_elt_t          *authorization;

    ngx_memzero(request, sizeof(struct sspi_request));

    ngx_http_sspi_request_line(r, &method, &target);

    request->method = ngx_http_sspi_view(&method);
    request->target = ngx_http_sspi_view(&target);
    request->authority = ngx_http_sspi_authority(r);
    request->entity_length = ngx_http_sspi_entity_length(r);
    request->log_from = ngx_http_sspi_log_from(r->connection->log);

#if (NGX_HTTP_SSL)
    if (r->connection->ssl) {
        request->tls = true;
        request->ssl = r->connection->ssl->connection;
        request->host_tls = ngx_http_sspi_host_tls(r);
    }
#endif

    authorization = r->headers_in.authorization;

    if (authorization) {
        request->authorization = ngx_http_sspi_view(&authorization->value);

#if (nginx_version >= 1023000)
        request->several_authorizations = (authorization->next != NULL);
#endif
    }

    ngx_http_sspi_peer(r, request);

    /*
     * Requests of HTTP/2 and HTTP/3 share a connection, so it keeps neither an
     * unfinished exchange nor a login.  On HTTP/1.x every request needs the object: a
     * request without Authorization may have a login there.
     */

    if (r->http_version < NGX_HTTP_VERSION_20) {
        request->connection = ngx_http_sspi_get_connection(r, acceptor);

        if (request->connection == NULL) {
            return NGX_ERROR;
        }

    } else {
        request->can_force_http1 = ngx_http_sspi_can_force_http1(r);
        request->http3 = (r->http_version > NGX_HTTP_VERSION_20);
    }

    return NGX_OK;
}


/*
 * Returns method and request-target as the client sent them, which Digest
 * needs.  An error page sets r->method_name to GET, and r->unparsed_uri lacks
 * the scheme and the host of the absolute form.
 */

static void
ngx_http_sspi_request_line(ngx_http_request_t *r, ngx_str_t *method,
    ngx_str_t *target)
{
    u_char  *p, *end;

    *method = r->method_name;
    *target = r->unparsed_uri;

    p = r->request_line.data;
    end = p + r->request_line.len;

    while (p < end && *p != ' ') {
        p++;
    }

    if (p == end) {
        return;
    }

    method->data = r->request_line.data;
    method->len = p - method->data;

    if (r->http_version >= NGX_HTTP_VERSION_20) {
        return;
    }

    while (p < end && *p == ' ') {
        p++;
    }

    if (p == end || *p == '/') {
        return;
    }

    target->data = p;

    while (p < end && *p != ' ') {
        p++;
    }

    target->len = p - target->data;
}


#if (NGX_HTTP_SSL)

/*
 * nginx chooses the server by Host, even if SNI has another name.  A server
 * without a certificate of its own uses that of the default server.
 */

static SSL_CTX *
ngx_http_sspi_host_tls(ngx_http_request_t *r)
{
    ngx_http_ssl_srv_conf_t   *sscf;
    ngx_http_core_srv_conf_t  *cscf;

    sscf = ngx_http_get_module_srv_conf(r, ngx_http_ssl_module);

    if (sscf->ssl.ctx == NULL) {
        cscf = r->http_connection->addr_conf->default_server;
        sscf = cscf->ctx->srv_conf[ngx_http_ssl_module.ctx_index];
    }

    return sscf->ssl.ctx;
}

#endif


/*
 * The host of a target in absolute form replaces that of Host (RFC 9112
 * section 3.2.2), as nginx itself chooses the server by it.  An HTTP/3 request
 * may have :authority and no Host.
 */

static struct sspi_view
ngx_http_sspi_authority(ngx_http_request_t *r)
{
    ngx_str_t  authority;

    ngx_str_null(&authority);

    if (r->host_start && r->host_end) {
        authority.data = r->host_start;
        authority.len = r->host_end - r->host_start;

    } else if (r->headers_in.host) {
        authority = r->headers_in.host->value;
    }

    return ngx_http_sspi_view(&authority);
}


static uint64_t
ngx_http_sspi_entity_length(ngx_http_request_t *r)
{
    /*
     * Without Content-Length, nginx sets it also for an HTTP/2 request whose
     * stream does not end with the header, and for every HTTP/3 request.
     */

    if (r->headers_in.chunked) {
        return SSPI_ENTITY_UNKNOWN;
    }

    if (r->headers_in.content_length_n <= 0) {
        return 0;
    }

    return r->headers_in.content_length_n;
}


/*
 * Sets the address of the connection's other end, and whether that is a
 * proxy.  During a request, the realip module replaces the connection's
 * address.  Its variable still has the true address; without the module, there
 * is no such variable.
 *
 * The header that realip trusts may have any name, so a replaced address also
 * shows a proxy.  An exception is an address from the PROXY protocol: its line
 * precedes all requests of the connection, so the connection serves only one
 * client.
 */

static void
ngx_http_sspi_peer(ngx_http_request_t *r, struct sspi_request *request)
{
    ngx_str_t                   peer, addr;
    ngx_connection_t           *c;
    ngx_http_variable_value_t  *vv;

    static ngx_str_t   name = ngx_string("realip_remote_addr");
    static ngx_uint_t  hash;

    if (hash == 0) {
        hash = ngx_hash_key(name.data, name.len);
    }

    c = r->connection;

    peer = c->addr_text;
    addr = c->addr_text;

    vv = ngx_http_get_variable(r, &name, hash);

    if (vv && !vv->not_found) {
        peer.data = vv->data;
        peer.len = vv->len;
    }

    if (!ngx_http_sspi_equal(&peer, &addr)) {
        request->forwarded = c->proxy_protocol == NULL
                             || !ngx_http_sspi_equal(&addr,
                                               &c->proxy_protocol->src_addr);
    }

    if (ngx_http_sspi_has_proxy_header(r)) {
        request->forwarded = true;
    }

    /* a client on a Unix socket has no address */

    if (peer.len < 5 || ngx_strncmp(peer.data, "unix:", 5) != 0) {
        request->peer = ngx_http_sspi_view(&peer);
    }
}


static ngx_uint_t
ngx_http_sspi_has_proxy_header(ngx_http_request_t *r)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (sspi_http_is_proxy_header(ngx_http_sspi_view(&h[i].key))) {
                return 1;
            }
        }
    }

    return 0;
}


static ngx_uint_t
ngx_http_sspi_equal(const ngx_str_t *one, const ngx_str_t *other)
{
    return one->len == other->len
           && ngx_memcmp(one->data, other->data, one->len) == 0;
}


/* returns the connection's object; NULL: it does not exist yet */

struct sspi_connection *
ngx_http_sspi_find_connection(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t  *cln;

    if (r->http_version >= NGX_HTTP_VERSION_20) {
        return NULL;
    }

    for (cln = r->connection->pool->cleanup; cln; cln = cln->next) {

        if (cln->handler == ngx_http_sspi_connection_cleanup) {
            return cln->data;
        }
    }

    return NULL;
}


static struct sspi_connection *
ngx_http_sspi_get_connection(ngx_http_request_t *r,
    struct sspi_acceptor *acceptor)
{
    ngx_connection_t        *c;
    ngx_pool_cleanup_t      *cln;
    struct sspi_connection  *connection;

    connection = ngx_http_sspi_find_connection(r);

    if (connection) {
        return connection;
    }

    c = r->connection;

    cln = ngx_pool_cleanup_add(c->pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    connection = sspi_connection_new(acceptor);

    if (connection == NULL) {
        ngx_log_error(NGX_LOG_ERR, c->log, 0,
                      "sspi: out of memory for the connection");
        return NULL;
    }

    cln->handler = ngx_http_sspi_connection_cleanup;
    cln->data = connection;

    return connection;
}


static void
ngx_http_sspi_connection_cleanup(void *data)
{
    sspi_connection_free(data);
}


struct sspi_view
ngx_http_sspi_view(const ngx_str_t *str)
{
    struct sspi_view  view;

    view.data = str->data ? (const char *) str->data : "";
    view.len = str->len;

    return view;
}


/* older versions of nginx have no pointers to some headers */

struct sspi_view
ngx_http_sspi_header(ngx_http_request_t *r, const char *name)
{
    size_t            len;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;
    struct sspi_view  absent = { NULL, 0 };

    len = ngx_strlen(name);

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (h[i].key.len == len
                && ngx_strncasecmp(h[i].key.data, (u_char *) name, len) == 0)
            {
                return ngx_http_sspi_view(&h[i].value);
            }
        }
    }

    return absent;
}


/* an absent view becomes a null string */

ngx_int_t
ngx_http_sspi_copy(ngx_pool_t *pool, ngx_str_t *dst,
    const struct sspi_view *src)
{
    u_char  *p;

    ngx_str_null(dst);

    if (src->data == NULL) {
        return NGX_OK;
    }

    p = ngx_pnalloc(pool, src->len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, src->data, src->len);
    p[src->len] = '\0';

    dst->data = p;
    dst->len = src->len;

    return NGX_OK;
}
