// SPDX-License-Identifier: MIT
/* Reads the table and the pictures. Transparent parts, and what is left of the square,
 * become white: of the pictures of Tiny ImageNet that have a plain border (one in
 * seventy) half are white, a quarter black, and 3 % grey. */

#include "demo_pictures.h"

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <string.h>

#define WHITE 0xffffffffu

static void picture_free(gpointer data)
{
    struct demo_picture *const picture = data;
    g_free(picture->name);
    g_free(picture->path);
    g_free(picture->pixels);
    g_free(picture);
}

static GdkPixbuf *fit_on_white(const GdkPixbuf *photo)
{
    const int width = gdk_pixbuf_get_width(photo), height = gdk_pixbuf_get_height(photo);
    const double scale = (double)DEMO_SIDE / MAX(width, height);
    const int fitted_width = MAX(1, (int)(width * scale));
    const int fitted_height = MAX(1, (int)(height * scale));
    const int x = (DEMO_SIDE - fitted_width) / 2, y = (DEMO_SIDE - fitted_height) / 2;
    GdkPixbuf *const canvas =
        gdk_pixbuf_new(GDK_COLORSPACE_RGB, FALSE, 8, DEMO_SIDE, DEMO_SIDE);
    gdk_pixbuf_fill(canvas, WHITE);
    gdk_pixbuf_composite(photo, canvas, x, y, fitted_width, fitted_height, x, y, scale,
                         scale, GDK_INTERP_BILINEAR, 255);
    return canvas;
}

static guint8 *copy_rows(const GdkPixbuf *canvas)
{
    guint8 *const pixels = g_malloc(DEMO_PICTURE_BYTES);
    const guint8 *const from = gdk_pixbuf_read_pixels(canvas);
    const gsize stride = (gsize)gdk_pixbuf_get_rowstride(canvas);
    for (gsize y = 0; y < DEMO_SIDE; y++)
        memcpy(pixels + y * DEMO_SIDE * 3, from + y * stride, DEMO_SIDE * 3);
    return pixels;
}

/* The first of "old|new" that is there; the last one if none is. */
static char *find_file(const char *folder, const char *names)
{
    g_auto(GStrv) alternatives = g_strsplit(names, "|", -1);
    g_autofree char *full = NULL;
    for (char **name = alternatives; *name; name++) {
        g_free(full);
        full = g_build_filename(folder, *name, NULL);
        if (g_file_test(full, G_FILE_TEST_EXISTS))
            break;
    }
    return g_steal_pointer(&full);
}

static struct demo_picture *load_picture(const char *folder, const char *names,
                                         const char *path, GError **error)
{
    g_autofree char *full = find_file(folder, names);
    g_autoptr(GdkPixbuf) photo = gdk_pixbuf_new_from_file(full, error);
    if (!photo)
        return NULL;
    g_autoptr(GdkPixbuf) canvas = fit_on_white(photo);
    g_autofree char *base = g_path_get_basename(full);
    struct demo_picture *const picture = g_new0(struct demo_picture, 1);
    picture->name = g_strndup(base, strcspn(base, "."));
    picture->path = g_strdup(path);
    picture->pixels = copy_rows(canvas);
    return picture;
}

GPtrArray *demo_pictures_load(const char *table, const char *folder, GError **error)
{
    g_autofree char *text = NULL;
    if (!g_file_get_contents(table, &text, NULL, error))
        return NULL;
    g_autoptr(GPtrArray) pictures = g_ptr_array_new_with_free_func(picture_free);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        if (!**line || **line == '#')
            continue;
        g_auto(GStrv) fields = g_strsplit(*line, "\t", 2);
        if (!fields[0] || !fields[1]) {
            g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                        "%s: \"%s\" is not \"file, TAB, class\"", table, *line);
            return NULL;
        }
        struct demo_picture *const picture =
            load_picture(folder, fields[0], fields[1], error);
        if (!picture)
            return NULL;
        g_ptr_array_add(pictures, picture);
    }
    return g_steal_pointer(&pictures);
}
