/* SPDX-License-Identifier: MIT */
/* Any text as a taxonomy: the prescan bounds what the parser sees, and what is accepted is a
 * tree that every question can be asked of; names of presets find their presets. */

#include "refusal.h"

#include "graph/presets.h"
#include "graph/taxonomy_json.h"

static const size_t POOL_LIMIT = (size_t)64 << 20;

/* A taxonomy does not say how many logits the network has: as many as it speaks of. */
static uint32_t count_logits(const struct nnc_taxonomy *t)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < t->n_categories; i++)
        if (t->categories[i].logit != NNC_NONE && t->categories[i].logit >= n)
            n = t->categories[i].logit + 1;
    return n < NNC_MAX_CLASSES ? n : 0;
}

static void walk(const struct nnc_taxonomy *t)
{
    size_t met = 0, classes = 0;
    for (uint32_t i = nnc_taxonomy_next(t, NNC_NO_CATEGORY); i != NNC_NO_CATEGORY;
         i = nnc_taxonomy_next(t, i), met++) {
        const struct nnc_category *const c = nnc_taxonomy_category(t, i);
        REQUIRE(c && c->index == i && c->name[0] && c->depth < NNC_MAX_DEPTH, "number %u", i);
        REQUIRE(nnc_taxonomy_find(t, c->path) == i, "path '%s'", c->path);
        REQUIRE(c->parent == NNC_NO_CATEGORY || nnc_taxonomy_within(t, i, c->parent),
                "'%s' is not in its parent", c->path);
        if (!c->leaf)
            continue;
        classes++;
        REQUIRE(nnc_taxonomy_class(t, c->logit) == c, "logit of '%s'", c->path);
        REQUIRE(nnc_taxonomy_find_class(t, c->path) != NNC_NO_CATEGORY, "'%s'", c->path);
    }
    REQUIRE(met == nnc_taxonomy_n_categories(t), "met %zu", met);
    REQUIRE(classes == nnc_taxonomy_n_classes(t), "%zu classes", classes);
}

static void check_presets(const struct nnc_taxonomy_text *text)
{
    struct nnc_error error = {0};
    const enum nnc_status status =
        nnc_presets_check(text->presets, text->n_presets, text->taxonomy, &error);
    check_refusal(status, &error);
    REQUIRE(text->n_presets <= NNC_MAX_PRESETS, "%u presets", text->n_presets);
    for (uint32_t i = 0; i < text->n_presets; i++)
        REQUIRE(text->presets[i].name && text->presets[i].cutout &&
                    text->presets[i].attention,
                "preset %u", i);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct nnc_pool pool = {.limit = POOL_LIMIT};
    struct nnc_taxonomy_text text;
    struct nnc_error error = {0};
    enum nnc_status status = nnc_taxonomy_parse((const char *)bytes, size, &pool, &text,
                                                &error);
    REQUIRE(status != NNC_NOMEM, "%zu bytes of text want more than %zu", size, POOL_LIMIT);
    if (!status)
        status = nnc_taxonomy_link(text.taxonomy, count_logits(text.taxonomy), &pool, &error);
    check_refusal(status, &error);
    if (!status) {
        walk(text.taxonomy);
        check_presets(&text);
    }
    nnc_pool_finish(&pool);
    return 0;
}
