/* SPDX-License-Identifier: MIT */

/* The command `nnc-camera`: which cameras there are, what they can do, which mode suits.
 * Exit codes are a contract: 0 done, 2 wrong usage, 1 everything else. */

#include "camera_cli.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: nnc-camera list\n"
    "       nnc-camera modes [DEVICE]\n"
    "       nnc-camera probe [DEVICE] [--model FILE] [--size WxH] [--rate N[/D]]\n"
    "\n"
    "  list   the cameras that there are, with a line for gst-launch each\n"
    "  modes  what a camera can give: formats, sizes, frames per second\n"
    "  probe  which mode costs least for what is wanted, and whether it runs: takes "
    "some\n"
    "         frames and prints the line for gst-launch\n"
    "\n"
    "DEVICE is a path, a serial number, a name or part of a name; without it, the first\n"
    "camera.\n"
    "\n"
    "  --model FILE    wanted is what this network looks at\n"
    "  --size WxH      wanted are at least so many pixels (default 640x480)\n"
    "  --rate N[/D]    wanted are at least so many frames per second (default 30)\n"
    "  --json          one JSON object per line\n"
    "  --help          this text\n"
    "\n"
    "Fields of --json: device, name, driver, bus, serial (each); launch (list, probe);\n"
    "format, width, height, converted, rates (modes); mode, why, frames, "
    "frames-per-second,\n"
    "lost, corrupted, dmabuf, crop, controls (probe).\n"
    "Exit codes: 0 done, 2 wrong usage, 1 everything else.\n";

static const struct {
    const char *name;
    int (*run)(const struct camera_cli_options *options);
    bool takes_device, takes_wish;
} commands[] = {{"list", camera_cli_list, false, false},
                {"modes", camera_cli_modes, true, false},
                {"probe", camera_cli_probe, true, true}};

#define N_COMMANDS (sizeof commands / sizeof *commands)

static int refuse(const char *what, const char *value)
{
    fprintf(stderr, "nnc-camera: %s '%s'; see nnc-camera --help\n", what, value);
    return CAMERA_CLI_USAGE;
}

static bool read_size(const char *text, struct camera_cli_options *options)
{
    char rest;

    return sscanf(text, "%5ux%5u%c", &options->width, &options->height, &rest) == 2 &&
           options->width && options->height;
}

static bool read_rate(const char *text, struct nnc_camera_rate *rate)
{
    char rest;

    rate->d = 1;
    const int n = sscanf(text, "%7u/%7u%c", &rate->n, &rate->d, &rest);
    return rate->n && rate->d &&
           (n == 2 || (n == 1 && !text[strspn(text, "0123456789")]));
}

static int parse(int argc, char **argv, struct camera_cli_options *options)
{
    static const struct option names[] = {
        {"model", required_argument, NULL, 'm'}, {"size", required_argument, NULL, 's'},
        {"rate", required_argument, NULL, 'r'},  {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},        {NULL, 0, NULL, 0}};

    for (int found; (found = getopt_long(argc, argv, "h", names, NULL)) != -1;) {
        if (found == 'm')
            options->model = optarg;
        else if (found == 'j')
            options->json = true;
        else if (found == 's' && !read_size(optarg, options))
            return refuse("--size takes WIDTHxHEIGHT, not", optarg);
        else if (found == 'r' && !read_rate(optarg, &options->rate))
            return refuse("--rate takes frames per second, N or N/D, not", optarg);
        else if (found == 'h') {
            fputs(help, stdout);
            exit(CAMERA_CLI_OK);
        } else if (found == '?')
            return CAMERA_CLI_USAGE;
    }
    return CAMERA_CLI_OK;
}

int main(int argc, char **argv)
{
    struct camera_cli_options options = {.device = NULL};
    const int status = parse(argc, argv, &options);
    size_t i = 0;

    if (status)
        return status;
    if (optind == argc) {
        fputs(help, stderr);
        return CAMERA_CLI_USAGE;
    }
    while (i < N_COMMANDS && strcmp(commands[i].name, argv[optind]))
        i++;
    if (i == N_COMMANDS)
        return refuse("there is no command", argv[optind]);
    if (commands[i].takes_device && optind + 1 < argc)
        options.device = argv[++optind];
    if (++optind < argc)
        return refuse("too much is", argv[optind]);
    if (!commands[i].takes_wish && (options.model || options.width || options.rate.n))
        return refuse("--model, --size and --rate do not go with", commands[i].name);
    return commands[i].run(&options);
}
