/* SPDX-License-Identifier: MIT */
/* From picture to tensor: against an oracle in doubles, between guard pages, and bit for
 * bit where nothing but the layout in memory or the instruction set changes. */

#include "counted_malloc.h"
#include "guarded_picture.h"
#include "image_oracle.h"

#include "base/isa.h"
#include "image/band.h"
#include "image/preprocess.h"

#include <check.h>
#include <stdint.h>
#include <stdio.h>

static const struct nnc_input_spec specs[] = {
    {32,
     32,
     3,
     false,
     {0.485f, 0.456f, 0.406f},
     {0.229f, 0.224f, 0.225f},
     NNC_FIT_STRETCH},
    {9, 5, 3, true, {0.1f, 0.2f, 0.3f}, {0.5f, 0.6f, 0.7f}, NNC_FIT_STRETCH},
    {5, 8, 1, false, {0.5f}, {0.25f}, NNC_FIT_STRETCH},
};
enum { N_SPECS = sizeof specs / sizeof *specs, MAX_ELEMENTS = 3 * 64 * 64 };

/* All loops that this processor runs; plain C first. */
enum { MAX_KERNELS = 8 };
static struct {
    const char *name;
    const struct nnc_image_kernels *kernels;
} all_kernels[MAX_KERNELS] = {{"plain", &nnc_image_kernels_plain}};
static int n_kernels = 1;

static void find_kernels(void)
{
    for (int isa = NNC_ISA_GENERIC; isa <= NNC_ISA_NEON; isa++) {
        if (!nnc_isa_usable((enum nnc_isa)isa)) {
            printf("%s: not on this machine, left out\n", nnc_isa_name((enum nnc_isa)isa));
            continue;
        }
        all_kernels[n_kernels].name = nnc_isa_name((enum nnc_isa)isa);
        all_kernels[n_kernels++].kernels = nnc_image_kernels_get((enum nnc_isa)isa);
    }
}

static struct nnc_preprocessor *create_with(const struct nnc_input_spec *spec,
                                            const struct nnc_image_kernels *kernels)
{
    struct nnc_preprocessor *preprocessor;
    struct nnc_error error;
    ck_assert_msg(!nnc_preprocessor_create_with(spec, kernels, &preprocessor, &error), "%s",
                  error.message);
    return preprocessor;
}

static struct nnc_preprocessor *create(const struct nnc_input_spec *spec)
{
    struct nnc_preprocessor *preprocessor;
    struct nnc_error error;
    ck_assert_msg(!nnc_preprocessor_create(spec, &preprocessor, &error), "%s",
                  error.message);
    return preprocessor;
}

static size_t elements(const struct nnc_input_spec *spec)
{
    return (size_t)spec->width * spec->height * spec->channels;
}

/* Rounded weights move a sample by 2^-15 for each axis (spans.h), the rounded mean between
 * them by 2^-16 (band.h); a colour matrix adds up components with at most 1.17 + 2.12
 * (BT.709 blue, limited); floats add a few 2^-24. */
static double bound(const struct nnc_input_spec *spec)
{
    const double smallest_std =
        fmin(spec->std[0],
             spec->channels == 1 ? spec->std[0] : fmin(spec->std[1], spec->std[2]));
    return (2 * 0x1p-15 + 0x1p-16) * (1.17 + 2.12) / smallest_std + 0x1p-18;
}

/* The tensor begins at [1]: before and after it are guards. */
static void run_kernels(const struct nnc_input_spec *spec, const struct nnc_image *image,
                        const struct nnc_image_kernels *kernels, float *tensor)
{
    struct nnc_preprocessor *const preprocessor = create_with(spec, kernels);
    const size_t n = elements(spec);
    for (size_t i = 0; i < n + 2; i++)
        tensor[i] = 12345.0f;
    struct nnc_error error;
    const enum nnc_status status =
        nnc_preprocess(preprocessor, image, tensor + 1, &error);
    ck_assert_msg(!status, "%s", error.message);
    ck_assert(tensor[0] == 12345.0f && tensor[n + 1] == 12345.0f);
    nnc_preprocessor_destroy(preprocessor);
}

/* Plain C with the oracle, all others with plain C. */
static void compare(const struct nnc_input_spec *spec, const struct nnc_image *image,
                    const char *what)
{
    static float tensor[MAX_ELEMENTS + 2], other[MAX_ELEMENTS + 2];
    static double expected[MAX_ELEMENTS];
    const size_t n = elements(spec);
    run_kernels(spec, image, &nnc_image_kernels_plain, tensor);
    for (int i = 1; i < n_kernels; i++) {
        run_kernels(spec, image, all_kernels[i].kernels, other);
        ck_assert_msg(!memcmp(tensor, other, (n + 2) * sizeof *tensor),
                      "%s, %s %ux%u, fit %d: %s and plain C have different bits", what,
                      nnc_pixel_format_name(image->format), image->width, image->height,
                      (int)spec->fit, all_kernels[i].name);
    }
    oracle_preprocess(spec, image, expected);
    const double most = bound(spec);
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(
            fabs((double)tensor[i + 1] - expected[i]) <= most,
            "%s, %s %ux%u, fit %d, channels %u, element %zu: %.7f, expected %.7f", what,
            nnc_pixel_format_name(image->format), image->width, image->height,
            (int)spec->fit, spec->channels, i, (double)tensor[i + 1], expected[i]);
}

static const struct {
    uint32_t width, height;
} sizes[] = {
    {1, 1},   {2, 2},     {3, 3},       {2, 1},     {1, 2},     {5, 7},
    {31, 33}, {32, 32},   {33, 17},     {100, 3},   {3, 101},   {257, 129},
    {64, 64}, {640, 480}, {1920, 1080}, {16384, 1}, {1, 16384}, {3, 16383},
};

START_TEST(every_format_size_and_fit_is_averaged_exactly)
{
    const uint32_t width = sizes[_i].width, height = sizes[_i].height;
    const bool large = width > 1000 || height > 1000;
    for (int format = 0; format < NNC_N_PIXEL_FORMATS; format++) {
        struct picture picture = picture_make(
            (enum nnc_pixel_format)format, width, height, (uint32_t)format + 1,
            (struct picture_layout){.padding = format % 3 ? 5 : 0,
                                    .at_start = format % 2,
                                    .bottom_up = format % 4 == 3});
        picture.image.matrix = format % 2 ? NNC_MATRIX_BT709 : NNC_MATRIX_BT601;
        picture.image.range = format % 3 ? NNC_RANGE_LIMITED : NNC_RANGE_FULL;
        for (int i = large ? format % 9 : 0; i < (large ? format % 9 + 1 : 9); i++) {
            struct nnc_input_spec spec = specs[i / 3]; /* large ones: one case a format */
            spec.fit = (enum nnc_fit)(i % 3);
            compare(&spec, &picture.image, "whole picture");
        }
        picture_finish(&picture);
    }
}
END_TEST

static const struct {
    uint32_t x, y, width, height;
} regions[] = {
    {0, 0, 1, 1},    {70, 50, 1, 1}, {1, 1, 2, 2},   {3, 5, 31, 17},
    {10, 0, 61, 51}, {0, 0, 71, 51}, {69, 0, 2, 51}, {0, 50, 71, 1},
};

START_TEST(regions_are_pictures_of_their_own)
{
    for (int format = 0; format < NNC_N_PIXEL_FORMATS; format++) {
        struct picture picture =
            picture_make((enum nnc_pixel_format)format, 71, 51, 77,
                         (struct picture_layout){.at_start = _i % 2});
        picture.image.region.x = regions[_i].x;
        picture.image.region.y = regions[_i].y;
        picture.image.region.width = regions[_i].width;
        picture.image.region.height = regions[_i].height;
        for (int fit = 0; fit <= NNC_FIT_LETTERBOX; fit++) {
            struct nnc_input_spec spec = specs[_i % N_SPECS];
            spec.fit = (enum nnc_fit)fit;
            compare(&spec, &picture.image, "region");
        }
        picture_finish(&picture);
    }
}
END_TEST

static const struct picture_layout layouts[] = {
    {.padding = 0},
    {.padding = 0, .at_start = true},
    {.padding = 1, .distance = 1},
    {.padding = 64, .at_start = true, .distance = 3},
    {.padding = 7, .bottom_up = true},
    {.padding = 7, .bottom_up = true, .at_start = true, .distance = 17},
    {.padding = 4096},
};

START_TEST(the_layout_in_memory_changes_no_bit)
{
    static float first[MAX_ELEMENTS + 2], other[MAX_ELEMENTS + 2];
    struct nnc_input_spec spec = specs[0];
    spec.fit = NNC_FIT_CROP;
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        struct picture picture =
            picture_make((enum nnc_pixel_format)_i, 333, 221, 5, layouts[i]);
        for (int k = 0; k < n_kernels; k++) {
            float *const tensor = i || k ? other : first;
            run_kernels(&spec, &picture.image, all_kernels[k].kernels, tensor);
            ck_assert_msg(!memcmp(first, tensor, (elements(&spec) + 2) * sizeof *tensor),
                          "layout %zu, %s", i, all_kernels[k].name);
        }
        picture_finish(&picture);
    }
}
END_TEST

/* Sizes around the widths of vectors, and numbers of rows around those that sums hold. */
START_TEST(instruction_sets_give_the_same_bits)
{
    struct nnc_input_spec spec = {
        0, 0, 3, false, {0.1f, 0.2f, 0.3f}, {0.5f, 0.6f, 0.7f}, NNC_FIT_STRETCH};
    static float plain[MAX_ELEMENTS + 2], other[MAX_ELEMENTS + 2];
    for (uint32_t i = 0; i < 20; i++) {
        const uint32_t random = picture_hash((uint32_t)_i * 1000 + i);
        struct picture picture = picture_make(
            (enum nnc_pixel_format)_i, 1 + random % 200, 1 + random / 256 % (i % 4 ? 150 : 1500),
            i, (struct picture_layout){.padding = i % 3, .at_start = i % 2});
        spec.width = 1 + random / 65536 % 40;
        spec.height = 1 + picture_hash(random) % 40;
        spec.fit = (enum nnc_fit)(i % 3);
        run_kernels(&spec, &picture.image, &nnc_image_kernels_plain, plain);
        for (int k = 1; k < n_kernels; k++) {
            run_kernels(&spec, &picture.image, all_kernels[k].kernels, other);
            ck_assert_msg(!memcmp(plain, other, (elements(&spec) + 2) * sizeof *plain),
                          "%s: %ux%u", all_kernels[k].name, picture.image.width,
                          picture.image.height);
        }
        picture_finish(&picture);
    }
}
END_TEST

/* The greatest sums there are: 16-bit and 31-bit ones must hold them. */
START_TEST(white_pictures_stay_white)
{
    static const uint32_t rows[] = {1, 2, 9, 10, 11, 255, 256, 257, 258, 259, 260, 513, 3000,
                                    16384};
    static float tensor[MAX_ELEMENTS];
    const struct nnc_input_spec spec = {1, 1, 1, false, {0}, {1}, NNC_FIT_STRETCH};
    uint8_t *const pixels = malloc((size_t)16384 * 70);
    memset(pixels, 255, (size_t)16384 * 70);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int k = 0; k < n_kernels; k++)
            for (int turned = 0; turned < 2; turned++) {
                struct nnc_image image = {.format = NNC_PIXEL_GRAY8,
                                          .width = turned ? rows[i] : 70,
                                          .height = turned ? 70 : rows[i],
                                          .plane = {pixels},
                                          .range = NNC_RANGE_FULL};
                image.stride_bytes[0] = image.width;
                run_kernels(&spec, &image, all_kernels[k].kernels, tensor);
                ck_assert_msg(tensor[1] == 1.0f, "%s, %ux%u: %.9g", all_kernels[k].name,
                              image.width, image.height, (double)tensor[1]);
            }
    free(pixels);
}
END_TEST

/* The tables of the last geometry must not show in the next. */
START_TEST(a_changing_camera_changes_no_bit)
{
    static float fresh[MAX_ELEMENTS], used[MAX_ELEMENTS];
    struct nnc_preprocessor *const old = create(&specs[0]);
    for (uint32_t i = 0; i < 60; i++) {
        const uint32_t random = picture_hash(i);
        struct picture picture = picture_make(
            (enum nnc_pixel_format)(random % NNC_N_PIXEL_FORMATS), 1 + random / 16 % 90,
            1 + random / 4096 % 90, i, (struct picture_layout){0});
        struct nnc_preprocessor *const preprocessor = create(&specs[0]);
        ck_assert(!nnc_preprocess(preprocessor, &picture.image, fresh, NULL));
        for (int twice = 0; twice < 2; twice++) {
            ck_assert(!nnc_preprocess(old, &picture.image, used, NULL));
            ck_assert(!memcmp(fresh, used, elements(&specs[0]) * sizeof *used));
        }
        nnc_preprocessor_destroy(preprocessor);
        picture_finish(&picture);
    }
    nnc_preprocessor_destroy(old);
}
END_TEST

static const struct nnc_input_spec plain = {
    32, 32, 3, false, {0}, {1, 1, 1}, NNC_FIT_STRETCH};

/* A checkerboard of single pixels has nothing to show at 32x32 but grey. */
START_TEST(fine_patterns_do_not_alias)
{
    static float tensor[MAX_ELEMENTS];
    uint8_t *const pixels = malloc((size_t)1920 * 1080);
    for (size_t i = 0; i < (size_t)1920 * 1080; i++)
        pixels[i] = (i % 1920 + i / 1920) % 2 ? 255 : 0;
    const struct nnc_image image = {.format = NNC_PIXEL_GRAY8,
                                    .width = 1920,
                                    .height = 1080,
                                    .plane = {pixels},
                                    .stride_bytes = {1920},
                                    .range = NNC_RANGE_FULL};
    struct nnc_preprocessor *const preprocessor = create(&plain);
    ck_assert(!nnc_preprocess(preprocessor, &image, tensor, NULL));
    for (size_t i = 0; i < elements(&plain); i++)
        ck_assert_msg(fabs((double)tensor[i] - 0.5) < 1.0 / 2048, "%zu: %f", i,
                      (double)tensor[i]);
    nnc_preprocessor_destroy(preprocessor);
    free(pixels);
}
END_TEST

/* Y, Cb, Cr as the standards' tables have them, rounded to codes. */
static const struct {
    const char *name;
    enum nnc_color_matrix matrix;
    enum nnc_color_range range;
    uint8_t yuv[3];
    double rgb[3];
} colors[] = {
    {"white", NNC_MATRIX_BT601, NNC_RANGE_LIMITED, {235, 128, 128}, {1, 1, 1}},
    {"black", NNC_MATRIX_BT601, NNC_RANGE_LIMITED, {16, 128, 128}, {0, 0, 0}},
    {"red", NNC_MATRIX_BT601, NNC_RANGE_LIMITED, {81, 90, 240}, {1, 0, 0}},
    {"green", NNC_MATRIX_BT601, NNC_RANGE_LIMITED, {145, 54, 34}, {0, 1, 0}},
    {"blue", NNC_MATRIX_BT601, NNC_RANGE_LIMITED, {41, 240, 110}, {0, 0, 1}},
    {"white", NNC_MATRIX_BT709, NNC_RANGE_LIMITED, {235, 128, 128}, {1, 1, 1}},
    {"black", NNC_MATRIX_BT709, NNC_RANGE_LIMITED, {16, 128, 128}, {0, 0, 0}},
    {"red", NNC_MATRIX_BT709, NNC_RANGE_LIMITED, {63, 102, 240}, {1, 0, 0}},
    {"green", NNC_MATRIX_BT709, NNC_RANGE_LIMITED, {173, 42, 26}, {0, 1, 0}},
    {"blue", NNC_MATRIX_BT709, NNC_RANGE_LIMITED, {32, 240, 118}, {0, 0, 1}},
    {"white", NNC_MATRIX_BT601, NNC_RANGE_FULL, {255, 128, 128}, {1, 1, 1}},
    {"black", NNC_MATRIX_BT601, NNC_RANGE_FULL, {0, 128, 128}, {0, 0, 0}},
    {"red", NNC_MATRIX_BT601, NNC_RANGE_FULL, {76, 85, 255}, {1, 0, 0}},
    {"white", NNC_MATRIX_BT709, NNC_RANGE_FULL, {255, 128, 128}, {1, 1, 1}},
    {"black", NNC_MATRIX_BT709, NNC_RANGE_FULL, {0, 128, 128}, {0, 0, 0}},
    {"red", NNC_MATRIX_BT709, NNC_RANGE_FULL, {54, 99, 255}, {1, 0, 0}},
    {"blacker than black", NNC_MATRIX_BT601, NNC_RANGE_LIMITED, {0, 128, 128}, {0, 0, 0}},
    {"whiter than white",
     NNC_MATRIX_BT601,
     NNC_RANGE_LIMITED,
     {255, 128, 128},
     {1, 1, 1}},
};

/* The codes above are rounded to integers: half a code of luma (0.58/255) and half a code
 * of chroma (1.06/255 in blue) may be missing. The arithmetic itself is held to 1e-4 by
 * the oracle; white and black have exact codes. */
START_TEST(known_colors_come_out)
{
    static float tensor[MAX_ELEMENTS];
    uint8_t planes[3][48 * 48];
    for (unsigned i = 0; i < 3; i++)
        memset(planes[i], colors[_i].yuv[i], sizeof planes[i]);
    const struct nnc_image image = {.format = NNC_PIXEL_I420,
                                    .width = 48,
                                    .height = 48,
                                    .plane = {planes[0], planes[1], planes[2]},
                                    .stride_bytes = {48, 48, 48},
                                    .matrix = colors[_i].matrix,
                                    .range = colors[_i].range};
    const bool exact = colors[_i].yuv[1] == 128 && colors[_i].yuv[2] == 128;
    const double most = exact ? 1e-6 : 1.64 / 255;
    struct nnc_preprocessor *const preprocessor = create(&plain);
    ck_assert(!nnc_preprocess(preprocessor, &image, tensor, NULL));
    for (size_t i = 0; i < elements(&plain); i++)
        ck_assert_msg(fabs((double)tensor[i] - colors[_i].rgb[i / (32 * 32)]) <= most,
                      "%s, case %d, element %zu: %f", colors[_i].name, _i, i,
                      (double)tensor[i]);
    nnc_preprocessor_destroy(preprocessor);
}
END_TEST

START_TEST(flat_pictures_stay_flat)
{
    static float tensor[MAX_ELEMENTS];
    static uint8_t pixels[97 * 61];
    for (unsigned value = 0; value < 256; value += 51) {
        memset(pixels, (int)value, sizeof pixels);
        const struct nnc_image image = {.format = NNC_PIXEL_GRAY8,
                                        .width = 97,
                                        .height = 61,
                                        .plane = {pixels},
                                        .stride_bytes = {97},
                                        .range = NNC_RANGE_FULL};
        struct nnc_preprocessor *const preprocessor = create(&plain);
        ck_assert(!nnc_preprocess(preprocessor, &image, tensor, NULL));
        for (size_t i = 0; i < elements(&plain); i++)
            ck_assert(tensor[i] == (float)(value / 255.0));
        nnc_preprocessor_destroy(preprocessor);
    }
}
END_TEST

START_TEST(frames_allocate_nothing)
{
    static float tensor[MAX_ELEMENTS];
    struct nnc_preprocessor *const preprocessor = create(&specs[0]);
    ck_assert_uint_gt(n_allocations, 0); /* the counter counts */
    for (uint32_t i = 0; i < 24; i++) {
        struct picture picture =
            picture_make((enum nnc_pixel_format)(i % 12), 10 + i * 30, 700 - i * 20, i,
                         (struct picture_layout){0});
        const unsigned long before = n_allocations;
        const enum nnc_status status =
            nnc_preprocess(preprocessor, &picture.image, tensor, NULL);
        const unsigned long after = n_allocations; /* libcheck allocates, too */
        ck_assert_int_eq(status, NNC_OK);
        ck_assert_uint_eq(after, before);
        picture_finish(&picture);
    }
    nnc_preprocessor_destroy(preprocessor);
}
END_TEST

START_TEST(no_memory_is_an_answer)
{
    enum nnc_status status = NNC_NOMEM;
    int n = 0;
    for (; status == NNC_NOMEM; n++) {
        struct nnc_preprocessor *preprocessor = NULL;
        allocations_left = n;
        status = nnc_preprocessor_create(&specs[0], &preprocessor, NULL);
        allocations_left = -1;
        ck_assert((status == NNC_OK) == (preprocessor != NULL));
        nnc_preprocessor_destroy(preprocessor);
    }
    ck_assert_int_eq(status, NNC_OK);
    ck_assert_int_gt(n, 5);
}
END_TEST

static const struct {
    const char *word;
    struct nnc_image image; /* plane[i] = (void *)1 stands for real memory */
} bad_images[] = {
#define GOOD (const uint8_t *)1
    {"unknown", {NNC_N_PIXEL_FORMATS, 8, 8, {GOOD}, {8}, 0, 0, {0}}},
    {"unknown", {(enum nnc_pixel_format) - 1, 8, 8, {GOOD}, {8}, 0, 0, {0}}},
    {"0x8", {NNC_PIXEL_GRAY8, 0, 8, {GOOD}, {8}, 0, 0, {0}}},
    {"8x0", {NNC_PIXEL_GRAY8, 8, 0, {GOOD}, {8}, 0, 0, {0}}},
    {"16384", {NNC_PIXEL_GRAY8, 16385, 8, {GOOD}, {16385}, 0, 0, {0}}},
    {"16384", {NNC_PIXEL_GRAY8, 8, UINT32_MAX, {GOOD}, {8}, 0, 0, {0}}},
    {"plane 0", {NNC_PIXEL_GRAY8, 8, 8, {NULL}, {8}, 0, 0, {0}}},
    {"plane 1", {NNC_PIXEL_NV12, 8, 8, {GOOD}, {8, 8}, 0, 0, {0}}},
    {"plane 2", {NNC_PIXEL_I420, 8, 8, {GOOD, GOOD}, {8, 4, 4}, 0, 0, {0}}},
    {"too small", {NNC_PIXEL_RGB, 8, 8, {GOOD}, {23}, 0, 0, {0}}},
    {"too small", {NNC_PIXEL_RGB, 8, 8, {GOOD}, {-23}, 0, 0, {0}}},
    {"too small", {NNC_PIXEL_RGB, 8, 1, {GOOD}, {0}, 0, 0, {0}}},
    {"too small", {NNC_PIXEL_YUY2, 7, 8, {GOOD}, {14}, 0, 0, {0}}},
    {"plane 1", {NNC_PIXEL_NV12, 7, 8, {GOOD, GOOD}, {7, 7}, 0, 0, {0}}},
    {"address space", {NNC_PIXEL_RGB, 8, 8, {GOOD}, {PTRDIFF_MAX}, 0, 0, {0}}},
    {"address space", {NNC_PIXEL_RGB, 8, 8, {GOOD}, {PTRDIFF_MIN}, 0, 0, {0}}},
    {"matrix", {NNC_PIXEL_RGB, 8, 8, {GOOD}, {24}, (enum nnc_color_matrix)2, 0, {0}}},
    {"range", {NNC_PIXEL_RGB, 8, 8, {GOOD}, {24}, 0, (enum nnc_color_range)2, {0}}},
    {"region", {NNC_PIXEL_RGB, 8, 8, {GOOD}, {24}, 0, 0, {0, 0, 9, 8}}},
    {"region", {NNC_PIXEL_RGB, 8, 8, {GOOD}, {24}, 0, 0, {8, 0, 1, 1}}},
    {"region", {NNC_PIXEL_RGB, 8, 8, {GOOD}, {24}, 0, 0, {0, 4, 8, 5}}},
    {"region", {NNC_PIXEL_RGB, 8, 8, {GOOD}, {24}, 0, 0, {UINT32_MAX, 0, 2, 1}}},
    {"region", {NNC_PIXEL_RGB, 8, 8, {GOOD}, {24}, 0, 0, {0, 0, 8, 0}}},
#undef GOOD
};

START_TEST(false_descriptions_are_refused)
{
    static float tensor[MAX_ELEMENTS];
    tensor[0] = 3;
    struct nnc_preprocessor *const preprocessor = create(&specs[0]);
    struct nnc_error error = {0};
    ck_assert_int_eq(nnc_preprocess(preprocessor, &bad_images[_i].image, tensor, &error),
                     NNC_BAD_IMAGE);
    ck_assert_int_eq(error.status, NNC_BAD_IMAGE);
    ck_assert_msg(strstr(error.message, bad_images[_i].word), "%s", error.message);
    ck_assert(tensor[0] == 3);
    nnc_preprocessor_destroy(preprocessor);
}
END_TEST

START_TEST(false_specs_are_refused)
{
    const struct nnc_input_spec bad[] = {
        {0, 32, 3, false, {0}, {1, 1, 1}, NNC_FIT_CROP},
        {32, 16385, 3, false, {0}, {1, 1, 1}, NNC_FIT_CROP},
        {32, 32, 2, false, {0}, {1, 1, 1}, NNC_FIT_CROP},
        {32, 32, 3, false, {0}, {1, 0, 1}, NNC_FIT_CROP},
        {32, 32, 3, false, {0}, {1, 1, NAN}, NNC_FIT_CROP},
        {32, 32, 3, false, {0, INFINITY}, {1, 1, 1}, NNC_FIT_CROP},
        {32, 32, 3, false, {0}, {1, 1, 1}, (enum nnc_fit)3},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct nnc_preprocessor *preprocessor = NULL;
        ck_assert_int_eq(nnc_preprocessor_create(&bad[i], &preprocessor, NULL),
                         NNC_VALUE);
        ck_assert_ptr_null(preprocessor);
    }
    nnc_preprocessor_destroy(NULL);
}
END_TEST

static const struct {
    enum nnc_pixel_format format;
    unsigned planes;
    size_t row_bytes[3]; /* of 5 x 5 pixels */
    uint32_t rows[3];
} extents[] = {
    {NNC_PIXEL_RGB, 1, {15}, {5}},       {NNC_PIXEL_BGR, 1, {15}, {5}},
    {NNC_PIXEL_RGBX, 1, {20}, {5}},      {NNC_PIXEL_XBGR, 1, {20}, {5}},
    {NNC_PIXEL_GRAY8, 1, {5}, {5}},      {NNC_PIXEL_NV12, 2, {5, 6}, {5, 3}},
    {NNC_PIXEL_NV21, 2, {5, 6}, {5, 3}}, {NNC_PIXEL_I420, 3, {5, 3, 3}, {5, 3, 3}},
    {NNC_PIXEL_YUY2, 1, {12}, {5}},      {NNC_PIXEL_UYVY, 1, {12}, {5}},
    {NNC_N_PIXEL_FORMATS, 0, {0}, {0}},
};

START_TEST(formats_have_the_extents_they_should)
{
    for (size_t i = 0; i < sizeof extents / sizeof *extents; i++) {
        const enum nnc_pixel_format format = extents[i].format;
        ck_assert_uint_eq(nnc_pixel_format_planes(format), extents[i].planes);
        for (unsigned k = 0; k < 3; k++) {
            ck_assert_uint_eq(nnc_pixel_format_row_bytes(format, k, 5),
                              extents[i].row_bytes[k]);
            ck_assert_uint_eq(nnc_pixel_format_rows(format, k, 5), extents[i].rows[k]);
        }
        ck_assert_uint_eq(nnc_pixel_format_rows(format, 3, 5), 0);
    }
    ck_assert_str_eq(nnc_pixel_format_name(NNC_PIXEL_NV12), "NV12");
    ck_assert_str_eq(nnc_pixel_format_name(NNC_N_PIXEL_FORMATS), "unknown");
}
END_TEST

int main(void)
{
    find_kernels();
    Suite *const suite = suite_create("image");
    TCase *const tcase = tcase_create("image");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, every_format_size_and_fit_is_averaged_exactly, 0,
                        sizeof sizes / sizeof *sizes);
    tcase_add_loop_test(tcase, regions_are_pictures_of_their_own, 0,
                        sizeof regions / sizeof *regions);
    tcase_add_loop_test(tcase, the_layout_in_memory_changes_no_bit, 0,
                        NNC_N_PIXEL_FORMATS);
    tcase_add_loop_test(tcase, instruction_sets_give_the_same_bits, 0,
                        NNC_N_PIXEL_FORMATS);
    tcase_add_test(tcase, white_pictures_stay_white);
    tcase_add_test(tcase, a_changing_camera_changes_no_bit);
    tcase_add_test(tcase, fine_patterns_do_not_alias);
    tcase_add_loop_test(tcase, known_colors_come_out, 0, sizeof colors / sizeof *colors);
    tcase_add_test(tcase, flat_pictures_stay_flat);
    tcase_add_test(tcase, frames_allocate_nothing);
    tcase_add_test(tcase, no_memory_is_an_answer);
    tcase_add_loop_test(tcase, false_descriptions_are_refused, 0,
                        sizeof bad_images / sizeof *bad_images);
    tcase_add_test(tcase, false_specs_are_refused);
    tcase_add_test(tcase, formats_have_the_extents_they_should);
    suite_add_tcase(suite, tcase);
    SRunner *const runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
