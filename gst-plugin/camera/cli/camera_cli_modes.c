/* SPDX-License-Identifier: MIT */

#include "camera_cli.h"

#include <stdio.h>

static void print_side(struct nnc_camera_range range, char *text, size_t size)
{
    if (range.low == range.high)
        snprintf(text, size, "%u", range.low);
    else
        snprintf(text, size, "%u..%u", range.low, range.high);
}

static void print_row(const struct nnc_camera_offer *offer)
{
    char width[32], height[32], size[72], rate[24];

    print_side(offer->width, width, sizeof width);
    print_side(offer->height, height, sizeof height);
    snprintf(size, sizeof size, "%s x %s", width, height);
    printf("  %-9s %-24s", offer->format->name, size);
    for (unsigned i = 0; i < offer->n_rates; i++) {
        camera_cli_print_rate(offer->rates[i], rate, sizeof rate);
        printf("%s%s", i ? (offer->any_rate_between ? ".." : ", ") : "", rate);
    }
    printf("%s%s\n", offer->n_rates ? " frames/s" : "its own rate",
           offer->converted ? " (converted by libv4l2)" : "");
}

static json_t *side(struct nnc_camera_range range)
{
    return range.low == range.high
               ? json_integer(range.low)
               : json_pack("[i, i, i]", (int)range.low, (int)range.high, (int)range.step);
}

static void print_row_json(const struct nnc_camera *camera,
                           const struct nnc_camera_offer *offer)
{
    json_t *const object = camera_cli_identity(&camera->identity, camera->path);
    json_t *const rates = json_array();

    for (unsigned i = 0; i < offer->n_rates; i++)
        json_array_append_new(
            rates, json_pack("[i, i]", (int)offer->rates[i].n, (int)offer->rates[i].d));
    json_object_set_new(object, "format", json_string(offer->format->name));
    json_object_set_new(object, "width", side(offer->width));
    json_object_set_new(object, "height", side(offer->height));
    json_object_set_new(object, "converted", json_boolean(offer->converted));
    json_object_set_new(object, "rates", rates);
    camera_cli_print_json(object);
}

int camera_cli_modes(const struct camera_cli_options *options)
{
    struct nnc_camera_offers offers = {.rows = NULL};
    struct nnc_camera camera;
    const int status = camera_cli_open(options, &camera, &offers);

    if (status)
        return status;
    if (!options->json)
        printf("%s  %s\n", camera.path, camera.identity.card);
    for (unsigned i = 0; i < offers.n; i++) {
        if (options->json)
            print_row_json(&camera, &offers.rows[i]);
        else
            print_row(&offers.rows[i]);
    }
    nnc_camera_offers_clear(&offers);
    nnc_camera_close(&camera);
    return CAMERA_CLI_OK;
}
