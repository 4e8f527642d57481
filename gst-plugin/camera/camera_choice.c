/* SPDX-License-Identifier: MIT */

#include "camera_choice.h"

#include <stdio.h>

/* What a byte costs that the driver copies or the bus brings, and that is read once from
 * memory; and what libv4l2 takes for a pixel (Bayer to RGB). Orders of magnitude are
 * enough: they decide between modes that differ by factors. */
#define NS_PER_BYTE 0.2
#define NS_PER_CONVERTED_PIXEL 5.0

const struct nnc_camera_wish nnc_camera_usual_wish = {640, 480, {30, 1}, false};

static double number(struct nnc_camera_rate rate)
{
    return rate.n && rate.d ? (double)rate.n / rate.d : 0;
}

double nnc_camera_cost(const struct nnc_camera_mode *mode)
{
    const double pixels = (double)mode->width * mode->height;
    const double bytes =
        (double)nnc_camera_format_bytes(mode->format, mode->width, mode->height);
    const double decoding =
        mode->format->decode_ns + (mode->converted ? NS_PER_CONVERTED_PIXEL : 0);
    /* Unknown rates are taken to be the usual one. */
    const double rate = mode->rate.n ? number(mode->rate) : 30;

    return rate * (bytes * NS_PER_BYTE + pixels * decoding);
}

static double ratio(double wanted, double given)
{
    return given > 0 && wanted > given ? wanted / given : 1;
}

static double shortfall_of(const struct nnc_camera_mode *mode,
                           const struct nnc_camera_wish *wish)
{
    const double size =
        ratio(wish->width, mode->width) * ratio(wish->height, mode->height);
    const double rate = mode->rate.n ? ratio(number(wish->rate), number(mode->rate)) : 1;
    /* A network that was trained on colours sees little in gray. */
    const double color = !mode->format->color && !wish->gray ? 16 : 1;

    return size * rate * color;
}

static uint32_t fit(struct nnc_camera_range range, uint32_t wanted)
{
    if (wanted <= range.low)
        return range.low;
    if (wanted >= range.high)
        return range.high;
    const uint32_t steps = (wanted - range.low + range.step - 1) / range.step;
    const uint64_t value = range.low + (uint64_t)steps * range.step;
    return value < range.high ? (uint32_t)value : range.high;
}

static struct nnc_camera_rate clamp(struct nnc_camera_rate wanted,
                                    struct nnc_camera_rate slowest,
                                    struct nnc_camera_rate fastest)
{
    if (number(wanted) <= number(slowest))
        return slowest;
    return number(wanted) >= number(fastest) ? fastest : wanted;
}

static bool is_better(const struct nnc_camera_choice *a,
                      const struct nnc_camera_choice *b)
{
    if (!b->mode.format || a->shortfall != b->shortfall)
        return !b->mode.format || a->shortfall < b->shortfall;
    return a->cost < b->cost;
}

static bool is_alike(const struct nnc_camera_mode *a, const struct nnc_camera_mode *b)
{
    return a->format == b->format && a->width == b->width && a->height == b->height;
}

static void consider(struct nnc_camera_choice *best, struct nnc_camera_choice *second,
                     unsigned row, const struct nnc_camera_mode *mode,
                     const struct nnc_camera_wish *wish)
{
    const struct nnc_camera_choice candidate = {.mode = *mode,
                                                .row = row,
                                                .cost = nnc_camera_cost(mode),
                                                .shortfall = shortfall_of(mode, wish),
                                                .n_considered = best->n_considered + 1,
                                                .n_meeting = best->n_meeting};
    const unsigned meets = candidate.shortfall <= 1;

    if (is_better(&candidate, best)) {
        if (best->mode.format && !is_alike(&best->mode, mode))
            *second = *best;
        *best = candidate;
    } else {
        if (!is_alike(&best->mode, mode) && is_better(&candidate, second))
            *second = candidate;
        best->n_considered++;
    }
    best->n_meeting += meets;
}

static void consider_rates(struct nnc_camera_choice *best,
                           struct nnc_camera_choice *second, unsigned row,
                           const struct nnc_camera_offer *offer,
                           const struct nnc_camera_wish *wish)
{
    struct nnc_camera_mode mode = {offer->format,
                                   offer->converted,
                                   fit(offer->width, wish->width),
                                   fit(offer->height, wish->height),
                                   {0, 1}};

    if (!offer->n_rates)
        consider(best, second, row, &mode, wish);
    if (offer->any_rate_between) {
        mode.rate = clamp(wish->rate, offer->rates[0], offer->rates[1]);
        consider(best, second, row, &mode, wish);
        return;
    }
    for (unsigned i = 0; i < offer->n_rates; i++) {
        mode.rate = offer->rates[i];
        consider(best, second, row, &mode, wish);
    }
}

bool nnc_camera_choose(const struct nnc_camera_offers *offers,
                       const struct nnc_camera_wish *wish,
                       struct nnc_camera_choice *choice)
{
    struct nnc_camera_choice second = {.row = 0};

    *choice = (struct nnc_camera_choice){.row = 0};
    for (unsigned row = 0; row < offers->n; row++)
        consider_rates(choice, &second, row, &offers->rows[row], wish);
    choice->runner_up = second.mode;
    choice->runner_up_cost = second.cost;
    return choice->mode.format != NULL;
}

const char *nnc_camera_choice_explain(const struct nnc_camera_choice *choice,
                                      const struct nnc_camera_wish *wish, char *text,
                                      size_t size)
{
    char mode[64], other[64], next[128] = "";

    if (choice->runner_up.format)
        snprintf(next, sizeof next, "; next: %s, %.1f ms",
                 nnc_camera_mode_print(&choice->runner_up, other, sizeof other),
                 choice->runner_up_cost / 1e6);
    snprintf(
        text, size,
        "%s%s, some %.1f ms of a core per second: %s %ux%u at %u/%u frames/s%s (%u of "
        "%u modes do)%s",
        nnc_camera_mode_print(&choice->mode, mode, sizeof mode),
        choice->mode.converted ? " (converted by libv4l2)" : "", choice->cost / 1e6,
        choice->shortfall <= 1 ? "the cheapest that gives" : "the nearest to",
        wish->width, wish->height, wish->rate.n, wish->rate.d,
        wish->gray ? "" : " in colour", choice->n_meeting, choice->n_considered, next);
    return text;
}
