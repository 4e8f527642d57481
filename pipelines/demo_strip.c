// SPDX-License-Identifier: MIT
/* Draws the strip with cairo and pango. The columns are every n-th picture of the table,
 * so nobody chose them for their results. */

#include "demo_strip.h"

#include <math.h>
#include <pango/pangocairo.h>
#include <string.h>

enum {
    MARGIN = 28,
    LABELS = 250, /* the column with the tasks' names */
    CELL = 168,
    PHOTO = 144,
    HEAD = 74 + PHOTO + 34, /* title, photographs, what they really show */
    ROW = 116,
    BAR = PHOTO,
};

struct colour {
    double r, g, b;
};
static const struct colour paper = {0.98, 0.98, 0.97}, ink = {0.13, 0.15, 0.19},
                           faint = {0.55, 0.57, 0.61}, line = {0.87, 0.87, 0.86},
                           right = {0.10, 0.55, 0.30}, wrong = {0.78, 0.20, 0.18},
                           track = {0.91, 0.91, 0.90};

static void use(cairo_t *cr, struct colour colour)
{
    cairo_set_source_rgb(cr, colour.r, colour.g, colour.b);
}

/* Text in a box of `width`, shortened where it is too long. */
static void write_aligned(cairo_t *cr, double x, double y, double width, const char *font,
                          struct colour colour, const char *text,
                          PangoAlignment alignment)
{
    g_autoptr(PangoLayout) layout = pango_cairo_create_layout(cr);
    PangoFontDescription *const description = pango_font_description_from_string(font);
    pango_layout_set_font_description(layout, description);
    pango_font_description_free(description);
    pango_layout_set_width(layout, (int)(width * PANGO_SCALE));
    pango_layout_set_alignment(layout, alignment);
    if (!strchr(text, '\n'))
        pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
    pango_layout_set_text(layout, text, -1);
    use(cr, colour);
    cairo_move_to(cr, x, y);
    pango_cairo_show_layout(cr, layout);
}

static void write_text(cairo_t *cr, double x, double y, double width, const char *font,
                       struct colour colour, const char *text)
{
    write_aligned(cr, x, y, width, font, colour, text, PANGO_ALIGN_LEFT);
}

static void round_box(cairo_t *cr, double x, double y, double w, double h, double radius)
{
    const double r = MIN(radius, MIN(w, h) / 2);
    cairo_new_sub_path(cr);
    cairo_arc(cr, x + w - r, y + r, r, -G_PI_2, 0);
    cairo_arc(cr, x + w - r, y + h - r, r, 0, G_PI_2);
    cairo_arc(cr, x + r, y + h - r, r, G_PI_2, G_PI);
    cairo_arc(cr, x + r, y + r, r, G_PI, 3 * G_PI_2);
    cairo_close_path(cr);
}

static cairo_surface_t *photo_surface(const struct demo_picture *picture)
{
    cairo_surface_t *const surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, DEMO_SIDE, DEMO_SIDE);
    guint8 *const rows = cairo_image_surface_get_data(surface);
    const int stride = cairo_image_surface_get_stride(surface);
    const guint8 *from = picture->pixels;
    for (int y = 0; y < DEMO_SIDE; y++) {
        guint32 *const row = (guint32 *)(void *)(rows + (gsize)y * (gsize)stride);
        for (int x = 0; x < DEMO_SIDE; x++, from += 3)
            row[x] = (guint32)from[0] << 16 | (guint32)from[1] << 8 | from[2];
    }
    cairo_surface_mark_dirty(surface);
    return surface;
}

static void draw_photo(cairo_t *cr, double x, double y,
                       const struct demo_picture *picture)
{
    cairo_surface_t *const surface = photo_surface(picture);
    cairo_save(cr);
    round_box(cr, x, y, PHOTO, PHOTO, 8);
    cairo_clip(cr);
    cairo_translate(cr, x, y);
    cairo_scale(cr, (double)PHOTO / DEMO_SIDE, (double)PHOTO / DEMO_SIDE);
    cairo_set_source_surface(cr, surface, 0, 0);
    cairo_paint(cr);
    cairo_restore(cr);
    cairo_surface_destroy(surface);
}

/* "brown bear" of "mammals/other_mammals/brown_bear" */
static char *short_name(const char *path)
{
    const char *const slash = strrchr(path, '/');
    return g_strdelimit(g_strdup(slash ? slash + 1 : path), "_", ' ');
}

static void draw_guess(cairo_t *cr, double x, double y, const struct demo_answer *answer,
                       guint rank, const char *truth)
{
    const gboolean hit = !strcmp(answer->paths[rank], truth);
    const struct colour colour = hit ? right : rank == 0 ? wrong : faint;
    g_autofree char *name = short_name(answer->paths[rank]);
    g_autofree char *percent =
        g_strdup_printf("%.0f %%", 100 * (double)answer->probabilities[rank]);
    write_text(cr, x, y, BAR - 40, rank == 0 ? "Sans Bold 10" : "Sans 9", colour, name);
    write_aligned(cr, x + BAR - 40, y, 40, "Sans 9", colour, percent, PANGO_ALIGN_RIGHT);
    use(cr, track);
    round_box(cr, x, y + 18, BAR, 5, 2.5);
    cairo_fill(cr);
    use(cr, colour);
    round_box(cr, x, y + 18, fmax(5, BAR * (double)answer->probabilities[rank]), 5, 2.5);
    cairo_fill(cr);
}

static void draw_answer(cairo_t *cr, double x, double y, const struct demo_answer *answer,
                        const char *truth)
{
    if (!answer->active) {
        write_text(cr, x, y + 28, BAR, "Sans Italic 9", faint, "not part of this task");
        return;
    }
    for (guint rank = 0; rank < DEMO_TOP && answer->paths[rank]; rank++)
        draw_guess(cr, x, y + 12 + 32 * rank, answer, rank, truth);
}

static double column_x(guint column)
{
    return MARGIN + LABELS + (double)column * CELL;
}

/* Which picture stands in a column: the middle of its share of the table. */
static guint column_picture(const GPtrArray *pictures, guint column)
{
    return (2 * column + 1) * pictures->len / (2 * DEMO_STRIP_COLUMNS);
}

static void draw_head(cairo_t *cr, const GPtrArray *pictures)
{
    write_text(cr, MARGIN, 20, 1200, "Sans Bold 16", ink,
               "One network, its tasks switched while the pipeline plays");
    write_text(cr, MARGIN, 62 + PHOTO + 10, LABELS - 20, "Sans 9", faint,
               "what the photograph shows");
    for (guint column = 0; column < DEMO_STRIP_COLUMNS; column++) {
        const struct demo_picture *const picture =
            pictures->pdata[column_picture(pictures, column)];
        g_autofree char *name = short_name(picture->path);
        draw_photo(cr, column_x(column), 62, picture);
        write_text(cr, column_x(column), 62 + PHOTO + 8, PHOTO, "Sans Bold 11", ink,
                   name);
    }
}

static void draw_row(cairo_t *cr, double y, const GPtrArray *pictures,
                     const struct demo_strip_row *row)
{
    use(cr, line);
    cairo_rectangle(cr, MARGIN, y, LABELS + DEMO_STRIP_COLUMNS * CELL - (CELL - PHOTO),
                    1);
    cairo_fill(cr);
    write_text(cr, MARGIN, y + 12, LABELS - 16, "Sans Bold 12", ink, row->title);
    write_text(cr, MARGIN, y + 36, LABELS - 16, "Sans 9", faint, row->subtitle);
    for (guint column = 0; column < DEMO_STRIP_COLUMNS; column++) {
        const guint at = column_picture(pictures, column);
        const struct demo_picture *const picture = pictures->pdata[at];
        draw_answer(cr, column_x(column), y, &row->answers[at], picture->path);
    }
}

gboolean demo_strip_write(const char *name, const GPtrArray *pictures,
                          const struct demo_strip_row *rows, guint n_rows, GError **error)
{
    const int width = 2 * MARGIN + LABELS + DEMO_STRIP_COLUMNS * CELL - (CELL - PHOTO);
    const int height = HEAD + (int)n_rows * ROW + MARGIN / 2;
    cairo_surface_t *const surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    cairo_t *const cr = cairo_create(surface);
    use(cr, paper);
    cairo_paint(cr);
    draw_head(cr, pictures);
    for (guint i = 0; i < n_rows; i++)
        draw_row(cr, HEAD + (double)i * ROW, pictures, &rows[i]);
    const cairo_status_t status = cairo_surface_write_to_png(surface, name);
    cairo_destroy(cr);
    cairo_surface_destroy(surface);
    if (status != CAIRO_STATUS_SUCCESS)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s: %s", name,
                    cairo_status_to_string(status));
    return status == CAIRO_STATUS_SUCCESS;
}
