/* SPDX-License-Identifier: MIT */
/* How long preprocessing takes on one core, by instruction set: milliseconds a frame, the
 * best and the median of many rounds, in each of which every instruction set has its turn.
 * Built with the tests, run by hand:
 *
 *     bench_preprocess [ROUNDS] */

#include "base/isa.h"
#include "image/preprocess.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 201, MAX_ROUNDS = 10000, N_ISAS = NNC_ISA_NEON + 1 };

struct contender {
    enum nnc_isa isa;
    struct nnc_preprocessor *preprocessor;
    double ms[MAX_ROUNDS];
};

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

static int make_contenders(struct contender *contenders, const struct nnc_input_spec *spec)
{
    int n = 0;
    for (int isa = NNC_ISA_GENERIC; isa < N_ISAS; isa++) {
        contenders[n].isa = (enum nnc_isa)isa;
        if (nnc_isa_usable((enum nnc_isa)isa) &&
            !nnc_preprocessor_create_with(spec, nnc_image_kernels_get((enum nnc_isa)isa),
                                          &contenders[n].preprocessor, NULL))
            n++;
    }
    return n;
}

static bool measure(const struct nnc_image *image, enum nnc_fit fit, uint32_t side, int rounds)
{
    static struct contender contenders[N_ISAS];
    const struct nnc_input_spec spec = {
        .width = side, .height = side, .channels = 3, .std = {1, 1, 1}, .fit = fit};
    float *const tensor = malloc((size_t)side * side * 3 * sizeof *tensor);
    const int n = make_contenders(contenders, &spec);
    bool done = tensor && n;
    for (int i = 0; i < rounds && done; i++)
        for (int k = 0; k < n && done; k++) {
            const double start = now_ms();
            done = !nnc_preprocess(contenders[k].preprocessor, image, tensor, NULL);
            contenders[k].ms[i] = now_ms() - start;
        }
    printf("%-5s %4ux%-4u %-7s -> %3ux%-3u", nnc_pixel_format_name(image->format),
           image->width, image->height, fit == NNC_FIT_CROP ? "crop" : "stretch", side, side);
    for (int k = 0; k < n; k++) {
        qsort(contenders[k].ms, (size_t)rounds, sizeof(double), compare_doubles);
        printf("   %s %.3f %.3f", nnc_isa_name(contenders[k].isa), contenders[k].ms[0],
               contenders[k].ms[rounds / 2]);
        nnc_preprocessor_destroy(contenders[k].preprocessor);
    }
    puts("");
    free(tensor);
    return done;
}

static bool measure_picture(enum nnc_pixel_format format, uint32_t width, uint32_t height,
                            int rounds)
{
    struct nnc_image image = {.format = format, .width = width, .height = height};
    bool done = make_image(&image);
    for (int fit = NNC_FIT_STRETCH; fit <= NNC_FIT_CROP && done; fit++)
        done = measure(&image, (enum nnc_fit)fit, 32, rounds) &&
               measure(&image, (enum nnc_fit)fit, 224, rounds);
    for (unsigned i = 0; i < 3; i++)
        free((void *)image.plane[i]);
    return done;
}

int main(int argc, char **argv)
{
    static const struct {
        enum nnc_pixel_format format;
        uint32_t width, height;
    } cases[] = {
        {NNC_PIXEL_NV12, 1920, 1080}, {NNC_PIXEL_YUY2, 1920, 1080},
        {NNC_PIXEL_I420, 1920, 1080}, {NNC_PIXEL_BGRX, 1920, 1080},
        {NNC_PIXEL_RGB, 640, 480},    {NNC_PIXEL_YUY2, 640, 480},
    };
    const int rounds = argc > 1 ? atoi(argv[1]) : ROUNDS;
    bool done = rounds > 0 && rounds <= MAX_ROUNDS;
    if (!done)
        fprintf(stderr, "usage: bench_preprocess [ROUNDS], from 1 to %d\n", MAX_ROUNDS);
    else
        puts("milliseconds a frame: best and median");
    for (size_t i = 0; i < sizeof cases / sizeof *cases && done; i++)
        done = measure_picture(cases[i].format, cases[i].width, cases[i].height, rounds);
    return !done;
}
