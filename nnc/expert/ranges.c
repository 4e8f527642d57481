/* SPDX-License-Identifier: MIT */
/* Histograms, and the choice of scale and zero point by the smallest mean square error. */

#include "ranges.h"

#include <math.h>
#include <string.h>

enum { MIDDLE = NNC_NUMBER_BINS / 2 };

/* Twice the width: neighbours become one, on either side of zero. */
static void widen(struct nnc_numbers *r)
{
    uint64_t wider[NNC_NUMBER_BINS] = {0};
    for (int i = 0; i < NNC_NUMBER_BINS; i++)
        wider[MIDDLE / 2 + i / 2] += r->bins[i];
    memcpy(r->bins, wider, sizeof wider);
    r->bin_width *= 2;
}

static void note(struct nnc_numbers *r, float x)
{
    if (x == 0 || !isfinite(x))
        return;
    if (r->bin_width == 0)
        r->bin_width = exp2f(ceilf(log2f(fabsf(x))) - 8);
    while (fabsf(x) >= MIDDLE * r->bin_width)
        widen(r);
    r->bins[MIDDLE + (int)floorf(x / r->bin_width)]++;
    r->low = x < r->low ? x : r->low;
    r->high = x > r->high ? x : r->high;
}

void nnc_numbers_note(struct nnc_numbers *range, const float *numbers, size_t n, size_t step)
{
    for (size_t i = 0; i < n; i++)
        note(range, numbers[i * step]);
}

/* Bytes for [low, high], which holds zero. */
static void spread(float low, float high, float *scale, uint8_t *zero)
{
    const float width = (high - low) / 255;
    *scale = width >= 0x1p-100f ? width : 1;
    *zero = (uint8_t)fminf(fmaxf(rintf(-low / *scale), 0), 255);
}

static double error_of(const struct nnc_numbers *r, float scale, uint8_t zero)
{
    const double low = (0.0 - zero) * scale, high = (255.0 - zero) * scale;
    double sum = 0;
    for (int i = 0; i < NNC_NUMBER_BINS; i++) {
        const double x = (i - MIDDLE + 0.5) * r->bin_width;
        const double outside = x < low ? low - x : x > high ? x - high : 0;
        if (r->bins[i])
            sum += (double)r->bins[i] *
                   (outside > 0 ? outside * outside : (double)scale * scale / 12);
    }
    return sum;
}

void nnc_numbers_choose(const struct nnc_numbers *range, float *scale, uint8_t *zero)
{
    double best = INFINITY;
    for (int percent = 100; percent >= 10; percent--) {
        const float part = (float)percent / 100;
        float s;
        uint8_t z;
        spread(range->low * part, range->high * part, &s, &z);
        const double error = error_of(range, s, z);
        if (error >= best)
            continue;
        best = error;
        *scale = s;
        *zero = z;
    }
}
