/* SPDX-License-Identifier: MIT */
/* Says what a file is that turned out to be no model: the usual mistakes are a download
 * that gave a web page or a pointer, and a model of another format. */

#include "records.h"

#include <string.h>

static bool starts_with(const uint8_t *bytes, uint64_t size, const char *magic, size_t n)
{
    return size >= n && !memcmp(bytes, magic, n);
}

static bool looks_like_text(const uint8_t *bytes, uint64_t size)
{
    const uint64_t n = size < 64 ? size : 64;
    for (uint64_t i = 0; i < n; i++)
        if (bytes[i] != '\n' && bytes[i] != '\r' && bytes[i] != '\t' &&
            (bytes[i] < 0x20 || bytes[i] == 0x7f))
            return false;
    return n >= 4 && bytes[0] < 0x80;
}

const char *nnc_onnx_guess_format(const uint8_t *bytes, uint64_t size)
{
    static const struct {
        const char *magic;
        size_t size;
        const char *name;
    } formats[] = {
        {"version https://git-lfs", 23, "it is a Git LFS pointer, not the file itself"},
        {"\x1f\x8b", 2, "it is gzip data"},
        {"PK\x03\x04", 4, "it is a zip archive"},
        {"GGUF", 4, "it is a GGUF model"},
        {"\x7f"
         "ELF",
         4, "it is an ELF program"},
        {"\x89HDF", 4, "it is an HDF5 file"},
    };
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (starts_with(bytes, size, formats[i].magic, formats[i].size))
            return formats[i].name;
    if (size >= 8 && !memcmp(bytes + 4, "TFL3", 4))
        return "it is a TFLite model";
    return looks_like_text(bytes, size) ? "it looks like text" : NULL;
}
