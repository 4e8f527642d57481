/* SPDX-License-Identifier: MIT */
/* Experts as files: what their metadata say, where they may be written, and what happens
 * when a disk, a file or memory fails. What they compute is tested in tests/experts. */

#include "../fuzz/onnx_writer.h"
#include "base/sha256.h"
#include "counted_malloc.h"
#include "onnx/records.h"
#include "runtime_fixture.h"
#include "test_directory.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the next call of each does instead of its work; 0: its work. */
static int write_errno, fsync_errno, rename_errno;
static size_t write_at_most; /* bytes a call; 0: all */

ssize_t __real_write(int fd, const void *bytes, size_t size);
ssize_t __wrap_write(int fd, const void *bytes, size_t size);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);

static bool fails(int *number)
{
    if (!*number)
        return false;
    errno = *number;
    *number = 0;
    return true;
}

ssize_t __wrap_write(int fd, const void *bytes, size_t size)
{
    if (fails(&write_errno))
        return -1;
    return __real_write(fd, bytes, write_at_most && size > write_at_most ? write_at_most : size);
}

int __wrap_fsync(int fd)
{
    return fails(&fsync_errno) ? -1 : __real_fsync(fd);
}

int __wrap_rename(const char *from, const char *to)
{
    return fails(&rename_errno) ? -1 : __real_rename(from, to);
}

static int n_files(void)
{
    int n = 0;
    DIR *const dir = opendir(directory);
    for (const struct dirent *entry; (entry = readdir(dir));)
        n += entry->d_name[0] != '.';
    closedir(dir);
    return n;
}

/* A copy of a recorded model in the directory. */
static struct nnc_model *open_copy(const char *name)
{
    struct nnc_model *model = NULL;
    struct nnc_error error;
    char from[512];
    snprintf(from, sizeof from, "%s/%s.onnx", NNC_GOLDEN_DIR, name);
    copy_file(from, "model.onnx");
    ck_assert_msg(!nnc_model_open(in_directory("model.onnx"), NULL, &model, &error), "%s",
                  error.message);
    return model;
}

/* One entry of a file's metadata; to be released. */
static json_t *metadata(const void *bytes, size_t size, const char *wanted)
{
    struct nnc_wire wire = {bytes, 0, size};
    struct nnc_field field, member;
    while (nnc_wire_each(&wire, &field)) {
        struct nnc_wire entry = {bytes, field.begin, field.end};
        if (field.number != 14 || !nnc_wire_each(&entry, &member) ||
            member.end - member.begin != strlen(wanted) ||
            memcmp((const char *)bytes + member.begin, wanted, strlen(wanted)))
            continue;
        ck_assert(nnc_wire_each(&entry, &member));
        json_t *const json = json_loadb((const char *)bytes + member.begin,
                                        member.end - member.begin, 0, NULL);
        ck_assert_msg(json != NULL, "%s is no JSON", wanted);
        return json;
    }
    ck_abort_msg("no metadata entry %s", wanted);
}

/* Digests ------------------------------------------------------------------------------ */

static const struct {
    const char *text;
    size_t times;
    const char *digest;
} DIGESTS[] = {
    {"", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
    /* around the 55 bytes after which the length needs another block */
    {"a", 55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"},
    {"a", 56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"},
    {"a", 64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"},
};

START_TEST(sha256)
{
    struct nnc_sha256 hash;
    char text[NNC_SHA256_TEXT];
    nnc_sha256_init(&hash);
    for (size_t i = 0; i < DIGESTS[_i].times; i++)
        nnc_sha256_add(&hash, DIGESTS[_i].text, strlen(DIGESTS[_i].text));
    nnc_sha256_text(&hash, text);
    ck_assert_str_eq(text, DIGESTS[_i].digest);
}
END_TEST

/* Metadata ----------------------------------------------------------------------------- */

/* Two categories of two classes each, straight from the picture; the presences are the
 * logits themselves. */
static void write_model(struct bytes *file)
{
    enum { IMAGE, AXES, ROW, WEIGHTS, LOGITS };
    static const float weights[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    struct onnx onnx = {.opset = 17};
    onnx_input(&onnx, IMAGE, &(struct dims){4, {1, 3, 1, 1}});
    onnx_int(&onnx, "axis", 1);
    onnx_node(&onnx, "Flatten", (uint32_t[]){IMAGE}, 1, (uint32_t[]){ROW}, 1);
    onnx_floats(&onnx, WEIGHTS, &(struct dims){2, {3, 4}}, weights);
    onnx_node(&onnx, "MatMul", (uint32_t[]){ROW, WEIGHTS}, 2, (uint32_t[]){LOGITS}, 1);
    onnx_output(&onnx, LOGITS, &(struct dims){2, {1, 4}});
    bytes_print(&onnx.taxonomy,
                "{\"version\":1,\"title\":\"four things\",\"revision\":3,\"final\":true,"
                "\"scores\":[1,2,3,4],\"by_class\":{\"a1\":1},\"logits\":\"v4\",\"input\":"
                "{\"size\":[1,1],\"channels\":\"RGB\",\"mean\":[0.1,0,0],\"std\":[1,1,1],"
                "\"lens\":[28,2.8]},");
    bytes_print(&onnx.taxonomy,
                "\"presence\":{\"output\":\"v4\",\"threshold\":0.31,\"by\":\"hand\"},"
                "\"categories\":["
                "{\"name\":\"b2\",\"parent\":4,\"logit\":3,\"presence\":3,\"note\":[2]},"
                "{\"name\":\"a\"},"
                "{\"name\":\"a1\",\"parent\":1,\"logit\":0,\"presence\":0},");
    bytes_print(&onnx.taxonomy,
                "{\"name\":\"a2\",\"parent\":1,\"logit\":1,\"presence\":1,\"label\":7},"
                "{\"name\":\"b\",\"parent\":null,\"colour\":{\"hue\":7}},"
                "{\"name\":\"b1\",\"parent\":4,\"logit\":2,\"presence\":2,"
                "\"aliases\":[\"n01\",\"\\u00e4\"],\"features\":\"v2\"}]}");
    onnx_encode(&onnx, file);
    onnx_free(&onnx);
}

static const char EXPECTED_TAXONOMY[] =
    "{\"version\":1,\"title\":\"four things\",\"revision\":3,\"final\":true,\"logits\":\"v4\","
    "\"input\":{\"size\":[1,1],\"channels\":\"RGB\",\"mean\":[0.1,0,0],\"std\":[1,1,1],"
    "\"lens\":[28,2.8]},\"presence\":{\"output\":\"cut0_v4\",\"threshold\":0.31,\"by\":"
    "\"hand\"},\"categories\":[{\"name\":\"b2\",\"parent\":1,\"logit\":1,\"presence\":1,"
    "\"note\":[2]},{\"name\":\"b\",\"parent\":null,\"colour\":{\"hue\":7}},{\"name\":\"b1\","
    "\"parent\":1,\"logit\":0,\"presence\":0,\"aliases\":[\"n01\",\"\\u00e4\"],\"features\":\"v2\"}]}";

START_TEST(taxonomy_is_edited)
{
    struct bytes file = {0};
    struct nnc_model *model;
    struct nnc_error error;
    struct nnc_expert_info info;
    void *bytes;
    size_t size;
    write_model(&file);
    ck_assert_msg(!nnc_model_open_memory(file.data, file.size, NULL, &model, &error), "%s",
                  error.message);
    ck_assert_msg(!nnc_expert_make(model, "b", &bytes, &size, &info, &error), "%s",
                  error.message);
    json_t *const got = metadata(bytes, size, "nnc.taxonomy");
    json_t *const want = json_loads(EXPECTED_TAXONOMY, 0, NULL);
    char *const text = json_dumps(got, JSON_COMPACT);
    ck_assert_msg(json_equal(got, want), "%s", text);
    ck_assert_uint_eq(info.n_classes, 2);
    ck_assert_uint_eq(info.n_categories, 3);
    ck_assert_uint_eq(info.bytes, size);
    ck_assert_uint_eq(info.cost.params, 6);
    free(text);
    json_decref(got);
    json_decref(want);
    free(bytes);
    nnc_model_unref(model);
    bytes_free(&file);
}
END_TEST

START_TEST(origin_is_said)
{
    struct nnc_model *const model = open_copy("nested_depth_2");
    struct nnc_error error;
    size_t size, source_size;
    void *bytes;
    uint8_t *const source = read_file(in_directory("model.onnx"), &source_size);
    struct nnc_sha256 hash;
    char digest[NNC_SHA256_TEXT];
    nnc_sha256_init(&hash);
    nnc_sha256_add(&hash, source, source_size);
    nnc_sha256_text(&hash, digest);
    ck_assert(!nnc_expert_make(model, "-a", &bytes, &size, NULL, &error));
    json_t *const origin = metadata(bytes, size, "nnc.expert");
    ck_assert_str_eq(json_string_value(json_object_get(origin, "model")), "model.onnx");
    ck_assert_str_eq(json_string_value(json_object_get(origin, "cutout")), "-a");
    ck_assert_str_eq(json_string_value(json_object_get(origin, "sha256")), digest);
    ck_assert_int_eq(json_integer_value(json_object_get(origin, "bytes")), source_size);
    json_decref(origin);
    free(bytes);
    free(source);
    nnc_model_unref(model);
}
END_TEST

START_TEST(same_bytes_every_time)
{
    struct nnc_model *const model = open_copy("nested_depth_2_presence");
    void *first, *second;
    size_t n, m;
    ck_assert(!nnc_expert_make(model, "a1,b", &first, &n, NULL, NULL));
    ck_assert(!nnc_expert_make(model, "a1,b", &second, &m, NULL, NULL));
    ck_assert_uint_eq(n, m);
    ck_assert_mem_eq(first, second, n);
    free(first);
    free(second);
    nnc_model_unref(model);
}
END_TEST

/* Places ------------------------------------------------------------------------------- */

/* Where an expert must not go, and why. */
static const struct place {
    const char *name;
    enum nnc_status status;
    const char *says;
} PLACES[] = {
    {"model.onnx", NNC_STATE, "would replace the model"},
    {"link.onnx", NNC_STATE, "would replace the model"},
    {"same.onnx", NNC_STATE, "would replace the model"},
    {"folder", NNC_PATH, "a folder"},
    {"folder/", NNC_PATH, "a folder"},
    {"fifo", NNC_PATH, "a device"},
    {"nowhere/expert.onnx", NNC_NOT_FOUND, "its folder must be there"},
    {"model.onnx/expert.onnx", NNC_NOT_FOUND, "its folder must be there"},
};

START_TEST(places_that_are_refused)
{
    const struct place *const place = &PLACES[_i];
    struct nnc_model *const model = open_copy("nested_depth_2");
    struct nnc_error error;
    ck_assert(!symlink("model.onnx", in_directory("link.onnx")));
    ck_assert(!link(in_directory("model.onnx"), in_directory("same.onnx")));
    ck_assert(!mkdir(in_directory("folder"), 0700) && !mkfifo(in_directory("fifo"), 0600));
    const int before = n_files();
    ck_assert_int_eq(nnc_expert_write(model, "a", in_directory(place->name), NULL, &error),
                     place->status);
    ck_assert_msg(strstr(error.message, place->says), "%s", error.message);
    ck_assert_int_eq(n_files(), before);
    nnc_model_unref(model);
}
END_TEST

START_TEST(external_data_are_not_replaced)
{
    struct nnc_error error;
    copy_file(NNC_GOLDEN_DIR "/conv_weights_external.weights",
              "conv_weights_external.weights");
    struct nnc_model *const model = open_copy("conv_weights_external");
    ck_assert_int_eq(nnc_expert_write(model, "c0",
                                      in_directory("conv_weights_external.weights"), NULL,
                                      &error),
                     NNC_STATE);
    ck_assert(!nnc_expert_write(model, "c0", in_directory("expert.onnx"), NULL, &error));
    nnc_model_unref(model);
}
END_TEST

START_TEST(old_file_is_replaced)
{
    struct nnc_model *const model = open_copy("nested_depth_2");
    struct nnc_expert_info info;
    struct nnc_error error;
    struct stat status;
    write_file("expert.onnx", "old", 3);
    write_at_most = 1000; /* a disk may take it in pieces */
    ck_assert_msg(
        !nnc_expert_write(model, "b", in_directory("expert.onnx"), &info, &error), "%s",
        error.message);
    write_at_most = 0;
    ck_assert(!stat(in_directory("expert.onnx"), &status));
    ck_assert_uint_eq((size_t)status.st_size, info.bytes);
    ck_assert_int_eq(n_files(), 2);
    struct nnc_model *expert = NULL;
    ck_assert(!nnc_model_open(in_directory("expert.onnx"), NULL, &expert, &error));
    ck_assert_uint_eq(nnc_model_cost(expert).params, info.cost.params);
    nnc_model_unref(expert);
    nnc_model_unref(model);
}
END_TEST

/* Failures ----------------------------------------------------------------------------- */

static const struct failure {
    int *number, value;
    enum nnc_status status;
    const char *says;
} FAILURES[] = {
    {&write_errno, ENOSPC, NNC_IO, "No space left on device"},
    {&write_errno, EDQUOT, NNC_IO, "quota"},
    {&fsync_errno, EIO, NNC_IO, "Input/output error"},
    {&fsync_errno, ENOSPC, NNC_IO, "No space left on device"},
    {&rename_errno, EACCES, NNC_PERM, "Permission denied"},
    {&rename_errno, EROFS, NNC_PERM, "Read-only file system"},
};

START_TEST(nothing_is_left_by_a_failure)
{
    const struct failure *const failure = &FAILURES[_i];
    struct nnc_model *const model = open_copy("nested_depth_2");
    struct nnc_error error;
    size_t size;
    write_file("expert.onnx", "old", 3);
    *failure->number = failure->value;
    ck_assert_int_eq(nnc_expert_write(model, "b", in_directory("expert.onnx"), NULL, &error),
                     failure->status);
    ck_assert_int_eq(*failure->number, 0); /* it was that call */
    ck_assert_msg(strstr(error.message, failure->says), "%s", error.message);
    uint8_t *const bytes = read_file(in_directory("expert.onnx"), &size);
    ck_assert(size == 3 && !memcmp(bytes, "old", 3));
    ck_assert_int_eq(n_files(), 2);
    free(bytes);
    nnc_model_unref(model);
}
END_TEST

START_TEST(interrupted_writes_go_on)
{
    struct nnc_model *const model = open_copy("nested_depth_2");
    write_errno = EINTR;
    fsync_errno = EINVAL; /* a file system that cannot */
    ck_assert(!nnc_expert_write(model, "b", in_directory("expert.onnx"), NULL, NULL));
    ck_assert_int_eq(n_files(), 2);
    nnc_model_unref(model);
}
END_TEST

START_TEST(changed_model_is_refused)
{
    struct nnc_model *const model = open_copy("nested_depth_2");
    struct nnc_error error;
    void *bytes;
    size_t size;
    ck_assert(!truncate(in_directory("model.onnx"), 1000));
    ck_assert_int_eq(nnc_expert_make(model, "b", &bytes, &size, NULL, &error), NNC_CHANGED);
    nnc_model_unref(model);
}
END_TEST

START_TEST(wrong_cutouts_are_refused)
{
    static const char *const texts[] = {"nothing", "a,-a", "a,,b"};
    struct nnc_model *const model = open_copy("nested_depth_2");
    struct nnc_error error;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        ck_assert_int_eq(
            nnc_expert_write(model, texts[i], in_directory("expert.onnx"), NULL, &error),
            NNC_TASK);
        ck_assert_int_eq(n_files(), 1);
    }
    nnc_model_unref(model);
}
END_TEST

/* Without memory, from every allocation on, jansson's among them; those of its lexer look
 * like syntax errors, with a place in the text. Where it names none there was no memory. */
START_TEST(failing_allocations)
{
    static const char *const names[] = {"nested_depth_2_presence", "part_groups_uneven",
                                        "part_gain_of_another", "part_regrouped"};
    struct nnc_model *const model = open_copy(names[_i]);
    enum nnc_status status = NNC_NOMEM;
    int n = 0;
    json_set_alloc_funcs(malloc, free);
    for (; status; n++) {
        struct nnc_error error = {0};
        void *bytes = NULL;
        size_t size;
        allocations_left = n;
        status = nnc_expert_make(model, "a/a1", &bytes, &size, NULL, &error);
        allocations_left = -1;
        ck_assert_msg(!status || status == NNC_NOMEM ||
                          strstr(error.message, "invalid JSON at line 1"),
                      "allocation %d: %s", n, error.message);
        ck_assert(!status == (bytes != NULL));
        ck_assert_int_lt(n, 10000);
        free(bytes);
    }
    ck_assert_int_gt(n, 50);
    nnc_model_unref(model);
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("expert");
    TCase *const all = tcase_create("files");
    tcase_set_timeout(all, 120);
    tcase_add_checked_fixture(all, make_directory, remove_directory);
    tcase_add_loop_test(all, sha256, 0, sizeof DIGESTS / sizeof *DIGESTS);
    tcase_add_test(all, taxonomy_is_edited);
    tcase_add_test(all, origin_is_said);
    tcase_add_test(all, same_bytes_every_time);
    tcase_add_loop_test(all, places_that_are_refused, 0, sizeof PLACES / sizeof *PLACES);
    tcase_add_test(all, external_data_are_not_replaced);
    tcase_add_test(all, old_file_is_replaced);
    tcase_add_loop_test(all, nothing_is_left_by_a_failure, 0,
                        sizeof FAILURES / sizeof *FAILURES);
    tcase_add_test(all, interrupted_writes_go_on);
    tcase_add_test(all, changed_model_is_refused);
    tcase_add_test(all, wrong_cutouts_are_refused);
    tcase_add_loop_test(all, failing_allocations, 0, 4);
    suite_add_tcase(suite, all);
    SRunner *const runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
