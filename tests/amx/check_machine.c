/* SPDX-License-Identifier: MIT */
/* Does this machine have a working AMX? For emulated ones: what cpuid says, products of known
 * numbers in tiles of all sizes, and that two processes and two threads that use tiles in turns
 * do not see each other's. Built by hand, on purpose without the project's code:
 *
 *   gcc -O2 -pthread -mamx-tile -mamx-int8 -mamx-bf16 check_machine.c -o check_machine */

#include <cpuid.h>
#include <immintrin.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { request_permission = 0x1023, tile_data = 18 }; /* of arch_prctl */

struct tile_config {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
};

static void configure(int rows, int inner_words, int columns)
{
    struct tile_config config = {.palette = 1};
    config.rows[0] = config.rows[1] = rows;
    config.rows[2] = inner_words;
    config.row_bytes[0] = config.row_bytes[2] = columns * 4;
    config.row_bytes[1] = inner_words * 4;
    _tile_loadconfig(&config);
    struct tile_config back;
    _tile_storeconfig(&back);
    if (memcmp(&config, &back, sizeof config))
        puts("sttilecfg stores another configuration than the one loaded");
}

static uint16_t bfloat16(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits >> 16;
}

static int left(int row, int inner) { return (row * 37 + inner * 101) % 256; }
static int right(int inner, int column) { return (inner * 59 + column * 83) % 256 - 128; }

static void multiply_ss(void) { _tile_dpbssd(0, 1, 2); }
static void multiply_su(void) { _tile_dpbsud(0, 1, 2); }
static void multiply_us(void) { _tile_dpbusd(0, 1, 2); }
static void multiply_uu(void) { _tile_dpbuud(0, 1, 2); }

static const struct product {
    void (*multiply)(void);
    int left_signed, right_signed;
} products[] = {{multiply_ss, 1, 1}, {multiply_su, 1, 0}, {multiply_us, 0, 1}, {multiply_uu, 0, 0}};

static int byte(int value, int is_signed) { return is_signed ? (int8_t)value : (uint8_t)value; }

/* C = A B of whole numbers, which are exact either way; `yields` times another process or
 * thread has its turn with the tiles loaded. */
static int count_wrong_bytes(const struct product *product, int rows, int inner_words, int columns,
                             int yields)
{
    uint8_t a[16][64], b[16][64];
    int32_t c[16][16];
    for (int row = 0; row < rows; row++)
        for (int i = 0; i < inner_words * 4; i++)
            a[row][i] = left(row, i);
    for (int i = 0; i < inner_words * 4; i++)
        for (int column = 0; column < columns; column++)
            b[i / 4][column * 4 + i % 4] = right(i, column);
    configure(rows, inner_words, columns);
    _tile_zero(0);
    _tile_loadd(1, a, 64);
    _tile_loadd(2, b, 64);
    for (int i = 0; i < yields; i++)
        sched_yield();
    product->multiply();
    for (int i = 0; i < yields; i++)
        sched_yield();
    _tile_stored(0, c, 64);
    _tile_release();
    int wrong = 0;
    for (int row = 0; row < rows; row++)
        for (int column = 0; column < columns; column++) {
            int sum = 0;
            for (int i = 0; i < inner_words * 4; i++)
                sum += byte(left(row, i), product->left_signed) *
                       byte(right(i, column), product->right_signed);
            wrong += c[row][column] != sum;
        }
    return wrong;
}

static int count_wrong_floats(int rows, int inner_words, int columns, int yields)
{
    uint16_t a[16][32], b[16][32];
    float c[16][16];
    for (int row = 0; row < rows; row++)
        for (int i = 0; i < inner_words * 2; i++)
            a[row][i] = bfloat16(left(row, i) / 2);
    for (int i = 0; i < inner_words * 2; i++)
        for (int column = 0; column < columns; column++)
            b[i / 2][column * 2 + i % 2] = bfloat16(right(i, column));
    configure(rows, inner_words, columns);
    _tile_zero(0);
    _tile_loadd(1, a, 64);
    _tile_loadd(2, b, 64);
    for (int i = 0; i < yields; i++)
        sched_yield();
    _tile_dpbf16ps(0, 1, 2);
    for (int i = 0; i < yields; i++)
        sched_yield();
    _tile_stored(0, c, 64);
    _tile_release();
    int wrong = 0;
    for (int row = 0; row < rows; row++)
        for (int column = 0; column < columns; column++) {
            int sum = 0;
            for (int i = 0; i < inner_words * 2; i++)
                sum += left(row, i) / 2 * right(i, column);
            wrong += c[row][column] != sum;
        }
    return wrong;
}

static void *take_turns(void *shape)
{
    const int *size = shape;
    intptr_t wrong = 0;
    for (int i = 0; i < 200; i++) {
        wrong += count_wrong_bytes(&products[i % 4], size[0], size[1], size[2], 3);
        wrong += count_wrong_floats(size[0], size[1], size[2], 3);
    }
    return (void *)wrong;
}

int main(void)
{
    unsigned eax, ebx, ecx, edx;
    __cpuid_count(7, 0, eax, ebx, ecx, edx);
    printf("amx: tile %d int8 %d bf16 %d\n", edx >> 24 & 1, edx >> 25 & 1, edx >> 22 & 1);
    printf("avx512: f %d dq %d bw %d vl %d vnni %d", ebx >> 16 & 1, ebx >> 17 & 1, ebx >> 30 & 1,
           ebx >> 31 & 1, ecx >> 11 & 1);
    __cpuid_count(7, 1, eax, ebx, ecx, edx);
    printf(" bf16 %d; avx_vnni %d\n", eax >> 5 & 1, eax >> 4 & 1);
    if (syscall(SYS_arch_prctl, request_permission, tile_data)) {
        perror("arch_prctl");
        return 1;
    }

    int wrong_bytes = 0, wrong_floats = 0;
    for (int rows = 1; rows <= 16; rows += 5)
        for (int inner = 1; inner <= 16; inner += 3)
            for (int columns = 1; columns <= 16; columns++) {
                for (int i = 0; i < 4; i++)
                    wrong_bytes += count_wrong_bytes(&products[i], rows, inner, columns, 0);
                wrong_floats += count_wrong_floats(rows, inner, columns, 0);
            }
    printf("alone: %d sums of bytes and %d of bfloat16 are wrong\n", wrong_bytes, wrong_floats);
    fflush(stdout);

    static int here[] = {16, 16, 16}, there[] = {11, 13, 9};
    pid_t child = fork();
    void *of_thread;
    pthread_t thread;
    pthread_create(&thread, NULL, take_turns, there);
    intptr_t turns = (intptr_t)take_turns(here);
    pthread_join(thread, &of_thread);
    turns += (intptr_t)of_thread;
    if (child == 0)
        _exit(turns != 0);
    int status;
    waitpid(child, &status, 0);
    printf("in turns: %d are wrong here, %s in the other process\n", (int)turns,
           status ? "some" : "none");
    return wrong_bytes || wrong_floats || turns || status;
}
