/* SPDX-License-Identifier: MIT */

/* The names of a model's categories, apart from the model. Paths say it all: a category's
 * name is the last part of its path and its parent is the path before it. */

#include <gstnnc/gstnnctaxonomy.h>

#include "gstnncjson.h"

#include <string.h>

struct category {
    gchar *path;
    const gchar *name; /* inside path */
    guint parent;
    guint depth;
    gboolean has_children;
};

struct _GstNncTaxonomy {
    struct category *categories;
    guint n_categories;
    GHashTable *by_path; /* path -> number + 1 */
};

G_DEFINE_BOXED_TYPE(GstNncTaxonomy, gst_nnc_taxonomy, gst_nnc_taxonomy_ref,
                    gst_nnc_taxonomy_unref)

static void name_category(GstNncTaxonomy *self, guint index, const gchar *path)
{
    struct category *category = &self->categories[index];
    const gchar *slash = strrchr(path, '/');

    category->path = g_strdup(path);
    category->name = slash ? category->path + (slash - path) + 1 : category->path;
    category->parent = GST_NNC_NO_CATEGORY;
    g_hash_table_insert(self->by_path, category->path, GUINT_TO_POINTER(index + 1));
}

static void link_category(GstNncTaxonomy *self, guint index)
{
    struct category *category = &self->categories[index];

    for (const gchar *c = category->path; *c; c++)
        category->depth += *c == '/';
    if (category->name == category->path)
        return;
    g_autofree gchar *parent =
        g_strndup(category->path, (gsize)(category->name - category->path - 1));
    category->parent = gst_nnc_taxonomy_find(self, parent);
    if (category->parent != GST_NNC_NO_CATEGORY)
        self->categories[category->parent].has_children = TRUE;
}

/**
 * gst_nnc_taxonomy_new:
 * @paths: (array zero-terminated=1): the full path of every category, e.g. "mammals"
 *   and "mammals/cats", in the order of their numbers
 *
 * Returns: (transfer full): a new taxonomy; it has its own copy of @paths
 *
 * Since: 0.1
 */
GstNncTaxonomy *gst_nnc_taxonomy_new(const gchar *const *paths)
{
    g_return_val_if_fail(paths, NULL);

    GstNncTaxonomy *const self = g_atomic_rc_box_new0(GstNncTaxonomy);
    self->n_categories = g_strv_length((gchar **)paths);
    self->categories = g_new0(struct category, self->n_categories);
    self->by_path = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < self->n_categories; i++)
        name_category(self, i, paths[i]);
    for (guint i = 0; i < self->n_categories; i++)
        link_category(self, i);
    return self;
}

/**
 * gst_nnc_taxonomy_ref:
 * @self: a #GstNncTaxonomy
 *
 * Returns: (transfer full): @self
 *
 * Since: 0.1
 */
GstNncTaxonomy *gst_nnc_taxonomy_ref(GstNncTaxonomy *self)
{
    g_return_val_if_fail(self, NULL);
    return g_atomic_rc_box_acquire(self);
}

static void finish(gpointer data)
{
    GstNncTaxonomy *const self = data;

    g_hash_table_destroy(self->by_path);
    for (guint i = 0; i < self->n_categories; i++)
        g_free(self->categories[i].path);
    g_free(self->categories);
}

/**
 * gst_nnc_taxonomy_unref:
 * @self: (transfer full) (nullable): a #GstNncTaxonomy
 *
 * Since: 0.1
 */
void gst_nnc_taxonomy_unref(GstNncTaxonomy *self)
{
    if (self)
        g_atomic_rc_box_release_full(self, finish);
}

/**
 * gst_nnc_taxonomy_get_n_categories:
 * @self: a #GstNncTaxonomy
 *
 * Returns: the number of categories, classes and what holds them
 *
 * Since: 0.1
 */
guint gst_nnc_taxonomy_get_n_categories(const GstNncTaxonomy *self)
{
    g_return_val_if_fail(self, 0);
    return self->n_categories;
}

/**
 * gst_nnc_taxonomy_get_path:
 * @self: a #GstNncTaxonomy
 * @category: a category's number
 *
 * Returns: (nullable) (transfer none): its full path, e.g. "mammals/cats", or %NULL if
 *   there is no such category
 *
 * Since: 0.1
 */
const gchar *gst_nnc_taxonomy_get_path(const GstNncTaxonomy *self, guint category)
{
    g_return_val_if_fail(self, NULL);
    return category < self->n_categories ? self->categories[category].path : NULL;
}

/**
 * gst_nnc_taxonomy_get_name:
 * @self: a #GstNncTaxonomy
 * @category: a category's number
 *
 * Returns: (nullable) (transfer none): its name, e.g. "lion", or %NULL if there is no such
 *   category
 *
 * Since: 0.1
 */
const gchar *gst_nnc_taxonomy_get_name(const GstNncTaxonomy *self, guint category)
{
    g_return_val_if_fail(self, NULL);
    return category < self->n_categories ? self->categories[category].name : NULL;
}

/**
 * gst_nnc_taxonomy_get_parent:
 * @self: a #GstNncTaxonomy
 * @category: a category's number
 *
 * Returns: the category that holds it, or %GST_NNC_NO_CATEGORY
 *
 * Since: 0.1
 */
guint gst_nnc_taxonomy_get_parent(const GstNncTaxonomy *self, guint category)
{
    g_return_val_if_fail(self, GST_NNC_NO_CATEGORY);
    return category < self->n_categories ? self->categories[category].parent
                                         : GST_NNC_NO_CATEGORY;
}

/**
 * gst_nnc_taxonomy_get_depth:
 * @self: a #GstNncTaxonomy
 * @category: a category's number
 *
 * Returns: how many categories hold it; 0 for a top category
 *
 * Since: 0.1
 */
guint gst_nnc_taxonomy_get_depth(const GstNncTaxonomy *self, guint category)
{
    g_return_val_if_fail(self, 0);
    return category < self->n_categories ? self->categories[category].depth : 0;
}

/**
 * gst_nnc_taxonomy_is_class:
 * @self: a #GstNncTaxonomy
 * @category: a category's number
 *
 * Returns: whether the category is a class, that is, holds no others
 *
 * Since: 0.1
 */
gboolean gst_nnc_taxonomy_is_class(const GstNncTaxonomy *self, guint category)
{
    g_return_val_if_fail(self, FALSE);
    return category < self->n_categories && !self->categories[category].has_children;
}

/**
 * gst_nnc_taxonomy_find:
 * @self: a #GstNncTaxonomy
 * @path: a full path
 *
 * Returns: the number of the category of this path, or %GST_NNC_NO_CATEGORY
 *
 * Since: 0.1
 */
guint gst_nnc_taxonomy_find(const GstNncTaxonomy *self, const gchar *path)
{
    g_return_val_if_fail(self && path, GST_NNC_NO_CATEGORY);
    const guint found = GPOINTER_TO_UINT(g_hash_table_lookup(self->by_path, path));
    return found ? found - 1 : GST_NNC_NO_CATEGORY;
}

static void append_category(GString *json, const struct category *category)
{
    g_string_append(json, "{\"path\":");
    gst_nnc_json_append_string(json, category->path);
    g_string_append(json, ",\"name\":");
    gst_nnc_json_append_string(json, category->name);
    if (category->parent == GST_NNC_NO_CATEGORY)
        g_string_append(json, ",\"parent\":null");
    else
        g_string_append_printf(json, ",\"parent\":%u", category->parent);
    g_string_append_printf(json, ",\"leaf\":%s}",
                           category->has_children ? "false" : "true");
}

/**
 * gst_nnc_taxonomy_to_json:
 * @self: a #GstNncTaxonomy
 *
 * One line:
 * `{"version":1,"categories":[{"path":...,"name":...,"parent":...,"leaf":...}]}` where
 * `parent` is a position in `categories` or null.
 *
 * Returns: (transfer full): the text
 *
 * Since: 0.1
 */
gchar *gst_nnc_taxonomy_to_json(const GstNncTaxonomy *self)
{
    g_return_val_if_fail(self, NULL);

    GString *const json = g_string_new("{\"version\":1,\"categories\":[");
    for (guint i = 0; i < self->n_categories; i++) {
        if (i)
            g_string_append_c(json, ',');
        append_category(json, &self->categories[i]);
    }
    g_string_append(json, "]}");
    return g_string_free(json, FALSE);
}
