/* SPDX-License-Identifier: MIT */

/* Requests against the taxonomy of a model, and back into words. */

#include <nnc/task.h>

#include <math.h>
#include <string.h>

#include "gstnncerror.h"
#include "gstnncrequest.h"

/* --- into words --- */

/* How many classes each category has, and how many of them are active. */
static void count_classes(const struct nnc_taxonomy *taxonomy, const guint8 *active,
                          guint *all, guint *kept)
{
    const size_t n = nnc_taxonomy_n_classes(taxonomy);

    for (size_t k = 0; k < n; k++) {
        const struct nnc_category *category =
            nnc_taxonomy_class(taxonomy, (uint32_t)k);
        for (;;) {
            all[category->index]++;
            kept[category->index] += active[k] != 0;
            if (category->parent == NNC_NO_CATEGORY)
                break;
            category = nnc_taxonomy_category(taxonomy, category->parent);
        }
    }
}

static gboolean is_whole(const guint *all, const guint *kept, uint32_t category)
{
    return category != NNC_NO_CATEGORY && all[category] == kept[category];
}

gchar *gst_nnc_cutout_to_text(const struct nnc_taxonomy *taxonomy, const guint8 *active)
{
    const size_t n = nnc_taxonomy_n_categories(taxonomy);
    g_autofree guint *all = g_new0(guint, n);
    g_autofree guint *kept = g_new0(guint, n);
    GString *const text = g_string_new(NULL);
    gboolean everything = TRUE;

    count_classes(taxonomy, active, all, kept);
    for (uint32_t i = nnc_taxonomy_next(taxonomy, NNC_NO_CATEGORY); i != NNC_NO_CATEGORY;
         i = nnc_taxonomy_next(taxonomy, i)) {
        const struct nnc_category *const category = nnc_taxonomy_category(taxonomy, i);
        everything = everything && is_whole(all, kept, i);
        if (!is_whole(all, kept, i) || is_whole(all, kept, category->parent))
            continue;
        if (text->len)
            g_string_append_c(text, ',');
        g_string_append(text, category->path);
    }
    if (everything)
        g_string_truncate(text, 0);
    return g_string_free(text, FALSE);
}

gchar *gst_nnc_attention_to_text(const struct nnc_taxonomy *taxonomy,
                                 const gfloat *gains)
{
    const size_t n = nnc_taxonomy_n_categories(taxonomy);
    GString *const text = g_string_new(NULL);

    for (size_t i = 0; i < n; i++) {
        gchar digits[G_ASCII_DTOSTR_BUF_SIZE];
        if (gains[i] == 1.0f)
            continue;
        if (text->len)
            g_string_append_c(text, ',');
        g_string_append_printf(
            text, "%s=%s", nnc_taxonomy_category(taxonomy, (uint32_t)i)->path,
            g_ascii_formatd(digits, sizeof digits, "%.9g", (gdouble)gains[i]));
    }
    return g_string_free(text, FALSE);
}

/* --- out of words and arrays --- */

static enum nnc_status check_size(GBytes *values, gsize expected, gsize item,
                                  const gchar *what, const gchar *of,
                                  struct nnc_error *error)
{
    const gsize got = g_bytes_get_size(values) / item;

    if (got == expected)
        return NNC_OK;
    gst_nnc_error_set(error, NNC_TASK,
                      "%s: got %" G_GSIZE_FORMAT " values; expected %" G_GSIZE_FORMAT
                      ", one for every %s of the model",
                      what, got, expected, of);
    return NNC_TASK;
}

static enum nnc_status find_active(struct gst_nnc_meaning *meaning,
                                   const struct nnc_taxonomy *taxonomy,
                                   const struct gst_nnc_part *cutout,
                                   struct nnc_error *error)
{
    const gsize n = nnc_taxonomy_n_classes(taxonomy);

    if (!cutout || !cutout->values)
        return nnc_cutout_parse(taxonomy, gst_nnc_part_text(cutout), meaning->active,
                                error);
    const enum nnc_status status =
        check_size(cutout->values, n, 1, "mask", "class", error);
    if (status)
        return status;
    memcpy(meaning->active, g_bytes_get_data(cutout->values, NULL), n);
    if (memchr(meaning->active, 1, n))
        return NNC_OK;
    gst_nnc_error_set(error, NNC_TASK,
                      "mask: empty selection; expected a class that is not 0");
    return NNC_TASK;
}

/* Names are matched by the parser alone: which categories an entry means shows in what a
 * gain of 2 changes. */
static enum nnc_status add_gain(const struct nnc_taxonomy *taxonomy, const gchar *entry,
                                gfloat *gains, struct nnc_error *error)
{
    const size_t n = nnc_taxonomy_n_categories(taxonomy);
    g_autofree gfloat *alone = g_new(gfloat, n);
    const gchar *const gain = strrchr(entry, '=');
    enum nnc_status status = nnc_attention_parse(taxonomy, entry, alone, error);

    if (status)
        return status;
    const gfloat value = (gfloat)g_ascii_strtod(gain + 1, NULL);
    g_autofree gchar *probe = g_strdup_printf("%.*s=2", (int)(gain - entry), entry);
    status = nnc_attention_parse(taxonomy, probe, alone, error);
    for (size_t i = 0; !status && i < n; i++)
        if (alone[i] != 1.0f)
            gains[i] = value;
    return status;
}

static enum nnc_status add_gains(const struct nnc_taxonomy *taxonomy, const gchar *text,
                                 gfloat *gains, struct nnc_error *error)
{
    g_auto(GStrv) entries = g_strsplit(text ? text : "", ",", -1);
    enum nnc_status status = NNC_OK;

    for (gchar **entry = entries; !status && *entry; entry++)
        status = add_gain(taxonomy, *entry, gains, error);
    return status;
}

static enum nnc_status copy_gains(gfloat *gains, const struct nnc_taxonomy *taxonomy,
                                  const struct gst_nnc_part *attention,
                                  struct nnc_error *error)
{
    const gsize n = nnc_taxonomy_n_categories(taxonomy);
    const enum nnc_status status = check_size(attention->values, n, sizeof *gains,
                                              "attention", "category", error);
    if (!status)
        memcpy(gains, g_bytes_get_data(attention->values, NULL), n * sizeof *gains);
    return status;
}

/* Arrays skip the parser, which would have found these. */
static enum nnc_status check_gains(const struct nnc_model *model, const gfloat *gains,
                                   struct nnc_error *error)
{
    const struct nnc_taxonomy *const taxonomy = nnc_model_taxonomy(model);

    for (size_t i = 0; i < nnc_taxonomy_n_categories(taxonomy); i++) {
        const gchar *const path = nnc_taxonomy_category(taxonomy, (uint32_t)i)->path;
        if (!isfinite(gains[i]) || gains[i] < 0.0f || gains[i] > 16.0f)
            gst_nnc_error_set(error, NNC_TASK,
                              "attention to '%.60s': got the gain %g; expected a finite "
                              "one in the range 0 to 16",
                              path, (gdouble)gains[i]);
        else if (gains[i] != 1.0f && !nnc_model_has_attention(model))
            gst_nnc_error_set(error, NNC_TASK,
                              "%s: attention to '%.60s': the model has no attention "
                              "input; expected no gains but 1",
                              nnc_model_name(model), path);
        else
            continue;
        return NNC_TASK;
    }
    return NNC_OK;
}

static enum nnc_status find_gains(struct gst_nnc_meaning *meaning,
                                  const struct nnc_model *model,
                                  const struct gst_nnc_request *request,
                                  struct nnc_error *error)
{
    const struct nnc_taxonomy *const taxonomy = nnc_model_taxonomy(model);
    const struct gst_nnc_part *const attention = request->attention;
    enum nnc_status status =
        attention && attention->values
            ? copy_gains(meaning->gains, taxonomy, attention, error)
            : nnc_attention_parse(taxonomy, gst_nnc_part_text(attention), meaning->gains,
                                  error);

    if (!status)
        status = add_gains(taxonomy, request->gains, meaning->gains, error);
    if (!status)
        status = check_gains(model, meaning->gains, error);
    return status;
}

/* Texts stay as they were given: users find again what they wrote. */
static void find_words(struct gst_nnc_meaning *meaning,
                       const struct nnc_taxonomy *taxonomy,
                       const struct gst_nnc_request *request)
{
    const struct gst_nnc_part *const cutout = request->cutout;
    const struct gst_nnc_part *const attention = request->attention;

    meaning->cutout = cutout && cutout->values
                          ? gst_nnc_cutout_to_text(taxonomy, meaning->active)
                          : g_strdup(gst_nnc_part_text(cutout));
    meaning->attention = request->gains || (attention && attention->values)
                             ? gst_nnc_attention_to_text(taxonomy, meaning->gains)
                             : g_strdup(gst_nnc_part_text(attention));
}

enum nnc_status gst_nnc_meaning_find(struct gst_nnc_meaning *meaning,
                                     const struct nnc_model *model,
                                     const struct gst_nnc_request *request,
                                     struct nnc_error *error)
{
    const struct nnc_taxonomy *const taxonomy = nnc_model_taxonomy(model);

    *meaning = (struct gst_nnc_meaning){
        .active = g_new(guint8, nnc_taxonomy_n_classes(taxonomy)),
        .gains = g_new(gfloat, nnc_taxonomy_n_categories(taxonomy)),
    };
    enum nnc_status status = find_active(meaning, taxonomy, request->cutout, error);
    if (!status)
        status = find_gains(meaning, model, request, error);
    if (status)
        gst_nnc_meaning_clear(meaning);
    else
        find_words(meaning, taxonomy, request);
    return status;
}

void gst_nnc_meaning_clear(struct gst_nnc_meaning *meaning)
{
    g_clear_pointer(&meaning->active, g_free);
    g_clear_pointer(&meaning->gains, g_free);
    g_clear_pointer(&meaning->cutout, g_free);
    g_clear_pointer(&meaning->attention, g_free);
}

enum nnc_status gst_nnc_request_settle(struct gst_nnc_request *request,
                                       const struct nnc_model *model,
                                       struct nnc_error *error)
{
    const struct nnc_taxonomy *const taxonomy = nnc_model_taxonomy(model);
    struct gst_nnc_meaning meaning;
    const enum nnc_status status = gst_nnc_meaning_find(&meaning, model, request, error);

    if (status)
        return status;
    if (request->cutout->values && !request->cutout->text)
        gst_nnc_part_take(&request->cutout,
                          gst_nnc_part_new_array(meaning.active,
                                                 nnc_taxonomy_n_classes(taxonomy),
                                                 meaning.cutout));
    if (request->gains || (request->attention->values && !request->attention->text))
        gst_nnc_part_take(
            &request->attention,
            gst_nnc_part_new_array(meaning.gains,
                                   nnc_taxonomy_n_categories(taxonomy) * sizeof(gfloat),
                                   meaning.attention));
    g_clear_pointer(&request->gains, g_free);
    gst_nnc_meaning_clear(&meaning);
    return NNC_OK;
}
