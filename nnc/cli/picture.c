// SPDX-License-Identifier: MIT
/* Reads pictures with gdk-pixbuf. The size is asked for before the pixels are, because a
 * file of a few bytes can promise gigabytes of them. */

#include "picture.h"

#include <gdk-pixbuf/gdk-pixbuf.h>

enum { MID_GREY = 128 };

static void flatten_row(const guint8 *in, int channels, int width, uint8_t *out)
{
    for (int x = 0; x < width; x++, in += channels, out += 3) {
        const unsigned alpha = channels == 4 ? in[3] : 255;
        for (int c = 0; c < 3; c++)
            out[c] = (uint8_t)((in[c] * alpha + MID_GREY * (255 - alpha) + 127) / 255);
    }
}

static void take_pixels(const GdkPixbuf *pixbuf, struct cli_picture *picture)
{
    const int width = gdk_pixbuf_get_width(pixbuf),
              height = gdk_pixbuf_get_height(pixbuf);
    const guint8 *const pixels = gdk_pixbuf_read_pixels(pixbuf);
    picture->rgb = g_malloc_n((gsize)width * 3, (gsize)height);
    for (int y = 0; y < height; y++)
        flatten_row(pixels + (gsize)y * (gsize)gdk_pixbuf_get_rowstride(pixbuf),
                    gdk_pixbuf_get_n_channels(pixbuf), width,
                    picture->rgb + (gsize)y * (gsize)width * 3);
    picture->image = (struct nnc_image){
        .format = NNC_PIXEL_RGB,
        .width = (uint32_t)width,
        .height = (uint32_t)height,
        .plane = {picture->rgb},
        .stride_bytes = {width * 3},
    };
}

static char *refuse_size(const char *path)
{
    int width, height;
    const int most = (int)NNC_IMAGE_MAX_SIDE;
    if (!gdk_pixbuf_get_file_info(path, &width, &height) ||
        (width <= most && height <= most))
        return NULL;
    return g_strdup_printf("it is %d x %d pixels, at most %d x %d are read", width,
                           height, most, most);
}

bool cli_picture_load(const char *path, struct cli_picture *picture, char **reason)
{
    GError *error = NULL;
    *picture = (struct cli_picture){0};
    *reason = refuse_size(path);
    if (*reason)
        return false;
    g_autoptr(GdkPixbuf) stored = gdk_pixbuf_new_from_file(path, &error);
    if (!stored) {
        *reason = g_strdup(error->message);
        g_error_free(error);
        return false;
    }
    g_autoptr(GdkPixbuf) upright = gdk_pixbuf_apply_embedded_orientation(stored);
    take_pixels(upright ? upright : stored, picture);
    return true;
}

void cli_picture_finish(struct cli_picture *picture)
{
    g_free(picture->rgb);
    *picture = (struct cli_picture){0};
}
