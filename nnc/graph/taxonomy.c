/* SPDX-License-Identifier: MIT */
/* The tree of categories: checks what a model file claims (nnc_taxonomy_link) and answers
 * questions about it afterwards. The tree is kept as first child and next sibling, so
 * that every walk is a loop: a hostile file decides how deep the tree is, not the stack.
 */

#include "taxonomy.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_NAME_BYTES = 255 };

/* Length of the well-formed UTF-8 sequence at `s` (RFC 3629), 0 if it is none. */
static size_t utf8_length(const unsigned char *s)
{
    if (s[0] < 0x80)
        return 1;
    const size_t n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : s[0] >= 0xc2 ? 2 : 0;
    if (!n || s[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    const bool overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
    const bool surrogate = s[0] == 0xed && s[1] >= 0xa0;
    const bool too_large = s[0] == 0xf4 && s[1] >= 0x90;
    return overlong || surrogate || too_large ? 0 : n;
}

/* What is wrong with a name, in words; NULL if nothing is. */
static const char *name_fault(const char *name)
{
    if (!*name)
        return "is empty";
    if (name[0] == '-')
        return "begins with '-', which means removal in a task";
    if (name[0] == ' ' || name[strlen(name) - 1] == ' ')
        return "begins or ends with a space";
    const unsigned char *s = (const unsigned char *)name;
    while (*s) {
        if (*s < 0x20 || *s == 0x7f)
            return "contains a control byte";
        if (strchr("/,=:*?[]", *s))
            return "contains one of / , = : * ? [ ]";
        const size_t n = utf8_length(s);
        if (!n)
            return "is not valid UTF-8";
        s += n;
    }
    return NULL;
}

static enum nnc_status check_names(const struct nnc_taxonomy *taxonomy,
                                   struct nnc_error *error)
{
    for (uint32_t i = 0; i < taxonomy->n_categories; i++) {
        const char *const name = taxonomy->categories[i].name;
        if (!name)
            return nnc_fail(error, NNC_TAXONOMY, NULL, "category %u has no name", i);
        if (strlen(name) > MAX_NAME_BYTES)
            return nnc_fail(error, NNC_LIMIT, name,
                            "the name of category %u has %zu bytes; %d are allowed", i,
                            strlen(name), MAX_NAME_BYTES);
        const char *const fault = name_fault(name);
        if (fault)
            return nnc_fail(error, NNC_VALUE, name, "the name '%s' of category %u %s",
                            name, i, fault);
    }
    return NNC_OK;
}

/* Fills the child lists in the order of the file: from the back, each goes to the front.
 */
static enum nnc_status link_children(struct nnc_taxonomy *taxonomy,
                                     struct nnc_error *error)
{
    const uint32_t n = taxonomy->n_categories;
    taxonomy->first_top = NNC_NO_CATEGORY;
    for (uint32_t i = 0; i < n; i++)
        taxonomy->first_child[i] = NNC_NO_CATEGORY;
    for (uint32_t i = n; i-- > 0;) {
        struct nnc_category *const category = &taxonomy->categories[i];
        const uint32_t parent = category->parent;
        if (parent != NNC_NO_CATEGORY && parent >= n)
            return nnc_fail(
                error, NNC_DANGLING, category->name,
                "category '%s' has parent %u, but there are only %u categories",
                category->name, parent, n);
        uint32_t *const head = parent == NNC_NO_CATEGORY ? &taxonomy->first_top
                                                         : &taxonomy->first_child[parent];
        taxonomy->next_sibling[i] = *head;
        *head = i;
        category->index = i;
    }
    return NNC_OK;
}

static int compare_siblings(const void *a, const void *b)
{
    const struct nnc_category *const x = *(const struct nnc_category *const *)a;
    const struct nnc_category *const y = *(const struct nnc_category *const *)b;
    if (x->parent != y->parent)
        return x->parent < y->parent ? -1 : 1;
    return strcmp(x->name, y->name);
}

static enum nnc_status check_siblings(const struct nnc_taxonomy *taxonomy,
                                      struct nnc_error *error)
{
    const uint32_t n = taxonomy->n_categories;
    const struct nnc_category **const sorted = nnc_alloc(n, sizeof *sorted);
    if (!sorted)
        return nnc_fail_nomem(error, (uint64_t)n * sizeof *sorted);
    for (uint32_t i = 0; i < n; i++)
        sorted[i] = &taxonomy->categories[i];
    qsort(sorted, n, sizeof *sorted, compare_siblings);
    enum nnc_status status = NNC_OK;
    for (uint32_t i = 1; i < n && !status; i++)
        if (!compare_siblings(&sorted[i - 1], &sorted[i]))
            status =
                nnc_fail(error, NNC_DUPLICATE, sorted[i]->name,
                         "two categories '%s' have the same parent", sorted[i]->name);
    free(sorted);
    return status;
}

static const char *join_path(struct nnc_pool *pool, const char *parent, const char *name)
{
    const size_t head = strlen(parent), tail = strlen(name);
    char *const path = nnc_pool_alloc(pool, 1, (uint64_t)head + 1 + tail + 1);
    if (!path)
        return NULL;
    memcpy(path, parent, head);
    path[head] = '/';
    memcpy(path + head + 1, name, tail);
    return path;
}

/* Names a category on the circle: whoever the walk did not reach has one above itself. */
static enum nnc_status fail_cycle(const struct nnc_taxonomy *taxonomy,
                                  const bool *reached, struct nnc_error *error)
{
    uint32_t at = 0;
    while (reached[at])
        at++;
    for (uint32_t i = 0; i < taxonomy->n_categories; i++)
        at = taxonomy->categories[at].parent;
    const char *const name = taxonomy->categories[at].name;
    return nnc_fail(error, NNC_CYCLE, name, "category '%s' is its own ancestor", name);
}

static enum nnc_status derive_paths(struct nnc_taxonomy *taxonomy, bool *reached,
                                    struct nnc_pool *pool, struct nnc_error *error)
{
    uint32_t n_reached = 0;
    for (uint32_t i = nnc_taxonomy_next(taxonomy, NNC_NO_CATEGORY); i != NNC_NO_CATEGORY;
         i = nnc_taxonomy_next(taxonomy, i)) {
        struct nnc_category *const category = &taxonomy->categories[i];
        const struct nnc_category *const parent =
            nnc_taxonomy_category(taxonomy, category->parent);
        reached[i] = true;
        n_reached++;
        category->depth = parent ? parent->depth + 1 : 0;
        if (category->depth >= NNC_MAX_DEPTH)
            return nnc_fail(error, NNC_LIMIT, category->name,
                            "category '%s' lies deeper than %d levels", category->name,
                            NNC_MAX_DEPTH);
        category->leaf = taxonomy->first_child[i] == NNC_NO_CATEGORY;
        category->path =
            parent ? join_path(pool, parent->path, category->name) : category->name;
        if (!category->path)
            return nnc_fail_nomem(error,
                                  strlen(parent->path) + strlen(category->name) + 2);
    }
    if (n_reached != taxonomy->n_categories)
        return fail_cycle(taxonomy, reached, error);
    return NNC_OK;
}

/* The reader writes NNC_NO_CATEGORY where the file names no logit. */
static enum nnc_status link_logits(struct nnc_taxonomy *taxonomy, struct nnc_error *error)
{
    for (uint32_t i = 0; i < taxonomy->n_classes; i++)
        taxonomy->class_of_logit[i] = NNC_NO_CATEGORY;
    for (uint32_t i = 0; i < taxonomy->n_categories; i++) {
        const struct nnc_category *const category = &taxonomy->categories[i];
        const uint32_t logit = category->logit;
        if (!category->leaf && logit != NNC_NO_CATEGORY)
            return nnc_fail(error, NNC_TAXONOMY, category->path,
                            "category '%s' has a logit, but also children",
                            category->path);
        if (!category->leaf)
            continue;
        if (logit == NNC_NO_CATEGORY)
            return nnc_fail(error, NNC_TAXONOMY, category->path,
                            "category '%s' has neither children nor a logit",
                            category->path);
        if (logit >= taxonomy->n_classes)
            return nnc_fail(error, NNC_TAXONOMY, category->path,
                            "category '%s' has logit %u, but the network has only %u",
                            category->path, logit, taxonomy->n_classes);
        if (taxonomy->class_of_logit[logit] != NNC_NO_CATEGORY)
            return nnc_fail(error, NNC_DUPLICATE, category->path,
                            "'%s' and '%s' share logit %u",
                            taxonomy->categories[taxonomy->class_of_logit[logit]].path,
                            category->path, logit);
        taxonomy->class_of_logit[logit] = i;
    }
    for (uint32_t i = 0; i < taxonomy->n_classes; i++)
        if (taxonomy->class_of_logit[i] == NNC_NO_CATEGORY)
            return nnc_fail(error, NNC_TAXONOMY, NULL, "no category has logit %u of %u",
                            i, taxonomy->n_classes);
    return NNC_OK;
}

enum nnc_status nnc_taxonomy_link(struct nnc_taxonomy *taxonomy, uint32_t n_logits,
                                  struct nnc_pool *pool, struct nnc_error *error)
{
    const uint32_t n = taxonomy->n_categories;
    if (!n || !n_logits)
        return nnc_fail(error, NNC_TAXONOMY, NULL, "the taxonomy has no %s",
                        n ? "classes" : "categories");
    if (n > NNC_MAX_CATEGORIES || n_logits > NNC_MAX_CLASSES)
        return nnc_fail(error, NNC_LIMIT, NULL,
                        "%u categories and %u classes; at most %d and %d are supported",
                        n, n_logits, NNC_MAX_CATEGORIES, NNC_MAX_CLASSES);
    taxonomy->n_classes = n_logits;
    taxonomy->class_of_logit = nnc_pool_alloc(pool, n_logits, sizeof(uint32_t));
    taxonomy->first_child = nnc_pool_alloc(pool, n, sizeof(uint32_t));
    taxonomy->next_sibling = nnc_pool_alloc(pool, n, sizeof(uint32_t));
    bool *const reached = nnc_pool_alloc(pool, n, sizeof *reached);
    if (!taxonomy->class_of_logit || !taxonomy->first_child || !taxonomy->next_sibling ||
        !reached)
        return nnc_fail_nomem(error, ((uint64_t)n_logits + 2 * n) * sizeof(uint32_t) + n);
    enum nnc_status status = check_names(taxonomy, error);
    if (!status)
        status = link_children(taxonomy, error);
    if (!status)
        status = check_siblings(taxonomy, error);
    if (!status)
        status = derive_paths(taxonomy, reached, pool, error);
    if (!status)
        status = link_logits(taxonomy, error);
    return status;
}

size_t nnc_taxonomy_n_categories(const struct nnc_taxonomy *taxonomy)
{
    return taxonomy->n_categories;
}

size_t nnc_taxonomy_n_classes(const struct nnc_taxonomy *taxonomy)
{
    return taxonomy->n_classes;
}

const struct nnc_category *nnc_taxonomy_category(const struct nnc_taxonomy *taxonomy,
                                                 uint32_t index)
{
    return index < taxonomy->n_categories ? &taxonomy->categories[index] : NULL;
}

const struct nnc_category *nnc_taxonomy_class(const struct nnc_taxonomy *taxonomy,
                                              uint32_t logit)
{
    if (logit >= taxonomy->n_classes)
        return NULL;
    return &taxonomy->categories[taxonomy->class_of_logit[logit]];
}

uint32_t nnc_taxonomy_next(const struct nnc_taxonomy *taxonomy, uint32_t index)
{
    if (index == NNC_NO_CATEGORY)
        return taxonomy->first_top;
    if (index >= taxonomy->n_categories)
        return NNC_NO_CATEGORY;
    if (taxonomy->first_child[index] != NNC_NO_CATEGORY)
        return taxonomy->first_child[index];
    while (index != NNC_NO_CATEGORY && taxonomy->next_sibling[index] == NNC_NO_CATEGORY)
        index = taxonomy->categories[index].parent;
    return index == NNC_NO_CATEGORY ? index : taxonomy->next_sibling[index];
}

uint32_t nnc_taxonomy_find(const struct nnc_taxonomy *taxonomy, const char *path)
{
    uint32_t at = taxonomy->first_top;
    for (;;) {
        const size_t size = strcspn(path, "/");
        while (at != NNC_NO_CATEGORY &&
               (strncmp(taxonomy->categories[at].name, path, size) ||
                taxonomy->categories[at].name[size]))
            at = taxonomy->next_sibling[at];
        if (at == NNC_NO_CATEGORY || !path[size])
            return at;
        at = taxonomy->first_child[at];
        path += size + 1;
    }
}

static bool answers_to(const struct nnc_category *category, const char *text)
{
    if (!strcmp(category->path, text) || !strcmp(category->name, text))
        return true;
    for (size_t i = 0; i < category->n_aliases; i++)
        if (!strcmp(category->aliases[i], text))
            return true;
    return false;
}

uint32_t nnc_taxonomy_find_class(const struct nnc_taxonomy *taxonomy, const char *text)
{
    for (uint32_t i = 0; i < taxonomy->n_categories; i++)
        if (taxonomy->categories[i].leaf && answers_to(&taxonomy->categories[i], text))
            return i;
    return NNC_NO_CATEGORY;
}

bool nnc_taxonomy_within(const struct nnc_taxonomy *taxonomy, uint32_t index,
                         uint32_t ancestor)
{
    if (ancestor >= taxonomy->n_categories)
        return false;
    while (index < taxonomy->n_categories && index != ancestor)
        index = taxonomy->categories[index].parent;
    return index == ancestor;
}
