/* SPDX-License-Identifier: MIT */
/* How long preprocessing takes: milliseconds a frame, the best and the median of many.
 * Built with the tests, run by hand: `tests/bench/bench_preprocess`. */

#include <nnc/image.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { REPETITIONS = 201 };

static double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool make_image(struct nnc_image *image)
{
    for (unsigned i = 0; i < nnc_pixel_format_planes(image->format); i++) {
        const size_t stride = nnc_pixel_format_row_bytes(image->format, i, image->width);
        const size_t size =
            stride * nnc_pixel_format_rows(image->format, i, image->height);
        uint8_t *const plane = malloc(size);
        if (!plane)
            return false;
        for (size_t k = 0; k < size; k++)
            plane[k] = (uint8_t)(k * 2654435761u >> 24);
        image->plane[i] = plane;
        image->stride_bytes[i] = (ptrdiff_t)stride;
    }
    return true;
}

static const char *const FITS[] = {"stretch", "crop", "letterbox"};

static bool measure(enum nnc_pixel_format format, uint32_t width, uint32_t height,
                    uint32_t side, enum nnc_fit fit)
{
    const struct nnc_input_spec spec = {
        .width = side, .height = side, .channels = 3, .std = {1, 1, 1}, .fit = fit};
    struct nnc_image image = {.format = format, .width = width, .height = height};
    struct nnc_preprocessor *preprocessor = NULL;
    float *const tensor = malloc((size_t)side * side * 3 * sizeof *tensor);
    bool done = tensor && make_image(&image) &&
                !nnc_preprocessor_create(&spec, &preprocessor, NULL);
    double ms[REPETITIONS];
    for (int i = 0; i < REPETITIONS && done; i++) {
        const double start = now_ms();
        done = !nnc_preprocess(preprocessor, &image, tensor, NULL);
        ms[i] = now_ms() - start;
    }
    if (done) {
        qsort(ms, REPETITIONS, sizeof *ms, compare_doubles);
        printf("%-5s %4ux%-4u -> %3ux%-3u %-8s best %.3f ms  median %.3f ms\n",
               nnc_pixel_format_name(format), width, height, side, side, FITS[fit], ms[0],
               ms[REPETITIONS / 2]);
    }
    nnc_preprocessor_destroy(preprocessor);
    for (unsigned i = 0; i < 3; i++)
        free((void *)image.plane[i]);
    free(tensor);
    return done;
}

int main(void)
{
    static const struct {
        enum nnc_pixel_format format;
        uint32_t width, height;
    } cases[] = {
        {NNC_PIXEL_NV12, 1920, 1080}, {NNC_PIXEL_YUY2, 1920, 1080},
        {NNC_PIXEL_I420, 1920, 1080}, {NNC_PIXEL_BGRX, 1920, 1080},
        {NNC_PIXEL_RGB, 640, 480},    {NNC_PIXEL_YUY2, 640, 480},
    };
    bool done = true;
    for (size_t i = 0; i < sizeof cases / sizeof *cases && done; i++)
        for (unsigned k = 0; k < 4 && done; k++)
            done = measure(cases[i].format, cases[i].width, cases[i].height,
                           k % 2 ? 224 : 32, k < 2 ? NNC_FIT_CROP : NNC_FIT_STRETCH);
    return !done;
}
