/* SPDX-License-Identifier: MIT */
#ifndef IMAGE_ORACLE_H
#define IMAGE_ORACLE_H

/* What nnc_preprocess ought to write, computed slowly, in doubles, a sample at a time,
 * and without a line in common with it. */

#include <nnc/image.h>

#include <math.h>
#include <stdlib.h>

/* Sample (x, y) of component `c`, and how many pixels it covers. */
static inline uint8_t oracle_sample(const struct nnc_image *m, unsigned c, uint32_t x,
                                    uint32_t y)
{
    static const char *const orders[] = {"RGB", "BGR", "RGBx", "BGRx", "xRGB", "xBGR"};
    const uint8_t *const row0 = m->plane[0] + (ptrdiff_t)y * m->stride_bytes[0];
    switch (m->format) {
    case NNC_PIXEL_GRAY8:
        return row0[x];
    case NNC_PIXEL_NV12:
    case NNC_PIXEL_NV21: {
        const unsigned at = (m->format == NNC_PIXEL_NV12) == (c == 1) ? 0 : 1;
        return c == 0 ? row0[x]
                      : m->plane[1][(ptrdiff_t)y * m->stride_bytes[1] + 2 * x + at];
    }
    case NNC_PIXEL_I420:
        return m->plane[c][(ptrdiff_t)y * m->stride_bytes[c] + x];
    case NNC_PIXEL_YUY2:
        return c == 0 ? row0[2 * x] : row0[4 * x + (c == 1 ? 1 : 3)];
    case NNC_PIXEL_UYVY:
        return c == 0 ? row0[2 * x + 1] : row0[4 * x + (c == 1 ? 0 : 2)];
    default: {
        const char *const order = orders[m->format];
        unsigned at = 0, size = order[3] ? 4 : 3;
        while (order[at] != "RGB"[c])
            at++;
        return row0[size * x + at];
    }
    }
}

static inline unsigned oracle_shrink(enum nnc_pixel_format format, unsigned c, bool down)
{
    if (format < NNC_PIXEL_NV12 || c == 0)
        return 1;
    return down && format >= NNC_PIXEL_YUY2 ? 1 : 2;
}

/* The weight of sample k in output i of n, for [begin, begin + extent) of an axis with
 * `count` samples; not normalised. */
static inline double oracle_weight(uint32_t k, uint32_t i, uint32_t n, double begin,
                                   double extent, uint32_t count)
{
    if (extent >= n) {
        const double from = begin + extent * i / n, to = begin + extent * (i + 1) / n;
        return fmax(0, fmin(to, k + 1.0) - fmax(from, k));
    }
    const double lowest = fmax(floor(begin), 0);
    const double highest = fmin(ceil(begin + extent) - 1, count - 1.0);
    const double at = begin + extent * (i + 0.5) / n - 0.5;
    const double left = fmin(fmax(floor(at), lowest), highest);
    const double right = fmin(fmax(floor(at) + 1, lowest), highest);
    const double fraction = at - floor(at);
    return (k == left ? 1 - fraction : 0) + (k == right ? fraction : 0);
}

struct oracle_view { /* a rectangle of the picture, and its place in the output */
    double x, y, width, height;
    uint32_t left, top, n_columns, n_rows;
};

static inline struct oracle_view oracle_view(const struct nnc_input_spec *spec,
                                             const struct nnc_image *m)
{
    struct oracle_view v = {0, 0, m->width, m->height, 0, 0, spec->width, spec->height};
    if (m->region.width)
        v = (struct oracle_view){m->region.x,      m->region.y, m->region.width,
                                 m->region.height, 0,           0,
                                 spec->width,      spec->height};
    const double shape = (double)spec->width / spec->height;
    if (spec->fit == NNC_FIT_CROP && v.width > v.height * shape) {
        v.x += (v.width - v.height * shape) / 2;
        v.width = v.height * shape;
    } else if (spec->fit == NNC_FIT_CROP) {
        v.y += (v.height - v.width / shape) / 2;
        v.height = v.width / shape;
    } else if (spec->fit == NNC_FIT_LETTERBOX && v.width > v.height * shape) {
        v.n_rows = (uint32_t)fmax(1, floor(v.height * spec->width / v.width + 0.5));
        v.top = (spec->height - v.n_rows) / 2;
    } else if (spec->fit == NNC_FIT_LETTERBOX) {
        v.n_columns = (uint32_t)fmax(1, floor(v.width * spec->height / v.height + 0.5));
        v.left = (spec->width - v.n_columns) / 2;
    }
    return v;
}

/* Adds up the source row by row with the weights of output row i. */
static inline void oracle_sum_rows(double *sums, const struct nnc_image *m, unsigned c,
                                   const struct oracle_view *v, uint32_t i)
{
    const unsigned sx = oracle_shrink(m->format, c, false);
    const unsigned sy = oracle_shrink(m->format, c, true);
    const uint32_t columns = (m->width + sx - 1) / sx, rows = (m->height + sy - 1) / sy;
    double total = 0;
    for (uint32_t x = 0; x < columns; x++)
        sums[x] = 0;
    for (uint32_t y = 0; y < rows; y++) {
        const double weight =
            oracle_weight(y, i, v->n_rows, v->y / sy, v->height / sy, rows);
        total += weight;
        for (uint32_t x = 0; x < columns && weight > 0; x++)
            sums[x] += weight * oracle_sample(m, c, x, y);
    }
    for (uint32_t x = 0; x < columns; x++)
        sums[x] /= total;
}

static inline double oracle_mean(const double *sums, const struct nnc_image *m,
                                 unsigned c, const struct oracle_view *v, uint32_t i)
{
    const unsigned shrink = oracle_shrink(m->format, c, false);
    const uint32_t columns = (m->width + shrink - 1) / shrink;
    double total = 0, sum = 0;
    for (uint32_t x = 0; x < columns; x++) {
        const double weight =
            oracle_weight(x, i, v->n_columns, v->x / shrink, v->width / shrink, columns);
        total += weight;
        sum += weight * sums[x];
    }
    return sum / total;
}

static inline double oracle_clamp(double value)
{
    return fmin(fmax(value, 0), 1);
}

/* 0..255 components to R, G, B in 0..1; grey networks take rgb[3]. */
static inline void oracle_rgb(double rgb[4], const double in[3],
                              const struct nnc_image *m)
{
    const bool full = m->range == NNC_RANGE_FULL;
    const double kr = m->matrix == NNC_MATRIX_BT709 ? 0.2126 : 0.299;
    const double kb = m->matrix == NNC_MATRIX_BT709 ? 0.0722 : 0.114;
    const double y = full ? in[0] / 255 : (in[0] - 16) / 219;
    const double cb = (in[1] - 128) / (full ? 255 : 224);
    const double cr = (in[2] - 128) / (full ? 255 : 224);
    if (m->format < NNC_PIXEL_GRAY8) {
        for (unsigned i = 0; i < 3; i++)
            rgb[i] = in[i] / 255;
        rgb[3] = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
    } else if (m->format == NNC_PIXEL_GRAY8) {
        rgb[0] = rgb[1] = rgb[2] = rgb[3] = y;
    } else {
        rgb[0] = y + 2 * (1 - kr) * cr;
        rgb[2] = y + 2 * (1 - kb) * cb;
        rgb[1] = (y - kr * rgb[0] - kb * rgb[2]) / (1 - kr - kb);
        rgb[3] = y;
    }
    for (unsigned i = 0; i < 4; i++)
        rgb[i] = oracle_clamp(rgb[i]);
}

static inline void oracle_preprocess(const struct nnc_input_spec *spec,
                                     const struct nnc_image *m, double *tensor)
{
    const struct oracle_view v = oracle_view(spec, m);
    const size_t area = (size_t)spec->width * spec->height;
    double *const sums = malloc(3 * (size_t)m->width * sizeof *sums);
    for (uint32_t y = 0; y < spec->height; y++) {
        const bool beside = y >= v.top && y < v.top + v.n_rows;
        for (unsigned c = 0; c < 3 && beside; c++)
            if (m->format != NNC_PIXEL_GRAY8 || c == 0)
                oracle_sum_rows(sums + c * m->width, m, c, &v, y - v.top);
        for (uint32_t x = 0; x < spec->width; x++) {
            double rgb[4] = {0.5, 0.5, 0.5, 0.5}, in[3] = {0};
            if (beside && x >= v.left && x < v.left + v.n_columns) {
                for (unsigned c = 0; c < 3; c++)
                    if (m->format != NNC_PIXEL_GRAY8 || c == 0)
                        in[c] = oracle_mean(sums + c * m->width, m, c, &v, x - v.left);
                oracle_rgb(rgb, in, m);
            }
            for (uint32_t i = 0; i < spec->channels; i++) {
                const unsigned from = spec->channels == 1 ? 3 : spec->bgr ? 2 - i : i;
                const unsigned mean = spec->channels == 1 ? 0 : from;
                tensor[i * area + y * spec->width + x] =
                    (rgb[from] - spec->mean[mean]) / spec->std[mean];
            }
        }
    }
    free(sums);
}

#endif
