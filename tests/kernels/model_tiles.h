/* SPDX-License-Identifier: MIT */
/* Tile registers in memory, with what AMX does to them: full tiles of 16 rows of 64 bytes. They
 * hold rubbish until they are loaded, and a use without configuration ends the program. */

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static uint32_t model_tile[8][16][16];
static bool model_configured;

static void model_configure(bool on)
{
    if (on == model_configured)
        abort();
    model_configured = on;
    memset(model_tile, 0xa5, sizeof model_tile);
}

static void *model_row(int tile, int row)
{
    if (!model_configured)
        abort();
    return model_tile[tile][row];
}

static void model_load(int tile, const void *from, size_t bytes)
{
    for (int i = 0; i < 16; i++)
        memcpy(model_row(tile, i), (const char *)from + (size_t)i * bytes, 64);
}

static void model_store(int tile, void *to, size_t bytes)
{
    for (int i = 0; i < 16; i++)
        memcpy((char *)to + (size_t)i * bytes, model_row(tile, i), 64);
}

static inline float model_bf16(uint32_t bits)
{
    float x;
    bits <<= 16;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline void model_multiply_bf16(int sums, int a, int b)
{
    for (int i = 0; i < 16; i++)
        for (int n = 0; n < 16; n++) {
            float sum;
            memcpy(&sum, &model_tile[sums][i][n], sizeof sum);
            for (int k = 0; k < 16; k++)
                for (int half = 0; half < 2; half++)
                    sum += model_bf16(model_tile[a][i][k] >> 16 * half & 0xffff) *
                           model_bf16(model_tile[b][k][n] >> 16 * half & 0xffff);
            memcpy(&model_tile[sums][i][n], &sum, sizeof sum);
        }
}

static inline void model_multiply_int8(int sums, int a, int b)
{
    for (int i = 0; i < 16; i++)
        for (int n = 0; n < 16; n++)
            for (int k = 0; k < 16; k++)
                for (int part = 0; part < 4; part++)
                    model_tile[sums][i][n] +=
                        (uint32_t)((int32_t)(uint8_t)(model_tile[a][i][k] >> 8 * part) *
                                   (int8_t)(model_tile[b][k][n] >> 8 * part));
}

#define TILES_CONFIGURE() model_configure(true)
#define TILES_RELEASE() model_configure(false)
#define TILE_LOAD(tile, from, bytes) model_load(tile, from, bytes)
#define TILE_STORE(tile, to, bytes) model_store(tile, to, bytes)
