/* SPDX-License-Identifier: MIT */

#include "gstnnccategory.h"

#include "gstnncclassify.h"

struct _GstNncCategory {
    GstObject parent;

    GWeakRef element;    /* empty once the element names another model */
    uint32_t index;      /* in the taxonomy; constant, like all below */
    gchar *path;
    GPtrArray *children; /* of GstNncCategory */
};

enum { PROP_0, PROP_GAIN, PROP_ACTIVE, PROP_PATH, N_PROPERTIES };

static GParamSpec *properties[N_PROPERTIES];

/* --- children --- */

static GObject *get_child_by_index(GstChildProxy *proxy, guint index)
{
    const GPtrArray *const children = GST_NNC_CATEGORY(proxy)->children;

    return index < children->len ? g_object_ref(children->pdata[index]) : NULL;
}

static GObject *get_child_by_name(GstChildProxy *proxy, const gchar *name)
{
    return gst_nnc_categories_find(GST_NNC_CATEGORY(proxy)->children, name);
}

static guint get_children_count(GstChildProxy *proxy)
{
    return GST_NNC_CATEGORY(proxy)->children->len;
}

static void init_child_proxy(gpointer interface, gpointer data)
{
    GstChildProxyInterface *const proxy = interface;

    proxy->get_child_by_index = get_child_by_index;
    proxy->get_child_by_name = get_child_by_name;
    proxy->get_children_count = get_children_count;
}

G_DEFINE_TYPE_WITH_CODE(GstNncCategory, gst_nnc_category, GST_TYPE_OBJECT,
                        G_IMPLEMENT_INTERFACE(GST_TYPE_CHILD_PROXY, init_child_proxy))

GObject *gst_nnc_categories_find(const GPtrArray *categories, const gchar *name)
{
    for (guint i = 0; categories && i < categories->len; i++) {
        GstObject *const category = categories->pdata[i];
        g_autofree gchar *own = gst_object_get_name(category);
        if (g_str_equal(own, name))
            return g_object_ref(categories->pdata[i]);
    }
    return NULL;
}

void gst_nnc_categories_sync(const GPtrArray *categories, GstClockTime time)
{
    for (guint i = 0; categories && i < categories->len; i++) {
        GstNncCategory *const category = categories->pdata[i];
        if (gst_object_has_active_control_bindings(GST_OBJECT(category)))
            gst_object_sync_values(GST_OBJECT(category), time);
        gst_nnc_categories_sync(category->children, time);
    }
}

/* --- life --- */

/* Children in the order of the model's file. */
static GPtrArray *make_level(GstElement *element, GstObject *parent,
                             const struct nnc_taxonomy *taxonomy, uint32_t of)
{
    GPtrArray *const level = g_ptr_array_new_with_free_func(gst_object_unref);

    for (uint32_t i = 0; i < nnc_taxonomy_n_categories(taxonomy); i++) {
        const struct nnc_category *const from = nnc_taxonomy_category(taxonomy, i);
        if (from->parent != of)
            continue;
        GstNncCategory *const category =
            g_object_new(GST_TYPE_NNC_CATEGORY, "name", from->name, NULL);
        category->index = i;
        category->path = g_strdup(from->path);
        g_weak_ref_set(&category->element, element);
        category->children = make_level(element, GST_OBJECT(category), taxonomy, i);
        gst_object_set_parent(GST_OBJECT(category), parent); /* takes the floating one */
        g_ptr_array_add(level, gst_object_ref(category));
    }
    return level;
}

GPtrArray *gst_nnc_categories_new(GstElement *element,
                                  const struct nnc_taxonomy *taxonomy)
{
    return make_level(element, GST_OBJECT(element), taxonomy, NNC_NO_CATEGORY);
}

static void detach(gpointer data, gpointer unused)
{
    GstNncCategory *const category = data;

    g_weak_ref_set(&category->element, NULL);
    g_ptr_array_foreach(category->children, detach, NULL);
    gst_object_unparent(GST_OBJECT(category));
}

void gst_nnc_categories_free(GPtrArray *categories)
{
    if (!categories)
        return;
    g_ptr_array_foreach(categories, detach, NULL);
    g_ptr_array_unref(categories);
}

static void gst_nnc_category_init(GstNncCategory *self)
{
    g_weak_ref_init(&self->element, NULL);
}

static void finalize(GObject *object)
{
    GstNncCategory *const self = GST_NNC_CATEGORY(object);

    g_weak_ref_clear(&self->element);
    g_free(self->path);
    g_clear_pointer(&self->children, g_ptr_array_unref);
    G_OBJECT_CLASS(gst_nnc_category_parent_class)->finalize(object);
}

/* --- properties --- */

static void set_property(GObject *object, guint id, const GValue *value,
                         GParamSpec *pspec)
{
    const GstNncCategory *const self = GST_NNC_CATEGORY(object);
    g_autoptr(GstNncClassify) element =
        g_weak_ref_get(&GST_NNC_CATEGORY(object)->element);

    switch (id) {
    case PROP_GAIN:
        if (element)
            gst_nnc_classify_set_gain(element, self->index, g_value_get_double(value));
        break;
    case PROP_ACTIVE:
        if (element)
            gst_nnc_classify_set_active(element, self->index, g_value_get_boolean(value));
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
        break;
    }
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    GstNncCategory *const self = GST_NNC_CATEGORY(object);
    g_autoptr(GstNncClassify) element = g_weak_ref_get(&self->element);

    switch (id) {
    case PROP_GAIN:
        g_value_set_double(value,
                           element ? (gdouble)gst_nnc_task_slot_get_gain(&element->slot,
                                                                         self->index)
                                   : 1.0);
        break;
    case PROP_ACTIVE:
        g_value_set_boolean(value, element && gst_nnc_task_slot_get_active(&element->slot,
                                                                           self->index));
        break;
    case PROP_PATH:
        g_value_set_string(value, self->path);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
        break;
    }
}

static void gst_nnc_category_class_init(GstNncCategoryClass *class)
{
    GObjectClass *const object = G_OBJECT_CLASS(class);
    const GParamFlags playing =
        G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING;

    object->finalize = finalize;
    object->set_property = set_property;
    object->get_property = get_property;
    /**
     * GstNncCategory:gain:
     *
     * How strongly the category's features count: part of the attention of the element's
     * task, see #GstNncClassify:attention. A controlled value holds for the frame whose
     * time it is taken from.
     *
     * Since: 0.1
     */
    properties[PROP_GAIN] = g_param_spec_double(
        "gain", "Gain", "Factor on the category's features (0 = silent, 1 = as trained)",
        0.0, 16.0, 1.0, playing | GST_PARAM_CONTROLLABLE);
    /**
     * GstNncCategory:active:
     *
     * Whether any class of the category takes part. Setting it adds all of them to the
     * cutout of the element's task, or cuts them away; the last one cannot be.
     *
     * Since: 0.1
     */
    properties[PROP_ACTIVE] = g_param_spec_boolean(
        "active", "Active", "Whether the category takes part, or is cut away", TRUE,
        playing);
    properties[PROP_PATH] = g_param_spec_string(
        "path", "Path", "The category's full path, e.g. mammals/cats", NULL,
        G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
    g_object_class_install_properties(object, N_PROPERTIES, properties);
}
