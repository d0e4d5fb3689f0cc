/* SPDX-License-Identifier: Apache-2.0 */
/* cmocka 2 has this check under another name than cmocka 1. Include it after cmocka.h. */
#ifndef SSPI_ASSERT_BETWEEN_H
#define SSPI_ASSERT_BETWEEN_H

#include <inttypes.h>

#define assert_between(value, low, high)                                                           \
    do {                                                                                           \
        uint64_t value_ = (value), low_ = (low), high_ = (high);                                   \
        if (value_ < low_ || value_ > high_)                                                       \
            fail_msg("%" PRIu64 " is not between %" PRIu64 " and %" PRIu64, value_, low_, high_);  \
    } while (0)

#endif
