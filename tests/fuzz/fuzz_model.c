/* SPDX-License-Identifier: MIT */
/* libFuzzer target: any bytes as a model. Seeds are the golden models and the corpus of
 * bad ones:
 *
 *     CC=clang meson setup build-fuzz -Db_sanitize=address,undefined -Db_lundef=false
 *     ninja -C build-fuzz tests/fuzz/fuzz_model
 *     build-fuzz/tests/fuzz/fuzz_model corpus/ tests/golden/ops/
 */

#include "graph/graph.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Reads all that was promised to be readable. */
static void read_tensors(const struct nnc_graph *graph)
{
    enum { ROOM = 4096 };
    static float values[ROOM];
    for (uint32_t i = 0; i < graph->n_tensors; i++) {
        const uint64_t n = nnc_shape_elements(&graph->tensors[i].shape);
        if (graph->tensors[i].dtype != NNC_DTYPE_INT &&
            nnc_graph_read_floats(graph, i, 0, n < ROOM ? n : ROOM, values, NULL))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct nnc_graph *graph = NULL;
    struct nnc_error error = {0};
    if (!size)
        return 0;
    const enum nnc_status status = nnc_graph_read(NULL, bytes, size, &graph, &error);
    if (status == NNC_INTERNAL || (status && !error.message[0]))
        abort();
    if (!status)
        read_tensors(graph);
    nnc_graph_destroy(graph);
    return 0;
}
