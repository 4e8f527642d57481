/* SPDX-License-Identifier: MIT */
/* The way from bytes to a graph: normalisation of good models, files that change or read
 * badly, names that must not leave a directory, and damage of every kind to good bytes.
 */

#include "counted_malloc.h"
#include "graph/graph.h"
#include "onnx/open_beneath.h"
#include "onnx/schema.h"
#include "onnx/wire.h"
#include "test_directory.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GOLDEN(name) NNC_GOLDEN_DIR "/" name ".onnx"

/* What the next calls of pread do instead of reading. */
static int pread_errno;      /* fails once with it */
static size_t pread_at_most; /* bytes a call; 0: all */

ssize_t __real_pread64(int fd, void *out, size_t size, off_t offset);
ssize_t __wrap_pread64(int fd, void *out, size_t size, off_t offset);

ssize_t __wrap_pread64(int fd, void *out, size_t size, off_t offset)
{
    if (pread_errno) {
        errno = pread_errno;
        pread_errno = 0;
        return -1;
    }
    const bool shorten = pread_at_most && size > pread_at_most;
    return __real_pread64(fd, out, shorten ? pread_at_most : size, offset);
}

static struct nnc_graph *read_good(const char *path)
{
    struct nnc_graph *graph = NULL;
    struct nnc_error error = {0};
    ck_assert_msg(!nnc_graph_read(path, NULL, 0, &graph, &error), "%s", error.message);
    return graph;
}

static enum nnc_status read_bytes(const void *bytes, size_t size, struct nnc_error *error)
{
    struct nnc_graph *graph = NULL;
    const enum nnc_status status = nnc_graph_read(NULL, bytes, size, &graph, error);
    nnc_graph_destroy(graph);
    return status;
}

static const struct nnc_node *find_op(const struct nnc_graph *graph, enum nnc_op op)
{
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        if (graph->nodes[i].op == op)
            return &graph->nodes[i];
    return NULL;
}

START_TEST(varints)
{
    static const struct {
        const char *bytes;
        size_t size;
        bool good;
        uint64_t value;
    } cases[] = {
        {"\x00", 1, true, 0},
        {"\x7f", 1, true, 127},
        {"\x80\x01", 2, true, 128},
        {"\x80\x80\x00", 3, true, 0}, /* longer than need be */
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, true, UINT64_MAX},
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10, false, 0},
        {"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11, false, 0},
        {"\x80", 1, false, 0},
        {"", 0, false, 0},
    };
    const size_t i = (size_t)_i;
    struct nnc_wire wire = {(const uint8_t *)cases[i].bytes, 0, cases[i].size};
    uint64_t value = 0;
    ck_assert_int_eq(nnc_wire_varint(&wire, &value), cases[i].good);
    ck_assert_uint_eq(value, cases[i].value);
    ck_assert_uint_eq(wire.at, cases[i].good ? cases[i].size : 0);
}
END_TEST

START_TEST(clean_names)
{
    static const struct {
        const char *name;
        bool clean;
    } cases[] = {
        {"", true},
        {"conv1/weight", true},
        {"\xc3\xbc", true},
        {"\xf0\x9f\x90\xb1", true},
        {"\xc0\xaf", false},
        {"\xed\xa0\x80", false},
        {"\xf4\x90\x80\x80", false},
        {"\xe2\x82", false},
        {"a\nb", false},
        {"\x7f", false},
        {"\xc2\x85", false},
        {"\x80", false},
        {"\xe0\x9f\xbf", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_msg(nnc_onnx_name_is_clean((const uint8_t *)cases[i].name,
                                             strlen(cases[i].name)) == cases[i].clean,
                      "case %zu", i);
}
END_TEST

START_TEST(relu6_is_a_clip)
{
    struct nnc_graph *graph = read_good(GOLDEN("clip_relu6"));
    const struct nnc_node *node = find_op(graph, NNC_OP_ACTIVATION);
    ck_assert(node && node->activation.kind == NNC_ACT_CLIP);
    ck_assert(node->activation.alpha == 0 && node->activation.beta == 6);
    nnc_graph_destroy(graph);
}
END_TEST

START_TEST(same_padding_is_resolved)
{
    struct nnc_graph *graph = read_good(GOLDEN("conv_same_upper"));
    bool uneven = false;
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        const struct nnc_conv *conv = &graph->nodes[i].conv;
        if (graph->nodes[i].op == NNC_OP_CONV)
            uneven =
                uneven || conv->pad_end[0] > conv->pad_begin[0] || conv->pad_begin[0];
    }
    ck_assert(uneven);
    nnc_graph_destroy(graph);
}
END_TEST

START_TEST(matmul_by_a_constant_is_a_gemm)
{
    struct nnc_graph *graph = read_good(GOLDEN("matmul"));
    const struct nnc_node *node = find_op(graph, NNC_OP_GEMM);
    ck_assert(node && node->n_inputs == 3 && node->inputs[2] == NNC_NONE);
    ck_assert(!find_op(graph, NNC_OP_MATMUL));
    nnc_graph_destroy(graph);
}
END_TEST

START_TEST(attention_is_an_input)
{
    struct nnc_graph *graph = read_good(GOLDEN("nested_depth_2_presence"));
    ck_assert(graph->attention != NNC_NONE && graph->presence != NNC_NONE);
    ck_assert_int_eq(graph->values[graph->attention].kind, NNC_VALUE_ATTENTION);
    const struct nnc_node *gather = find_op(graph, NNC_OP_GATHER);
    ck_assert(gather && gather->inputs[0] == graph->attention);
    ck_assert_uint_eq(graph->values[gather->output].shape.rank, 0);
    ck_assert_uint_eq(graph->branches[0].gain, gather->gather.indices[0]);
    ck_assert(graph->branches[0].features != NNC_NONE);
    nnc_graph_destroy(graph);
}
END_TEST

/* Everything is in order: nodes after their inputs, every number inside its array. */
static void check_graph(const struct nnc_graph *graph)
{
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        const struct nnc_node *node = &graph->nodes[i];
        ck_assert_uint_lt(node->output, graph->n_values);
        ck_assert_uint_eq(graph->values[node->output].source, i);
        for (uint32_t k = 0; k < node->n_inputs; k++) {
            if (node->inputs[k] == NNC_NONE)
                continue;
            const struct nnc_value *input = &graph->values[node->inputs[k]];
            ck_assert_uint_lt(node->inputs[k], graph->n_values);
            ck_assert(input->kind != NNC_VALUE_NODE || input->source < i);
            ck_assert(input->kind != NNC_VALUE_TENSOR ||
                      input->source < graph->n_tensors);
        }
    }
    ck_assert_uint_lt(graph->logits, graph->n_values);
}

START_TEST(float16_weights_convert)
{
    struct nnc_graph *graph = read_good(GOLDEN("conv_weight_float16"));
    check_graph(graph);
    uint32_t found = NNC_NONE;
    for (uint32_t i = 0; i < graph->n_tensors; i++)
        if (graph->tensors[i].dtype == NNC_DTYPE_FLOAT16)
            found = i;
    ck_assert(found != NNC_NONE);
    float whole[4], last;
    const uint64_t n = nnc_shape_elements(&graph->tensors[found].shape);
    ck_assert(!nnc_graph_read_floats(graph, found, n - 4, 4, whole, NULL));
    ck_assert(!nnc_graph_read_floats(graph, found, n - 1, 1, &last, NULL));
    ck_assert(isfinite(last) && last == whole[3]);
    ck_assert_int_eq(nnc_graph_read_floats(graph, found, n, 1, &last, NULL),
                     NNC_INTERNAL);
    nnc_graph_destroy(graph);
}
END_TEST

/* The same weights in one piece, in pieces, and from memory. */
START_TEST(all_ways_to_read_agree)
{
    size_t size;
    uint8_t *bytes = read_file(GOLDEN("nested_depth_2"), &size);
    struct nnc_graph *file = read_good(GOLDEN("nested_depth_2")), *memory = NULL;
    ck_assert(!nnc_graph_read(NULL, bytes, size, &memory, NULL));
    memset(bytes, 0xee, size); /* they were copied */
    ck_assert_str_eq(memory->name, "(memory)");
    ck_assert_str_eq(file->name, "nested_depth_2.onnx");
    ck_assert_uint_eq(file->n_tensors, memory->n_tensors);
    for (uint32_t i = 0; i < file->n_tensors; i++) {
        const uint64_t n = nnc_shape_elements(&file->tensors[i].shape);
        if (file->tensors[i].dtype == NNC_DTYPE_INT)
            continue;
        float *a = malloc(n * sizeof *a), *b = malloc(n * sizeof *b);
        pread_at_most = 5;
        pread_errno = EINTR;
        ck_assert(!nnc_graph_read_floats(file, i, 0, n, a, NULL));
        pread_at_most = 0;
        ck_assert(!nnc_graph_read_floats(memory, i, 0, n, b, NULL));
        ck_assert(!memcmp(a, b, n * sizeof *a));
        free(a);
        free(b);
    }
    nnc_graph_destroy(file);
    nnc_graph_destroy(memory);
    free(bytes);
}
END_TEST

/* A15; all other file calls: `faults`. */
START_TEST(reading_in_pieces_and_errors)
{
    struct nnc_graph *graph = NULL;
    struct nnc_error error = {0};
    pread_errno = EINTR;
    pread_at_most = 100;
    graph = read_good(GOLDEN("relu"));
    pread_at_most = 0;
    nnc_graph_destroy(graph);
    pread_errno = EIO;
    ck_assert_int_eq(nnc_graph_read(GOLDEN("relu"), NULL, 0, &graph, &error), NNC_IO);
    ck_assert_msg(strstr(error.message, "Input/output error"), "%s", error.message);
}
END_TEST

/* G26 */
START_TEST(external_data_need_a_directory)
{
    size_t size;
    struct nnc_error error = {0};
    uint8_t *bytes = read_file(GOLDEN("conv_weights_external"), &size);
    ck_assert_int_eq(read_bytes(bytes, size, &error), NNC_EXTDATA);
    ck_assert_msg(strstr(error.message, "no base directory"), "%s", error.message);
    free(bytes);
}
END_TEST

enum change { OVERWRITE, TRUNCATE, APPEND, DELETE, REPLACE, N_CHANGES };

static void change_file(enum change change)
{
    const char *path = in_directory("model.onnx");
    const int fd = open(path, O_WRONLY);
    const struct timespec later[2] = {{.tv_sec = 5}, {.tv_sec = 5}};
    ck_assert_int_ge(fd, 0);
    switch (change) {
    case OVERWRITE: /* utimens: a clock tick may not have passed since the copy */
        ck_assert(pwrite(fd, "x", 1, 50) == 1 && !futimens(fd, later));
        break;
    case TRUNCATE:
        ck_assert(!ftruncate(fd, 0));
        break;
    case APPEND:
        ck_assert(lseek(fd, 0, SEEK_END) > 0 && write(fd, "x", 1) == 1);
        break;
    case DELETE:
        ck_assert(!unlink(path));
        break;
    default:
        write_file("new.onnx", "x", 1);
        ck_assert(!rename(in_directory("new.onnx"), path));
    }
    close(fd);
}

/* G22 to G25: G22, G23 (truncated) and G24 (overwritten) are refused when the next weights
 * are read, rather than the old bytes kept in memory of their own; what was read goes on
 * computing the same. G25, deleted: the file stays open. There is no mode that maps the
 * file (G30), hence no signal. */
START_TEST(weights_of_a_changed_file)
{
    static const enum nnc_status expected[N_CHANGES] = {NNC_CHANGED, NNC_CHANGED,
                                                        NNC_CHANGED, NNC_OK, NNC_OK};
    struct nnc_error error = {0};
    float value;
    copy_file(GOLDEN("relu"), "model.onnx");
    struct nnc_graph *graph = read_good(in_directory("model.onnx"));
    change_file((enum change)_i);
    const enum nnc_status status = nnc_graph_read_floats(graph, 0, 0, 1, &value, &error);
    ck_assert_msg(status == expected[_i], "change %d: %s", _i, error.message);
    nnc_graph_destroy(graph);
}
END_TEST

/* G29: both ways to open refuse the same names (kernels without openat2). */
START_TEST(opening_beneath)
{
    static const struct {
        const char *location;
        enum nnc_status status;
    } cases[] = {
        {"w.bin", NNC_OK},
        {"./w.bin", NNC_OK},
        {"d/w.bin", NNC_OK},
        {"d//w.bin", NNC_OK},
        {"d/./w.bin", NNC_OK},
        {"../x", NNC_PATH},
        {"d/../w.bin", NNC_PATH},
        {"/etc/passwd", NNC_PATH},
        {"", NNC_PATH},
        {".", NNC_PATH},
        {"..", NNC_PATH},
        {"d", NNC_PATH},
        {"d/", NNC_PATH},
        {"link", NNC_PATH},
        {"up/etc/passwd", NNC_PATH},
        {"to_d/w.bin", NNC_PATH},
        {"d/to_w", NNC_PATH},
        {"broken", NNC_PATH},
        {"fifo", NNC_PATH},
        {"hard", NNC_PATH},
        {"absent", NNC_NOT_FOUND},
        {"absent/w.bin", NNC_NOT_FOUND},
        {"w.bin/x", NNC_NOT_FOUND},
        {"%2e%2e/x", NNC_NOT_FOUND},
        {"..\\x", NNC_NOT_FOUND},
    };
    const int base = open(directory, O_PATH | O_DIRECTORY);
    mkdir(in_directory("d"), 0700);
    write_file("w.bin", "abcd", 4);
    write_file("d/w.bin", "abcd", 4);
    write_file("hard", "abcd", 4);
    ck_assert(!link(in_directory("hard"), in_directory("hard2")));
    ck_assert(!symlink("w.bin", in_directory("link")) &&
              !symlink("/", in_directory("up")));
    ck_assert(!symlink("d", in_directory("to_d")) &&
              !symlink("w.bin", in_directory("d/to_w")));
    ck_assert(!symlink("gone", in_directory("broken")));
    ck_assert(!mkfifo(in_directory("fifo"), 0600));
    for (size_t i = 0; i < 2 * (sizeof cases / sizeof *cases); i++) {
        struct nnc_error error = {0};
        int fd = -1;
        const char *location = cases[i / 2].location;
        const enum nnc_status status =
            nnc_open_beneath(base, location, strlen(location), i % 2, &fd, &error);
        ck_assert_msg(status == cases[i / 2].status, "'%s' %s: %s (%s)", location,
                      i % 2 ? "plainly" : "by the kernel", nnc_status_name(status),
                      error.message);
        if (!status)
            close(fd);
    }
    close(base);
}
END_TEST

static _Atomic bool racing;

/* Lets "d" be a directory and a link to somewhere else by turns. */
static void *swap_directory(void *unused)
{
    for (unsigned i = 1; racing; i++) {
        renameat2(AT_FDCWD, in_directory("d"), AT_FDCWD, in_directory("evil"),
                  RENAME_EXCHANGE);
        if (i % 32 == 0)
            usleep(20); /* or the kernel finds a race in every look-up, and refuses them all */
    }
    return unused;
}

/* G28 */
START_TEST(directory_swapped_for_a_link)
{
    enum { ROUNDS = 3000 };
    pthread_t thread;
    unsigned opened = 0;
    mkdir(in_directory("d"), 0700);
    mkdir(in_directory("inner"), 0700);
    write_file("d/w.bin", "good", 4);
    ck_assert(!symlink("/etc", in_directory("evil")));
    write_file("inner/w.bin", "evil", 4);
    ck_assert(!unlink(in_directory("evil")) && !symlink("inner", in_directory("evil")));
    const int base = open(directory, O_PATH | O_DIRECTORY);
    racing = true;
    ck_assert(!pthread_create(&thread, NULL, swap_directory, NULL));
    for (int i = 0; i < ROUNDS || (!opened && i < 100 * ROUNDS); i++) {
        int fd;
        char content[4];
        const enum nnc_status status =
            nnc_open_beneath(base, "d/w.bin", 7, i % 2, &fd, NULL);
        ck_assert_msg(status == NNC_OK || status == NNC_PATH || status == NNC_NOT_FOUND,
                      "%s", nnc_status_name(status));
        if (status)
            continue;
        opened++;
        ck_assert_int_eq(__real_pread64(fd, content, 4, 0), 4);
        ck_assert_msg(!memcmp(content, "good", 4), "a link was followed");
        close(fd);
    }
    racing = false;
    pthread_join(thread, NULL);
    close(base);
    ck_assert_uint_gt(opened, 0);
}
END_TEST

/* One round of a writer that replaces the model by rename or writes it in place. */
static void *rewrite_model(void *argument)
{
    const bool in_place = argument != NULL;
    size_t size;
    uint8_t *bytes = read_file(GOLDEN("relu"), &size);
    while (racing) {
        write_file(in_place ? "model.onnx" : "next.onnx", bytes, size);
        if (!in_place)
            rename(in_directory("next.onnx"), in_directory("model.onnx"));
    }
    free(bytes);
    return NULL;
}

/* A13, by rename: always whole. A14, in place: whole, or noticed. */
START_TEST(replaced_while_loading)
{
    enum { ROUNDS = 1000 };
    pthread_t thread;
    const bool in_place = _i;
    copy_file(GOLDEN("relu"), "model.onnx");
    racing = true;
    ck_assert(!pthread_create(&thread, NULL, rewrite_model, in_place ? &racing : NULL));
    for (int i = 0; i < ROUNDS; i++) {
        struct nnc_graph *graph = NULL;
        struct nnc_error error = {0};
        char path[128];
        snprintf(path, sizeof path, "%s/model.onnx", directory);
        const enum nnc_status status = nnc_graph_read(path, NULL, 0, &graph, &error);
        /* in place, a writer also leaves the file empty or short for a while */
        ck_assert_msg(!status ||
                          (in_place && (status == NNC_CHANGED || status == NNC_PARSE ||
                                        status == NNC_TRUNCATED)),
                      "%s", error.message);
        nnc_graph_destroy(graph);
    }
    racing = false;
    pthread_join(thread, NULL);
}
END_TEST

START_TEST(cut_anywhere)
{
    size_t size;
    uint8_t *bytes = read_file(GOLDEN("nested_depth_1"), &size);
    for (size_t n = 0; n < size; n++) {
        uint8_t *cut = malloc(n ? n : 1); /* exact, so that a sanitizer sees overruns */
        memcpy(cut, bytes, n);
        ck_assert_msg(read_bytes(cut, n, NULL) != NNC_OK, "loads when cut at %zu", n);
        free(cut);
    }
    free(bytes);
}
END_TEST

static uint64_t random_state;

static uint32_t random_below(uint32_t n)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random_state >> 33) % n;
}

static void damage(uint8_t *bytes, size_t size)
{
    static const uint8_t nasty[] = {0x00, 0x01, 0x7f, 0x80, 0xff, 0x08, 0x0a, 0x12};
    for (uint32_t n = 1 + random_below(4); n; n--) {
        uint8_t *at = &bytes[random_below((uint32_t)size)];
        switch (random_below(3)) {
        case 0:
            *at ^= (uint8_t)(1u << random_below(8));
            break;
        case 1:
            *at = nasty[random_below(sizeof nasty)];
            break;
        default:
            *at = (uint8_t)(*at + random_below(5) - 2);
        }
    }
}

START_TEST(damaged_bytes)
{
    static const char *const models[] = {
        GOLDEN("nested_depth_2_presence"),
        GOLDEN("max_pool_ceil_padded"),
        GOLDEN("slice_backwards"),
        GOLDEN("pad_axes"),
        GOLDEN("reshape_rest"),
        GOLDEN("split_num_outputs_uneven"),
        GOLDEN("gemm_trans_a"),
        GOLDEN("conv_weight_float16"),
        GOLDEN("mul_outer_product"),
        GOLDEN("stack_pad_and_transpose"),
    };
    enum { ROUNDS = 3000 };
    size_t size;
    unsigned loaded = 0;
    uint8_t *bytes = read_file(models[_i], &size), *work = malloc(size);
    random_state = 1000 + (unsigned)_i;
    for (int i = 0; i < ROUNDS; i++) {
        struct nnc_graph *graph = NULL;
        struct nnc_error error = {0};
        memcpy(work, bytes, size);
        damage(work, size);
        const enum nnc_status status = nnc_graph_read(NULL, work, size, &graph, &error);
        ck_assert_msg(status != NNC_INTERNAL, "model %d, round %d: %s", _i, i,
                      error.message);
        if (!status)
            check_graph(graph);
        loaded += !status;
        nnc_graph_destroy(graph);
    }
    ck_assert_uint_gt(loaded, 0); /* else the damage would be too great to test much */
    free(bytes);
    free(work);
}
END_TEST

/* Without memory, from every allocation on: NNC_NOMEM and nothing left behind. */
START_TEST(failing_allocations)
{
    size_t size;
    enum nnc_status status = NNC_NOMEM;
    uint8_t *bytes = read_file(GOLDEN("conv_weights_as_numbers"), &size);
    int n = 0;
    for (; status == NNC_NOMEM; n++) {
        struct nnc_error error = {0};
        allocations_left = n;
        status = read_bytes(bytes, size, &error);
        allocations_left = -1;
        ck_assert_msg(!status || status == NNC_NOMEM, "allocation %d: %s", n,
                      error.message);
        ck_assert_int_lt(n, 10000);
    }
    ck_assert_int_gt(n, 3);
    free(bytes);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("reader");
    TCase *plain = tcase_create("reader"), *files = tcase_create("files");
    tcase_set_timeout(plain, 120);
    tcase_add_loop_test(plain, varints, 0, 9);
    tcase_add_test(plain, clean_names);
    tcase_add_test(plain, relu6_is_a_clip);
    tcase_add_test(plain, same_padding_is_resolved);
    tcase_add_test(plain, matmul_by_a_constant_is_a_gemm);
    tcase_add_test(plain, attention_is_an_input);
    tcase_add_test(plain, float16_weights_convert);
    tcase_add_test(plain, all_ways_to_read_agree);
    tcase_add_test(plain, reading_in_pieces_and_errors);
    tcase_add_test(plain, external_data_need_a_directory);
    tcase_add_test(plain, cut_anywhere);
    tcase_add_loop_test(plain, damaged_bytes, 0, 10);
    tcase_add_test(plain, failing_allocations);
    suite_add_tcase(suite, plain);
    tcase_set_timeout(files, 120);
    tcase_add_checked_fixture(files, make_directory, remove_directory);
    tcase_add_loop_test(files, weights_of_a_changed_file, 0, N_CHANGES);
    tcase_add_test(files, opening_beneath);
    tcase_add_test(files, directory_swapped_for_a_link);
    tcase_add_loop_test(files, replaced_while_loading, 0, 2);
    suite_add_tcase(suite, files);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
