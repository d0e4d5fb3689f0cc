/* SPDX-License-Identifier: Apache-2.0 */
/* Changes the headers that handlers, upstreams and variables of nginx read. */
#include "ngx_http_sspi_module.h"


/*
 * Calls "edit" for a copy of each header of r, which is the main request or a
 * subrequest, and makes the copies the list.  NGX_DECLINED: the header is
 * removed.  The list is copied, because upstream modules read every element of
 * it, so a removed header must not stay as an empty line, and other parts of
 * nginx have pointers to the elements.  A subrequest shares the elements with
 * its parent.
 */

ngx_int_t
ngx_http_sspi_edit_headers(ngx_http_request_t *r, ngx_http_sspi_edit_pt edit,
    const struct sspi_policy *policy)
{
    ngx_int_t         rc;
    ngx_uint_t        i, n;
    ngx_list_t       *headers;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h, *old, *copies;

    headers = &r->headers_in.headers;
    n = 0;

    for (part = &headers->part; part; part = part->next) {
        n += part->nelts;
    }

    copies = ngx_palloc(r->pool, n * sizeof(ngx_table_elt_t));
    if (copies == NULL) {
        return NGX_ERROR;
    }

    h = copies;

    for (part = &headers->part; part; part = part->next) {
        old = part->elts;

        for (i = 0; i < part->nelts; i++) {
            *h = old[i];

            rc = edit(r, h, policy);

            if (rc == NGX_ERROR) {
                return NGX_ERROR;
            }

            if (rc == NGX_OK) {
                h++;
            }
        }
    }

    headers->part.elts = copies;
    headers->part.nelts = h - copies;
    headers->part.next = NULL;
    headers->last = &headers->part;
    headers->nalloc = n;

    return NGX_OK;
}


/* true if nginx has read the variable of this index; most were not read yet */

ngx_uint_t
ngx_http_sspi_keeps_variable(ngx_http_request_t *r, ngx_uint_t index)
{
    return r->variables[index].valid || r->variables[index].not_found;
}


/*
 * nginx keeps the value of a variable if a directive of the rewrite phase used
 * it.  It reads the value again afterwards.
 */

void
ngx_http_sspi_forget_variable(ngx_http_request_t *r, const ngx_str_t *name)
{
    ngx_uint_t                  i;
    ngx_http_variable_t        *v;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);

    v = cmcf->variables.elts;

    for (i = 0; i < cmcf->variables.nelts; i++) {

        if (ngx_http_sspi_keeps_variable(r, i)
            && v[i].name.len == name->len
            && ngx_strncmp(v[i].name.data, name->data, name->len) == 0)
        {
            r->variables[i].valid = 0;
            r->variables[i].not_found = 0;
        }
    }
}
