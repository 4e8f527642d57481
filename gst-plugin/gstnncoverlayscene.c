/* SPDX-License-Identifier: MIT */

/* See gstnncoverlayscene.h. The panel and the boxes are kept apart: boxes move with what
 * they show, and most of the work is in the panel's text. */

#include "gstnncoverlayscene.h"

/* How long numbers stay, so that they can be read. */
#define NUMBERS_LAST (250 * GST_MSECOND)

/* Boxes of more than that hide the picture. */
#define MOST_BOXES 64

static void drop_drawing(struct gst_nnc_overlay_scene *scene)
{
    g_clear_pointer(&scene->words, g_free);
    g_clear_pointer(&scene->numbers, g_free);
    g_clear_pointer(&scene->boxes_key, g_free);
    g_clear_pointer(&scene->panel, gst_video_overlay_rectangle_unref);
    g_clear_pointer(&scene->boxes, g_ptr_array_unref);
    g_clear_pointer(&scene->composition, gst_video_overlay_composition_unref);
}

void gst_nnc_overlay_scene_forget(struct gst_nnc_overlay_scene *scene)
{
    drop_drawing(scene);
    g_clear_pointer(&scene->predictions, g_ptr_array_unref);
}

void gst_nnc_overlay_scene_finish(struct gst_nnc_overlay_scene *scene)
{
    gst_nnc_overlay_scene_forget(scene);
    gst_nnc_overlay_pen_finish(&scene->pen);
}

void gst_nnc_overlay_scene_set(struct gst_nnc_overlay_scene *scene,
                               const struct gst_nnc_overlay_settings *settings,
                               guint width, guint height)
{
    drop_drawing(scene);
    scene->settings = *settings;
    scene->settings.style.font = NULL;
    gst_nnc_overlay_pen_set(&scene->pen, &settings->style, width, height);
}

/* --- predictions --- */

static GPtrArray *collect(GstBuffer *buffer)
{
    GstNncPrediction *prediction;
    GPtrArray *found = NULL;
    gpointer state = NULL;

    while ((prediction = gst_buffer_iterate_nnc_predictions(buffer, &state))) {
        if (!found)
            found =
                g_ptr_array_new_with_free_func((GDestroyNotify)gst_nnc_prediction_unref);
        g_ptr_array_add(found, gst_nnc_prediction_ref(prediction));
    }
    return found;
}

/* Time that runs backwards is another part of the stream. */
static gboolean has_expired(const struct gst_nnc_overlay_scene *scene, GstClockTime now)
{
    return now < scene->seen_at || now - scene->seen_at > scene->settings.persist;
}

static void see(struct gst_nnc_overlay_scene *scene, GstBuffer *buffer, GstClockTime now)
{
    GPtrArray *const found = collect(buffer);

    if (!found) {
        if (scene->predictions && has_expired(scene, now))
            gst_nnc_overlay_scene_forget(scene);
        return;
    }
    g_clear_pointer(&scene->predictions, g_ptr_array_unref);
    scene->predictions = found;
    scene->seen_at = now;
}

/* --- drawing --- */

static gboolean is_stale(const struct gst_nnc_overlay_scene *scene, const gchar *words,
                         const gchar *numbers, GstClockTime now)
{
    if (g_strcmp0(scene->words, words))
        return TRUE;
    return g_strcmp0(scene->numbers, numbers) &&
           (now < scene->drawn_at || now - scene->drawn_at >= NUMBERS_LAST);
}

/* Whether it is another one now. */
static gboolean update_panel(struct gst_nnc_overlay_scene *scene, GstClockTime now)
{
    const struct gst_nnc_overlay_wanted wanted = {
        scene->settings.show, scene->settings.n_classes,
        gst_nnc_overlay_pen_n_rows(&scene->pen)};
    g_autoptr(GPtrArray) rows = gst_nnc_overlay_describe(scene->predictions, &wanted);
    g_autofree gchar *words = gst_nnc_overlay_make_key(rows, FALSE);
    g_autofree gchar *numbers = gst_nnc_overlay_make_key(rows, TRUE);

    if (!is_stale(scene, words, numbers, now))
        return FALSE;
    g_clear_pointer(&scene->panel, gst_video_overlay_rectangle_unref);
    scene->panel = gst_nnc_overlay_draw_panel(&scene->pen, rows);
    g_free(scene->words);
    g_free(scene->numbers);
    scene->words = g_steal_pointer(&words);
    scene->numbers = g_steal_pointer(&numbers);
    scene->drawn_at = now;
    scene->n_drawn++;
    return TRUE;
}

static GPtrArray *choose_boxes(const struct gst_nnc_overlay_scene *scene)
{
    GPtrArray *const chosen = g_ptr_array_new();

    if (!(scene->settings.show & GST_NNC_OVERLAY_SHOW_REGIONS))
        return chosen;
    for (guint i = 0; i < scene->predictions->len && chosen->len < MOST_BOXES; i++)
        if (gst_nnc_prediction_get_region(scene->predictions->pdata[i], NULL, NULL, NULL,
                                          NULL))
            g_ptr_array_add(chosen, scene->predictions->pdata[i]);
    return chosen;
}

static gchar *make_boxes_key(const GPtrArray *chosen)
{
    GString *const key = g_string_new(NULL);

    for (guint i = 0; i < chosen->len; i++) {
        g_autofree gchar *text = gst_nnc_overlay_describe_region(chosen->pdata[i]);
        guint x, y, width, height;
        gst_nnc_prediction_get_region(chosen->pdata[i], &x, &y, &width, &height);
        g_string_append_printf(key, "%u %u %u %u %zu:%s\n", x, y, width, height,
                               strlen(text), text);
    }
    return g_string_free(key, FALSE);
}

static gboolean update_boxes(struct gst_nnc_overlay_scene *scene)
{
    g_autoptr(GPtrArray) chosen = choose_boxes(scene);
    g_autofree gchar *key = make_boxes_key(chosen);

    if (!g_strcmp0(scene->boxes_key, key))
        return FALSE;
    g_clear_pointer(&scene->boxes, g_ptr_array_unref);
    scene->boxes =
        g_ptr_array_new_with_free_func((GDestroyNotify)gst_video_overlay_rectangle_unref);
    for (guint i = 0; i < chosen->len; i++)
        gst_nnc_overlay_draw_region(&scene->pen, chosen->pdata[i], scene->boxes);
    g_free(scene->boxes_key);
    scene->boxes_key = g_steal_pointer(&key);
    return TRUE;
}

/* The panel lies above the boxes. */
static void compose(struct gst_nnc_overlay_scene *scene)
{
    const guint n_boxes = scene->boxes->len;

    g_clear_pointer(&scene->composition, gst_video_overlay_composition_unref);
    for (guint i = 0; i <= n_boxes; i++) {
        GstVideoOverlayRectangle *const rectangle =
            i < n_boxes ? scene->boxes->pdata[i] : scene->panel;
        if (!rectangle)
            continue;
        if (scene->composition)
            gst_video_overlay_composition_add_rectangle(scene->composition, rectangle);
        else
            scene->composition = gst_video_overlay_composition_new(rectangle);
    }
}

GstVideoOverlayComposition *
gst_nnc_overlay_scene_look(struct gst_nnc_overlay_scene *scene, GstBuffer *buffer,
                           GstClockTime now)
{
    see(scene, buffer, now);
    if (!scene->predictions)
        return NULL;
    const gboolean panel_changed = update_panel(scene, now);
    const gboolean boxes_changed = update_boxes(scene);
    if (panel_changed || boxes_changed)
        compose(scene);
    return scene->composition;
}
