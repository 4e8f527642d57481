/* SPDX-License-Identifier: MIT */
/* Reads the taxonomy with jansson, which recurses; so the depth is bounded beforehand.
 * Keys that are not known are left alone, for versions to come; keys that are known must
 * be right. */

#include "presets.h"
#include "taxonomy_json.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

struct reader {
    struct nnc_pool *pool;
    struct nnc_taxonomy_text *text;
    struct nnc_error *error;
};

enum nnc_status nnc_json_prescan(const char *json, size_t size, struct nnc_error *error)
{
    uint32_t depth = 0, values = 0;
    bool in_string = false;
    if (size > NNC_MAX_TAXONOMY_BYTES)
        return nnc_fail(error, NNC_LIMIT, "nnc.taxonomy",
                        "taxonomy: taxonomy size %zu, limit %d", size,
                        NNC_MAX_TAXONOMY_BYTES);
    for (size_t i = 0; i < size; i++) {
        const char c = json[i];
        if (in_string) {
            i += c == '\\';
            in_string = c != '"';
            continue;
        }
        in_string = c == '"';
        values += c == ',' || c == '[' || c == '{';
        depth += c == '[' || c == '{';
        depth -= depth && (c == ']' || c == '}');
        if (depth > NNC_MAX_TAXONOMY_NESTING)
            return nnc_fail(error, NNC_LIMIT, "nnc.taxonomy",
                            "taxonomy: depth %u at byte %zu, limit %d", depth, i,
                            NNC_MAX_TAXONOMY_NESTING);
        if (values > NNC_MAX_TAXONOMY_VALUES)
            return nnc_fail(error, NNC_LIMIT, "nnc.taxonomy",
                            "taxonomy: too many values; limit %d",
                            NNC_MAX_TAXONOMY_VALUES);
    }
    return NNC_OK;
}

static enum nnc_status fail_syntax(const json_error_t *at, struct nnc_error *error)
{
    enum nnc_status status = NNC_TAXONOMY;
    const char *hint = "";
    if (at->line < 0) /* jansson says nothing where it has no memory */
        return nnc_fail_nomem(error, 0);
    switch (json_error_code(at)) {
    case json_error_duplicate_key:
        status = NNC_DUPLICATE;
        break;
    case json_error_null_character:
        status = NNC_VALUE;
        hint = "NUL in a text: ";
        break;
    case json_error_out_of_memory:
        return nnc_fail_nomem(error, 0);
    case json_error_stack_overflow:
        status = NNC_LIMIT;
        break;
    case json_error_invalid_utf8:
        hint = "not UTF-8: ";
        break;
    case json_error_numeric_overflow:
        hint = "a number, perhaps an index, is too large: ";
        break;
    default:
        if (strstr(at->text, "Unicode"))
            hint = "not UTF-8: ";
    }
    return nnc_fail(error, status, "nnc.taxonomy",
                    "taxonomy: invalid JSON at line %d, column %d: %s%s", at->line,
                    at->column, hint, at->text);
}

static enum nnc_status fail_key(const struct reader *r, const char *where,
                                const char *key, const char *expected)
{
    return nnc_fail(r->error, NNC_TAXONOMY, where, "taxonomy: '%.64s': '%s' must be %s",
                    where, key, expected);
}

static const json_t *get(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_null(value) ? NULL : value;
}

/* NULL if the key is absent. */
static enum nnc_status get_text(const struct reader *r, const json_t *object,
                                const char *where, const char *key, const char **text)
{
    const json_t *value = get(object, key);
    *text = NULL;
    if (!value)
        return NNC_OK;
    if (!json_is_string(value))
        return fail_key(r, where, key, "a text");
    *text = nnc_pool_string(r->pool, json_string_value(value), json_string_length(value));
    return *text ? NNC_OK : nnc_fail_nomem(r->error, json_string_length(value));
}

/* `otherwise` if absent, else an integer in 0..most. */
static enum nnc_status get_index(const struct reader *r, const json_t *object,
                                 const char *where, const char *key, uint32_t most,
                                 uint32_t otherwise, uint32_t *index)
{
    const json_t *value = get(object, key);
    *index = otherwise;
    if (!value)
        return NNC_OK;
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return fail_key(r, where, key, "an index, a whole number of 0 or more");
    if (json_integer_value(value) > (json_int_t)most)
        return nnc_fail(r->error, NNC_TAXONOMY, where,
                        "taxonomy: '%.64s': index '%s' is too large; got %lld, limit %u",
                        where, key, (long long)json_integer_value(value), most);
    *index = (uint32_t)json_integer_value(value);
    return NNC_OK;
}

static enum nnc_status get_object(const struct reader *r, const json_t *object,
                                  const char *key, const json_t **member)
{
    *member = get(object, key);
    return !*member || json_is_object(*member)
               ? NNC_OK
               : fail_key(r, "taxonomy", key, "an object");
}

static enum nnc_status read_size(const struct reader *r, const json_t *input)
{
    enum { MOST = 16384 };
    const json_t *size = get(input, "size");
    uint32_t pixels[2];
    if (!json_is_array(size) || json_array_size(size) != 2)
        return fail_key(r, "input", "size", "[height, width]");
    for (size_t i = 0; i < 2; i++) {
        const json_t *value = json_array_get(size, i);
        if (!json_is_integer(value) || json_integer_value(value) < 1 ||
            json_integer_value(value) > MOST)
            return fail_key(r, "input", "size", "two whole numbers from 1 to 16384");
        pixels[i] = (uint32_t)json_integer_value(value);
    }
    r->text->input.height = pixels[0];
    r->text->input.width = pixels[1];
    return NNC_OK;
}

static enum nnc_status read_channels(const struct reader *r, const json_t *input)
{
    const char *order = json_string_value(get(input, "channels"));
    struct nnc_input_spec *spec = &r->text->input;
    if (!order || (strcmp(order, "RGB") && strcmp(order, "BGR") && strcmp(order, "GRAY")))
        return fail_key(r, "input", "channels", "\"RGB\", \"BGR\" or \"GRAY\"");
    spec->channels = order[0] == 'G' ? 1 : 3;
    spec->bgr = order[0] == 'B';
    return NNC_OK;
}

static enum nnc_status read_statistic(const struct reader *r, const json_t *input,
                                      const char *key, bool positive, float *values)
{
    const json_t *list = get(input, key);
    const uint32_t n = r->text->input.channels;
    if (!json_is_array(list) || json_array_size(list) != n)
        return fail_key(r, "input", key, "one number for each channel");
    for (uint32_t i = 0; i < n; i++) {
        const json_t *value = json_array_get(list, i);
        const float number = (float)json_number_value(value);
        if (!json_is_number(value) || !isfinite(number))
            return fail_key(r, "input", key, "finite numbers");
        if (positive && !isnormal(number / 255.0f))
            return fail_key(r, "input", key, "numbers above 0");
        if (positive && number < 0)
            return fail_key(r, "input", key, "numbers above 0");
        values[i] = number;
    }
    return NNC_OK;
}

static enum nnc_status read_fit(const struct reader *r, const json_t *input)
{
    static const char *const names[] = {"stretch", "crop", "letterbox"};
    const json_t *value = get(input, "fit");
    const char *fit = json_string_value(value);
    r->text->input.fit = NNC_FIT_STRETCH;
    if (!value)
        return NNC_OK;
    for (int i = 0; i < 3; i++)
        if (fit && !strcmp(fit, names[i])) {
            r->text->input.fit = (enum nnc_fit)i;
            return NNC_OK;
        }
    return fail_key(r, "input", "fit", "\"stretch\", \"crop\" or \"letterbox\"");
}

static enum nnc_status read_input(const struct reader *r, const json_t *root)
{
    const json_t *input;
    enum nnc_status status = get_object(r, root, "input", &input);
    if (!status && !input)
        status = fail_key(r, "taxonomy", "input", "an object");
    if (!status)
        status = get_text(r, input, "input", "name", &r->text->image);
    if (!status)
        status = read_size(r, input);
    if (!status)
        status = read_channels(r, input);
    if (!status)
        status = read_statistic(r, input, "mean", false, r->text->input.mean);
    if (!status)
        status = read_statistic(r, input, "std", true, r->text->input.std);
    return status ? status : read_fit(r, input);
}

static enum nnc_status read_outputs(const struct reader *r, const json_t *root)
{
    struct nnc_taxonomy_text *text = r->text;
    const json_t *presence, *attention;
    enum nnc_status status = get_text(r, root, "taxonomy", "logits", &text->logits);
    if (!status && !text->logits)
        status = fail_key(r, "taxonomy", "logits", "the name of an output");
    if (!status)
        status = get_object(r, root, "presence", &presence);
    if (!status)
        status = get_object(r, root, "attention", &attention);
    if (!status && attention) {
        status = get_text(r, attention, "attention", "input", &text->attention);
        if (!status && !text->attention)
            status = fail_key(r, "attention", "input", "the name of an input");
    }
    if (status || !presence)
        return status;
    status = get_text(r, presence, "presence", "output", &text->presence);
    if (!status && !text->presence)
        status = fail_key(r, "presence", "output", "the name of an output");
    if (status)
        return status;
    const json_t *threshold = get(presence, "threshold");
    text->presence_threshold = threshold ? (float)json_number_value(threshold) : 0.5f;
    if ((threshold && !json_is_number(threshold)) || !(text->presence_threshold >= 0) ||
        text->presence_threshold > 1)
        return fail_key(r, "presence", "threshold", "a number from 0 to 1");
    return NNC_OK;
}

static enum nnc_status read_aliases(const struct reader *r, const json_t *object,
                                    struct nnc_category *category)
{
    const json_t *list = get(object, "aliases");
    if (!list)
        return NNC_OK;
    if (!json_is_array(list))
        return fail_key(r, category->name, "aliases", "a list of texts");
    const size_t n = json_array_size(list);
    const char **aliases = nnc_pool_alloc(r->pool, n, sizeof *aliases);
    if (!aliases)
        return nnc_fail_nomem(r->error, n * sizeof *aliases);
    for (size_t i = 0; i < n; i++) {
        const json_t *alias = json_array_get(list, i);
        if (!json_is_string(alias))
            return fail_key(r, category->name, "aliases", "a list of texts");
        aliases[i] =
            nnc_pool_string(r->pool, json_string_value(alias), json_string_length(alias));
        if (!aliases[i])
            return nnc_fail_nomem(r->error, json_string_length(alias));
    }
    category->aliases = aliases;
    category->n_aliases = n;
    return NNC_OK;
}

static enum nnc_status read_label(const struct reader *r, const json_t *object,
                                  struct nnc_category *category)
{
    const json_t *label = get(object, "label");
    category->label = -1;
    if (!label)
        return NNC_OK;
    if (!json_is_integer(label) || json_integer_value(label) < 0)
        return fail_key(r, category->name, "label", "a whole number of 0 or more");
    category->label = json_integer_value(label);
    return NNC_OK;
}

static enum nnc_status read_category(const struct reader *r, const json_t *object,
                                     uint32_t i)
{
    struct nnc_taxonomy_text *text = r->text;
    struct nnc_category *category = &text->taxonomy->categories[i];
    struct nnc_branch *branch = &text->branches[i];
    const char *name;
    if (!json_is_object(object))
        return fail_key(r, "taxonomy", "categories", "a list of objects");
    enum nnc_status status = get_text(r, object, "category", "name", &name);
    if (!status && !name)
        status = nnc_fail(r->error, NNC_TAXONOMY, NULL,
                          "taxonomy: category %u has no name", i);
    if (status)
        return status;
    category->name = name;
    category->index = i;
    branch->features = NNC_NONE;
    status = get_index(r, object, name, "parent", UINT32_MAX - 1, NNC_NO_CATEGORY,
                       &category->parent);
    if (!status)
        status = get_index(r, object, name, "logit", UINT32_MAX - 1, NNC_NONE,
                           &category->logit);
    if (!status)
        status =
            get_index(r, object, name, "gain", UINT32_MAX - 1, NNC_NONE, &branch->gain);
    if (!status)
        status = get_index(r, object, name, "presence", UINT32_MAX - 1, NNC_NONE,
                           &branch->presence);
    if (!status)
        status = get_text(r, object, name, "features", &text->features[i]);
    if (!status)
        status = read_label(r, object, category);
    return status ? status : read_aliases(r, object, category);
}

static enum nnc_status read_categories(const struct reader *r, const json_t *root)
{
    struct nnc_taxonomy_text *text = r->text;
    const json_t *list = get(root, "categories");
    if (!json_is_array(list) || !json_array_size(list))
        return fail_key(r, "taxonomy", "categories", "a list, and not empty");
    const size_t n = json_array_size(list);
    if (n > NNC_MAX_CATEGORIES)
        return nnc_fail(r->error, NNC_LIMIT, NULL,
                        "taxonomy: too many categories; count %zu, limit %d", n,
                        NNC_MAX_CATEGORIES);
    text->taxonomy = nnc_pool_alloc(r->pool, 1, sizeof *text->taxonomy);
    text->branches = nnc_pool_alloc(r->pool, n, sizeof *text->branches);
    text->features = nnc_pool_alloc(r->pool, n, sizeof *text->features);
    if (!text->taxonomy || !text->branches || !text->features)
        return nnc_fail_nomem(r->error, n * sizeof *text->branches);
    text->taxonomy->categories =
        nnc_pool_alloc(r->pool, n, sizeof *text->taxonomy->categories);
    if (!text->taxonomy->categories)
        return nnc_fail_nomem(r->error, n * sizeof *text->taxonomy->categories);
    text->taxonomy->n_categories = (uint32_t)n;
    enum nnc_status status = NNC_OK;
    for (size_t i = 0; i < n && !status; i++)
        status = read_category(r, json_array_get(list, i), (uint32_t)i);
    return status;
}

static enum nnc_status check_version(const struct reader *r, const json_t *root)
{
    const json_t *version = get(root, "version");
    if (!json_is_object(root))
        return nnc_fail(r->error, NNC_TAXONOMY, NULL, "taxonomy: expected a JSON object");
    if (!json_is_integer(version))
        return fail_key(r, "taxonomy", "version", "a whole number");
    if (json_integer_value(version) != NNC_TAXONOMY_VERSION)
        return nnc_fail(r->error, NNC_VERSION, NULL,
                        "taxonomy: version %lld, expected %d",
                        (long long)json_integer_value(version), NNC_TAXONOMY_VERSION);
    return NNC_OK;
}

enum nnc_status nnc_taxonomy_parse(const char *json, size_t size, struct nnc_pool *pool,
                                   struct nnc_taxonomy_text *text,
                                   struct nnc_error *error)
{
    const struct reader r = {pool, text, error};
    json_error_t at;
    *text = (struct nnc_taxonomy_text){.image = NULL};
    enum nnc_status status = nnc_json_prescan(json, size, error);
    if (status)
        return status;
    json_t *root = json_loadb(json, size, JSON_REJECT_DUPLICATES, &at);
    if (!root)
        return fail_syntax(&at, error);
    status = check_version(&r, root);
    if (!status)
        status = read_input(&r, root);
    if (!status)
        status = read_outputs(&r, root);
    if (!status)
        status = read_categories(&r, root);
    if (!status)
        status = nnc_presets_read(get(root, "presets"), pool, &text->presets,
                                  &text->n_presets, error);
    json_decref(root);
    return status;
}
