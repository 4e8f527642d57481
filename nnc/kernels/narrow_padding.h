/* SPDX-License-Identifier: MIT */
/* What the taps that fall on padding have to do with sums of narrow numbers. After skipped_tap. */

/* Whether taps on padding have a part in a block's sums: with bytes whose zero is 0 they have
 * none. */
static bool padding_counts(const float *packed, uint32_t taps)
{
    ivec any = {0};
    if (!skipped_tap(packed, 0))
        return false;
    for (size_t k = 0; k < (size_t)NNC_BLOCK * taps; k += VEC)
        any |= (ivec)vec_load(skipped_tap(packed, 0) + k);
    int32_t lanes[VEC], all = 0;
    memcpy(lanes, &any, sizeof lanes);
    for (int k = 0; k < VEC; k++)
        all |= lanes[k];
    return all;
}
