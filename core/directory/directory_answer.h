/* SPDX-License-Identifier: Apache-2.0 */
/* The answer of a directory to the question for one SID. Pure. */
#ifndef DIRECTORY_ANSWER_H
#define DIRECTORY_ANSWER_H

#include "sid.h"

enum directory_status {
    DIRECTORY_UNREACHABLE, /* the directory did not answer: the old SID stays in force */
    DIRECTORY_NOT_FOUND,   /* the directory has no group of this name */
    DIRECTORY_FOUND
};

#define DIRECTORY_TEXT_SIZE 200

/* It is copied through a pipe, so it holds no pointer. */
struct directory_answer {
    enum directory_status status;
    struct sid sid;                 /* FOUND only */
    char text[DIRECTORY_TEXT_SIZE]; /* otherwise: why, for the administrator */
};

#endif
