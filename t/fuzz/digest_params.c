/* SPDX-License-Identifier: Apache-2.0 */
/* Drives digest_params_parse, digest_params_find, digest_params_append_quoted and
 * digest_params_clear.
 *  - Names and raw values lie inside the text, values inside the text or the list's storage.
 *  - The limits on the text and on the number of parameters hold.
 *  - Each name occurs once, and each parameter is found by its name.
 *  - A value without quotes is a token: printable ASCII, and not empty.
 *  - Each value, quoted again, is parsed to the same value.
 *  - A refusal leaves no memory to free and has a printable reason. */
#include "digest_params.h"

#include "fuzz.h"

static void check_quoted_again(const struct digest_params *params)
{
    BYTES_CLEANUP struct bytes text = {0};
    struct digest_params again;
    struct sspi_error_info error_info = {0};
    for (size_t i = 0; i < params->n; i++) {
        BYTES_CLEANUP struct bytes name = {0};
        bytes_append_view(&name, params->param[i].name);
        bytes_append_char(&name, '\0');
        digest_params_append_quoted(&text, name.data, params->param[i].value);
        bytes_append_text(&text, ",");
    }
    enum sspi_reason reason = digest_params_parse(bytes_as_view(&text), &again, &error_info);
    if (text.len > DIGEST_PARAMS_TEXT_LIMIT) {
        FUZZ_REQUIRE(reason == SSPI_REASON_TOO_LARGE);
        return;
    }
    FUZZ_REQUIRE(reason == SSPI_REASON_NONE && again.n == params->n);
    for (size_t i = 0; i < params->n; i++) {
        FUZZ_REQUIRE(bytes_equal(again.param[i].name, params->param[i].name));
        FUZZ_REQUIRE(bytes_equal(again.param[i].value, params->param[i].value));
        FUZZ_REQUIRE(again.param[i].quoted);
    }
    digest_params_clear(&again);
}

static void check_param(const struct digest_params *params, size_t i, struct sspi_view text)
{
    const struct digest_param *param = &params->param[i];
    struct sspi_view storage = {params->storage, text.len};
    FUZZ_REQUIRE(fuzz_inside(param->name, text) && param->name.len > 0);
    FUZZ_REQUIRE(fuzz_inside(param->raw, text));
    FUZZ_REQUIRE(param->value.len <= param->raw.len);
    if (memchr(param->raw.data, '\\', param->raw.len) == NULL)
        FUZZ_REQUIRE(param->value.data == param->raw.data && param->value.len == param->raw.len);
    else
        FUZZ_REQUIRE(params->storage != NULL && fuzz_inside(param->value, storage));
    BYTES_CLEANUP struct bytes name = {0}, value = {0};
    bytes_append_view(&value, param->value);
    bytes_append_char(&value, '\0');
    FUZZ_REQUIRE(param->quoted || (param->value.len > 0 && fuzz_printable(value.data)));
    bytes_append_view(&name, param->name);
    bytes_append_char(&name, '\0');
    FUZZ_REQUIRE(digest_params_find(params, name.data) == param);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sspi_view text = fuzz_view(data, size);
    struct digest_params params;
    struct sspi_error_info error_info = {0};
    enum sspi_reason reason = digest_params_parse(text, &params, &error_info);
    if (reason != SSPI_REASON_NONE) {
        fuzz_check_error_info(&error_info, reason);
        FUZZ_REQUIRE(reason == SSPI_REASON_MALFORMED || reason == SSPI_REASON_TOO_LARGE);
        return 0;
    }
    FUZZ_REQUIRE(size <= DIGEST_PARAMS_TEXT_LIMIT && params.n <= DIGEST_PARAMS_LIMIT);
    for (size_t i = 0; i < params.n; i++)
        check_param(&params, i, text);
    check_quoted_again(&params);
    digest_params_clear(&params);
    return 0;
}
