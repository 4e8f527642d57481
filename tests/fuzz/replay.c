/* SPDX-License-Identifier: MIT */
/* Runs a fuzz target over files, and over damaged copies of them, where there is no
 * libFuzzer:
 *
 *     replay_TARGET [--rounds N] [--random N] FILE|FOLDER...
 *
 * `--rounds` is the number of damaged copies of each file; the damage depends on the
 * file's bytes and the round alone. `--random` is the number of inputs of random bytes,
 * for targets whose bytes are choices. What was running when the program ends badly is said
 * on stderr. */

#include "dice.h"
#include "target.h"

#include <dirent.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LONGEST_PATH = 4096, LONGEST_INPUT = 1 << 20 };

static char running[LONGEST_PATH + 32]; /* for the handler */
static unsigned n_inputs, n_files, rounds;

int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

static void name_input(int number)
{
    static const char before[] = "replay: ended badly in ";
    (void)!write(STDERR_FILENO, before, sizeof before - 1);
    (void)!write(STDERR_FILENO, running, strlen(running));
    (void)!write(STDERR_FILENO, "\n", 1);
    signal(number, SIG_DFL);
    raise(number);
}

/* A copy of exactly its size, so that a sanitizer sees a step beyond it. */
static void run(const uint8_t *bytes, size_t size)
{
    uint8_t *const copy = malloc(size ? size : 1);
    if (!copy)
        abort();
    if (size)
        memcpy(copy, bytes, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    n_inputs++;
}

static uint64_t hash(const uint8_t *bytes, size_t size)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size; i++)
        h = (h ^ bytes[i]) * UINT64_C(0x100000001b3);
    return h;
}

/* One change: a bit, a byte, bytes taken out, bytes said twice. `bytes` has room for twice
 * its size. */
static size_t damage(struct dice *dice, uint8_t *bytes, size_t size)
{
    static const uint8_t odd[] = {0, 1, 0x7f, 0x80, 0xff, '"', ',', '-', '/', '\n'};
    const size_t at = size ? dice_mix(&dice->state) % size : 0;
    const size_t n = size ? 1 + dice_mix(&dice->state) % (size - at) : 0;
    if (!size)
        return 0;
    switch (below(dice, 4)) {
    case 0:
        bytes[at] ^= (uint8_t)(1u << below(dice, 8));
        return size;
    case 1:
        bytes[at] = odd[below(dice, sizeof odd)];
        return size;
    case 2:
        memmove(bytes + at, bytes + at + n, size - at - n);
        return size - n;
    default:
        memmove(bytes + at + n, bytes + at, size - at);
        return size + n;
    }
}

static void run_damaged(const uint8_t *bytes, size_t size)
{
    enum { MOST_CHANGES = 4 };
    uint8_t *const copy = malloc((size + 1) << MOST_CHANGES);
    const size_t named = strlen(running);
    if (!copy)
        abort();
    for (unsigned round = 0; round < rounds; round++) {
        struct dice dice = {.state = hash(bytes, size) + round};
        size_t now = size;
        memcpy(copy, bytes, size);
        for (uint32_t i = between(&dice, 1, MOST_CHANGES); i-- > 0;)
            now = damage(&dice, copy, now);
        snprintf(running + named, sizeof running - named, " round %u", round);
        run(copy, now);
    }
    free(copy);
}

static void run_file(const char *path)
{
    static uint8_t bytes[LONGEST_INPUT];
    FILE *const file = fopen(path, "rb");
    if (!file) {
        perror(path);
        exit(1);
    }
    const size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    snprintf(running, sizeof running, "%s", path);
    n_files++;
    run(bytes, size);
    run_damaged(bytes, size);
}

static void run_path(const char *path)
{
    struct stat status;
    if (stat(path, &status) || (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode)))
        return; /* corpora of bad models have FIFOs and links to nowhere */
    if (S_ISREG(status.st_mode)) {
        run_file(path);
        return;
    }
    struct dirent **entries;
    const int n = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        char inner[LONGEST_PATH];
        if (entries[i]->d_name[0] != '.' &&
            snprintf(inner, sizeof inner, "%s/%s", path, entries[i]->d_name) < LONGEST_PATH)
            run_path(inner);
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
}

static void run_random(unsigned number)
{
    enum { MOST_BYTES = 512 };
    uint8_t bytes[MOST_BYTES];
    struct dice dice = {.state = number};
    const size_t size = below(&dice, MOST_BYTES);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)dice_mix(&dice.state);
    snprintf(running, sizeof running, "random input %u", number);
    run(bytes, size);
}

int main(int argc, char **argv)
{
    unsigned randoms = 0;
    int first = 1;
    if (LLVMFuzzerInitialize)
        LLVMFuzzerInitialize(&argc, &argv);
    for (; first + 1 < argc && argv[first][0] == '-'; first += 2)
        *(strcmp(argv[first], "--random") ? &rounds : &randoms) =
            (unsigned)strtoul(argv[first + 1], NULL, 10);
    signal(SIGABRT, name_input);
    run(NULL, 0);
    for (unsigned i = 0; i < randoms; i++)
        run_random(i);
    for (int i = first; i < argc; i++)
        run_path(argv[i]);
    printf("%u files, %u inputs\n", n_files, n_inputs);
    return !n_files && !randoms;
}
