/* SPDX-License-Identifier: MIT */
/* The tile registers of a processor with AMX, for amx_body.h: eight of 16 rows of 64
 * bytes each. A thread configures them before it uses them, and gives them back: otherwise
 * every switch to another thread would save 8 KiB. The kernel lets a process use them only
 * after nnc_amx_usable() has asked. The compiler does not know what a tile reads and writes,
 * hence the barriers. */

#include <immintrin.h>
#include <stdint.h>

static void configure_tiles(void)
{
    struct {
        uint8_t palette, start_row, reserved[14];
        uint16_t bytes[16];
        uint8_t rows[16];
    } config = {.palette = 1};
    for (int tile = 0; tile < 8; tile++) {
        config.bytes[tile] = 64;
        config.rows[tile] = 16;
    }
    _tile_loadconfig(&config);
}

#define TILES_CONFIGURE() configure_tiles()
#define TILES_RELEASE() _tile_release()
#define TILE_BARRIER() __asm__ volatile("" ::: "memory")
#define TILE_LOAD(tile, from, bytes)                                                           \
    do {                                                                                       \
        TILE_BARRIER();                                                                        \
        _tile_loadd(tile, from, bytes);                                                        \
    } while (0)
#define TILE_STORE(tile, to, bytes)                                                            \
    do {                                                                                       \
        _tile_stored(tile, to, bytes);                                                         \
        TILE_BARRIER();                                                                        \
    } while (0)
