/* SPDX-License-Identifier: Apache-2.0 */
/* Lines that the server logs only once for each address. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "acceptor_log.h"

static void each_address_is_new_once_and_the_number_is_limited(void **state)
{
    struct acceptor_log_addresses addresses;
    char address[INET6_ADDRSTRLEN];
    assert_true(acceptor_log_addresses_init(&addresses));
    for (unsigned i = 0; i < ACCEPTOR_LOG_ADDRESSES_LIMIT; i++) {
        snprintf(address, sizeof(address), "192.0.2.%u", i);
        assert_true(acceptor_log_addresses_add(&addresses, bytes_view(address)));
        assert_false(acceptor_log_addresses_add(&addresses, bytes_view(address)));
    }
    assert_false(acceptor_log_addresses_add(&addresses, SSPI_VIEW("198.51.100.1")));
    acceptor_log_addresses_clear(&addresses);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_address_is_new_once_and_the_number_is_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
