/* SPDX-License-Identifier: Apache-2.0 */
#include "tool_problem.h"

#include <stdarg.h>
#include <stdio.h>

void tool_problem(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s: ", tool_texts.name);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}
