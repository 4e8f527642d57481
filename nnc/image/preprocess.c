/* SPDX-License-Identifier: MIT */
/* One pass from a picture to a tensor. For each row of the output the source rows that it
 * covers are added up plane by plane (row_sums.h), the columns of these sums are
 * averaged, and the few samples that result become RGB (color.h). Hence the work for each
 * source byte is one addition, and everything else is of the size of the output.
 *
 * Chroma samples are taken to lie in the middle of the pixels they belong to (JPEG's and
 * most webcams' siting). MPEG-2's, half a pixel further left, is not told apart: the
 * shift is a fraction of an output pixel wherever pictures get smaller.
 *
 * Crops keep fractions of pixels: the region that is averaged has exactly the network's
 * aspect ratio. Letterboxed pictures are rounded to whole output pixels. */

#include "color.h"
#include "pixel_layout.h"
#include "row_sums.h"

#include "../base/error.h"
#include "../base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What the tables depend on. */
struct geometry {
    enum nnc_pixel_format format;
    uint32_t width, height;           /* of the picture */
    uint32_t x, y, n_columns, n_rows; /* the region */
};

/* Indexed by how many pixels a sample covers along the axis, less one. */
struct axis {
    struct nnc_span *spans[2];
    unsigned bits[2];
};

struct nnc_preprocessor {
    struct nnc_input_spec spec;
    struct geometry geometry; /* all zero before the first picture */
    struct axis across, down;
    uint32_t left, top, n_columns, n_rows; /* where in the output the picture goes */
    size_t first_byte[3], end_byte[3];     /* of each plane's rows: the part we read */
    uint32_t *sums;                        /* by byte of the row */
    uint16_t *partial;
    float *component[3]; /* one output row each */
};

enum { MAX_ROW_BYTES = NNC_IMAGE_MAX_SIDE * 4 };

static enum nnc_status check_spec(const struct nnc_input_spec *spec,
                                  struct nnc_error *error)
{
    if (!spec->width || !spec->height || spec->width > NNC_IMAGE_MAX_SIDE ||
        spec->height > NNC_IMAGE_MAX_SIDE)
        return nnc_fail(error, NNC_VALUE, NULL,
                        "an input of %ux%u pixels; sides from 1 to %u are supported",
                        spec->width, spec->height, NNC_IMAGE_MAX_SIDE);
    if (spec->channels != 1 && spec->channels != 3)
        return nnc_fail(error, NNC_VALUE, NULL,
                        "an input of %u channels; expected 1 or 3", spec->channels);
    if ((unsigned)spec->fit > NNC_FIT_LETTERBOX)
        return nnc_fail(error, NNC_VALUE, NULL, "fit %u is unknown", (unsigned)spec->fit);
    for (uint32_t i = 0; i < spec->channels; i++)
        if (!isfinite(spec->mean[i]) || !isfinite(spec->std[i]) || !(spec->std[i] > 0))
            return nnc_fail(
                error, NNC_VALUE, NULL,
                "channel %u has mean %g and std %g; both must be finite and std "
                "greater than 0",
                i, (double)spec->mean[i], (double)spec->std[i]);
    return NNC_OK;
}

enum nnc_status nnc_preprocessor_create(const struct nnc_input_spec *spec,
                                        struct nnc_preprocessor **preprocessor,
                                        struct nnc_error *error)
{
    const enum nnc_status status = check_spec(spec, error);
    if (status)
        return status;
    struct nnc_preprocessor *const p = nnc_alloc(1, sizeof *p);
    if (!p)
        return nnc_fail_nomem(error, sizeof *p);
    p->spec = *spec;
    bool complete = true;
    for (unsigned i = 0; i < 2; i++) {
        p->across.spans[i] = nnc_alloc(spec->width, sizeof(struct nnc_span));
        p->down.spans[i] = nnc_alloc(spec->height, sizeof(struct nnc_span));
        complete = complete && p->across.spans[i] && p->down.spans[i];
    }
    for (unsigned i = 0; i < 3; i++) {
        p->component[i] = nnc_alloc(spec->width, sizeof(float));
        complete = complete && p->component[i];
    }
    p->sums = nnc_alloc_aligned(MAX_ROW_BYTES * sizeof *p->sums);
    p->partial = nnc_alloc_aligned(MAX_ROW_BYTES * sizeof *p->partial);
    if (!complete || !p->sums || !p->partial) {
        nnc_preprocessor_destroy(p);
        return nnc_fail_nomem(error,
                              MAX_ROW_BYTES * (sizeof *p->sums + sizeof *p->partial));
    }
    *preprocessor = p;
    return NNC_OK;
}

void nnc_preprocessor_destroy(struct nnc_preprocessor *preprocessor)
{
    if (!preprocessor)
        return;
    for (unsigned i = 0; i < 2; i++) {
        free(preprocessor->across.spans[i]);
        free(preprocessor->down.spans[i]);
    }
    for (unsigned i = 0; i < 3; i++)
        free(preprocessor->component[i]);
    free(preprocessor->sums);
    free(preprocessor->partial);
    free(preprocessor);
}

static struct geometry geometry_of(const struct nnc_image *image)
{
    struct geometry geometry = {.format = image->format,
                                .width = image->width,
                                .height = image->height,
                                .n_columns = image->width,
                                .n_rows = image->height};
    if (image->region.width) {
        geometry.x = image->region.x;
        geometry.y = image->region.y;
        geometry.n_columns = image->region.width;
        geometry.n_rows = image->region.height;
    }
    return geometry;
}

/* A part of the picture, in pixels. */
struct extent {
    double x, y, width, height;
};

static struct extent crop(const struct nnc_preprocessor *p)
{
    const struct geometry *const g = &p->geometry;
    struct extent extent = {g->x, g->y, g->n_columns, g->n_rows};
    if (p->spec.fit != NNC_FIT_CROP)
        return extent;
    if ((uint64_t)g->n_columns * p->spec.height > (uint64_t)g->n_rows * p->spec.width)
        extent.width = (double)g->n_rows * p->spec.width / p->spec.height;
    else
        extent.height = (double)g->n_columns * p->spec.height / p->spec.width;
    extent.x += (g->n_columns - extent.width) / 2;
    extent.y += (g->n_rows - extent.height) / 2;
    return extent;
}

/* a * b / c to the nearest, from 1 to `most`. */
static uint32_t scale_side(uint64_t a, uint64_t b, uint64_t c, uint32_t most)
{
    const uint64_t side = (2 * a * b + c) / (2 * c);
    return side < 1 ? 1 : side > most ? most : (uint32_t)side;
}

static void place_in_output(struct nnc_preprocessor *p)
{
    const struct geometry *const g = &p->geometry;
    const uint32_t width = p->spec.width, height = p->spec.height;
    p->n_columns = width;
    p->n_rows = height;
    if (p->spec.fit == NNC_FIT_LETTERBOX) {
        if ((uint64_t)g->n_columns * height > (uint64_t)g->n_rows * width)
            p->n_rows = scale_side(g->n_rows, width, g->n_columns, height);
        else
            p->n_columns = scale_side(g->n_columns, height, g->n_rows, width);
    }
    p->left = (width - p->n_columns) / 2;
    p->top = (height - p->n_rows) / 2;
}

/* `rows`: the sums go down rows and must fit 32 bits; else weights have all their bits.
 */
static void compute_axis(struct axis *axis, uint32_t n, double origin, double extent,
                         uint32_t n_pixels, bool rows)
{
    for (unsigned i = 0; i < 2; i++) {
        const unsigned shrink = i + 1;
        const double samples = extent / shrink;
        const uint32_t n_source = nnc_ceil_div(n_pixels, shrink);
        const double most = fmin(ceil(samples / n) + 1, n_source);
        axis->bits[i] = rows ? nnc_row_sum_bits((uint32_t)most) : NNC_SPAN_BITS;
        nnc_spans_compute(axis->spans[i], n, origin / shrink, samples, n_source,
                          axis->bits[i]);
    }
}

/* Chroma is not looked at if the network wants grey. */
static unsigned n_components(const struct nnc_preprocessor *p,
                             const struct nnc_pixel_layout *layout)
{
    return layout->yuv && p->spec.channels == 1 ? 1 : layout->n_components;
}

static void find_bytes_to_read(struct nnc_preprocessor *p)
{
    const struct nnc_pixel_layout *const layout = nnc_pixel_layout(p->geometry.format);
    for (unsigned i = 0; i < 3; i++) {
        p->first_byte[i] = MAX_ROW_BYTES;
        p->end_byte[i] = 0;
    }
    for (unsigned i = 0; i < n_components(p, layout); i++) {
        const struct nnc_component *const component = &layout->component[i];
        const struct nnc_span *const spans = p->across.spans[component->shrink_x - 1];
        const size_t first = component->offset + (size_t)component->step * spans[0].first;
        const size_t last =
            component->offset + (size_t)component->step * spans[p->n_columns - 1].last;
        size_t *const first_byte = &p->first_byte[component->plane];
        size_t *const end_byte = &p->end_byte[component->plane];
        *first_byte = first < *first_byte ? first : *first_byte;
        *end_byte = last + 1 > *end_byte ? last + 1 : *end_byte;
    }
}

static void set_geometry(struct nnc_preprocessor *p, const struct geometry *geometry)
{
    p->geometry = *geometry;
    const struct extent from = crop(p);
    place_in_output(p);
    compute_axis(&p->across, p->n_columns, from.x, from.width, geometry->width, false);
    compute_axis(&p->down, p->n_rows, from.y, from.height, geometry->height, true);
    find_bytes_to_read(p);
}

/* Field by field: a structure may have padding. */
static bool same_geometry(const struct geometry *a, const struct geometry *b)
{
    return a->format == b->format && a->width == b->width && a->height == b->height &&
           a->x == b->x && a->y == b->y && a->n_columns == b->n_columns &&
           a->n_rows == b->n_rows;
}

static void sum_plane(struct nnc_preprocessor *p, const struct nnc_image *image,
                      unsigned plane, const struct nnc_span *rows, unsigned bits)
{
    const size_t first = p->first_byte[plane];
    nnc_row_sums(p->sums + first, p->partial, p->end_byte[plane] - first,
                 image->plane[plane] + first, image->stride_bytes[plane], rows, bits);
}

/* Fills `component` with the samples of one output row. */
static void scale_row(struct nnc_preprocessor *p, const struct nnc_image *image,
                      const struct nnc_pixel_layout *layout, uint32_t row)
{
    unsigned summed = layout->n_planes; /* none */
    for (unsigned i = 0; i < n_components(p, layout); i++) {
        const struct nnc_component *const component = &layout->component[i];
        const unsigned down = component->shrink_y - 1u;
        const struct nnc_span *const rows = &p->down.spans[down][row];
        if (summed != component->plane)
            sum_plane(p, image, component->plane, rows, p->down.bits[down]);
        summed = component->plane;
        nnc_column_means(p->component[i], p->across.spans[component->shrink_x - 1],
                         p->n_columns, p->sums + component->offset, component->step,
                         rows->inverse_weight / 255);
    }
}

static void fill_bars(const struct nnc_preprocessor *p,
                      const struct nnc_color_channel *channel, float *plane)
{
    const size_t width = p->spec.width, height = p->spec.height;
    const float grey = (0.5f - channel->mean) / channel->std;
    for (size_t y = 0; y < height; y++) {
        const bool beside = y >= p->top && y < p->top + p->n_rows;
        const size_t right = beside ? p->left + p->n_columns : 0;
        for (size_t x = 0; x < (beside ? p->left : 0); x++)
            plane[y * width + x] = grey;
        for (size_t x = right; x < width; x++)
            plane[y * width + x] = grey;
    }
}

enum nnc_status nnc_preprocess(struct nnc_preprocessor *p, const struct nnc_image *image,
                               float *tensor, struct nnc_error *error)
{
    const enum nnc_status status = nnc_image_check(image, error);
    if (status)
        return status;
    const struct geometry geometry = geometry_of(image);
    if (!same_geometry(&p->geometry, &geometry))
        set_geometry(p, &geometry);
    struct nnc_color_channel channels[3];
    nnc_color_channels(channels, image, &p->spec);
    const struct nnc_pixel_layout *const layout = nnc_pixel_layout(image->format);
    const size_t width = p->spec.width, area = width * p->spec.height;
    for (uint32_t i = 0; i < p->spec.channels; i++)
        fill_bars(p, &channels[i], tensor + i * area);
    for (uint32_t y = 0; y < p->n_rows; y++) {
        scale_row(p, image, layout, y);
        float *const out = tensor + (p->top + y) * width + p->left;
        for (uint32_t i = 0; i < p->spec.channels; i++)
            nnc_color_row(out + i * area, &channels[i], p->component, p->n_columns);
    }
    return NNC_OK;
}
