/* SPDX-License-Identifier: MIT */
/* One pass from a picture to a tensor, eight rows of the output (a band) at a time. For
 * each of them the source rows that it covers are averaged plane by plane, then the columns
 * of these means (band.h), and the few samples that result become RGB (color.h). Hence the
 * work for each source byte is little more than one addition of many at once, and nothing
 * of the size of the picture is ever written.
 *
 * Chroma samples are taken to lie in the middle of the pixels they belong to (JPEG's and
 * most webcams' siting). MPEG-2's, half a pixel further left, is not told apart: the
 * shift is a fraction of an output pixel wherever pictures get smaller.
 *
 * Crops keep fractions of pixels: the region that is averaged has exactly the network's
 * aspect ratio. Letterboxed pictures are rounded to whole output pixels. */

#include "preprocess.h"

#include "color.h"
#include "columns.h"
#include "pixel_layout.h"

#include "../base/error.h"
#include "../base/isa.h"
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

/* Of one thread, for the band that is under way. */
struct scratch {
    int32_t *sums; /* by byte of a row; so are the next */
    uint16_t *partial;
    uint16_t *band;
    float *component[3]; /* [NNC_BAND_ROWS][columns.n] each */
};

struct nnc_preprocessor {
    struct nnc_input_spec spec;
    struct geometry geometry; /* all zero before the first picture */
    const struct nnc_image_kernels *kernels;
    struct axis across, down;
    struct nnc_columns columns[3];         /* by component */
    uint32_t left, top, n_columns, n_rows; /* where in the output the picture goes */
    size_t first_byte[3], end_byte[3];     /* of each plane's rows: the part we read */
    struct scratch scratch;
};

/* Vectors may begin within a row and end behind it. */
enum { MAX_ROW_BYTES = NNC_IMAGE_MAX_SIDE * 4, MORE = 64 };

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

static bool allocate(struct nnc_preprocessor *p)
{
    const size_t width = nnc_align(p->spec.width, NNC_BAND_ROWS);
    struct scratch *const s = &p->scratch;
    bool complete = true;
    for (unsigned i = 0; i < 2; i++) {
        p->across.spans[i] = nnc_alloc(p->spec.width, sizeof(struct nnc_span));
        p->down.spans[i] = nnc_alloc(p->spec.height, sizeof(struct nnc_span));
        complete = complete && p->across.spans[i] && p->down.spans[i];
    }
    for (unsigned i = 0; i < 3; i++) {
        s->component[i] = nnc_alloc(NNC_BAND_ROWS * width, sizeof(float));
        complete = nnc_columns_init(&p->columns[i], p->spec.width, MAX_ROW_BYTES) &&
                   complete && s->component[i];
    }
    s->sums = nnc_alloc_aligned((MAX_ROW_BYTES + MORE) * sizeof *s->sums);
    s->partial = nnc_alloc_aligned((MAX_ROW_BYTES + MORE) * sizeof *s->partial);
    s->band = nnc_alloc_aligned((uint64_t)MAX_ROW_BYTES * NNC_BAND_ROWS * sizeof *s->band);
    return complete && s->sums && s->partial && s->band;
}

enum nnc_status nnc_preprocessor_create_with(const struct nnc_input_spec *spec,
                                             const struct nnc_image_kernels *kernels,
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
    p->kernels = kernels;
    if (!allocate(p)) {
        nnc_preprocessor_destroy(p);
        return nnc_fail_nomem(error, (uint64_t)MAX_ROW_BYTES * NNC_BAND_ROWS *
                                         sizeof *p->scratch.band);
    }
    *preprocessor = p;
    return NNC_OK;
}

enum nnc_status nnc_preprocessor_create(const struct nnc_input_spec *spec,
                                        struct nnc_preprocessor **preprocessor,
                                        struct nnc_error *error)
{
    return nnc_preprocessor_create_with(
        spec, nnc_image_kernels_get(nnc_isa_resolve(NNC_ISA_AUTO)), preprocessor, error);
}

void nnc_preprocessor_destroy(struct nnc_preprocessor *preprocessor)
{
    if (!preprocessor)
        return;
    for (unsigned i = 0; i < 2; i++) {
        free(preprocessor->across.spans[i]);
        free(preprocessor->down.spans[i]);
    }
    for (unsigned i = 0; i < 3; i++) {
        nnc_columns_finish(&preprocessor->columns[i]);
        free(preprocessor->scratch.component[i]);
    }
    free(preprocessor->scratch.sums);
    free(preprocessor->scratch.partial);
    free(preprocessor->scratch.band);
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

/* `rows`: the axis of rows, whose means are taken first (band.h). */
static void compute_axis(struct axis *axis, uint32_t n, double origin, double extent,
                         uint32_t n_pixels, bool rows)
{
    for (unsigned i = 0; i < 2; i++) {
        const unsigned shrink = i + 1;
        const double samples = extent / shrink;
        const uint32_t n_source = nnc_ceil_div(n_pixels, shrink);
        const double most = fmin(ceil(samples / n) + 1, n_source);
        axis->bits[i] =
            rows ? nnc_band_bits((uint32_t)most) : nnc_columns_bits(samples / n);
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

static void compute_columns(struct nnc_preprocessor *p)
{
    const struct nnc_pixel_layout *const layout = nnc_pixel_layout(p->geometry.format);
    for (unsigned i = 0; i < n_components(p, layout); i++) {
        const struct nnc_component *const component = &layout->component[i];
        const unsigned across = component->shrink_x - 1u;
        nnc_columns_set(&p->columns[i], p->across.spans[across], p->n_columns,
                        p->across.bits[across], component, p->first_byte[component->plane]);
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
    compute_columns(p);
}

/* Field by field: a structure may have padding. */
static bool same_geometry(const struct geometry *a, const struct geometry *b)
{
    return a->format == b->format && a->width == b->width && a->height == b->height &&
           a->x == b->x && a->y == b->y && a->n_columns == b->n_columns &&
           a->n_rows == b->n_rows;
}

/* The means of a plane down the rows, for output rows `row` .. row + n - 1. */
static void average_rows(const struct nnc_preprocessor *p, const struct nnc_image *image,
                         const struct nnc_component *component, uint32_t row, uint32_t n)
{
    const unsigned plane = component->plane, down = component->shrink_y - 1u;
    const struct nnc_band_source source = {
        .plane = image->plane[plane] + p->first_byte[plane],
        .stride_bytes = image->stride_bytes[plane],
        .n = p->end_byte[plane] - p->first_byte[plane],
        .sums = p->scratch.sums,
        .partial = p->scratch.partial,
    };
    for (uint32_t i = 0; i < n; i++)
        p->kernels->mean_rows(p->scratch.band, i, &source, &p->down.spans[down][row + i],
                              p->down.bits[down]);
    p->kernels->turn(p->scratch.band, source.n);
}

/* Fills `component` with the samples of the output rows `row` .. row + n - 1. Components of
 * one plane follow each other. */
static void scale_band(const struct nnc_preprocessor *p, const struct nnc_image *image,
                       const struct nnc_pixel_layout *layout, uint32_t row, uint32_t n)
{
    unsigned averaged = layout->n_planes; /* none */
    for (unsigned i = 0; i < n_components(p, layout); i++) {
        const struct nnc_component *const component = &layout->component[i];
        if (averaged != component->plane)
            average_rows(p, image, component, row, n);
        averaged = component->plane;
        p->kernels->mean_columns(p->scratch.component[i], p->scratch.band, &p->columns[i]);
    }
}

static void color_band(const struct nnc_preprocessor *p,
                       const struct nnc_color_channel *channels, uint32_t row, uint32_t n,
                       float *tensor)
{
    const size_t width = p->spec.width, area = width * p->spec.height;
    const size_t pitch = p->columns[0].n;
    for (uint32_t y = 0; y < n; y++) {
        const float *component[3];
        for (unsigned i = 0; i < 3; i++)
            component[i] = p->scratch.component[i] + y * pitch;
        float *const out = tensor + (p->top + row + y) * width + p->left;
        for (uint32_t i = 0; i < p->spec.channels; i++)
            p->kernels->color_row(out + i * area, &channels[i], component, p->n_columns);
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
    const size_t area = (size_t)p->spec.width * p->spec.height;
    for (uint32_t i = 0; i < p->spec.channels; i++)
        fill_bars(p, &channels[i], tensor + i * area);
    for (uint32_t row = 0; row < p->n_rows; row += NNC_BAND_ROWS) {
        const uint32_t left = p->n_rows - row;
        const uint32_t n = left < NNC_BAND_ROWS ? left : NNC_BAND_ROWS;
        scale_band(p, image, layout, row, n);
        color_band(p, channels, row, n, tensor);
    }
    return NNC_OK;
}
