/* SPDX-License-Identifier: MIT */
/* The texts of tasks: cutouts ("vehicles_1,-bus") and attention ("people=0.5"). A text is
 * cut into entries, all entries are matched in one go (name_patterns.h), and what an
 * entry means is decided per category by the last one that matches. The text is hostile
 * until proven otherwise: nothing here costs more than its length times the taxonomy's.
 */

#include "name_patterns.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    bool exclude; /* cutouts */
    float gain;   /* attention */
};

struct task_text {
    uint32_t n;
    struct nnc_pattern *patterns; /* [n], parallel to `entries` */
    struct entry *entries;
    uint32_t *last; /* [categories], see nnc_patterns_match */
};

static void finish(struct task_text *text)
{
    free(text->patterns);
    free(text->entries);
    free(text->last);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void trim(const char **text, size_t *size)
{
    while (*size && is_blank((*text)[*size - 1]))
        --*size;
    while (*size && is_blank(**text)) {
        ++*text;
        --*size;
    }
}

/* A terminated copy for messages, which shorten it anyway. */
struct excerpt {
    char text[256];
};

static struct excerpt excerpt_of(const char *text, size_t size)
{
    struct excerpt excerpt = {{0}};
    memcpy(excerpt.text, text,
           size < sizeof excerpt.text ? size : sizeof excerpt.text - 1);
    return excerpt;
}

/* Cuts `source` at its commas into trimmed patterns. */
static enum nnc_status split(struct task_text *text, const char *source, size_t size,
                             size_t n_categories, struct nnc_error *error)
{
    size_t n = 1;
    for (size_t i = 0; i < size; i++)
        n += source[i] == ',';
    text->patterns = nnc_alloc(n, sizeof *text->patterns);
    text->entries = nnc_alloc(n, sizeof *text->entries);
    text->last = nnc_alloc(n_categories, sizeof *text->last);
    if (!text->patterns || !text->entries || !text->last)
        return nnc_fail_nomem(error,
                              n * (sizeof *text->patterns + sizeof *text->entries));
    const char *const end = source + size;
    for (const char *from = source; from <= end;) {
        const char *const comma = memchr(from, ',', (size_t)(end - from));
        const char *const to = comma ? comma : end;
        struct nnc_pattern *const pattern = &text->patterns[text->n++];
        *pattern = (struct nnc_pattern){.text = from, .size = (size_t)(to - from)};
        trim(&pattern->text, &pattern->size);
        if (!pattern->size)
            return nnc_fail(error, NNC_TASK, NULL, "entry %u of '%s' is empty", text->n,
                            excerpt_of(source, size).text);
        from = to + 1;
    }
    return NNC_OK;
}

/* The length of a text without its outer blanks; 0 means "as if it were not given". */
static enum nnc_status measure(const char **source, size_t *size, struct nnc_error *error)
{
    *size = *source ? strnlen(*source, NNC_TASK_TEXT_MAX + 1) : 0;
    if (*size > NNC_TASK_TEXT_MAX)
        return nnc_fail(error, NNC_LIMIT, NULL,
                        "the text of a task is longer than %d bytes", NNC_TASK_TEXT_MAX);
    trim(source, size);
    return NNC_OK;
}

static unsigned fold(char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned)(c - 'A' + 'a') : (unsigned char)c;
}

enum { MAX_COMPARED = 64, N_SUGGESTIONS = 3 };

/* Levenshtein's distance, letters compared without case; both at most MAX_COMPARED. */
static unsigned edit_distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
    unsigned row[MAX_COMPARED + 1];
    for (size_t j = 0; j <= b_size; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= a_size; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_size; j++) {
            const unsigned replaced = diagonal + (fold(a[i - 1]) != fold(b[j - 1]));
            const unsigned shorter = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = replaced < shorter ? replaced : shorter;
        }
    }
    return row[b_size];
}

struct suggestions {
    size_t n;
    const char *name[N_SUGGESTIONS];
    unsigned distance[N_SUGGESTIONS]; /* rising */
};

/* Names such as "other" may stand in several branches; one of them is enough. */
static bool is_suggested(const struct suggestions *near, const char *name)
{
    for (size_t i = 0; i < near->n; i++)
        if (!strcmp(near->name[i], name))
            return true;
    return false;
}

static void suggest(struct suggestions *near, const char *name, unsigned distance)
{
    if (is_suggested(near, name))
        return;
    size_t at = near->n;
    while (at > 0 && near->distance[at - 1] > distance)
        at--;
    if (at == N_SUGGESTIONS)
        return;
    if (near->n < N_SUGGESTIONS)
        near->n++;
    for (size_t i = near->n - 1; i > at; i--) {
        near->name[i] = near->name[i - 1];
        near->distance[i] = near->distance[i - 1];
    }
    near->name[at] = name;
    near->distance[at] = distance;
}

/* Up to three names no further away than half of what was written. */
static struct suggestions names_near(const struct nnc_taxonomy *taxonomy,
                                     const struct nnc_pattern *pattern)
{
    struct suggestions near = {0};
    if (pattern->size > MAX_COMPARED)
        return near;
    const bool full_path = memchr(pattern->text, '/', pattern->size);
    const size_t limit = (pattern->size + 1) / 2;
    for (uint32_t i = 0; i < taxonomy->n_categories; i++) {
        const struct nnc_category *const category = &taxonomy->categories[i];
        const char *const name = full_path ? category->path : category->name;
        const size_t size = strnlen(name, MAX_COMPARED + 1);
        if (size > MAX_COMPARED || size > pattern->size + limit ||
            pattern->size > size + limit)
            continue;
        const unsigned distance = edit_distance(pattern->text, pattern->size, name, size);
        if (distance <= limit)
            suggest(&near, name, distance);
    }
    return near;
}

static enum nnc_status fail_unknown(const struct nnc_taxonomy *taxonomy,
                                    const struct nnc_pattern *pattern,
                                    struct nnc_error *error)
{
    const struct suggestions near = names_near(taxonomy, pattern);
    const struct excerpt entry = excerpt_of(pattern->text, pattern->size);
    return nnc_fail(error, NNC_TASK, entry.text, "no category matches '%s'%s%s%s%s%s%s%s",
                    entry.text, near.n > 0 ? "; did you mean '" : "",
                    near.n > 0 ? near.name[0] : "", near.n > 1 ? "', '" : "",
                    near.n > 1 ? near.name[1] : "", near.n > 2 ? "', '" : "",
                    near.n > 2 ? near.name[2] : "", near.n > 0 ? "'?" : "");
}

static enum nnc_status match(struct task_text *text, const struct nnc_taxonomy *taxonomy,
                             struct nnc_error *error)
{
    const enum nnc_status status =
        nnc_patterns_match(text->patterns, text->n, taxonomy, text->last, error);
    if (status)
        return status;
    for (uint32_t i = 0; i < text->n; i++)
        if (!text->patterns[i].matched)
            return fail_unknown(taxonomy, &text->patterns[i], error);
    return NNC_OK;
}

/* Takes the leading '-' off every entry that has one. */
static enum nnc_status read_exclusions(struct task_text *text, struct nnc_error *error)
{
    for (uint32_t i = 0; i < text->n; i++) {
        struct nnc_pattern *const pattern = &text->patterns[i];
        if (pattern->text[0] != '-')
            continue;
        text->entries[i].exclude = true;
        pattern->text++;
        pattern->size--;
        trim(&pattern->text, &pattern->size);
        if (!pattern->size)
            return nnc_fail(error, NNC_TASK, "-",
                            "entry %u excludes nothing: '-' is empty", i + 1);
    }
    return NNC_OK;
}

/* Spreads the decision from each category to all below it: an entry that comes later in
 * the text outdoes whatever an ancestor's entry said. */
static void inherit_decisions(const struct task_text *text,
                              const struct nnc_taxonomy *taxonomy)
{
    for (uint32_t i = nnc_taxonomy_next(taxonomy, NNC_NO_CATEGORY); i != NNC_NO_CATEGORY;
         i = nnc_taxonomy_next(taxonomy, i)) {
        const uint32_t parent = taxonomy->categories[i].parent;
        const uint32_t inherited =
            parent == NNC_NO_CATEGORY ? NNC_NO_CATEGORY : text->last[parent];
        if (inherited != NNC_NO_CATEGORY &&
            (text->last[i] == NNC_NO_CATEGORY || text->last[i] < inherited))
            text->last[i] = inherited;
    }
}

static bool leaf_is_active(const struct task_text *text, uint32_t leaf)
{
    const uint32_t last = text->last[leaf];
    return last == NNC_NO_CATEGORY ? text->entries[0].exclude
                                   : !text->entries[last].exclude;
}

static enum nnc_status write_active(const struct task_text *text,
                                    const struct nnc_taxonomy *taxonomy, uint8_t *active,
                                    struct nnc_error *error)
{
    uint32_t first = 0;
    while (first < taxonomy->n_classes &&
           !leaf_is_active(text, taxonomy->class_of_logit[first]))
        first++;
    if (first == taxonomy->n_classes)
        return nnc_fail(error, NNC_TASK, NULL, "the cutout is empty: no class is left");
    for (uint32_t i = 0; i < taxonomy->n_classes; i++)
        active[i] = leaf_is_active(text, taxonomy->class_of_logit[i]);
    return NNC_OK;
}

enum nnc_status nnc_cutout_parse(const struct nnc_taxonomy *taxonomy, const char *source,
                                 uint8_t *active, struct nnc_error *error)
{
    struct task_text text = {0};
    size_t size;
    enum nnc_status status = measure(&source, &size, error);
    if (status)
        return status;
    if (!size) {
        memset(active, 1, taxonomy->n_classes);
        return NNC_OK;
    }
    status = split(&text, source, size, taxonomy->n_categories, error);
    if (!status)
        status = read_exclusions(&text, error);
    if (!status)
        status = match(&text, taxonomy, error);
    if (!status) {
        inherit_decisions(&text, taxonomy);
        status = write_active(&text, taxonomy, active, error);
    }
    finish(&text);
    return status;
}

static bool is_word(const char *text, size_t size, const char *word)
{
    if (size != strlen(word))
        return false;
    for (size_t i = 0; i < size; i++)
        if (fold(text[i]) != (unsigned char)word[i])
            return false;
    return true;
}

static size_t read_digits(const char *text, size_t size, double *value)
{
    size_t i = 0;
    for (; i < size && text[i] >= '0' && text[i] <= '9'; i++)
        *value = *value * 10 + (text[i] - '0');
    return i;
}

/* The exponent of "1.5e-3" with its 'e'; too large ones stay large enough to be refused.
 */
static size_t read_exponent(const char *text, size_t size, double *exponent)
{
    size_t i = 0;
    if (!size || fold(text[0]) != 'e')
        return 0;
    i++;
    const bool negative = i < size && text[i] == '-';
    i += i < size && (text[i] == '-' || text[i] == '+');
    const size_t n_digits = read_digits(text + i, size - i, exponent);
    if (negative)
        *exponent = -*exponent;
    return n_digits ? i + n_digits : 0;
}

/* A decimal number, whatever the locale says about commas. At most 22 decimals and 15
 * digits are exact, which is more than a float can tell apart. NaN and infinity are read
 * so that they can be refused by name. */
static bool read_number(const char *text, size_t size, double *number)
{
    const bool negative = size && text[0] == '-';
    const size_t sign = size && (text[0] == '-' || text[0] == '+');
    text += sign;
    size -= sign;
    if (is_word(text, size, "nan") || is_word(text, size, "inf") ||
        is_word(text, size, "infinity")) {
        *number = fold(text[0]) == 'n' ? (double)NAN : (double)INFINITY;
        return true;
    }
    double value = 0, exponent = 0;
    const size_t n_whole = read_digits(text, size, &value);
    size_t used = n_whole, n_decimals = 0;
    if (used < size && text[used] == '.') {
        n_decimals = read_digits(text + used + 1, size - used - 1, &value);
        used += 1 + n_decimals;
    }
    used += read_exponent(text + used, size - used, &exponent);
    if (used != size || n_whole + n_decimals == 0)
        return false;
    exponent -= (double)n_decimals;
    value = exponent < 0 ? value / pow(10, -exponent) : value * pow(10, exponent);
    *number = negative ? -value : value;
    return true;
}

enum { MAX_GAIN = 16, MAX_NUMBER_BYTES = 64 };

static enum nnc_status read_gain(const struct nnc_pattern *pattern, const char *text,
                                 size_t size, float *gain, struct nnc_error *error)
{
    const struct excerpt entry = excerpt_of(pattern->text, pattern->size);
    const struct excerpt given = excerpt_of(text, size);
    double number = 0;
    if (size > MAX_NUMBER_BYTES || !read_number(text, size, &number))
        return nnc_fail(error, NNC_TASK, entry.text,
                        "the gain of '%s' is '%s', which is no number", entry.text,
                        given.text);
    if (!isfinite(number))
        return nnc_fail(error, NNC_TASK, entry.text,
                        "the gain of '%s' is '%s'; it must be finite", entry.text,
                        given.text);
    if (number < 0 || number > MAX_GAIN)
        return nnc_fail(error, NNC_TASK, entry.text,
                        "the gain of '%s' is '%s', out of the range 0 to %d", entry.text,
                        given.text, MAX_GAIN);
    *gain = (float)number + 0.0f; /* the sum turns -0 into 0 */
    return NNC_OK;
}

/* Cuts "=gain" off every entry. */
static enum nnc_status read_gains(struct task_text *text, struct nnc_error *error)
{
    for (uint32_t i = 0; i < text->n; i++) {
        struct nnc_pattern *const pattern = &text->patterns[i];
        const char *const equals = memchr(pattern->text, '=', pattern->size);
        const struct excerpt entry = excerpt_of(pattern->text, pattern->size);
        if (!equals || equals == pattern->text)
            return nnc_fail(error, NNC_TASK, entry.text,
                            "the attention entry '%s' is not of the form category=gain",
                            entry.text);
        const char *gain = equals + 1;
        size_t gain_size = (size_t)(pattern->text + pattern->size - gain);
        pattern->size = (size_t)(equals - pattern->text);
        trim(&pattern->text, &pattern->size);
        trim(&gain, &gain_size);
        const enum nnc_status status =
            read_gain(pattern, gain, gain_size, &text->entries[i].gain, error);
        if (status)
            return status;
    }
    return NNC_OK;
}

enum nnc_status nnc_attention_parse(const struct nnc_taxonomy *taxonomy,
                                    const char *source, float *gains,
                                    struct nnc_error *error)
{
    struct task_text text = {0};
    size_t size;
    enum nnc_status status = measure(&source, &size, error);
    if (!status && size)
        status = split(&text, source, size, taxonomy->n_categories, error);
    if (!status && size)
        status = read_gains(&text, error);
    if (!status && size)
        status = match(&text, taxonomy, error);
    for (uint32_t i = 0; i < taxonomy->n_categories && !status; i++) {
        const uint32_t last = size ? text.last[i] : NNC_NO_CATEGORY;
        gains[i] = last == NNC_NO_CATEGORY ? 1.0f : text.entries[last].gain;
    }
    finish(&text);
    return status;
}
