/* SPDX-License-Identifier: MIT */
/* Any text as the entries of a tensor's external data: lines are keys and values by turns.
 * The model's directory holds a good file, a folder, links in and out, a hard link, a FIFO;
 * above it lies a file with other numbers. What loads has the good numbers, all of them, and
 * never those from outside; no descriptor stays open. */

#include "onnx_writer.h"
#include "refusal.h"

#include "graph/graph.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

enum { N_WEIGHTS = 12, MOST_ENTRIES = 32 };
static const float GOOD = 1, OUTSIDE = 2;

static char top[] = "/tmp/nnc-fuzz-external-XXXXXX";

static void fill(const char *name, float value, size_t n)
{
    FILE *const file = fopen(name, "wb");
    for (size_t i = 0; file && i < n; i++)
        fwrite(&value, sizeof value, 1, file);
    REQUIRE(file && !fclose(file), "%s", name);
}

static void remove_all(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", top);
    if (system(command))
        perror(command);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    REQUIRE(mkdtemp(top) && !chdir(top) && !mkdir("in", 0700) && !mkdir("in/a", 0700),
            "%s", top);
    atexit(remove_all);
    fill("outside.bin", OUTSIDE, N_WEIGHTS);
    fill("in/w.bin", GOOD, N_WEIGHTS);
    fill("in/a/w.bin", GOOD, 2 * N_WEIGHTS);
    fill("in/empty", GOOD, 0);
    fill("in/short", GOOD, 3);
    fill("in/hard", OUTSIDE, N_WEIGHTS);
    REQUIRE(!link("in/hard", "hard2") && !symlink("w.bin", "in/l") &&
                !symlink("../outside.bin", "in/o") && !symlink("..", "in/up") &&
                !mkfifo("in/fifo", 0600),
            "%s", top);
    return 0;
}

/* A picture of 2x2, a convolution by the external weights, a mean, four classes. */
static void write_model(const char *text, size_t size)
{
    static const struct dims picture = {4, {1, 3, 2, 2}}, weights = {4, {4, 3, 1, 1}},
                             logits = {2, {1, 4}};
    static const int64_t minus_one[] = {1, -1};
    struct onnx onnx = {.opset = 17};
    struct bytes file = {0};
    const char *entries[2 * MOST_ENTRIES];
    size_t sizes[2 * MOST_ENTRIES], n = 0;
    while (n < 2 * MOST_ENTRIES && size) {
        const char *const end = memchr(text, '\n', size);
        entries[n] = text;
        sizes[n++] = end ? (size_t)(end - text) : size;
        const size_t used = sizes[n - 1] + (end != NULL);
        text += used;
        size -= used;
    }
    onnx_input(&onnx, 0, &picture);
    onnx_external(&onnx, 1, &weights, entries, sizes, n / 2);
    onnx_integers(&onnx, 4, &(struct dims){1, {2}}, minus_one);
    onnx_node(&onnx, "Conv", (uint32_t[]){0, 1}, 2, (uint32_t[]){2}, 1);
    onnx_node(&onnx, "GlobalAveragePool", (uint32_t[]){2}, 1, (uint32_t[]){3}, 1);
    onnx_node(&onnx, "Reshape", (uint32_t[]){3, 4}, 2, (uint32_t[]){5}, 1);
    onnx_output(&onnx, 5, &logits);
    bytes_print(&onnx.taxonomy,
                "{\"version\":1,\"input\":{\"name\":\"v0\",\"size\":[2,2],\"channels\":"
                "\"RGB\",\"mean\":[0,0,0],\"std\":[1,1,1]},\"logits\":\"v5\",\"categories\":"
                "[{\"name\":\"a\",\"logit\":0},{\"name\":\"b\",\"logit\":1},"
                "{\"name\":\"c\",\"logit\":2},{\"name\":\"d\",\"logit\":3}]}");
    onnx_encode(&onnx, &file);
    onnx_free(&onnx);
    FILE *const out = fopen("in/model.onnx", "wb");
    REQUIRE(out && fwrite(file.data, 1, file.size, out) == file.size && !fclose(out), "%s",
            "in/model.onnx");
    bytes_free(&file);
}

static int count_descriptors(void)
{
    int n = 0;
    DIR *const directory = opendir("/proc/self/fd");
    while (directory && readdir(directory))
        n++;
    if (directory)
        closedir(directory);
    return n;
}

static void check_weights(const struct nnc_graph *graph)
{
    for (uint32_t i = 0; i < graph->n_tensors; i++) {
        float values[N_WEIGHTS];
        if (graph->tensors[i].dtype == NNC_DTYPE_INT)
            continue;
        REQUIRE(nnc_shape_elements(&graph->tensors[i].shape) == N_WEIGHTS, "weights");
        REQUIRE(!nnc_graph_read_floats(graph, i, 0, N_WEIGHTS, values, NULL), "weights");
        for (int k = 0; k < N_WEIGHTS; k++)
            REQUIRE(values[k] != OUTSIDE, "read from outside");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct nnc_graph *graph = NULL;
    struct nnc_error error = {0};
    write_model((const char *)bytes, size);
    const int before = count_descriptors();
    const enum nnc_status status = nnc_graph_read("in/model.onnx", NULL, 0, &graph, &error);
    check_refusal(status, &error);
    REQUIRE(!strstr(error.message, top) || memmem(bytes, size, top, strlen(top)),
            "the directory in '%s'", error.message);
    if (!status)
        check_weights(graph);
    nnc_graph_destroy(graph);
    REQUIRE(count_descriptors() == before, "descriptors stay open");
    return 0;
}
