/* SPDX-License-Identifier: MIT */

/* What nncoverlay draws, beside recorded pictures (in overlay/; written anew with
 * NNC_WRITE_PICTURES=1 in the environment).
 *
 * Letters may differ a little between versions of FreeType and pango (those of Debian 12
 * and of Debian's unstable in 2026 draw the same), so pictures are compared as means over
 * blocks of 4x4 pixels: of all blocks at most 0.5 % may differ by more than 40 of 255,
 * and the mean difference may be 0.5. What exceeds that: see what_must_differ. */

#include "element_fixture.h"
#include "prediction_fixture.h"

#include <cairo.h>
#include <math.h>
#include <pango/pangocairo.h>
#include <stdlib.h>

#define FONT "DejaVu Sans"
#define BLOCK 4
#define MOST_DIFFERENCE 40
#define MOST_DIFFERENT_PART 0.005
#define MOST_MEAN_DIFFERENCE 0.5

/* --- cases --- */

static GstNncPredictionInfo busy_info(void)
{
    GstNncPredictionInfo info = info_of("classify");

    info.cutout = "mammals,other_animals,food";
    info.attention = "mammals=1.5";
    return info;
}

static void many_classes(GstBuffer *buffer)
{
    static const char *const paths[] = {
        "mammals/cats/lion",           "mammals/dogs/beagle",
        "food/fruit/banana",           "food/bread",
        "other_animals/birds/penguin", "food/fruit/apple",
        "mammals/cats/tabby",          NULL};

    give_prediction(buffer, predict_paths(busy_info(), paths, 7));
}

static void unknown(GstBuffer *buffer)
{
    give_prediction(buffer, predict_class("classify", 1, TRUE));
}

static void long_texts(GstBuffer *buffer)
{
    static const char *const paths[] = {
        "household_furniture_and_fittings/things_to_sit_on/upholstered_dining_room_chair",
        "a_name_without_any_category_above_it_that_goes_on_and_on_for_quite_a_while",
        "m\u00f6bel/\u03ba\u03b1\u03c1\u03ad\u03ba\u03bb\u03b1/st\u00fchle", NULL};
    GstNncPredictionInfo info = info_of("classify");

    info.cutout =
        "household_furniture,-household_furniture/things_to_sit_on/rocking_chair,"
        "vehicles,people,large_carnivores";
    info.attention = "household_furniture=1.5,vehicles=0.25,people=2";
    give_prediction(buffer, predict_paths(info, paths, 3));
}

/* In 64ths of the frame. */
static void give_region(GstBuffer *buffer, guint class, GstNncRegion region)
{
    const GstVideoMeta *const video = gst_buffer_get_video_meta(buffer);

    region.x = region.x * video->width / 64;
    region.y = region.y * video->height / 64;
    region.width = region.width * video->width / 64;
    region.height = region.height * video->height / 64;
    give_prediction(buffer, predict_region("classify", class, region));
}

static void regions(GstBuffer *buffer)
{
    give_region(buffer, 0, (GstNncRegion){30, 20, 16, 30, 1, "animal"});
    give_region(buffer, 1, (GstNncRegion){50, 0, 20, 20, 2, NULL}); /* beyond the edge */
    give_region(buffer, 2, (GstNncRegion){4, 50, 12, 12, 0, "thing"});
    give_prediction(buffer, predict_class("classify", 0, FALSE));
}

static void two_elements(GstBuffer *buffer)
{
    give_prediction(buffer, predict_class("first", 0, FALSE));
    give_prediction(buffer, predict_class("second", 2, FALSE));
}

static void refused(GstBuffer *buffer)
{
    GstNncPredictionInfo info = info_of("classify");

    info.status = GST_NNC_PREDICTION_STATUS_REFUSED;
    info.reason = "the buffer has 7 bytes, its caps need 2304";
    give_prediction(buffer, gst_nnc_prediction_new(&info));
}

static const struct {
    const char *name;
    const char *properties;
    void (*give)(GstBuffer *buffer);
    guint n_sizes;
} cases[] = {
    {"many-classes", "", many_classes, 4},
    {"unknown", "position=top-right", unknown, 2},
    {"long-texts", "position=bottom-left", long_texts, 3},
    {"regions", "show=classes+regions position=bottom-right", regions, 4},
    {"two-elements", "bars=false background-opacity=0", two_elements, 2},
    {"refused", "", refused, 2},
};

/* Frames, of which a case has the first `n_sizes`, and by what pictures are made smaller
 * before they are stored. */
static const struct {
    gint width, height, by;
} sizes[] = {{160, 120, 1}, {640, 480, 1}, {1920, 1080, 3}, {3840, 2160, 6}};

/* --- pictures --- */

/* Bright on the left, dark on the right, so that text must be readable on both. */
static GstBuffer *make_frame(gint width, gint height)
{
    const gsize size = (gsize)width * (gsize)height * 4;
    guint8 *const bytes = g_malloc(size);

    for (gint y = 0; y < height; y++)
        for (gint x = 0; x < width; x++) {
            guint8 *const pixel = bytes + 4 * ((gsize)y * (gsize)width + (gsize)x);
            /* In steps, which PNG stores in little room. */
            const gint across = 24 * x / width, down = 8 * y / height;
            pixel[0] = (guint8)(235 - 8 * across);
            pixel[1] = (guint8)(245 - 9 * across);
            pixel[2] = (guint8)(225 - 6 * across - 6 * down);
            pixel[3] = 255;
        }
    GstBuffer *const buffer = gst_buffer_new_wrapped(bytes, size);
    gst_buffer_add_video_meta(buffer, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_BGRx,
                              (guint)width, (guint)height);
    return buffer;
}

/* The mean of `by` x `by` pixels at (x, y) of the small picture. */
static guint32 mean_pixel(const guint8 *bytes, gint stride, gint x, gint y, gint by)
{
    guint sums[3] = {0, 0, 0};

    for (gint i = 0; i < by * by; i++)
        for (gint channel = 0; channel < 3; channel++)
            sums[channel] +=
                bytes[(y * by + i / by) * stride + 4 * (x * by + i % by) + channel];
    const guint n = (guint)(by * by);
    return 0xff000000u | sums[2] / n << 16 | sums[1] / n << 8 | sums[0] / n;
}

static cairo_surface_t *shrink(const guint8 *bytes, gint width, gint height, gint by)
{
    cairo_surface_t *const small =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, width / by, height / by);
    const gint stride = cairo_image_surface_get_stride(small);

    for (gint y = 0; y < height / by; y++) {
        guint32 *const row =
            (guint32 *)(cairo_image_surface_get_data(small) + y * stride);
        for (gint x = 0; x < width / by; x++)
            row[x] = mean_pixel(bytes, width * 4, x, y, by);
    }
    cairo_surface_mark_dirty(small);
    return small;
}

static cairo_surface_t *draw(guint which, guint size, const char *change)
{
    const gint width = sizes[size].width, height = sizes[size].height;
    g_autofree gchar *launch = g_strdup_printf("nncoverlay font=\"" FONT "\" %s %s",
                                               cases[which].properties, change);
    g_autofree gchar *caps = g_strdup_printf(
        "video/x-raw,format=BGRx,width=%d,height=%d,framerate=30/1", width, height);
    GstHarness *const harness = gst_harness_new_parse(launch);
    GstBuffer *const buffer = make_frame(width, height);
    GstMapInfo map;

    gst_harness_set_src_caps_str(harness, caps);
    cases[which].give(buffer);
    GstBuffer *const out = gst_harness_push_and_pull(harness, buffer);
    fail_unless(gst_buffer_map(out, &map, GST_MAP_READ));
    cairo_surface_t *const picture = shrink(map.data, width, height, sizes[size].by);
    gst_buffer_unmap(out, &map);
    gst_buffer_unref(out);
    gst_harness_teardown(harness);
    return picture;
}

/* --- comparing --- */

struct difference {
    gdouble mean, part;
};

static guint block_difference(cairo_surface_t *one, cairo_surface_t *two, gint x, gint y)
{
    const gint stride = cairo_image_surface_get_stride(one);
    const guint8 *const a = cairo_image_surface_get_data(one) + y * stride;
    const guint8 *const b = cairo_image_surface_get_data(two) + y * stride;
    guint most = 0;

    for (gint channel = 0; channel < 3; channel++) {
        gint sum = 0;
        for (gint i = 0; i < BLOCK * BLOCK; i++) {
            const gint at = i / BLOCK * stride + 4 * (x + i % BLOCK) + channel;
            sum += a[at] - b[at];
        }
        most = MAX(most, (guint)(abs(sum) / (BLOCK * BLOCK)));
    }
    return most;
}

static struct difference compare(cairo_surface_t *one, cairo_surface_t *two)
{
    const gint width = cairo_image_surface_get_width(one);
    const gint height = cairo_image_surface_get_height(one);
    guint n = 0, n_different = 0;
    guint64 sum = 0;

    fail_unless_equals_int(cairo_image_surface_get_width(two), width);
    fail_unless_equals_int(cairo_image_surface_get_height(two), height);
    for (gint y = 0; y + BLOCK <= height; y += BLOCK)
        for (gint x = 0; x + BLOCK <= width; x += BLOCK, n++) {
            const guint difference = block_difference(one, two, x, y);
            sum += difference;
            n_different += difference > MOST_DIFFERENCE;
        }
    return (struct difference){(gdouble)sum / n, (gdouble)n_different / n};
}

static gboolean is_close(struct difference difference)
{
    return difference.mean <= MOST_MEAN_DIFFERENCE &&
           difference.part <= MOST_DIFFERENT_PART;
}

static gchar *name_picture(const char *folder, guint which, guint size)
{
    return g_strdup_printf("%s/%s-%d.png", folder, cases[which].name, sizes[size].height);
}

static void check_picture(guint which, guint size)
{
    g_autofree gchar *path = name_picture(NNC_OVERLAY_DIR, which, size);
    cairo_surface_t *const drawn = draw(which, size, "");

    if (g_getenv("NNC_WRITE_PICTURES"))
        fail_unless(!cairo_surface_write_to_png(drawn, path));
    cairo_surface_t *const recorded = cairo_image_surface_create_from_png(path);
    fail_unless(!cairo_surface_status(recorded), "cannot read %s", path);
    const struct difference difference = compare(recorded, drawn);
    g_print("%s at %d: mean difference %.3f, %.3f %% of blocks\n", cases[which].name,
            sizes[size].height, difference.mean, 100 * difference.part);
    if (!is_close(difference)) {
        g_autofree gchar *seen = name_picture(g_get_tmp_dir(), which, size);
        cairo_surface_write_to_png(drawn, seen);
        fail("%s is not what is drawn now, see %s", path, seen);
    }
    cairo_surface_destroy(recorded);
    cairo_surface_destroy(drawn);
}

GST_START_TEST(recorded_pictures)
{
    for (guint size = 0; size < cases[__i__].n_sizes; size++)
        check_picture((guint)__i__, size);
}
GST_END_TEST

/* The tolerance is narrow enough to see these. */
static const char *const changes[] = {
    "scale=1.1",        "bars=false",           "lines=4",
    "show=classes",     "show=classes+task",    "position=top-right",
    "color=0xffff4040", "bar-color=0xc0d42a7f", "background-opacity=0.5",
    "lines=1",
};

GST_START_TEST(what_must_differ)
{
    cairo_surface_t *const unchanged = draw(0, 1, "");
    cairo_surface_t *const changed = draw(0, 1, changes[__i__]);
    const struct difference difference = compare(unchanged, changed);

    g_print("%s: mean difference %.3f, %.3f %% of blocks\n", changes[__i__],
            difference.mean, 100 * difference.part);
    fail_if(is_close(difference), "%s", changes[__i__]);
    cairo_surface_destroy(unchanged);
    cairo_surface_destroy(changed);
}
GST_END_TEST

static gboolean has_font(void)
{
    PangoFontMap *const fonts = pango_cairo_font_map_new();
    PangoFontFamily **families;
    gboolean found = FALSE;
    int n;

    pango_font_map_list_families(fonts, &families, &n);
    for (int i = 0; i < n; i++)
        found |= !g_strcmp0(pango_font_family_get_name(families[i]), FONT);
    g_free(families);
    g_object_unref(fonts);
    return found;
}

static Suite *overlay_pictures_suite(void)
{
    Suite *const suite = suite_create("overlay_pictures");
    TCase *const kinds = tcase_create("pictures");

    suite_add_tcase(suite, kinds);
    tcase_add_loop_test(kinds, recorded_pictures, 0, G_N_ELEMENTS(cases));
    tcase_add_loop_test(kinds, what_must_differ, 0, G_N_ELEMENTS(changes));
    return suite;
}

int main(int argc, char **argv)
{
    load_plugin(&argc, &argv);
    if (!has_font()) {
        g_printerr("skipped: the font " FONT " is missing (fonts-dejavu-core)\n");
        return 77;
    }
    return gst_check_run_suite(overlay_pictures_suite(), "overlay_pictures", __FILE__);
}
