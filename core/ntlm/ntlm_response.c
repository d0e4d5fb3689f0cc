/* SPDX-License-Identifier: Apache-2.0 */
#include "ntlm_response.h"

/* Where fields of the client's part stand. MS-NLMP 2.2.2.7: RespType, HiRespType, six octets, time,
 * the client's challenge, four octets, AV pairs. */
#define TEMP_VERSION 0
#define TEMP_TIME    8
#define TEMP_PAIRS   28

#define PAIR_HEADER_LEN 4

static bool refuse(const char *problem, const char **ret_problem)
{
    *ret_problem = problem;
    return false;
}

/* Reads the next pair. An empty value has data too. */
static bool take_pair(struct sspi_view *rest, uint16_t *ret_id, struct sspi_view *ret_value)
{
    if (rest->len < PAIR_HEADER_LEN)
        return false;
    size_t len = bytes_read_u16(rest->data + 2);
    if (len > rest->len - PAIR_HEADER_LEN)
        return false;
    *ret_id = bytes_read_u16(rest->data);
    *ret_value = (struct sspi_view){rest->data + PAIR_HEADER_LEN, len};
    rest->data += PAIR_HEADER_LEN + len;
    rest->len -= PAIR_HEADER_LEN + len;
    return true;
}

/* The values of the pairs; data NULL: the pair is missing. */
struct pairs {
    struct sspi_view flags;
    struct sspi_view target;
    struct sspi_view channel;
};

static bool keep(struct pairs *pairs, uint16_t id, struct sspi_view value, const char **ret_problem)
{
    struct sspi_view *field;

    switch (id) {
    case NTLM_PAIR_FLAGS:
        field = &pairs->flags;
        if (value.len != 4)
            return refuse("its MsvAvFlags do not have 4 octets", ret_problem);
        break;
    case NTLM_PAIR_TARGET_NAME:
        field = &pairs->target;
        if (value.len % 2 != 0)
            return refuse("its MsvAvTargetName has an odd length", ret_problem);
        break;
    case NTLM_PAIR_CHANNEL_BINDINGS:
        field = &pairs->channel;
        if (value.len != NTLM_KEY_LEN)
            return refuse("its MsvAvChannelBindings do not have 16 octets", ret_problem);
        break;
    default:
        return true;
    }
    /* MS-NLMP does not say which of two equal pairs is valid. */
    if (field->data != NULL)
        return refuse("an AV pair comes twice", ret_problem);
    *field = value;
    return true;
}

/* MS-NLMP 2.2.2.1: the list ends with MsvAvEOL. Clients often send four zeros after it, which have
 * no meaning. */
static bool read_pairs(struct sspi_view rest, struct pairs *ret_pairs, const char **ret_problem)
{
    *ret_pairs = (struct pairs){{NULL, 0}, {NULL, 0}, {NULL, 0}};
    for (size_t n = 0;; n++) {
        uint16_t id;
        struct sspi_view value;
        if (!take_pair(&rest, &id, &value))
            return refuse("its AV pairs are outside it, or have no end", ret_problem);
        if (id == NTLM_PAIR_END)
            return value.len == 0 || refuse("its MsvAvEOL is not empty", ret_problem);
        if (n == NTLM_RESPONSE_PAIRS_LIMIT)
            return refuse("it has more than 32 AV pairs", ret_problem);
        if (!keep(ret_pairs, id, value, ret_problem))
            return false;
    }
}

bool ntlm_response_read(struct sspi_view octets, struct ntlm_response *ret_response,
                        const char **ret_problem)
{
    struct pairs pairs;

    if (octets.len < NTLM_KEY_LEN + TEMP_PAIRS + PAIR_HEADER_LEN)
        return refuse("it is shorter than 48 octets", ret_problem);
    struct sspi_view temp = {octets.data + NTLM_KEY_LEN, octets.len - NTLM_KEY_LEN};
    /* MS-NLMP 2.2.2.7: RespType and HiRespType are 1. */
    if (bytes_read_u16(temp.data + TEMP_VERSION) != 0x0101)
        return refuse("its version is unknown", ret_problem);
    if (!read_pairs((struct sspi_view){temp.data + TEMP_PAIRS, temp.len - TEMP_PAIRS}, &pairs,
                    ret_problem))
        return false;
    *ret_response = (struct ntlm_response){
        .proof = {octets.data, NTLM_KEY_LEN},
        .temp = temp,
        .time = bytes_read_u32(temp.data + TEMP_TIME) |
                (uint64_t)bytes_read_u32(temp.data + TEMP_TIME + 4) << 32,
        .flags = pairs.flags.data == NULL ? 0 : bytes_read_u32(pairs.flags.data),
        .target = pairs.target,
        .channel = pairs.channel,
    };
    return true;
}
