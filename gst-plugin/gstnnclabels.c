/* SPDX-License-Identifier: MIT */

/* A list of patterns, compiled once. The last entry that matches a label decides. */

#include "gstnnclabels.h"

#include <stdatomic.h>
#include <string.h>

struct entry {
    GPatternSpec *pattern;
    gboolean wanted;
};

struct gst_nnc_labels {
    atomic_uint references; /* not GLib's, which ThreadSanitizer does not see */
    gchar *text;
    GArray *entries; /* struct entry */
};

static void clear_entry(gpointer data)
{
    g_pattern_spec_free(((struct entry *)data)->pattern);
}

static void add_entry(struct gst_nnc_labels *labels, gchar *text)
{
    const gboolean wanted = *g_strstrip(text) != '-';
    const gchar *const pattern = wanted ? text : g_strchug(text + 1);

    if (!*pattern)
        return;
    const struct entry entry = {g_pattern_spec_new(pattern), wanted};
    g_array_append_val(labels->entries, entry);
}

struct gst_nnc_labels *gst_nnc_labels_new(const gchar *text)
{
    struct gst_nnc_labels *const labels = g_new0(struct gst_nnc_labels, 1);

    atomic_init(&labels->references, 1);
    labels->text = g_utf8_make_valid(text ? text : "", -1);
    g_auto(GStrv) parts = g_strsplit(labels->text, ",", -1);
    labels->entries = g_array_new(FALSE, FALSE, sizeof(struct entry));
    g_array_set_clear_func(labels->entries, clear_entry);
    for (gchar **part = parts; *part; part++)
        add_entry(labels, *part);
    return labels;
}

struct gst_nnc_labels *gst_nnc_labels_ref(struct gst_nnc_labels *labels)
{
    atomic_fetch_add_explicit(&labels->references, 1, memory_order_relaxed);
    return labels;
}

void gst_nnc_labels_unref(struct gst_nnc_labels *labels)
{
    if (!labels ||
        atomic_fetch_sub_explicit(&labels->references, 1, memory_order_acq_rel) != 1)
        return;
    g_array_unref(labels->entries);
    g_free(labels->text);
    g_free(labels);
}

const gchar *gst_nnc_labels_text(const struct gst_nnc_labels *labels)
{
    return labels->text;
}

/* Like a cutout: it starts with everything if the first entry excludes. GLib's patterns
 * read beyond text that is not UTF-8, so that no entry matches such a label. */
gboolean gst_nnc_labels_want(const struct gst_nnc_labels *labels, const gchar *label)
{
    const struct entry *const entries = (const struct entry *)labels->entries->data;
    const gchar *const name = label ? label : "";

    for (guint i = g_utf8_validate(name, -1, NULL) ? labels->entries->len : 0; i-- > 0;)
        if (g_pattern_spec_match(entries[i].pattern, strlen(name), name, NULL))
            return entries[i].wanted;
    return !labels->entries->len || !entries[0].wanted;
}
