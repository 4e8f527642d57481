/* SPDX-License-Identifier: MIT */

/* The texts of nnctask without the element: rules, their gains over time, and which
 * messages they hear. */

#include "gstnnctaskhearing.h"
#include "gstnnctaskrules.h"
#include "gstnnctasktext.h"

#include <gst/check/gstcheck.h>
#include <locale.h>
#include <math.h>

#define MS G_GINT64_CONSTANT(1000000)

typedef enum nnc_status (*parse_text)(const gchar *text,
                                      struct gst_nnc_task_rules **rules,
                                      struct nnc_error *error);

/* --- texts --- */

static const struct {
    const char *text;
    const char *names, *categories; /* of all rules, with blanks between */
    double gain;                    /* of the last rule */
} good_maps[] = {
    {"", "", "", 0},
    {"  ", "", "", 0},
    {"person=people:1.5", "person", "people", 1.5},
    {" person = people : 1.5 , car=vehicles_1:2", "person car", "people vehicles_1", 2},
    {"c?r*=v:0", "c?r*", "v", 0},
    {"a=b/c/d:16", "a", "b/c/d", 16},
    {"x=y=z:1e-1", "x=y", "z", 0.1}, /* the last sign of equality counts */
    {"gr\xc3\xbc\xc3\x9f=b:-0", "gr\xc3\xbc\xc3\x9f", "b", 0},
};

static const struct {
    const char *text;
    const char *names, *fields, *categories;
    enum gst_nnc_task_condition condition; /* of the last rule */
    double threshold;
} good_hears[] = {
    {"", "", "", "", 0, 0},
    {"bell=people:2", "bell", "-", "people", GST_NNC_TASK_ALWAYS, 0},
    {"motion:motion_begin=people:2", "motion", "motion_begin", "people",
     GST_NNC_TASK_HAS_FIELD, 0},
    {"level:peak>-20=v:1.5", "level", "peak", "v", GST_NNC_TASK_GREATER, -20},
    {"level : rms >= -20.5 = v : 1.5", "level", "rms", "v", GST_NNC_TASK_GREATER_OR_EQUAL,
     -20.5},
    {"level:rms<-60=v:0.5", "level", "rms", "v", GST_NNC_TASK_LESS, -60},
    {"level:rms<=1e1=v:0.5", "level", "rms", "v", GST_NNC_TASK_LESS_OR_EQUAL, 10},
    {"a:b:c>1=v:1", "a:b", "c", "v", GST_NNC_TASK_GREATER, 1},
    {"a/b-c.d=v:1,level:decay>-inf=w:2", "a/b-c.d level", "- decay", "v w",
     GST_NNC_TASK_GREATER, -INFINITY},
};

static void append(GString *words, const char *word)
{
    g_string_append_printf(words, "%s%s", words->len ? " " : "", word ? word : "-");
}

static void check_words(const struct gst_nnc_task_rules *rules, gsize offset,
                        const char *expected)
{
    g_autoptr(GString) words = g_string_new(NULL);

    for (guint i = 0; i < rules->n; i++)
        append(words, G_STRUCT_MEMBER(gchar *, &rules->rules[i], offset));
    fail_unless_equals_string(words->str, expected);
}

static struct gst_nnc_task_rules *parse_good(parse_text parse, const char *text)
{
    struct gst_nnc_task_rules *rules = NULL;
    struct nnc_error error = {.message = ""};

    const enum nnc_status status = parse(text, &rules, &error);
    fail_unless(!status, "'%s': %s", text, error.message);
    return rules;
}

#define OFFSET(field) G_STRUCT_OFFSET(struct gst_nnc_task_rule, field)

GST_START_TEST(good_map)
{
    struct gst_nnc_task_rules *const rules =
        parse_good(gst_nnc_task_rules_parse_map, good_maps[__i__].text);

    check_words(rules, OFFSET(name), good_maps[__i__].names);
    check_words(rules, OFFSET(category), good_maps[__i__].categories);
    if (rules->n)
        fail_unless_equals_float(rules->rules[rules->n - 1].gain, good_maps[__i__].gain);
    gst_nnc_task_rules_unref(rules);
}
GST_END_TEST

GST_START_TEST(good_hear)
{
    struct gst_nnc_task_rules *const rules =
        parse_good(gst_nnc_task_rules_parse_hear, good_hears[__i__].text);

    check_words(rules, OFFSET(name), good_hears[__i__].names);
    check_words(rules, OFFSET(field), good_hears[__i__].fields);
    check_words(rules, OFFSET(category), good_hears[__i__].categories);
    if (rules->n) {
        const struct gst_nnc_task_rule *const last = &rules->rules[rules->n - 1];
        fail_unless_equals_int(last->condition, good_hears[__i__].condition);
        fail_unless(last->threshold == good_hears[__i__].threshold);
    }
    gst_nnc_task_rules_unref(rules);
}
GST_END_TEST

static const struct {
    parse_text parse;
    const char *text;
    const char *said; /* in the message */
} bad_rules[] = {
    {gst_nnc_task_rules_parse_map, "person",
     "got 'person'; expected label=category:gain"},
    {gst_nnc_task_rules_parse_map, "=people:1", "expected label=category:gain"},
    {gst_nnc_task_rules_parse_map, "a=b:1,", "got ''; expected label=category:gain"},
    {gst_nnc_task_rules_parse_map, ",", "expected label=category:gain"},
    {gst_nnc_task_rules_parse_map, "person=people", "got 'people' behind '='"},
    {gst_nnc_task_rules_parse_map, "person=:1.5", "got ':1.5' behind '='"},
    {gst_nnc_task_rules_parse_map, "person=people:", "the gain of 'people' is ''"},
    {gst_nnc_task_rules_parse_map, "person=people:x", "the gain of 'people' is 'x'"},
    {gst_nnc_task_rules_parse_map, "a=b:1.5x",
     "is '1.5x'; expected a number from 0 to 16"},
    {gst_nnc_task_rules_parse_map, "a=b:1,5", "expected label=category:gain"},
    {gst_nnc_task_rules_parse_map, "a=b:-0.1", "number from 0 to 16"},
    {gst_nnc_task_rules_parse_map, "a=b:16.1", "number from 0 to 16"},
    {gst_nnc_task_rules_parse_map, "a=b:nan", "number from 0 to 16"},
    {gst_nnc_task_rules_parse_map, "a=b:inf", "number from 0 to 16"},
    {gst_nnc_task_rules_parse_map, "a=b:0x1", "number from 0 to 16"},
    {gst_nnc_task_rules_parse_map, "a=\xff:1", "UTF-8"},
    {gst_nnc_task_rules_parse_map, "a=b\n:1", "control characters"},
    {gst_nnc_task_rules_parse_map, "a=\x1b[31mb:1", "got 'a=?[31mb:1'"},
    {gst_nnc_task_rules_parse_hear, "level", "expected message=category:gain or"},
    {gst_nnc_task_rules_parse_hear, "level:peak>-20", "expected message=category:gain"},
    {gst_nnc_task_rules_parse_hear, "level:peak>=-20", "expected message=category:gain"},
    {gst_nnc_task_rules_parse_hear, "level>-20=v:1", "expected message=category:gain"},
    {gst_nnc_task_rules_parse_hear, "level:peak>x=v:1", "expected message=category:gain"},
    {gst_nnc_task_rules_parse_hear, "level:peak>nan=v:1", "message=category:gain"},
    {gst_nnc_task_rules_parse_hear, "level:peak>=v:1", "expected message=category:gain"},
    {gst_nnc_task_rules_parse_hear, "level:peak><1=v:1",
     "expected message=category:gain"},
    {gst_nnc_task_rules_parse_hear, ":peak>1=v:1", "expected message=category:gain"},
    {gst_nnc_task_rules_parse_hear, "level:>1=v:1", "expected message=category:gain"},
    {gst_nnc_task_rules_parse_hear, "level:=v:1", "expected message=category:gain"},
    {gst_nnc_task_rules_parse_hear, "level:peak>1=v", "behind '='"},
};

GST_START_TEST(bad_rule)
{
    struct gst_nnc_task_rules *rules = NULL;
    struct nnc_error error = {.message = ""};

    fail_unless_equals_int(bad_rules[__i__].parse(bad_rules[__i__].text, &rules, &error),
                           NNC_TASK);
    fail_unless(!rules);
    fail_unless(strstr(error.message, bad_rules[__i__].said), "'%s': %s",
                bad_rules[__i__].text, error.message);
    fail_unless(g_utf8_validate(error.message, -1, NULL));
}
GST_END_TEST

GST_START_TEST(limits)
{
    struct gst_nnc_task_rules *rules = NULL;
    struct nnc_error error;
    g_autoptr(GString) text = g_string_new("a=b:1");
    g_autofree gchar *longer = g_strnfill(4097, 'x');

    for (guint i = 1; i < GST_NNC_TASK_MAX_RULES; i++)
        g_string_append(text, ",a=b:1");
    gst_nnc_task_rules_unref(parse_good(gst_nnc_task_rules_parse_map, text->str));
    g_string_append(text, ",a=b:1");
    fail_unless_equals_int(gst_nnc_task_rules_parse_map(text->str, &rules, &error),
                           NNC_LIMIT);
    fail_unless(strstr(error.message, "got 65 rules; expected at most 64"));
    fail_unless_equals_int(gst_nnc_task_rules_parse_hear(longer, &rules, &error),
                           NNC_LIMIT);
    fail_unless(strstr(error.message, "longer than 4096 bytes"));
}
GST_END_TEST

/* A decimal comma must not come in by the user's language. */
GST_START_TEST(decimal_point_in_any_locale)
{
    static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "C.UTF-8"};

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        setlocale(LC_ALL, names[i]); /* stays as it is where there is none */
        struct gst_nnc_task_rules *const rules =
            parse_good(gst_nnc_task_rules_parse_hear, "a:b>0.5=c:1.5");
        fail_unless_equals_float(rules->rules[0].threshold, 0.5);
        fail_unless_equals_float(rules->rules[0].gain, 1.5);
        gst_nnc_task_rules_unref(rules);
    }
    setlocale(LC_ALL, "C");
}
GST_END_TEST

static const struct {
    const char *attention, *category;
    double gain;
} mentions[] = {
    {NULL, "a", 1},   {"", "a", 1},        {"a=2", "a", 2},
    {"b=3", "a", 1},  {" a = 2 ", "a", 2}, {"a=2,a=0.5", "a", 0.5},
    {"aa=2", "a", 1}, {"x/a=2", "a", 1},   {"x/a=2", "x/a", 2},
    {"*=2", "a", 1},  {"a=2,b=3", "b", 3}, {"a=2,*=3", "a", 2},
};

GST_START_TEST(gain_of_attention)
{
    fail_unless_equals_float(
        gst_nnc_task_text_gain_of(mentions[__i__].attention, mentions[__i__].category),
        mentions[__i__].gain);
}
GST_END_TEST

/* --- over time --- */

/* A rule of gain 3 that applied at 1000 ms, with hold and decay in ms. */
static const struct {
    guint hold, decay;
    gint64 at;
    double gain;
} curve[] = {
    {500, 1000, 1000, 3},
    {500, 1000, 1500, 3},
    {500, 1000, 1750, 2.5},
    {500, 1000, 2000, 2},
    {500, 1000, 2375, 1.25},
    {500, 1000, 2496, 1 + 1.0 / 64}, /* 1.008 is nearer to one step than to none */
    {500, 1000, 2497, 1},
    {500, 1000, 2500, 1},
    {500, 1000, 99999, 1},
    {500, 1000, 0, 3}, /* frames out of order */
    {0, 1000, 1000, 3},
    {0, 1000, 1500, 2},
    {0, 64000, 2000, 3 - 2.0 / 64},
    {0, 64000, 2400, 3 - 3.0 / 64}, /* 2.95625, the nearest step to which is 2.953125 */
    {500, 0, 1500, 3},
    {500, 0, 1501, 1},
    {0, 0, 1000, 3},
    {0, 0, 1001, 1},
};

GST_START_TEST(decay)
{
    struct gst_nnc_task_rules *const rules =
        parse_good(gst_nnc_task_rules_parse_map, "a=b:3");
    const struct gst_nnc_task_fade fade = {curve[__i__].hold * MS,
                                           curve[__i__].decay * MS};
    struct gst_nnc_task_rule *const rule = &rules->rules[0];

    fail_unless_equals_float(gst_nnc_task_rule_gain(rule, &fade, 1000 * MS), 1);
    gst_nnc_task_rule_apply(rule, 1000 * MS);
    const double gain = gst_nnc_task_rule_gain(rule, &fade, curve[__i__].at * MS);
    fail_unless(gain == curve[__i__].gain, "%g at %d ms, expected %g", gain,
                (int)curve[__i__].at, curve[__i__].gain);
    gst_nnc_task_rules_reset(rules);
    fail_unless_equals_float(gst_nnc_task_rule_gain(rule, &fade, 1000 * MS), 1);
    gst_nnc_task_rules_unref(rules);
}
GST_END_TEST

/* Below 1 it comes up; and a gain that is no multiple of a step is met while it holds. */
GST_START_TEST(inhibition_decays)
{
    struct gst_nnc_task_rules *const rules =
        parse_good(gst_nnc_task_rules_parse_map, "a=b:0.3");
    const struct gst_nnc_task_fade fade = {100 * MS, 100 * MS};
    struct gst_nnc_task_rule *const rule = &rules->rules[0];

    atomic_store(&rule->pending, TRUE);
    gst_nnc_task_rules_apply_pending(rules, 1000 * MS);
    fail_unless(gst_nnc_task_rule_gain(rule, &fade, 1100 * MS) == 0.3);
    fail_unless(gst_nnc_task_rule_gain(rule, &fade, 1150 * MS) == 42.0 / 64);
    fail_unless(gst_nnc_task_rule_gain(rule, &fade, 1200 * MS) == 1);
    gst_nnc_task_rules_apply_pending(rules, 2000 * MS); /* nothing new was heard */
    fail_unless(gst_nnc_task_rule_gain(rule, &fade, 2000 * MS) == 1);
    gst_nnc_task_rules_unref(rules);
}
GST_END_TEST

/* --- messages --- */

static const struct {
    const char *rule, *message;
    gboolean heard;
} messages[] = {
    {"m=c:2", "m", TRUE},
    {"m=c:2", "n", FALSE},
    {"m=c:2", "mm", FALSE},
    {"m:f=c:2", "m", FALSE},
    {"m:f=c:2", "m, f=(string)anything", TRUE},
    {"m:f>1=c:2", "m", FALSE},
    {"m:f>1=c:2", "m, f=(int)1", FALSE},
    {"m:f>=1=c:2", "m, f=(int)1", TRUE},
    {"m:f>1=c:2", "m, f=(int)2", TRUE},
    {"m:f<1=c:2", "m, f=(int)0", TRUE},
    {"m:f<1=c:2", "m, f=(int)1", FALSE},
    {"m:f<=1=c:2", "m, f=(int)1", TRUE},
    {"m:f>1=c:2", "m, f=(uint)2", TRUE},
    {"m:f>1=c:2", "m, f=(guint64)2", TRUE},
    {"m:f<0=c:2", "m, f=(gint64)-2", TRUE},
    {"m:f>1.5=c:2", "m, f=(float)1.75", TRUE},
    {"m:f>1.5=c:2", "m, f=(double)1.25", FALSE},
    {"m:f>0=c:2", "m, f=(boolean)true", TRUE},
    {"m:f>0=c:2", "m, f=(boolean)false", FALSE},
    {"m:f>0.4=c:2", "m, f=(fraction)1/2", TRUE},
    {"m:f>0=c:2", "m, f=(string)5", FALSE},
    {"m:f>0=c:2", "m, f=(structure)[n]", FALSE},
    {"m:f>1=c:2", "m, f=(double)nan", FALSE},
    {"m:f<1=c:2", "m, f=(double)nan", FALSE},
    {"m:f<-60=c:2", "m, f=(double)-inf", TRUE}, /* silence, as `level` says it */
    {"m:f>1=c:2", "m, f=(int)<0,2,1>", TRUE},
    {"m:f>2=c:2", "m, f=(int)<0,2,1>", FALSE},
    {"m:f<2=c:2", "m, f=(int)<0,2,1>", FALSE}, /* below means: all of them */
    {"m:f>1=c:2", "m, f=(float){0,2.5}", TRUE},
    {"m:f>1=c:2", "m, f=(int)<>", FALSE},
    {"m:f>1=c:2", "m, f=(int)< <0,1>, <3,0> >", TRUE},
};

GST_START_TEST(hears)
{
    struct gst_nnc_task_rules *const rules =
        parse_good(gst_nnc_task_rules_parse_hear, messages[__i__].rule);
    g_autoptr(GstStructure) message =
        gst_structure_from_string(messages[__i__].message, NULL);

    fail_unless(message, "%s", messages[__i__].message);
    fail_unless(gst_nnc_task_rule_hears(&rules->rules[0], message) ==
                    messages[__i__].heard,
                "%s, %s", messages[__i__].rule, messages[__i__].message);
    gst_nnc_task_rules_unref(rules);
}
GST_END_TEST

G_GNUC_BEGIN_IGNORE_DEPRECATIONS

/* The way `level` does it, which has no text form. */
static GstStructure *level_message(double left, double right)
{
    GstStructure *const message = gst_structure_new_empty("level");
    GValue channels = G_VALUE_INIT, number = G_VALUE_INIT;

    g_value_init(&channels, g_value_array_get_type());
    g_value_take_boxed(&channels, g_value_array_new(0));
    g_value_init(&number, G_TYPE_DOUBLE);
    g_value_set_double(&number, left);
    g_value_array_append(g_value_get_boxed(&channels), &number);
    g_value_set_double(&number, right);
    g_value_array_append(g_value_get_boxed(&channels), &number);
    gst_structure_take_value(message, "peak", &channels);
    return message;
}

G_GNUC_END_IGNORE_DEPRECATIONS

GST_START_TEST(largest_channel_counts)
{
    struct gst_nnc_task_rules *const rules =
        parse_good(gst_nnc_task_rules_parse_hear, "level:peak>-20=c:2");
    const double levels[][2] = {{-30, -10}, {-10, -30}, {-30, -25}, {-INFINITY, -20}};

    for (guint i = 0; i < G_N_ELEMENTS(levels); i++) {
        g_autoptr(GstStructure) message = level_message(levels[i][0], levels[i][1]);
        fail_unless_equals_int(gst_nnc_task_rule_hears(&rules->rules[0], message), i < 2);
    }
    gst_nnc_task_rules_unref(rules);
}
GST_END_TEST

static Suite *task_rules(void)
{
    Suite *const suite = suite_create("task_rules");
    TCase *const kinds = tcase_create("rules");

    suite_add_tcase(suite, kinds);
    tcase_add_loop_test(kinds, good_map, 0, G_N_ELEMENTS(good_maps));
    tcase_add_loop_test(kinds, good_hear, 0, G_N_ELEMENTS(good_hears));
    tcase_add_loop_test(kinds, bad_rule, 0, G_N_ELEMENTS(bad_rules));
    tcase_add_test(kinds, limits);
    tcase_add_test(kinds, decimal_point_in_any_locale);
    tcase_add_loop_test(kinds, gain_of_attention, 0, G_N_ELEMENTS(mentions));
    tcase_add_loop_test(kinds, decay, 0, G_N_ELEMENTS(curve));
    tcase_add_test(kinds, inhibition_decays);
    tcase_add_loop_test(kinds, hears, 0, G_N_ELEMENTS(messages));
    tcase_add_test(kinds, largest_channel_counts);
    return suite;
}

int main(int argc, char **argv)
{
    gst_check_init(&argc, &argv);
    return gst_check_run_suite(task_rules(), "task_rules", __FILE__);
}
