/* SPDX-License-Identifier: MIT */
#ifndef NNC_CAMERA_ERROR_H
#define NNC_CAMERA_ERROR_H

/* What goes wrong with cameras, in kinds that call for different answers, and in
 * sentences that say what to do. */

enum nnc_camera_trouble {
    NNC_CAMERA_OK = 0,
    NNC_CAMERA_AGAIN,       /* nothing is wrong: there is no frame or event just now */
    NNC_CAMERA_ABSENT,      /* there is no such device */
    NNC_CAMERA_DENIED,      /* no permission */
    NNC_CAMERA_BUSY,        /* another program has it */
    NNC_CAMERA_UNFIT,       /* a device, but none that gives pictures this way */
    NNC_CAMERA_UNSUPPORTED, /* the device cannot do what is asked of it */
    NNC_CAMERA_BANDWIDTH,   /* the USB bus has no room for the stream */
    NNC_CAMERA_LOST, /* it was there and is gone or broken: trying again may help */
};

struct nnc_camera_error {
    enum nnc_camera_trouble trouble;
    int number; /* errno, or 0 */
    char message[512];
};

/* "lost", "busy" and so on; never NULL. */
const char *nnc_camera_trouble_name(enum nnc_camera_trouble trouble);

/* Writes a sentence; answers `trouble`. `error` may be NULL, here and below. */
enum nnc_camera_trouble nnc_camera_fail(struct nnc_camera_error *error,
                                        enum nnc_camera_trouble trouble,
                                        const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for a call that failed with errno `number` on the device `path`: finds the
 * kind of trouble, and adds what the number means for cameras. `what` says what was
 * tried. */
enum nnc_camera_trouble nnc_camera_fail_call(struct nnc_camera_error *error,
                                             const char *path, const char *what,
                                             int number);

#endif
