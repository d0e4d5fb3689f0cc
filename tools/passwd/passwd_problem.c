/* SPDX-License-Identifier: Apache-2.0 */
#include "passwd_problem.h"

#include <stdarg.h>
#include <stdio.h>

void passwd_problem(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("sspi-passwd: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}
