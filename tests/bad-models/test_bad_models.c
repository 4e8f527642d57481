/* SPDX-License-Identifier: MIT */
/* Loads every file of the corpus (make.py) and holds the outcome against its table:
 * status and words of the message. Besides, for each: memory stays bounded and comes
 * back, no descriptor stays open, 256 KiB of stack are enough, and it does not take long.
 */

#include "graph/graph.h"

#include <dirent.h>
#include <jansson.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Sanitizers make frames several times larger and everything slower. */
#if defined(__SANITIZE_ADDRESS__)
enum { STACK_BYTES = 2 << 20, MOST_MS = 20000 };
#else
enum { STACK_BYTES = 256 << 10, MOST_MS = 2000 };
#endif
enum { SPARE_BYTES = 24 << 20, MAX_LINE = 8192 };

static size_t live_bytes, peak_bytes;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void __wrap_free(void *block);

static void *grown(void *block)
{
    live_bytes += block ? malloc_usable_size(block) : 0;
    if (live_bytes > peak_bytes)
        peak_bytes = live_bytes;
    return block;
}

void *__wrap_malloc(size_t size)
{
    return grown(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return grown(__real_calloc(count, size));
}

void *__wrap_realloc(void *old, size_t size)
{
    const size_t before = old ? malloc_usable_size(old) : 0;
    void *block = __real_realloc(old, size);
    live_bytes -= block ? before : 0;
    return grown(block);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return grown(__real_aligned_alloc(alignment, size));
}

void __wrap_free(void *block)
{
    live_bytes -= block ? malloc_usable_size(block) : 0;
    __real_free(block);
}

struct row {
    const char *number, *path, *statuses, *words;
    enum nnc_status status; /* what came */
    struct nnc_error error;
    size_t peak, left;
    double ms;
};

static unsigned count_descriptors(void)
{
    unsigned n = 0;
    DIR *directory = opendir("/proc/self/fd");
    while (directory && readdir(directory))
        n++;
    if (directory)
        closedir(directory);
    return n;
}

static double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void *load(void *argument)
{
    struct row *row = argument;
    struct nnc_graph *graph = NULL;
    const size_t before = peak_bytes = live_bytes;
    const double start = now_ms();
    row->status = nnc_graph_read(row->path, NULL, 0, &graph, &row->error);
    row->ms = now_ms() - start;
    nnc_graph_destroy(graph);
    row->peak = peak_bytes - before;
    row->left = live_bytes - before;
    return NULL;
}

static void load_on_small_stack(struct row *row)
{
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    if (pthread_create(&thread, &attributes, load, row))
        abort();
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
}

/* Whether `name` is one of the names in "one|another". */
static bool is_listed(const char *list, const char *name)
{
    const size_t size = strlen(name);
    for (const char *p = list; p; p = strchr(p, '|') ? strchr(p, '|') + 1 : NULL)
        if (!strncmp(p, name, size) && (!p[size] || p[size] == '|'))
            return true;
    return false;
}

static bool complain(const struct row *row, const char *what)
{
    printf("%s %.60s: %s\n    expected %s \"%s\"\n    got %s \"%s\", %.1f ms, peak %zu, "
           "left %zu\n",
           row->number, row->path, what, row->statuses, row->words,
           nnc_status_name(row->status), row->error.message, row->ms, row->peak,
           row->left);
    return false;
}

static size_t most_bytes(const char *path)
{
    struct stat status;
    const bool counts = !stat(path, &status) && status.st_size < (off_t)1 << 30;
    return SPARE_BYTES + 2 * (counts ? (size_t)status.st_size : 0);
}

static bool message_is_clean(const struct nnc_error *error, const char *path)
{
    char directory[512] = "";
    if (getcwd(directory, sizeof directory) && strstr(error->message, directory))
        return false;
    const char *slash = strrchr(path, '/');
    for (const char *p = error->message; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return false;
    return !slash || strncmp(error->message, path, (size_t)(slash - path) + 1);
}

static bool check_row(struct row *row)
{
    const unsigned descriptors = count_descriptors();
    load_on_small_stack(row);
    if (!is_listed(row->statuses, nnc_status_name(row->status)))
        return complain(row, "another status");
    if (strcmp(row->words, "-") && !strstr(row->error.message, row->words))
        return complain(row, "other words");
    if (row->status && row->error.status != row->status)
        return complain(row, "status and error differ");
    if (!message_is_clean(&row->error, row->path))
        return complain(row, "control bytes or a directory in the message");
    if (count_descriptors() != descriptors)
        return complain(row, "descriptors left open");
    if (row->left)
        return complain(row, "memory left");
    if (row->peak > most_bytes(row->path))
        return complain(row, "too much memory");
    if (row->ms > MOST_MS)
        return complain(row, "too slow");
    return true;
}

static bool check_line(char *line)
{
    struct row row = {.number = strtok(line, "\t\n"),
                      .path = strtok(NULL, "\t\n"),
                      .statuses = strtok(NULL, "\t\n"),
                      .words = strtok(NULL, "\t\n")};
    if (row.words)
        return check_row(&row);
    printf("a bad line in the table\n");
    return false;
}

static void *counted_malloc(size_t size)
{
    return __wrap_malloc(size);
}

static void counted_free(void *block)
{
    __wrap_free(block);
}

int main(int n_arguments, char **arguments)
{
    static char line[MAX_LINE];
    unsigned n = 0, n_bad = 0;
    FILE *table = n_arguments == 2 ? fopen(arguments[1], "r") : NULL;
    char *slash = table ? strrchr(arguments[1], '/') : NULL;
    if (!slash)
        return 2;
    *slash = 0;
    if (chdir(arguments[1]))
        return 2;
    json_set_alloc_funcs(counted_malloc, counted_free);
    while (fgets(line, sizeof line, table)) {
        n++;
        n_bad += !check_line(line);
    }
    fclose(table);
    printf("%u files, %u not as expected\n", n, n_bad);
    return n_bad || !n;
}
