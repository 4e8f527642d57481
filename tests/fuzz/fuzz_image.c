/* SPDX-License-Identifier: MIT */
/* Bytes describe a picture, true or not, and what a network wants of it. A true one, whose
 * planes are exactly as large as they must be, becomes finite numbers, the same whatever
 * the strides; another is refused. */

#include "dice.h"
#include "refusal.h"

#include <nnc/image.h>

#include <math.h>

enum { MOST_SIDE = 96, MOST_NETWORK_SIDE = 40, N_PLANES = 3 };

struct picture {
    struct nnc_image image;
    uint8_t *memory[N_PLANES];
};

static uint32_t side(struct dice *dice)
{
    return one_in(dice, 24) ? below(dice, 65535) : between(dice, 1, MOST_SIDE);
}

/* Rows are `wider` bytes apart beyond their own; `upside` stores the last one first. */
static bool make_planes(struct picture *p, uint32_t wider, bool upside)
{
    struct nnc_image *const image = &p->image;
    for (unsigned k = 0; k < nnc_pixel_format_planes(image->format); k++) {
        const size_t row = nnc_pixel_format_row_bytes(image->format, k, image->width);
        const size_t rows = nnc_pixel_format_rows(image->format, k, image->height);
        const size_t stride = row + wider;
        if (!rows || !row || stride * rows > (16u << 20))
            return false;
        const size_t bytes = stride * (rows - 1) + row;
        p->memory[k] = malloc(bytes);
        if (!p->memory[k])
            return false;
        for (size_t y = 0; y < rows; y++)
            for (size_t x = 0; x < stride && y * stride + x < bytes; x++)
                p->memory[k][y * stride + x] =
                    (uint8_t)((upside ? rows - 1 - y : y) * 31 + x * 7 + k * 101);
        image->plane[k] = p->memory[k] + (upside ? stride * (rows - 1) : 0);
        image->stride_bytes[k] = upside ? -(ptrdiff_t)stride : (ptrdiff_t)stride;
    }
    return true;
}

static void free_planes(struct picture *p)
{
    for (int k = 0; k < N_PLANES; k++)
        free(p->memory[k]);
}

static void choose_image(struct dice *dice, struct nnc_image *image)
{
    image->format = (enum nnc_pixel_format)below(dice, NNC_N_PIXEL_FORMATS);
    image->width = side(dice);
    image->height = side(dice);
    image->matrix = one_in(dice, 2) ? NNC_MATRIX_BT709 : NNC_MATRIX_BT601;
    image->range = one_in(dice, 2) ? NNC_RANGE_FULL : NNC_RANGE_LIMITED;
    if (one_in(dice, 3)) {
        image->region.x = side(dice) - 1;
        image->region.y = side(dice) - 1;
        image->region.width = side(dice);
        image->region.height = side(dice);
    }
}

static void choose_spec(struct dice *dice, struct nnc_input_spec *spec)
{
    *spec = (struct nnc_input_spec){.width = between(dice, 1, MOST_NETWORK_SIDE),
                                    .height = between(dice, 1, MOST_NETWORK_SIDE),
                                    .channels = one_in(dice, 3) ? 1 : 3,
                                    .bgr = one_in(dice, 2),
                                    .std = {1, 1, 1},
                                    .fit = (enum nnc_fit)below(dice, 3)};
}

/* What the header asks of a true description; said here once more, on purpose. */
static bool is_true(const struct nnc_image *image)
{
    const uint64_t w = image->width, h = image->height;
    return w >= 1 && w <= NNC_IMAGE_MAX_SIDE && h >= 1 && h <= NNC_IMAGE_MAX_SIDE &&
           (!image->region.width ||
            (image->region.height && (uint64_t)image->region.x + image->region.width <= w &&
             (uint64_t)image->region.y + image->region.height <= h));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    enum { ROOM = MOST_NETWORK_SIDE * MOST_NETWORK_SIDE * 3 };
    static float one[ROOM], other[ROOM];
    struct dice dice = {.bytes = bytes, .n_bytes = size, .state = size};
    struct nnc_input_spec spec;
    struct picture p = {0}, q;
    struct nnc_preprocessor *preprocessor = NULL;
    struct nnc_error error = {0};
    choose_spec(&dice, &spec);
    choose_image(&dice, &p.image);
    const bool upside = one_in(&dice, 2);
    const uint32_t wider = below(&dice, 40);
    q = p;
    if (!make_planes(&p, 0, false) || !make_planes(&q, wider, upside))
        goto done;
    /* Bytes of the gaps between rows differ; those of the picture must not. */
    REQUIRE(!nnc_preprocessor_create(&spec, &preprocessor, &error), "%s", error.message);
    enum nnc_status status = nnc_preprocess(preprocessor, &p.image, one, &error);
    check_refusal(status, &error);
    REQUIRE(!status == is_true(&p.image), "%s: %s", nnc_status_name(status), error.message);
    const size_t n = (size_t)spec.width * spec.height * spec.channels;
    for (size_t i = 0; i < n && !status; i++)
        REQUIRE(one[i] >= 0 && one[i] <= 1, "%g at %zu", (double)one[i], i);
    REQUIRE(nnc_preprocess(preprocessor, &q.image, other, &error) == status, "strides");
    REQUIRE(status || !memcmp(one, other, n * sizeof *one), "other strides, other numbers");
done:
    nnc_preprocessor_destroy(preprocessor);
    free_planes(&p);
    free_planes(&q);
    return 0;
}
