/* SPDX-License-Identifier: Apache-2.0 */
/* For scenarios: TLS connections that a client configures, and TLS front ends.
 *
 *   tls_tunnel client LISTEN
 *   tls_tunnel front LISTEN PORT tls|plain CERTIFICATE KEY
 *
 * client: each connection to the port LISTEN begins with a line
 *
 *   PORT NAME VERSION KIND SESSION ALPN EMS
 *
 * PORT is a port of 127.0.0.1. NAME is the name for SNI, or - for no SNI. VERSION is 1.2 or 1.3.
 * KIND is the kind of certificate (rsa, ec, any). SESSION is the name of a session to resume and to
 * keep, or - for none. ALPN is a protocol. EMS is ems or no-ems, for the extended master secret.
 * The answer is "new EXPORTER UNIQUE", "reused EXPORTER UNIQUE", or "failed". EXPORTER and UNIQUE
 * are the values of these bindings in hex, or - for none. After the answer the program forwards
 * octets in both directions.
 *
 * front: a TLS front end or a relay. It ends TLS with its own certificate, and forwards the octets
 * to PORT. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SESSIONS_LIMIT 1024
#define NAME_LIMIT     64
#define EXPORTER_LEN   32

/* One side of a tunnel. It is plain if `ssl` is NULL. */
struct end {
    int fd;
    SSL *ssl;
};

static struct {
    char name[NAME_LIMIT];
    SSL_SESSION *session;
} sessions[SESSIONS_LIMIT];
static pthread_mutex_t sessions_lock = PTHREAD_MUTEX_INITIALIZER;
static int name_index;

static SSL_CTX *outward, *inward;
static int next_port;
static bool next_is_tls;

/* Returns the entry of a name, or a free entry. */
static size_t find_session(const char *name)
{
    size_t i = 0;
    while (i < SESSIONS_LIMIT - 1 && sessions[i].name[0] != '\0' &&
           strcmp(sessions[i].name, name) != 0)
        i++;
    return i;
}

static int keep_session(SSL *ssl, SSL_SESSION *session)
{
    const char *name = SSL_get_ex_data(ssl, name_index);
    if (name == NULL)
        return 0;
    pthread_mutex_lock(&sessions_lock);
    size_t i = find_session(name);
    snprintf(sessions[i].name, NAME_LIMIT, "%s", name);
    SSL_SESSION_free(sessions[i].session);
    sessions[i].session = session;
    pthread_mutex_unlock(&sessions_lock);
    return 1;
}

static void use_session(SSL *ssl, char *name)
{
    if (strcmp(name, "-") == 0)
        return;
    SSL_set_ex_data(ssl, name_index, name);
    pthread_mutex_lock(&sessions_lock);
    SSL_SESSION *kept = sessions[find_session(name)].session;
    if (kept != NULL)
        SSL_set_session(ssl, kept);
    pthread_mutex_unlock(&sessions_lock);
}

/* -1: no server listens. */
static int connect_to(int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
        close(fd);
        return -1;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return fd;
}

/* ---- octets in both directions ---- */

static ssize_t end_read(struct end *end, char *to, size_t size)
{
    if (end->ssl == NULL)
        return read(end->fd, to, size);
    int n = SSL_read(end->ssl, to, (int)size);
    /* A record without data, such as a ticket. */
    if (n <= 0 && SSL_get_error(end->ssl, n) == SSL_ERROR_WANT_READ)
        return -2;
    return n;
}

static bool end_write(struct end *end, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = end->ssl != NULL ? SSL_write(end->ssl, data, (int)len)
                                     : send(end->fd, data, len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

/* Forwards the octets that can be read. False: an end has closed. */
static bool pass(struct end *from, struct end *to)
{
    char data[16384];
    do {
        ssize_t n = end_read(from, data, sizeof(data));
        if (n == -2)
            return true;
        if (n <= 0 || !end_write(to, data, (size_t)n))
            return false;
    } while (from->ssl != NULL && SSL_pending(from->ssl) > 0);
    return true;
}

static void pass_all(struct end *one, struct end *other)
{
    struct pollfd ready[2] = {{one->fd, POLLIN, 0}, {other->fd, POLLIN, 0}};
    while (poll(ready, 2, -1) > 0) {
        if (ready[0].revents != 0 && !pass(one, other))
            return;
        if (ready[1].revents != 0 && !pass(other, one))
            return;
    }
}

static void end_close(struct end *end)
{
    if (end->ssl != NULL) {
        SSL_shutdown(end->ssl);
        SSL_free(end->ssl);
    }
    if (end->fd >= 0)
        close(end->fd);
}

/* ---- a client ---- */

struct wish {
    int port;
    char host[NAME_LIMIT], version[4], kind[4], session[NAME_LIMIT], alpn[16], ems[8];
};

/* Reads octet by octet, because octets after the line belong to the peer. */
static bool read_wish(int fd, struct wish *ret_wish)
{
    char line[256];
    size_t n = 0;
    while (n < sizeof(line) - 1 && read(fd, line + n, 1) == 1 && line[n] != '\n')
        n++;
    line[n] = '\0';
    return sscanf(line, "%d %63s %3s %3s %63s %15s %7s", &ret_wish->port, ret_wish->host,
                  ret_wish->version, ret_wish->kind, ret_wish->session, ret_wish->alpn,
                  ret_wish->ems) == 7;
}

static void choose(SSL *ssl, struct wish *wish)
{
    bool old = strcmp(wish->version, "1.2") == 0, ec = strcmp(wish->kind, "ec") == 0;
    unsigned char protocol[sizeof(wish->alpn) + 1] = {(unsigned char)strlen(wish->alpn)};
    int version = old ? TLS1_2_VERSION : TLS1_3_VERSION;
    char ecdsa[] = "ECDSA+SHA256",
         rsa[] = "RSA-PSS+SHA256"; /* OpenSSL's macro does not accept const */
    memcpy(protocol + 1, wish->alpn, strlen(wish->alpn));
    SSL_set_min_proto_version(ssl, version);
    SSL_set_max_proto_version(ssl, version);
    SSL_set_alpn_protos(ssl, protocol, protocol[0] + 1u);
    if (strcmp(wish->host, "-") != 0)
        SSL_set_tlsext_host_name(ssl, wish->host);
    if (strcmp(wish->kind, "any") != 0 && old)
        SSL_set_cipher_list(ssl,
                            ec ? "ECDHE-ECDSA-AES128-GCM-SHA256" : "ECDHE-RSA-AES128-GCM-SHA256");
    else if (strcmp(wish->kind, "any") != 0)
        SSL_set1_sigalgs_list(ssl, ec ? ecdsa : rsa);
    if (strcmp(wish->ems, "no-ems") == 0)
        SSL_set_options(ssl, SSL_OP_NO_EXTENDED_MASTER_SECRET);
    use_session(ssl, wish->session);
}

static void write_hex(char *to, const unsigned char *octets, size_t len)
{
    for (size_t i = 0; i < len; i++)
        sprintf(to + 2 * i, "%02x", octets[i]);
}

/* The values of the client's connection. */
static bool tell(struct end *to, SSL *ssl)
{
    char exporter[2 * EXPORTER_LEN + 1] = "-", unique[2 * EVP_MAX_MD_SIZE + 1] = "-", line[512];
    unsigned char octets[EVP_MAX_MD_SIZE];
    bool old = SSL_version(ssl) == TLS1_2_VERSION, ems = SSL_get_extms_support(ssl) == 1;
    bool reused = SSL_session_reused(ssl) == 1;
    if ((!old || ems) &&
        SSL_export_keying_material(ssl, octets, EXPORTER_LEN, "EXPORTER-Channel-Binding", 24,
                                   (const unsigned char *)"", 0, 1) == 1)
        write_hex(exporter, octets, EXPORTER_LEN);
    /* RFC 5929 3: the first Finished message. In a resumed handshake the server sends it. The value
     * is also made without the extended master secret, where a server should not accept it. */
    if (old) {
        size_t n = reused ? SSL_get_peer_finished(ssl, octets, sizeof(octets))
                          : SSL_get_finished(ssl, octets, sizeof(octets));
        write_hex(unique, octets, n);
    }
    int n = snprintf(line, sizeof(line), "%s %s %s\n", reused ? "reused" : "new", exporter, unique);
    return end_write(to, line, (size_t)n);
}

static void serve_client(struct end *near)
{
    struct wish wish;
    if (!read_wish(near->fd, &wish))
        return;
    struct end far = {connect_to(wish.port), SSL_new(outward)};
    SSL_set_fd(far.ssl, far.fd);
    choose(far.ssl, &wish);
    if (far.fd >= 0 && SSL_connect(far.ssl) == 1 && tell(near, far.ssl))
        pass_all(near, &far);
    else
        end_write(near, "failed\n", 7);
    end_close(&far);
}

/* ---- a front end ---- */

static void serve_front(struct end *near)
{
    near->ssl = SSL_new(inward);
    SSL_set_fd(near->ssl, near->fd);
    if (SSL_accept(near->ssl) != 1)
        return;
    struct end far = {connect_to(next_port), next_is_tls ? SSL_new(outward) : NULL};
    if (far.ssl != NULL)
        SSL_set_fd(far.ssl, far.fd);
    if (far.fd >= 0 && (far.ssl == NULL || SSL_connect(far.ssl) == 1))
        pass_all(near, &far);
    end_close(&far);
}

/* ---- connections ---- */

static void *serve(void *argument)
{
    struct end near = {(int)(intptr_t)argument, NULL};
    if (inward != NULL)
        serve_front(&near);
    else
        serve_client(&near);
    end_close(&near);
    return NULL;
}

static int listen_at(int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(fd, 64) != 0) {
        perror("listen");
        exit(1);
    }
    return fd;
}

static bool prepare(int argc, char **argv)
{
    outward = SSL_CTX_new(TLS_client_method());
    name_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    SSL_CTX_set_session_cache_mode(outward, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(outward, keep_session);
    SSL_CTX_clear_mode(outward, SSL_MODE_AUTO_RETRY);
    if (argc == 3 && strcmp(argv[1], "client") == 0)
        return true;
    if (argc != 7 || strcmp(argv[1], "front") != 0)
        return false;
    next_port = atoi(argv[3]);
    next_is_tls = strcmp(argv[4], "tls") == 0;
    inward = SSL_CTX_new(TLS_server_method());
    SSL_CTX_clear_mode(inward, SSL_MODE_AUTO_RETRY);
    return SSL_CTX_use_certificate_chain_file(inward, argv[5]) == 1 &&
           SSL_CTX_use_PrivateKey_file(inward, argv[6], SSL_FILETYPE_PEM) == 1;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    if (!prepare(argc, argv))
        return 2;
    int listening = listen_at(atoi(argv[2]));
    while (true) {
        pthread_t thread;
        int on = 1, fd = accept(listening, NULL, NULL);
        if (fd < 0)
            continue;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd) == 0)
            pthread_detach(thread);
        else
            close(fd);
    }
}
