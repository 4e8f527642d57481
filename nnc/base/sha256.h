/* SPDX-License-Identifier: MIT */
#ifndef NNC_BASE_SHA256_H
#define NNC_BASE_SHA256_H

/* SHA-256 (FIPS 180-4), to say of a file which one it was. Threads: single. */

#include <stddef.h>
#include <stdint.h>

struct nnc_sha256 {
    uint32_t state[8];
    uint64_t size; /* bytes so far */
    uint8_t block[64];
};

void nnc_sha256_init(struct nnc_sha256 *hash);
void nnc_sha256_add(struct nnc_sha256 *hash, const void *bytes, size_t size);

/* The digest in hexadecimal, 64 digits and a zero. */
enum { NNC_SHA256_TEXT = 65 };
void nnc_sha256_text(struct nnc_sha256 *hash, char text[NNC_SHA256_TEXT]);

#endif
