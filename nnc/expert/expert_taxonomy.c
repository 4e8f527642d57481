/* SPDX-License-Identifier: MIT */
/* Edits the source's JSON, which the reader has accepted, so that what it says of names,
 * labels, aliases and the picture stays as it was written. */

#include "expert_taxonomy.h"

#include "../base/sha256.h"
#include "../graph/taxonomy.h"
#include "../onnx/schema.h"
#include "../onnx/source.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct editing {
    const struct nnc_cut *cut;
    uint32_t *category; /* [categories] new numbers, or NNC_NONE */
    uint32_t *logit;    /* [classes] */
    uint32_t *presence; /* [presence output] */
    bool failed;        /* memory was short */
};

static void set(struct editing *e, json_t *object, const char *key, json_t *value)
{
    e->failed = json_object_set_new(object, key, value) || e->failed;
}

/* A number that is there, by its new value; it goes if that is NNC_NONE. */
static void renumber(struct editing *e, json_t *object, const char *key, uint32_t number)
{
    if (number != NNC_NONE)
        set(e, object, key, json_integer(number));
    else
        json_object_del(object, key);
}

/* `numbers` of marked elements, in their order; an array that the caller frees. */
static uint32_t *number_marked(struct editing *e, const uint8_t *marks, uint32_t n)
{
    uint32_t *const numbers = nnc_alloc(n, sizeof *numbers);
    e->failed = !numbers || e->failed;
    for (uint32_t i = 0, next = 0; numbers && i < n; i++)
        numbers[i] = marks && marks[i] ? next++ : NNC_NONE;
    return numbers;
}

static void start(struct editing *e)
{
    const struct nnc_graph *const g = e->cut->graph;
    const uint32_t n = g->taxonomy->n_categories;
    const uint32_t presences =
        g->presence == NNC_NONE ? 0 : e->cut->need->channels[g->presence];
    e->category = nnc_alloc(n, sizeof *e->category);
    e->failed = !e->category || e->failed;
    for (uint32_t c = 0, next = 0; e->category && c < n; c++)
        e->category[c] = e->cut->kept[c] ? next++ : NNC_NONE;
    e->logit = number_marked(e, e->cut->active, g->taxonomy->n_classes);
    e->presence = number_marked(e, e->cut->presence, presences);
}

/* Whether the expert has a value of this name, and it is what the source calls so. */
static bool has_features(const struct nnc_cut *cut, uint32_t category, const char *name)
{
    const uint32_t value = cut->graph->branches[category].features;
    return value != NNC_NONE && cut->count[value] && cut->name[value] && name &&
           !strcmp(cut->name[value], name);
}

static json_t *edited_category(struct editing *e, uint32_t c, const json_t *source)
{
    const struct nnc_category *const category = &e->cut->graph->taxonomy->categories[c];
    const struct nnc_branch *const branch = &e->cut->graph->branches[c];
    json_t *const copy = json_deep_copy(source);
    if (!copy)
        return NULL;
    if (category->parent != NNC_NO_CATEGORY)
        renumber(e, copy, "parent", e->category[category->parent]);
    renumber(e, copy, "gain",
             branch->gain == NNC_NONE ? NNC_NONE : e->cut->gain[branch->gain]);
    renumber(e, copy, "presence",
             branch->presence == NNC_NONE ? NNC_NONE : e->presence[branch->presence]);
    if (category->leaf)
        renumber(e, copy, "logit", e->logit[category->logit]);
    if (!has_features(e->cut, c, json_string_value(json_object_get(copy, "features"))))
        json_object_del(copy, "features");
    return copy;
}

static json_t *edited_categories(struct editing *e, const json_t *source)
{
    json_t *const list = json_array();
    for (uint32_t c = 0; list && c < e->cut->graph->taxonomy->n_categories; c++)
        if (e->cut->kept[c])
            e->failed = json_array_append_new(
                            list, edited_category(e, c, json_array_get(source, c))) ||
                        e->failed;
    return list;
}

/* A copy of an object that names an output or input. */
static json_t *renamed(struct editing *e, const json_t *source, const char *key,
                       const char *name)
{
    json_t *const copy = json_deep_copy(source);
    if (copy)
        set(e, copy, key, json_string(name));
    return copy;
}

static void edit_member(struct editing *e, json_t *root, const char *key, json_t *value)
{
    const struct nnc_cut *const cut = e->cut;
    if (!strcmp(key, "categories"))
        set(e, root, key, edited_categories(e, value));
    else if (!strcmp(key, "logits"))
        set(e, root, key, json_string(cut->logits_name));
    else if (!strcmp(key, "presence") && cut->presence_name)
        set(e, root, key, renamed(e, value, "output", cut->presence_name));
    else if (!strcmp(key, "attention") && cut->attention_name)
        set(e, root, key, renamed(e, value, "input", cut->attention_name));
    else if (!strcmp(key, "input") || !(json_is_object(value) || json_is_array(value)))
        set(e, root, key, json_deep_copy(value));
}

static char *edited(struct editing *e, json_t *source)
{
    const char *key;
    json_t *value, *const root = json_object();
    e->failed = !root || e->failed;
    json_object_foreach(source, key, value)
    {
        if (!e->failed)
            edit_member(e, root, key, value);
    }
    char *const text = e->failed ? NULL : json_dumps(root, JSON_COMPACT);
    json_decref(root);
    return text;
}

static enum nnc_status load(const struct nnc_graph *g, json_t **root,
                            struct nnc_error *error)
{
    char *const text = nnc_alloc(g->taxonomy_size, 1);
    if (!text)
        return nnc_fail_nomem(error, g->taxonomy_size);
    const enum nnc_status status = nnc_source_read(
        g->sources, NNC_SOURCE_MODEL, g->taxonomy_offset, g->taxonomy_size, text, error);
    *root = status ? NULL : json_loadb(text, g->taxonomy_size, 0, NULL);
    free(text);
    /* The same bytes were read when the model was opened. */
    return status || *root ? status : nnc_fail_nomem(error, g->taxonomy_size);
}

enum nnc_status nnc_expert_taxonomy(const struct nnc_cut *cut, char **json,
                                    struct nnc_error *error)
{
    struct editing e = {.cut = cut};
    json_t *source;
    const enum nnc_status status = load(cut->graph, &source, error);
    if (status)
        return status;
    start(&e);
    *json = e.failed ? NULL : edited(&e, source);
    json_decref(source);
    free(e.category);
    free(e.logit);
    free(e.presence);
    return *json ? NNC_OK : nnc_fail_nomem(error, cut->graph->taxonomy_size);
}

/* Origin ----------------------------------------------------------------------------- */

static enum nnc_status hash_file(const struct nnc_graph *graph, uint64_t size,
                                 char text[NNC_SHA256_TEXT], struct nnc_error *error)
{
    enum { PIECE = 1 << 16 };
    struct nnc_sha256 hash;
    uint8_t *const piece = malloc(PIECE);
    if (!piece)
        return nnc_fail_nomem(error, PIECE);
    enum nnc_status status = NNC_OK;
    nnc_sha256_init(&hash);
    for (uint64_t at = 0; at < size && !status; at += PIECE) {
        const uint64_t n = size - at < PIECE ? size - at : PIECE;
        status = nnc_source_read(graph->sources, NNC_SOURCE_MODEL, at, n, piece, error);
        if (!status)
            nnc_sha256_add(&hash, piece, n);
    }
    free(piece);
    if (!status)
        nnc_sha256_text(&hash, text);
    return status;
}

/* JSON is UTF-8; the name of a file may be anything. */
static json_t *printable(const char *text)
{
    if (nnc_onnx_name_is_clean((const uint8_t *)text, strlen(text)))
        return json_string(text);
    char *const copy = nnc_copy_string(text, strlen(text));
    for (char *c = copy; c && *c; c++)
        if (*c < 0x20 || *c > 0x7e)
            *c = '?';
    json_t *const value = copy ? json_string(copy) : NULL;
    free(copy);
    return value;
}

enum nnc_status nnc_expert_origin(const struct nnc_graph *graph, const char *cutout,
                                  char **json, struct nnc_error *error)
{
    char sha256[NNC_SHA256_TEXT];
    uint64_t size;
    nnc_source_bytes(graph->sources, &size);
    const enum nnc_status status = hash_file(graph, size, sha256, error);
    if (status)
        return status;
    json_t *const root = json_object();
    bool failed = json_object_set_new(root, "model", printable(graph->name)) != 0;
    failed = json_object_set_new(root, "bytes", json_integer((json_int_t)size)) || failed;
    failed = json_object_set_new(root, "sha256", json_string(sha256)) || failed;
    failed = json_object_set_new(root, "cutout", printable(cutout)) || failed;
    *json = failed ? NULL : json_dumps(root, JSON_COMPACT);
    json_decref(root);
    return *json ? NNC_OK : nnc_fail_nomem(error, size);
}
