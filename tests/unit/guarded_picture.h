/* SPDX-License-Identifier: MIT */
#ifndef GUARDED_PICTURE_H
#define GUARDED_PICTURE_H

/* Pictures whose every plane lies between two pages that must not be touched, with
 * content that depends on the seed only and not on how it lies in memory. */

#include <nnc/image.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct picture {
    struct nnc_image image;
    uint8_t *map[3];
    size_t map_size[3];
};

struct picture_layout {
    size_t padding; /* bytes after each row but the last */
    bool bottom_up; /* negative stride */
    bool at_start;  /* the first byte follows a guard page; else the last one precedes one
                     */
    size_t distance; /* from that guard page, to vary the alignment */
};

static inline uint32_t picture_hash(uint32_t x)
{
    x = (x ^ x >> 16) * 0x7feb352du;
    x = (x ^ x >> 15) * 0x846ca68bu;
    return x ^ x >> 16;
}

/* Noise over a coarse pattern, so that averages differ from place to place. */
static inline uint8_t picture_byte(uint32_t seed, unsigned plane, uint32_t row, size_t x)
{
    const uint32_t noise = picture_hash(
        seed ^ picture_hash(plane ^ picture_hash(row ^ picture_hash((uint32_t)x))));
    const uint32_t coarse =
        picture_hash(seed + plane + (row / 37) * 1000 + (uint32_t)(x / 53) * 7);
    return (uint8_t)((noise % 128) + (coarse % 128));
}

static inline void picture_make_plane(struct picture *picture, unsigned plane,
                                      uint32_t seed, struct picture_layout layout)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t bytes =
        nnc_pixel_format_row_bytes(picture->image.format, plane, picture->image.width);
    const uint32_t rows =
        nnc_pixel_format_rows(picture->image.format, plane, picture->image.height);
    const size_t stride = bytes + layout.padding;
    const size_t size = stride * (rows - 1) + bytes + layout.distance;
    const size_t inner = (size + page - 1) / page * page;
    uint8_t *const map = mmap(NULL, inner + 2 * page, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED || mprotect(map, page, PROT_NONE) ||
        mprotect(map + page + inner, page, PROT_NONE))
        abort();
    memset(map + page, seed % 251, inner); /* what lies between rows must not matter */
    uint8_t *const lowest =
        layout.at_start ? map + page + layout.distance : map + page + inner - size;
    for (uint32_t y = 0; y < rows; y++)
        for (size_t x = 0; x < bytes; x++)
            lowest[(layout.bottom_up ? rows - 1 - y : y) * stride + x] =
                picture_byte(seed, plane, y, x);
    picture->map[plane] = map;
    picture->map_size[plane] = inner + 2 * page;
    picture->image.plane[plane] =
        layout.bottom_up ? lowest + (rows - 1) * stride : lowest;
    picture->image.stride_bytes[plane] =
        layout.bottom_up ? -(ptrdiff_t)stride : (ptrdiff_t)stride;
}

static inline struct picture picture_make(enum nnc_pixel_format format, uint32_t width,
                                          uint32_t height, uint32_t seed,
                                          struct picture_layout layout)
{
    struct picture picture = {
        .image = {.format = format, .width = width, .height = height}};
    for (unsigned i = 0; i < nnc_pixel_format_planes(format); i++)
        picture_make_plane(&picture, i, seed, layout);
    return picture;
}

static inline void picture_finish(struct picture *picture)
{
    for (unsigned i = 0; i < 3; i++)
        if (picture->map[i])
            munmap(picture->map[i], picture->map_size[i]);
}

#endif
