/* SPDX-License-Identifier: Apache-2.0 */
/* The groups of a directory on standard input, for the tests with a domain. A line is a command,
 * and the last line of its answer is only a dot:
 *
 *   add WORD         a word of a requirement
 *   start            the lookup of the parent process
 *   refresh SECONDS  moves the clock, and runs the job if it is due
 *   find WORD        the SID of a word
 *   own SID          is the SID in a domain of ours?
 *   begin            forgets all words */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acceptor_directory.h"

#define LINE_SIZE 1024

static struct acceptor_directory *directory;
static uint64_t clock_ms = 1000;

static void begin(void)
{
    acceptor_directory_unref(directory);
    directory = acceptor_directory_new();
    if (directory == NULL)
        abort();
}

static void report(void *self, enum sspi_reason reason, const char *text)
{
    (void)self;
    printf("%s %s\n", reason == SSPI_REASON_GROUP_RESOLVED ? "resolved" : "unknown", text);
}

static void refresh(const char *seconds)
{
    clock_ms += strtoull(seconds, NULL, 10) * 1000;
    struct sspi_job *job = acceptor_directory_check_due(directory, clock_ms);
    struct sspi_log_entry entry;
    puts(job != NULL ? "due" : "not due");
    if (job != NULL) {
        sspi_job_run(job);
        sspi_job_unref(job);
    }
    while (acceptor_directory_take_entry(directory, &entry))
        puts(entry.text);
}

static void find(const char *word)
{
    struct sid sid;
    char text[SID_TEXT_SIZE] = "none";
    if (acceptor_directory_find(directory, bytes_view(word), &sid))
        sid_write(&sid, text);
    puts(text);
}

static void is_own(const char *text)
{
    struct sid sid;
    if (!sid_parse(bytes_view(text), &sid))
        abort();
    puts(acceptor_directory_is_own(directory, &sid) ? "yes" : "no");
}

static void run(const char *command, const char *argument)
{
    char error[SSPI_ERROR_SIZE];
    if (strcmp(command, "begin") == 0)
        begin();
    else if (strcmp(command, "add") == 0 &&
             !acceptor_directory_add(directory, bytes_view(argument), error))
        puts(error);
    else if (strcmp(command, "start") == 0)
        acceptor_directory_start(directory, clock_ms, report, NULL);
    else if (strcmp(command, "refresh") == 0)
        refresh(argument);
    else if (strcmp(command, "find") == 0)
        find(argument);
    else if (strcmp(command, "own") == 0)
        is_own(argument);
    puts(".");
    fflush(stdout);
}

int main(void)
{
    char line[LINE_SIZE];
    begin();
    while (fgets(line, sizeof(line), stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        char *argument = strchr(line, ' ');
        if (argument != NULL)
            *argument++ = '\0';
        run(line, argument == NULL ? "" : argument);
    }
    acceptor_directory_unref(directory);
    return 0;
}
