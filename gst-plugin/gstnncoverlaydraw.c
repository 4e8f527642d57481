/* SPDX-License-Identifier: MIT */

/* See gstnncoverlaydraw.h. Sizes follow the font, the font follows the frame: some 30
 * rows would fill a frame, but letters never get smaller than can be read. Boxes are four
 * strips each, because a picture of the whole frame would cost more to lay over than to
 * draw. */

#include "gstnncoverlaydraw.h"

#include <math.h>

#define ROWS_PER_FRAME 30
#define SMALLEST_FONT 9
#define LARGEST_FONT 256

/* A panel takes this many letters' heights, and this part of a frame's height at most. */
#define PANEL_EMS 18
#define PANEL_PART 0.8

/* --- pen --- */

static gint choose_font_size(const struct gst_nnc_overlay_pen *pen)
{
    /* A tall frame has no more room for letters than its width gives. */
    const gdouble height = MIN(pen->height, pen->width * 0.75);
    const gdouble size = MAX(height / ROWS_PER_FRAME, SMALLEST_FONT) * pen->style.scale;

    return (gint)CLAMP(lround(size), 4, LARGEST_FONT);
}

/* Letters look the same on every machine that has the font, whatever its desktop sets. */
static void set_font_options(PangoContext *context)
{
    cairo_font_options_t *const options = cairo_font_options_create();

    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_SLIGHT);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_ON);
    pango_cairo_context_set_font_options(context, options);
    pango_cairo_context_set_resolution(context, 96);
    cairo_font_options_destroy(options);
}

static PangoLayout *make_layout(struct gst_nnc_overlay_pen *pen)
{
    PangoContext *const context = pango_font_map_create_context(pen->fonts);
    PangoFontDescription *const font =
        pango_font_description_from_string(pen->style.font ? pen->style.font : "Sans");

    set_font_options(context);
    pango_font_description_set_absolute_size(font, pen->font_size * PANGO_SCALE);
    PangoLayout *const layout = pango_layout_new(context);
    pango_layout_set_font_description(layout, font);
    pango_layout_set_single_paragraph_mode(layout, TRUE);
    pango_font_description_free(font);
    g_object_unref(context);
    return layout;
}

static gint measure_row(PangoLayout *layout)
{
    gint height;

    pango_layout_set_text(layout, "Ág", -1);
    pango_layout_get_pixel_size(layout, NULL, &height);
    return height;
}

void gst_nnc_overlay_pen_finish(struct gst_nnc_overlay_pen *pen)
{
    g_clear_object(&pen->layout);
    g_clear_object(&pen->fonts);
    g_clear_pointer(&pen->style.font, g_free);
}

void gst_nnc_overlay_pen_set(struct gst_nnc_overlay_pen *pen,
                             const struct gst_nnc_overlay_style *style, guint width,
                             guint height)
{
    g_clear_object(&pen->layout);
    g_free(pen->style.font);
    pen->style = *style;
    pen->style.font = g_strdup(style->font);
    pen->width = width;
    pen->height = height;
    pen->font_size = choose_font_size(pen);
    pen->padding = MAX(pen->font_size / 4, 2);
    pen->line = MAX(pen->font_size / 8, 1);
    if (!pen->fonts)
        pen->fonts = pango_cairo_font_map_new();
    pen->layout = make_layout(pen);
    pen->row_height = measure_row(pen->layout);
}

guint gst_nnc_overlay_pen_n_rows(const struct gst_nnc_overlay_pen *pen)
{
    const gint room = (gint)(pen->height * PANEL_PART) - 2 * pen->padding;

    if (room < pen->row_height || (gint)pen->width < 4 * pen->font_size)
        return 0;
    return (guint)(room / pen->row_height);
}

/* --- pictures --- */

struct picture {
    GstBuffer *buffer;
    GstMapInfo map;
    cairo_surface_t *surface;
    cairo_t *cairo;
    gint width, height;
};

static void begin_picture(struct picture *picture, gint width, gint height)
{
    const gsize size = (gsize)width * (gsize)height * 4;

    *picture = (struct picture){.width = width, .height = height};
    picture->buffer = gst_buffer_new_allocate(NULL, size, NULL);
    gst_buffer_add_video_meta(picture->buffer, GST_VIDEO_FRAME_FLAG_NONE,
                              GST_VIDEO_OVERLAY_COMPOSITION_FORMAT_RGB, (guint)width,
                              (guint)height);
    gst_buffer_memset(picture->buffer, 0, 0, size);
    gst_buffer_map(picture->buffer, &picture->map, GST_MAP_READWRITE);
    picture->surface = cairo_image_surface_create_for_data(
        picture->map.data, CAIRO_FORMAT_ARGB32, width, height, width * 4);
    picture->cairo = cairo_create(picture->surface);
}

/* The picture, drawn, at (x, y) of the frame. */
static GstVideoOverlayRectangle *end_picture(struct picture *picture, gint x, gint y)
{
    cairo_destroy(picture->cairo);
    cairo_surface_destroy(picture->surface);
    gst_buffer_unmap(picture->buffer, &picture->map);
    GstVideoOverlayRectangle *const rectangle = gst_video_overlay_rectangle_new_raw(
        picture->buffer, x, y, (guint)picture->width, (guint)picture->height,
        GST_VIDEO_OVERLAY_FORMAT_FLAG_PREMULTIPLIED_ALPHA);
    gst_buffer_unref(picture->buffer);
    return rectangle;
}

static void set_color(cairo_t *cairo, guint32 argb, gdouble opacity)
{
    cairo_set_source_rgba(cairo, (argb >> 16 & 255) / 255.0, (argb >> 8 & 255) / 255.0,
                          (argb & 255) / 255.0, (argb >> 24) / 255.0 * opacity);
}

static void draw_background(const struct gst_nnc_overlay_pen *pen, cairo_t *cairo)
{
    cairo_set_source_rgba(cairo, 0.0, 0.0, 0.0, pen->style.background_opacity);
    cairo_paint(cairo);
}

/* --- text --- */

struct words {
    const gchar *text;
    PangoEllipsizeMode ellipsize;
    guint32 color;
    gdouble opacity;
    guint n_faint; /* so many bytes at the beginning are less important */
    gboolean bold;
};

/* Letters without a background must be as bright as they can. */
static gdouble visible(const struct gst_nnc_overlay_pen *pen, gdouble opacity)
{
    return 1.0 - (1.0 - opacity) * MIN(1.5 * pen->style.background_opacity, 1.0);
}

static void set_words(const struct gst_nnc_overlay_pen *pen, const struct words *words)
{
    PangoAttrList *const attributes = pango_attr_list_new();
    PangoAttribute *const faint =
        pango_attr_foreground_alpha_new((guint16)(0xffff * visible(pen, 0.7)));

    faint->end_index = words->n_faint;
    pango_attr_list_insert(attributes, faint);
    if (words->bold)
        pango_attr_list_insert(attributes, pango_attr_weight_new(PANGO_WEIGHT_BOLD));
    pango_layout_set_text(pen->layout, words->text, -1);
    pango_layout_set_attributes(pen->layout, attributes);
    pango_layout_set_ellipsize(pen->layout, words->ellipsize);
    pango_attr_list_unref(attributes);
}

static gint measure_words(const struct gst_nnc_overlay_pen *pen, const gchar *text)
{
    const struct words words = {.text = text, .ellipsize = PANGO_ELLIPSIZE_NONE};
    gint width;

    set_words(pen, &words);
    pango_layout_set_width(pen->layout, -1);
    pango_layout_get_pixel_size(pen->layout, &width, NULL);
    return width;
}

/* In at most `width` pixels, with an edge that keeps it readable on any picture: the less
 * background there is, the darker. */
static void draw_words(const struct gst_nnc_overlay_pen *pen, cairo_t *cairo,
                       const struct words *words, gint x, gint y, gint width)
{
    set_words(pen, words);
    pango_layout_set_width(pen->layout, MAX(width, 0) * PANGO_SCALE);
    cairo_move_to(cairo, x, y);
    pango_cairo_layout_path(cairo, pen->layout);
    cairo_set_source_rgba(cairo, 0.0, 0.0, 0.0, 1.0 - pen->style.background_opacity);
    cairo_set_line_width(cairo, MAX(pen->font_size / 8.0, 1.0));
    cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
    cairo_stroke(cairo);
    cairo_move_to(cairo, x, y);
    set_color(cairo, words->color, visible(pen, words->opacity));
    pango_cairo_show_layout(cairo, pen->layout);
}

/* --- rows --- */

/* The end of the path that fits, from the first category that does; the class's name is
 * shortened only if it does not fit alone. */
static const gchar *fit_path(const struct gst_nnc_overlay_pen *pen, const gchar *path,
                             gint width)
{
    const gchar *next;

    while ((next = strchr(path, '/')) && measure_words(pen, path) > width)
        path = next + 1;
    return path;
}

static struct words left_words(const struct gst_nnc_overlay_pen *pen,
                               const struct gst_nnc_overlay_row *row, gint width)
{
    struct words words = {row->left, PANGO_ELLIPSIZE_END, pen->style.color, 1.0, 0,
                          FALSE};
    const gchar *name;

    switch (row->kind) {
    case GST_NNC_OVERLAY_CLASS:
        words.text = fit_path(pen, row->left, width);
        words.ellipsize = PANGO_ELLIPSIZE_MIDDLE;
        name = strrchr(words.text, '/');
        words.n_faint = name ? (guint)(name + 1 - words.text) : 0;
        words.opacity = row->dim ? 0.7 : 1.0;
        break;
    case GST_NNC_OVERLAY_DOUBT:
        words.color = pen->style.unknown_color;
        break;
    case GST_NNC_OVERLAY_REMARK:
        words.opacity = 0.8;
        break;
    case GST_NNC_OVERLAY_TITLE:
        words.bold = TRUE;
        break;
    }
    return words;
}

static void draw_bar(const struct gst_nnc_overlay_pen *pen, cairo_t *cairo,
                     const struct gst_nnc_overlay_row *row, gint y, gint width)
{
    if (!pen->style.bars || row->bar < 0.0f)
        return;
    set_color(cairo, row->dim ? pen->style.unknown_color : pen->style.bar_color,
              row->dim ? 0.5 : 1.0);
    cairo_rectangle(cairo, pen->padding, y + 0.5, MAX(row->bar * width, 1.0),
                    pen->row_height - 1.0);
    cairo_fill(cairo);
}

static void draw_row(const struct gst_nnc_overlay_pen *pen, cairo_t *cairo,
                     const struct gst_nnc_overlay_row *row, gint y, gint width)
{
    const gint inset = pen->padding + pen->padding / 2;
    const gint inner = width - 2 * (pen->padding / 2);
    const gint right = row->right ? measure_words(pen, row->right) : 0;
    const gint room = inner - (right ? right + pen->font_size / 2 : 0);
    struct words words = left_words(pen, row, room);

    draw_bar(pen, cairo, row, y, width);
    draw_words(pen, cairo, &words, inset, y, room);
    if (!row->right)
        return;
    words.text = row->right;
    words.n_faint = 0;
    words.ellipsize = PANGO_ELLIPSIZE_NONE;
    draw_words(pen, cairo, &words, inset + inner - right, y, right + pen->font_size);
}

GstVideoOverlayRectangle *gst_nnc_overlay_draw_panel(struct gst_nnc_overlay_pen *pen,
                                                     const GPtrArray *rows)
{
    const GstNncOverlayPosition position = pen->style.position;
    const gint margin = pen->padding;
    const gint width = MIN((gint)pen->width - 2 * margin, PANEL_EMS * pen->font_size);
    const gint height = (gint)rows->len * pen->row_height + 2 * pen->padding;
    const gboolean at_left =
        position == GST_NNC_OVERLAY_TOP_LEFT || position == GST_NNC_OVERLAY_BOTTOM_LEFT;
    const gboolean at_top =
        position == GST_NNC_OVERLAY_TOP_LEFT || position == GST_NNC_OVERLAY_TOP_RIGHT;
    struct picture picture;

    if (!rows->len)
        return NULL;
    begin_picture(&picture, width, height);
    draw_background(pen, picture.cairo);
    for (guint i = 0; i < rows->len; i++)
        draw_row(pen, picture.cairo, rows->pdata[i],
                 pen->padding + (gint)i * pen->row_height, width - 2 * pen->padding);
    return end_picture(&picture, at_left ? margin : (gint)pen->width - margin - width,
                       at_top ? margin : (gint)pen->height - margin - height);
}

/* --- regions --- */

/* In 64 bits, cut to the frame. */
struct box {
    gint64 left, top, right, bottom;
};

static gboolean clip_box(const struct gst_nnc_overlay_pen *pen,
                         const GstNncPrediction *prediction, struct box *box)
{
    guint x, y, width, height;

    if (!gst_nnc_prediction_get_region(prediction, &x, &y, &width, &height))
        return FALSE;
    *box = (struct box){x, y, MIN((gint64)x + width, pen->width),
                        MIN((gint64)y + height, pen->height)};
    return box->left < box->right && box->top < box->bottom;
}

static void add_strip(GPtrArray *rectangles, guint32 color, const struct box *strip)
{
    struct picture picture;

    if (strip->left >= strip->right || strip->top >= strip->bottom)
        return;
    begin_picture(&picture, (gint)(strip->right - strip->left),
                  (gint)(strip->bottom - strip->top));
    set_color(picture.cairo, color, 1.0);
    cairo_paint(picture.cairo);
    g_ptr_array_add(rectangles,
                    end_picture(&picture, (gint)strip->left, (gint)strip->top));
}

static void add_frame(GPtrArray *rectangles, guint32 color, const struct box *box,
                      gint line)
{
    const gint64 across = MIN(line, box->right - box->left);
    const gint64 down = MIN(line, box->bottom - box->top);
    const struct box strips[] = {
        {box->left, box->top, box->right, box->top + down},
        {box->left, MAX(box->bottom - down, box->top + down), box->right, box->bottom},
        {box->left, box->top + down, box->left + across, box->bottom - down},
        {MAX(box->right - across, box->left + across), box->top + down, box->right,
         box->bottom - down},
    };

    for (guint i = 0; i < G_N_ELEMENTS(strips); i++)
        add_strip(rectangles, color, &strips[i]);
}

/* Above the box if there is room, else in it; never wider than the frame. */
static void add_label(struct gst_nnc_overlay_pen *pen, GPtrArray *rectangles,
                      const gchar *text, guint32 color, const struct box *box)
{
    const gint most = MIN((gint)pen->width, PANEL_EMS * pen->font_size);
    const gint width = MIN(measure_words(pen, text) + 2 * pen->padding, most);
    const gint x = (gint)MIN(box->left, (gint64)pen->width - width);
    const gint above = (gint)box->top - pen->row_height;
    const gint y = above >= 0 ? above : (gint)box->top;
    const struct words words = {text, PANGO_ELLIPSIZE_END, pen->style.color, 1.0, 0,
                                FALSE};
    struct picture picture;

    if (!*text || (gint)pen->height < pen->row_height)
        return;
    begin_picture(&picture, width, pen->row_height);
    draw_background(pen, picture.cairo);
    set_color(picture.cairo, color, 0.8);
    cairo_paint(picture.cairo);
    draw_words(pen, picture.cairo, &words, pen->padding, 0, width - 2 * pen->padding);
    g_ptr_array_add(rectangles, end_picture(&picture, x,
                                            MIN(y, (gint)pen->height - pen->row_height)));
}

void gst_nnc_overlay_draw_region(struct gst_nnc_overlay_pen *pen,
                                 const GstNncPrediction *prediction,
                                 GPtrArray *rectangles)
{
    const gboolean sure = gst_nnc_prediction_get_status(prediction) ==
                              GST_NNC_PREDICTION_STATUS_CLASSIFIED &&
                          !gst_nnc_prediction_is_unknown(prediction);
    const guint32 color = sure ? pen->style.bar_color : pen->style.unknown_color;
    g_autofree gchar *text = gst_nnc_overlay_describe_region(prediction);
    struct box box;

    if (!clip_box(pen, prediction, &box))
        return;
    add_frame(rectangles, color | 0xff000000u, &box, pen->line);
    if (gst_nnc_overlay_is_detection(prediction) && gst_nnc_overlay_pen_n_rows(pen))
        add_label(pen, rectangles, text, color | 0xff000000u, &box);
}
