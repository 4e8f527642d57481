/* SPDX-License-Identifier: MIT */

/* nnctask: which task is told for which frame, by which way, and what bad input does. */

#include "task_fixture.h"

#include <string.h>

/* --- properties, as metas --- */

static const struct {
    const char *properties;
    const char *record; /* of two frames */
} told[] = {
    {"", "||"},
    {"mode=event", "||"},
    {"cutout=a", "<cutout=a seq=1><cutout=a seq=1>"},
    {"cutout=\"\"", "<cutout= seq=1><cutout= seq=1>"}, /* all, which is not nothing */
    {"attention=\"b=2,c=0.5\"", "<attention=b=2,c=0.5 seq=1><attention=b=2,c=0.5 seq=1>"},
    {"cutout=a attention=b=2",
     "<attention=b=2 cutout=a seq=1><attention=b=2 cutout=a seq=1>"},
    {"task=\"nnc/task,cutout=(string)a,seq=(guint64)99,gain/b=(double)2,more=(int)7;\"",
     "<cutout=a gain/b=2 more=7 seq=1><cutout=a gain/b=2 more=7 seq=1>"},
    {"cutout=x task=\"nnc/task,attention=(string)\\\"b=1\\\";\"",
     "<attention=b=1 seq=1><attention=b=1 seq=1>"}, /* the whole task */
    {"task=\"nnc/task,cutout=(string){a,b};\"",
     "<cutout={ (string)a, (string)b } seq=1><cutout={ (string)a, (string)b } seq=1>"},
    {"mode=event cutout=a", "(cutout=a seq=1)||"},
    {"mode=sticky-event cutout=a", "((cutout=a seq=1))||"},
};

GST_START_TEST(told_by_properties)
{
    struct task_fixture fixture;

    task_open(&fixture, told[__i__].properties);
    pass_frame(&fixture, 0, NULL);
    pass_frame(&fixture, 33, NULL);
    check_record(&fixture, told[__i__].record);
    task_close(&fixture);
}
GST_END_TEST

/* Only what changes gets another number, and in the event's case an event. */
GST_START_TEST(numbers)
{
    static const char *const records[] = {
        "<cutout=a seq=1><cutout=a seq=1><cutout=b seq=2><cutout=a seq=3>|<cutout=b "
        "seq=5>",
        "(cutout=a seq=1)||(cutout=b seq=2)|(cutout=a seq=3)|(seq=4)|(cutout=b seq=5)|",
    };
    static const char *const cutouts[] = {"a", "a", "b", "a", NULL, "b"};
    struct task_fixture fixture;

    task_open(&fixture, __i__ ? "mode=event" : "mode=meta");
    for (guint i = 0; i < G_N_ELEMENTS(cutouts); i++) {
        g_object_set(fixture.element.element, "cutout", cutouts[i], NULL);
        pass_frame(&fixture, 33 * i, NULL);
    }
    check_record(&fixture, records[__i__]);
    fail_unless_equals_uint64(read_stat(&fixture.element, "tasks"), 5);
    fail_unless_equals_uint64(read_stat(&fixture.element, "metas-added"), __i__ ? 0 : 5);
    fail_unless_equals_uint64(read_stat(&fixture.element, "events-sent"), __i__ ? 5 : 0);
    fail_unless_equals_uint64(read_stat(&fixture.element, "frames"), 6);
    task_close(&fixture);
}
GST_END_TEST

/* GStreamer cannot compare byte arrays; the task is not another one for that. */
GST_START_TEST(mask_is_the_same)
{
    static const guint8 mask[] = {1, 0, 1};
    struct task_fixture fixture;
    g_autoptr(GstStructure) task = gst_nnc_task_new(NULL, NULL);
    GByteArray *const bytes = g_byte_array_append(g_byte_array_new(), mask, 3);

    gst_structure_set(task, "mask", G_TYPE_BYTE_ARRAY, bytes, NULL);
    g_byte_array_unref(bytes);
    task_open(&fixture, "mode=event");
    g_object_set(fixture.element.element, "task", task, NULL);
    for (guint i = 0; i < 5; i++)
        pass_frame(&fixture, 33 * i, NULL);
    fail_unless_equals_uint64(read_stat(&fixture.element, "events-sent"), 1);
    task_close(&fixture);
}
GST_END_TEST

GST_START_TEST(read_back)
{
    struct task_fixture fixture;
    GstElement *element;
    g_autofree gchar *cutout = NULL, *attention = NULL, *map = NULL, *script = NULL;
    g_autoptr(GstStructure) task = NULL, stats = NULL;
    const GstStructure *newest = NULL;

    task_open(&fixture, "cutout=a map=p=q:2 hold=7 decay=8 loop=2.5");
    element = fixture.element.element;
    pass_frame(&fixture, 0, NULL);
    g_object_get(element, "cutout", &cutout, "attention", &attention, "map", &map,
                 "script", &script, "task", &task, "stats", &stats, NULL);
    fail_unless_equals_string(cutout, "a");
    fail_unless(!attention);
    fail_unless_equals_string(map, "p=q:2");
    fail_unless_equals_string(script, "");
    fail_unless(!gst_structure_has_field(task, "seq"));
    newest = gst_value_get_structure(gst_structure_get_value(stats, "task"));
    fail_unless_equals_string(gst_structure_get_string(newest, "cutout"), "a");
    fail_unless(gst_structure_has_field(newest, "seq"));
    g_object_set(element, "cutout", NULL, NULL);
    pass_frame(&fixture, 33, NULL);
    check_record(&fixture, "<cutout=a seq=1>|");
    task_close(&fixture);
}
GST_END_TEST

/* --- ways of telling --- */

/* Whoever goes over to metas must not leave an event in force. */
GST_START_TEST(change_of_mode)
{
    static const char *const modes[] = {"event", "meta", "sticky-event", "event"};
    struct task_fixture fixture;

    task_open(&fixture, "cutout=a");
    pass_frame(&fixture, 0, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(modes); i++) {
        gst_util_set_object_arg(G_OBJECT(fixture.element.element), "mode", modes[i]);
        pass_frame(&fixture, 33 * (i + 1), NULL);
    }
    check_record(&fixture, "<cutout=a seq=1>"
                           "(cutout=a seq=1)|"
                           "()<cutout=a seq=1>"
                           "((cutout=a seq=1))|"
                           "(())(cutout=a seq=1)|");
    task_close(&fixture);
}
GST_END_TEST

GST_START_TEST(told_again_after_flush)
{
    struct task_fixture fixture;
    GstSegment segment;

    task_open(&fixture, "mode=event cutout=a");
    pass_frame(&fixture, 0, NULL);
    pass_frame(&fixture, 33, NULL);
    gst_harness_push_event(fixture.element.harness, gst_event_new_flush_start());
    gst_harness_push_event(fixture.element.harness, gst_event_new_flush_stop(TRUE));
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_harness_push_event(fixture.element.harness, gst_event_new_segment(&segment));
    pass_frame(&fixture, 0, NULL);
    pass_frame(&fixture, 33, NULL);
    gst_harness_push_event(fixture.element.harness, gst_event_new_stream_start("other"));
    gst_harness_push_event(fixture.element.harness, gst_event_new_segment(&segment));
    pass_frame(&fixture, 66, NULL);
    check_record(&fixture, "(cutout=a seq=1)||(cutout=a seq=1)||(cutout=a seq=1)|");
    task_close(&fixture);
}
GST_END_TEST

/* What somebody upstream said of a frame is nearer to it. */
GST_START_TEST(keeps_the_task_of_a_buffer)
{
    struct task_fixture fixture;
    g_autoptr(GstStructure) task = gst_nnc_task_new("b", NULL);
    GstBuffer *const buffer = frame_at(0);

    task_open(&fixture, "cutout=a");
    gst_buffer_add_nnc_task_meta(buffer, task);
    gst_buffer_unref(pass(&fixture, buffer));
    pass_frame(&fixture, 33, NULL);
    check_record(&fixture, "<cutout=b><cutout=a seq=1>");
    fail_unless_equals_uint64(read_stat(&fixture.element, "metas-kept"), 1);
    task_close(&fixture);
}
GST_END_TEST

/* A buffer that others hold is copied, its memory is not; an event needs no copy. */
GST_START_TEST(memory_is_not_touched)
{
    for (guint shared = 0; shared < 2; shared++)
        for (guint event = 0; event < 2; event++) {
            struct task_fixture fixture;
            GstBuffer *const in = frame_at(0);
            GstMemory *const memory = gst_buffer_peek_memory(in, 0);
            task_open(&fixture, event ? "mode=event cutout=a" : "cutout=a");
            if (shared)
                gst_buffer_ref(in);
            GstBuffer *const out = pass(&fixture, in);
            fail_unless((out != in) == (shared && !event));
            fail_unless(gst_buffer_peek_memory(out, 0) == memory);
            fail_unless(!shared || !gst_buffer_get_nnc_task_meta(in));
            gst_buffer_unref(out);
            if (shared)
                gst_buffer_unref(in);
            task_close(&fixture);
        }
}
GST_END_TEST

/* Gaps pass as they are, and time goes on; odd times do no harm. */
GST_START_TEST(gaps_and_odd_times)
{
    struct task_fixture fixture;
    GstBuffer *const gap = frame_at(33);
    GstBuffer *const timeless = frame_at(0);
    GstBuffer *const far = frame_at(0);
    GstBuffer *const decoding = frame_at(0);

    task_open(&fixture, "cutout=a map=x=y:2");
    GST_BUFFER_FLAG_SET(gap, GST_BUFFER_FLAG_GAP);
    add_region(gap, "x");
    GST_BUFFER_PTS(timeless) = GST_CLOCK_TIME_NONE;
    GST_BUFFER_PTS(far) = G_MAXUINT64 - 1;
    add_region(far, "x");
    GST_BUFFER_PTS(decoding) = GST_CLOCK_TIME_NONE;
    GST_BUFFER_DTS(decoding) = 5;
    gst_buffer_unref(pass(&fixture, gap));
    gst_buffer_unref(pass(&fixture, timeless));
    gst_buffer_unref(pass(&fixture, far));
    gst_buffer_unref(pass(&fixture, decoding));
    gst_harness_push_event(fixture.element.harness, gst_event_new_gap(66, 33));
    check_record(&fixture, "|<cutout=a seq=1><cutout=a gain/y=2 seq=2>"
                           "<cutout=a gain/y=2 seq=2>");
    fail_unless_equals_uint64(read_stat(&fixture.element, "gaps"), 1);
    fail_unless_equals_uint64(read_stat(&fixture.element, "frames"), 4);
    task_close(&fixture);
}
GST_END_TEST

/* --- what it sees --- */

struct sight {
    guint ms;
    const char *label;
};

static const struct {
    const char *properties;
    struct sight frames[8]; /* the first without a time ends them, but for number 0 */
    const char *record;
} sights[] = {
    {"map=person=people:1.5",
     {{0, "person"}, {33, "car"}},
     "<gain/people=1.5 seq=1><gain/people=1.5 seq=1>"},
    {"map=person=people:1.5", {{0, "car"}, {33, "Person"}}, "||"},
    /* 100 ms held, 400 ms to 1: by quarters */
    {"map=p=q:2 hold=100 decay=400",
     {{1000, "p"}, {1100, NULL}, {1200, NULL}, {1300, NULL}, {1400, NULL}, {1500, NULL}},
     "<gain/q=2 seq=1><gain/q=2 seq=1><gain/q=1.75 seq=2><gain/q=1.5 seq=3>"
     "<gain/q=1.25 seq=4>|"},
    {"mode=event map=p=q:2 hold=0 decay=200",
     {{1000, "p"}, {1100, NULL}, {1200, NULL}, {1300, NULL}},
     "(gain/q=2 seq=1)|(gain/q=1.5 seq=2)|(seq=3)||"},
    /* Steps of 1/64: 10 ms of 6400 are a tenth of a step. */
    {"mode=event map=p=q:2 hold=0 decay=6400",
     {{1000, "p"}, {1010, NULL}, {1040, NULL}, {1060, NULL}, {1140, NULL}, {1160, NULL}},
     "(gain/q=2 seq=1)|||(gain/q=1.984375 seq=2)||(gain/q=1.96875 seq=3)|"},
    /* Seen again while it fades. */
    {"map=p=q:2 hold=0 decay=200",
     {{1000, "p"}, {1100, "p"}, {1200, NULL}},
     "<gain/q=2 seq=1><gain/q=2 seq=1><gain/q=1.5 seq=2>"},
    /* Inhibition comes up. */
    {"map=p=q:0 hold=0 decay=200",
     {{1000, "p"}, {1100, NULL}, {1200, NULL}},
     "<gain/q=0 seq=1><gain/q=0.5 seq=2>|"},
    /* Two labels, one category: the gain furthest from 1. */
    {"map=p=q:2,r=q:1.5 hold=0 decay=200",
     {{1000, "p"}, {1100, "r"}, {1150, "r"}, {1200, NULL}},
     "<gain/q=2 seq=1><gain/q=1.5 seq=2><gain/q=1.5 seq=2><gain/q=1.375 seq=3>"},
    {"map=p*=q:2,?=r:3",
     {{1000, "pq"}, {1100, "p"}},
     "<gain/q=2 seq=1><gain/q=2 gain/r=3 seq=2>"},
    /* Over what the attention says of the same name, up to 16. */
    {"attention=q=2,r=3 map=p=q:1.5 hold=0 decay=100",
     {{1000, "p"}, {1050, NULL}},
     "<attention=q=2,r=3 gain/q=3 seq=1><attention=q=2,r=3 gain/q=2.5 seq=2>"},
    {"attention=q=0 map=p=q:1.5", {{1000, "p"}}, "<attention=q=0 gain/q=0 seq=1>"},
    {"attention=q=8 map=p=q:16", {{1000, "p"}}, "<attention=q=8 gain/q=16 seq=1>"},
    {"task=\"nnc/task,gain/q=(int)2;\" map=p=q:1.5",
     {{1000, "p"}, {9000, NULL}},
     "<gain/q=3 seq=1><gain/q=2 seq=2>"},
    /* Frames out of order. */
    {"map=p=q:2 hold=0 decay=200",
     {{1000, "p"}, {900, NULL}, {1100, NULL}},
     "<gain/q=2 seq=1><gain/q=2 seq=1><gain/q=1.5 seq=2>"},
};

GST_START_TEST(sees)
{
    const struct sight *const frames = sights[__i__].frames;
    struct task_fixture fixture;

    task_open(&fixture, sights[__i__].properties);
    for (guint i = 0; i == 0 || (i < 8 && frames[i].ms); i++)
        pass_frame(&fixture, frames[i].ms, frames[i].label);
    check_record(&fixture, sights[__i__].record);
    task_close(&fixture);
}
GST_END_TEST

/* Labels are foreign text: none at all, no UTF-8, very long, and very many. */
GST_START_TEST(odd_labels)
{
    struct task_fixture fixture;
    g_autofree gchar *longer = g_strnfill(100000, 'p');
    GstBuffer *const buffer = frame_at(0);

    task_open(&fixture, "map=*p*p*p*x=q:2,late=r:2");
    gst_buffer_add_video_region_of_interest_meta_id(buffer, 0, 0, 0, 1, 1);
    add_region(buffer, "");
    add_region(buffer, "\xff\xc3p");
    add_region(buffer, longer);
    for (guint i = 0; i < 1000; i++)
        add_region(buffer, i == 999 ? "late" : "p");
    gst_buffer_unref(pass(&fixture, buffer));
    check_record(&fixture, "|"); /* only the first 256 are looked at */
    fail_unless_equals_uint64(read_stat(&fixture.element, "labels-matched"), 0);
    pass_frame(&fixture, 33, "late");
    fail_unless_equals_uint64(read_stat(&fixture.element, "labels-matched"), 1);
    task_close(&fixture);
}
GST_END_TEST

GST_START_TEST(flush_forgets_what_was_seen)
{
    struct task_fixture fixture;
    GstSegment segment;

    task_open(&fixture, "map=p=q:2 hold=10000");
    pass_frame(&fixture, 1000, "p");
    gst_harness_push_event(fixture.element.harness, gst_event_new_flush_start());
    gst_harness_push_event(fixture.element.harness, gst_event_new_flush_stop(TRUE));
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_harness_push_event(fixture.element.harness, gst_event_new_segment(&segment));
    pass_frame(&fixture, 0, NULL);
    check_record(&fixture, "<gain/q=2 seq=1>|");
    task_close(&fixture);
}
GST_END_TEST

/* --- scripts --- */

static const char script_text[] = "{\"time\": 1, \"cutout\": \"a\"}\n"
                                  "{\"time\": 2, \"attention\": \"b=2\"}\n"
                                  "{\"time\": 3}\n";

/* A script in a file, and the properties that go with it. */
static gchar *open_script(struct task_fixture *fixture, const char *text,
                          const char *properties)
{
    gchar *const path = write_file(text);
    g_autofree gchar *all = g_strdup_printf("%s script=%s", properties, path);

    task_open(fixture, all);
    return path;
}

GST_START_TEST(script_by_running_time)
{
    struct task_fixture fixture;
    gchar *const path = open_script(&fixture, script_text, "cutout=x attention=y=2");

    for (guint ms = 999; ms < 3500; ms += 500)
        pass_frame(&fixture, ms + ms / 500, NULL); /* 1000 1501 2002 ... */
    pass_frame(&fixture, 0, NULL);
    check_record(&fixture, "<attention=y=2 cutout=a seq=1><attention=y=2 cutout=a seq=1>"
                           "<attention=b=2 cutout=x seq=2><attention=b=2 cutout=x seq=2>"
                           "<attention=y=2 cutout=x seq=3><attention=y=2 cutout=x seq=3>"
                           "<attention=y=2 cutout=x seq=3>");
    fail_unless_equals_uint64(read_stat(&fixture.element, "script-line"), 0);
    task_close(&fixture);
    remove_file(path);
}
GST_END_TEST

static const struct {
    const char *clock;
    guint ms; /* of the buffer; the segment begins at 10 s, which is 2 s of the stream */
    guint line;
} clocks[] = {
    {"running-time", 10500, 0}, {"running-time", 11000, 1}, {"running-time", 12000, 2},
    {"stream-time", 10500, 2},  {"stream-time", 11000, 3},
};

GST_START_TEST(script_clocks)
{
    struct task_fixture fixture;
    gchar *const path = open_script(&fixture, script_text, "");
    GstSegment segment;

    gst_segment_init(&segment, GST_FORMAT_TIME);
    segment.start = 10 * GST_SECOND;
    segment.time = 2 * GST_SECOND;
    gst_harness_push_event(fixture.element.harness, gst_event_new_segment(&segment));
    gst_util_set_object_arg(G_OBJECT(fixture.element.element), "script-clock",
                            clocks[__i__].clock);
    pass_frame(&fixture, clocks[__i__].ms, NULL);
    fail_unless_equals_uint64(read_stat(&fixture.element, "script-line"),
                              clocks[__i__].line);
    task_close(&fixture);
    remove_file(path);
}
GST_END_TEST

GST_START_TEST(script_loops)
{
    static const guint lines[] = {0, 1, 2, 0, 1, 2, 0, 1};
    struct task_fixture fixture;
    gchar *const path = open_script(&fixture, script_text, "loop=3");

    for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
        pass_frame(&fixture, 1000 * i, NULL);
        fail_unless_equals_uint64(read_stat(&fixture.element, "script-line"), lines[i]);
    }
    g_object_set(fixture.element.element, "loop", 0.0, NULL);
    pass_frame(&fixture, 8000, NULL);
    fail_unless_equals_uint64(read_stat(&fixture.element, "script-line"), 3);
    task_close(&fixture);
    remove_file(path);
}
GST_END_TEST

/* Lines begin hours from now, whenever the test runs; the last one holds over midnight.
 */
GST_START_TEST(script_by_time_of_day)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_local();
    const gboolean morning = g_date_time_get_hour(now) < 12;
    struct task_fixture fixture;
    gchar *const path =
        open_script(&fixture,
                    morning ? "{\"at\": \"00:00\", \"cutout\": \"now\"}\n"
                              "{\"at\": \"23:00\", \"cutout\": \"later\"}"
                            : "{\"at\": \"06:00\", \"cutout\": \"past\"}\n"
                              "{\"at\": \"11:00\", \"cutout\": \"now\"}",
                    "");

    pass_frame(&fixture, 0, NULL);
    check_record(&fixture, "<cutout=now seq=1>");
    fail_unless(g_file_set_contents(path,
                                    morning
                                        ? "{\"at\": \"13:00\", \"cutout\": \"past\"}\n"
                                          "{\"at\": \"23:00:30\", \"cutout\": \"night\"}"
                                        : "{\"at\": \"11:59:59\", \"cutout\": \"night\"}",
                                    -1, NULL));
    g_object_set(fixture.element.element, "script", path, NULL);
    pass_frame(&fixture, 33, NULL);
    check_record(&fixture, "<cutout=night seq=2>");
    task_close(&fixture);
    remove_file(path);
}
GST_END_TEST

/* Set again it is read again; a bad one leaves the old one in force. */
GST_START_TEST(script_read_again)
{
    struct task_fixture fixture;
    gchar *const path = open_script(&fixture, script_text, "");
    GstElement *const element = fixture.element.element;
    g_autofree gchar *text = NULL, *script = NULL;

    pass_frame(&fixture, 1000, NULL);
    fail_unless(g_file_set_contents(path, "{\"time\": 0, \"cutout\": \"n\"}", -1, NULL));
    pass_frame(&fixture, 1000, NULL);
    g_object_set(element, "script", path, NULL);
    pass_frame(&fixture, 1000, NULL);
    fail_unless(g_file_set_contents(path, "{\"time\": 0, \"cutout\": n}", -1, NULL));
    g_object_set(element, "script", path, NULL);
    pass_frame(&fixture, 1000, NULL);
    fail_unless_equals_int(count_messages(&fixture.element, GST_MESSAGE_WARNING, &text),
                           1);
    fail_unless(strstr(text, "script.jsonl, line 1: no JSON object"), "%s", text);
    g_object_set(element, "script", "/nonexistent/file", NULL);
    g_object_get(element, "script", &script, NULL);
    fail_unless_equals_string(script, path);
    pass_frame(&fixture, 1000, NULL);
    g_object_set(element, "script", "", NULL);
    pass_frame(&fixture, 1000, NULL);
    check_record(&fixture, "<cutout=a seq=1><cutout=a seq=1><cutout=n seq=2>"
                           "<cutout=n seq=2><cutout=n seq=2>|");
    fail_unless_equals_uint64(read_stat(&fixture.element, "texts-refused"), 2);
    fail_unless_equals_uint64(read_stat(&fixture.element, "script-line"), 0);
    task_close(&fixture);
    remove_file(path);
}
GST_END_TEST

/* What is seen comes on top of the script. */
GST_START_TEST(script_and_sight)
{
    struct task_fixture fixture;
    gchar *const path = open_script(&fixture, script_text, "map=p=b:1.5");

    pass_frame(&fixture, 1000, "p");
    pass_frame(&fixture, 2000, "p");
    check_record(&fixture, "<cutout=a gain/b=1.5 seq=1><attention=b=2 gain/b=3 seq=2>");
    task_close(&fixture);
    remove_file(path);
}
GST_END_TEST

/* --- bad texts --- */

static const struct {
    const char *set;
    const char *said;
} bad_texts[] = {
    {"cutout=\x1b[31m", "property 'cutout': got '?[31m'; expected UTF-8 without control"},
    {"attention=b", "property 'attention': got 'b'; expected category=gain"},
    {"attention=b=17", "number from 0 to 16"},
    {"map=nothing", "property 'map': got 'nothing'; expected label=category:gain"},
    {"hear=nothing", "property 'hear': got 'nothing'; expected message=category:gain"},
    {"script=/nonexistent", "nonexistent: No such file"},
    {"script=/", "not a regular file"},
    {"task=other/name", "got a structure 'other/name'; expected 'nnc/task'"},
    {"task=nnc/task,gain/a=(double)17", "'gain/a' is 17"},
    {"task=nnc/task,gain/a=(string)x", "'gain/a' is \"x\"; expected a number"},
    {"task=nnc/task,attention=(string)x", "expected category=gain"},
};

/* While it runs: one warning, and the old text goes on. */
GST_START_TEST(bad_while_running)
{
    struct task_fixture fixture;
    g_autofree gchar *text = NULL;

    task_open(&fixture, "cutout=a attention=b=2 map=p=q:2");
    pass_frame(&fixture, 0, "p");
    set_from_text(fixture.element.element, bad_texts[__i__].set);
    pass_frame(&fixture, 33, NULL);
    check_record(&fixture, "<attention=b=2 cutout=a gain/q=2 seq=1>"
                           "<attention=b=2 cutout=a gain/q=2 seq=1>");
    fail_unless_equals_int(count_messages(&fixture.element, GST_MESSAGE_WARNING, &text),
                           1);
    fail_unless(strstr(text, bad_texts[__i__].said), "%s", text);
    fail_unless_equals_uint64(read_stat(&fixture.element, "texts-refused"), 1);
    task_close(&fixture);
}
GST_END_TEST

/* Before: noted, and the start fails with one error; a good text then lets it start. */
GST_START_TEST(bad_at_the_start)
{
    GstElement *const element = gst_element_factory_make("nnctask", NULL);
    struct fixture fixture = {.element = element, .bus = gst_bus_new()};
    g_autofree gchar *text = NULL;

    gst_element_set_bus(element, fixture.bus);
    set_from_text(element, bad_texts[__i__].set);
    fail_unless_equals_int(gst_element_set_state(element, GST_STATE_PAUSED),
                           GST_STATE_CHANGE_FAILURE);
    fail_unless_equals_int(count_messages(&fixture, GST_MESSAGE_ERROR, &text), 1);
    fail_unless(strstr(text, bad_texts[__i__].said), "%s", text);
    gst_element_set_state(element, GST_STATE_NULL);
    g_object_set(element, "task", NULL, "map", "", "hear", NULL, "script", NULL, NULL);
    fail_unless_equals_int(gst_element_set_state(element, GST_STATE_PAUSED),
                           GST_STATE_CHANGE_SUCCESS);
    gst_element_set_state(element, GST_STATE_NULL);
    gst_element_set_bus(element, NULL);
    gst_object_unref(fixture.bus);
    gst_object_unref(element);
}
GST_END_TEST

/* A structure cannot even hold it, so that it is refused at any time. */
GST_START_TEST(no_utf8)
{
    struct task_fixture fixture;
    g_autofree gchar *text = NULL;

    task_open(&fixture, "cutout=a");
    g_object_set(fixture.element.element, "cutout", "\xff", NULL);
    fail_unless_equals_int(count_messages(&fixture.element, GST_MESSAGE_WARNING, &text),
                           1);
    fail_unless(strstr(text, "property 'cutout'"), "%s", text);
    gst_element_set_state(fixture.element.element, GST_STATE_NULL);
    g_object_set(fixture.element.element, "attention", "\xff", NULL);
    gst_element_set_state(fixture.element.element, GST_STATE_PLAYING);
    pass_frame(&fixture, 0, NULL);
    check_record(&fixture, "<cutout=a seq=1>");
    task_close(&fixture);
}
GST_END_TEST

GST_START_TEST(warnings_are_limited)
{
    struct task_fixture fixture;

    task_open(&fixture, "");
    for (guint i = 0; i < 1000; i++)
        g_object_set(fixture.element.element, "map", "nothing", NULL);
    fail_unless_equals_uint64(read_stat(&fixture.element, "texts-refused"), 1000);
    const guint n = count_messages(&fixture.element, GST_MESSAGE_WARNING, NULL);
    fail_unless(n >= 20 && n < 500, "%u warnings", n);
    task_close(&fixture);
}
GST_END_TEST

static Suite *task_inject(void)
{
    Suite *const suite = suite_create("task_inject");
    TCase *const kinds = tcase_create("tasks");

    suite_add_tcase(suite, kinds);
    tcase_add_loop_test(kinds, told_by_properties, 0, G_N_ELEMENTS(told));
    tcase_add_loop_test(kinds, numbers, 0, 2);
    tcase_add_test(kinds, mask_is_the_same);
    tcase_add_test(kinds, read_back);
    tcase_add_test(kinds, change_of_mode);
    tcase_add_test(kinds, told_again_after_flush);
    tcase_add_test(kinds, keeps_the_task_of_a_buffer);
    tcase_add_test(kinds, memory_is_not_touched);
    tcase_add_test(kinds, gaps_and_odd_times);
    tcase_add_loop_test(kinds, sees, 0, G_N_ELEMENTS(sights));
    tcase_add_test(kinds, odd_labels);
    tcase_add_test(kinds, flush_forgets_what_was_seen);
    tcase_add_test(kinds, script_by_running_time);
    tcase_add_loop_test(kinds, script_clocks, 0, G_N_ELEMENTS(clocks));
    tcase_add_test(kinds, script_loops);
    tcase_add_test(kinds, script_by_time_of_day);
    tcase_add_test(kinds, script_read_again);
    tcase_add_test(kinds, script_and_sight);
    tcase_add_loop_test(kinds, bad_while_running, 0, G_N_ELEMENTS(bad_texts));
    tcase_add_loop_test(kinds, bad_at_the_start, 0, G_N_ELEMENTS(bad_texts));
    tcase_add_test(kinds, no_utf8);
    tcase_add_test(kinds, warnings_are_limited);
    return suite;
}

int main(int argc, char **argv)
{
    load_plugin(&argc, &argv);
    return gst_check_run_suite(task_inject(), "task_inject", __FILE__);
}
