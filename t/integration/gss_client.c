/* SPDX-License-Identifier: Apache-2.0 */
/* For scenarios: an initiator with functions that curl does not have, such as any channel binding.
 *
 *   gss_client spnego|kerberos SERVICE@HOST [BINDING]
 *
 * BINDING and all tokens are hex. Prints the first token, and then one line for each line of input:
 *
 *   token HEX   the next token, for this answer of the acceptor
 *   mic HEX     a MIC over these octets
 *   again       the first token of another exchange with the same binding
 *   new [HEX]   the first token of another exchange with this binding, or without a binding */
#include <gssapi/gssapi.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_LIMIT 200000

static char spnego_oid[] = "\x2b\x06\x01\x05\x05\x02";
static char kerberos_oid[] = "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02";
static gss_OID_desc spnego = {6, spnego_oid};
static gss_OID_desc kerberos = {9, kerberos_oid};

static int fail(const char *what, OM_uint32 major, OM_uint32 minor)
{
    fprintf(stderr, "%s: %08x %u\n", what, major, minor);
    return 1;
}

static void print_hex(gss_buffer_t token)
{
    const unsigned char *octets = token->value;
    for (size_t i = 0; i < token->length; i++)
        printf("%02x", octets[i]);
    printf("\n");
    fflush(stdout);
}

/* The octets overwrite the hex digits. False: the text is not hex. */
static bool read_hex(char *text, gss_buffer_t ret_octets)
{
    size_t n = strcspn(text, "\n") / 2;
    for (size_t i = 0; i < n; i++) {
        unsigned int octet;
        char digits[3] = {text[2 * i], text[2 * i + 1], '\0'};
        if (sscanf(digits, "%2x", &octet) != 1)
            return false;
        text[i] = (char)octet;
    }
    *ret_octets = (gss_buffer_desc){n, text};
    return true;
}

struct initiator {
    gss_OID mechanism;
    gss_name_t service;
    gss_channel_bindings_t bindings;
    gss_ctx_id_t context;
};

static int next_token(struct initiator *initiator, gss_buffer_t answer)
{
    OM_uint32 minor;
    gss_buffer_desc token = GSS_C_EMPTY_BUFFER;
    OM_uint32 major = gss_init_sec_context(&minor, GSS_C_NO_CREDENTIAL, &initiator->context,
                                           initiator->service, initiator->mechanism, 0, 0,
                                           initiator->bindings, answer, NULL, &token, NULL, NULL);
    if (GSS_ERROR(major))
        return fail("gss_init_sec_context", major, minor);
    print_hex(&token);
    gss_release_buffer(&minor, &token);
    return 0;
}

static int next_mic(struct initiator *initiator, gss_buffer_t message)
{
    OM_uint32 minor;
    gss_buffer_desc mic = GSS_C_EMPTY_BUFFER;
    OM_uint32 major = gss_get_mic(&minor, initiator->context, GSS_C_QOP_DEFAULT, message, &mic);
    if (GSS_ERROR(major))
        return fail("gss_get_mic", major, minor);
    print_hex(&mic);
    gss_release_buffer(&minor, &mic);
    return 0;
}

static int begin_anew(struct initiator *initiator, gss_channel_bindings_t bindings)
{
    OM_uint32 minor;
    gss_channel_bindings_t own = initiator->bindings;
    gss_buffer_desc none = GSS_C_EMPTY_BUFFER;
    gss_delete_sec_context(&minor, &initiator->context, GSS_C_NO_BUFFER);
    initiator->bindings = bindings;
    int failed = next_token(initiator, &none);
    initiator->bindings = own;
    return failed;
}

static int begin_bound_to(struct initiator *initiator, gss_buffer_t binding)
{
    struct gss_channel_bindings_struct bindings = {.application_data = *binding};
    return begin_anew(initiator, binding->length > 0 ? &bindings : GSS_C_NO_CHANNEL_BINDINGS);
}

static int converse(struct initiator *initiator)
{
    static char line[LINE_LIMIT];
    gss_buffer_desc octets = GSS_C_EMPTY_BUFFER;
    int failed = next_token(initiator, &octets);
    while (!failed && fgets(line, sizeof(line), stdin) != NULL) {
        if (strcmp(line, "again\n") == 0) {
            failed = begin_anew(initiator, initiator->bindings);
            continue;
        }
        char *hex = line + strcspn(line, " ");
        if (*hex != ' ' || !read_hex(hex + 1, &octets))
            return 2;
        if (strncmp(line, "mic ", 4) == 0)
            failed = next_mic(initiator, &octets);
        else if (strncmp(line, "new ", 4) == 0)
            failed = begin_bound_to(initiator, &octets);
        else
            failed = next_token(initiator, &octets);
    }
    return failed;
}

int main(int argc, char **argv)
{
    struct gss_channel_bindings_struct bindings = {0};
    struct initiator initiator = {.service = GSS_C_NO_NAME, .context = GSS_C_NO_CONTEXT};
    OM_uint32 minor;
    if (argc < 3 || argc > 4 || (argc == 4 && !read_hex(argv[3], &bindings.application_data)))
        return 2;
    initiator.mechanism = strcmp(argv[1], "spnego") == 0 ? &spnego : &kerberos;
    initiator.bindings = argc == 4 ? &bindings : GSS_C_NO_CHANNEL_BINDINGS;
    gss_buffer_desc name = {strlen(argv[2]), argv[2]};
    OM_uint32 major =
        gss_import_name(&minor, &name, GSS_C_NT_HOSTBASED_SERVICE, &initiator.service);
    if (GSS_ERROR(major))
        return fail("gss_import_name", major, minor);
    int failed = converse(&initiator);
    gss_delete_sec_context(&minor, &initiator.context, GSS_C_NO_BUFFER);
    gss_release_name(&minor, &initiator.service);
    return failed;
}
