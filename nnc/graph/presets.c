/* SPDX-License-Identifier: MIT */

#include "presets.h"

#include <stdlib.h>
#include <string.h>

static enum nnc_status fail(struct nnc_error *error, const char *name, const char *expected)
{
    return nnc_fail(error, NNC_TAXONOMY, name, "taxonomy: preset '%.64s': expected %s", name,
                    expected);
}

/* "" where the key is absent: all categories, or 1 everywhere. */
static enum nnc_status read_text(const json_t *object, const char *name, const char *key,
                                 struct nnc_pool *pool, const char **text,
                                 struct nnc_error *error)
{
    const json_t *const value = json_object_get(object, key);
    if (value && !json_is_string(value))
        return fail(error, name, "texts for 'cutout' and 'attention'");
    *text = value ? nnc_pool_string(pool, json_string_value(value), json_string_length(value))
                  : "";
    return *text ? NNC_OK : nnc_fail_nomem(error, json_string_length(value));
}

static enum nnc_status read_preset(const char *name, const json_t *object,
                                   struct nnc_pool *pool, struct nnc_preset *preset,
                                   struct nnc_error *error)
{
    if (!*name || strlen(name) > 64)
        return fail(error, name, "a name of 1 to 64 bytes");
    if (!json_is_object(object))
        return fail(error, name, "an object with 'cutout' and 'attention'");
    preset->name = nnc_pool_string(pool, name, strlen(name));
    if (!preset->name)
        return nnc_fail_nomem(error, strlen(name));
    const enum nnc_status status =
        read_text(object, name, "cutout", pool, &preset->cutout, error);
    return status ? status
                  : read_text(object, name, "attention", pool, &preset->attention, error);
}

enum nnc_status nnc_presets_read(const json_t *object, struct nnc_pool *pool,
                                 struct nnc_preset **presets, uint32_t *n,
                                 struct nnc_error *error)
{
    const size_t size = json_object_size(object);
    enum nnc_status status = NNC_OK;
    uint32_t i = 0;
    *n = 0;
    if (object && !json_is_null(object) && !json_is_object(object))
        return nnc_fail(error, NNC_TAXONOMY, "presets",
                        "taxonomy: 'presets' must be an object of name to task");
    if (size > NNC_MAX_PRESETS)
        return nnc_fail(error, NNC_LIMIT, "presets",
                        "taxonomy: too many presets; count %zu, limit %d", size,
                        NNC_MAX_PRESETS);
    *presets = nnc_pool_alloc(pool, size, sizeof **presets);
    if (!*presets)
        return nnc_fail_nomem(error, size * sizeof **presets);
    for (void *at = json_object_iter((json_t *)object); at && !status;
         at = json_object_iter_next((json_t *)object, at))
        status = read_preset(json_object_iter_key(at), json_object_iter_value(at), pool,
                             &(*presets)[i++], error);
    *n = i;
    return status;
}

enum nnc_status nnc_presets_check(const struct nnc_preset *presets, uint32_t n,
                                  const struct nnc_taxonomy *taxonomy,
                                  struct nnc_error *error)
{
    uint8_t *const active = nnc_alloc(nnc_taxonomy_n_classes(taxonomy), 1);
    float *const gains = nnc_alloc(nnc_taxonomy_n_categories(taxonomy), sizeof *gains);
    enum nnc_status status =
        active && gains ? NNC_OK : nnc_fail_nomem(error, nnc_taxonomy_n_categories(taxonomy));
    for (uint32_t i = 0; i < n && !status; i++) {
        status = nnc_cutout_parse(taxonomy, presets[i].cutout, active, error);
        if (!status)
            status = nnc_attention_parse(taxonomy, presets[i].attention, gains, error);
        if (status) {
            nnc_error_prefix(error, presets[i].name);
            nnc_error_prefix(error, "taxonomy: preset");
        }
    }
    free(active);
    free(gains);
    return status;
}
