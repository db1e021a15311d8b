#include "check.h"

#include <string.h>

static void versions_and_names(void)
{
    tb_status status;
    CHECK_EQ(tb_version(), TB_VERSION);
    CHECK(strcmp(tb_status_name(TB_OK), "TB_OK") == 0);
    CHECK(strcmp(tb_status_name(TB_PANICKED), "TB_PANICKED") == 0);
    for (status = TB_OK; status < TB_PANICKED; status++) {
        CHECK(strcmp(tb_status_name(status), tb_status_name(status + 1)) != 0);
    }
    /* No status: a name all the same, to be printed. */
    CHECK(tb_status_name(-1) != NULL);
    CHECK(tb_status_name(12345) != NULL);
}

static void messages_fit_like_snprintf(void)
{
    char buffer[16];
    tb_error *error = trouble("gr\xc3\xbc\xc3\x9f" "e");
    CHECK_EQ(tb_error_get_kind(error), TB_ERROR_OTHER);
    CHECK_EQ(tb_error_message(error, NULL, 0), 7);
    CHECK_EQ(tb_error_message(error, buffer, sizeof buffer), 7);
    CHECK(strcmp(buffer, "gr\xc3\xbc\xc3\x9f" "e") == 0);
    memset(buffer, 'x', sizeof buffer);
    CHECK_EQ(tb_error_message(error, buffer, 3), 7);
    CHECK(strcmp(buffer, "gr") == 0);
    CHECK_EQ(buffer[3], 'x');
    /* Not between the two bytes of a character. */
    CHECK_EQ(tb_error_message(error, buffer, 4), 7);
    CHECK(strcmp(buffer, "gr") == 0);
    CHECK_EQ(tb_error_message(error, buffer, 1), 7);
    CHECK_EQ(buffer[0], '\0');
    CHECK_EQ(tb_error_message(error, buffer, 7), 7);
    CHECK(strcmp(buffer, "gr\xc3\xbc\xc3\x9f") == 0);
    CHECK_EQ(tb_error_message(error, buffer, 8), 7);
    CHECK_EQ(strlen(buffer), 7);
    CHECK_EQ(tb_error_message(NULL, buffer, sizeof buffer), 0);
    CHECK_EQ(tb_error_get_kind(NULL), TB_ERROR_OTHER);
    tb_error_drop(&error);
    CHECK(error == NULL);
    tb_error_drop(&error);
    tb_error_drop(NULL);
}

static void every_kind(void)
{
    tb_error_kind kind;
    tb_error *error;
    for (kind = TB_ERROR_OTHER; kind <= TB_ERROR_TIMED_OUT; kind++) {
        char text[8];
        OK(tb_error_create(kind, "why", &error));
        CHECK_EQ(tb_error_message(error, text, sizeof text), 3);
        CHECK(strcmp(text, "why") == 0);
        expect_error(&error, kind);
    }
    error = (tb_error *)&kind;
    GIVES(TB_INVALID, tb_error_create(4711, "why", &error));
    CHECK(error == NULL);
    GIVES(TB_INVALID, tb_error_create(-1, "why", &error));
    GIVES(TB_INVALID, tb_error_create(TB_ERROR_OTHER, "\xff", &error));
    GIVES(TB_NULL, tb_error_create(TB_ERROR_OTHER, NULL, &error));
    GIVES(TB_NULL, tb_error_create(TB_ERROR_OTHER, "why", NULL));
}

static const char tag_a, tag_b;

static void lines_of_context(void)
{
    static const char trace[] = "starting level 1\n  caused by: loading hero.png\n  caused by: no such file";
    tb_error *error = NULL, *none = NULL;
    char text[100];
    OK(tb_error_create_with(TB_ERROR_FULL, "no such file", &tag_a, thing(1), thing_destroy, &error));
    OK(tb_error_context(&error, "loading hero.png"));
    OK(tb_error_context(&error, "starting level 1"));
    CHECK_EQ(tb_error_message(error, text, sizeof text), 16);
    CHECK(strcmp(text, "starting level 1") == 0);
    CHECK_EQ(tb_error_trace(error, text, sizeof text), sizeof trace - 1);
    CHECK(strcmp(text, trace) == 0);
    CHECK_EQ(thing_number(tb_error_payload(error, &tag_a)), 1);
    GIVES(TB_INVALID, tb_error_context(&error, "\xff"));
    GIVES(TB_NULL, tb_error_context(&error, NULL));
    GIVES(TB_NULL, tb_error_context(&none, "of nothing"));
    GIVES(TB_NULL, tb_error_context(NULL, "of nothing"));
    CHECK_EQ(tb_error_trace(NULL, text, sizeof text), 0);
    CHECK_EQ(things_alive(), 1);
    expect_error(&error, TB_ERROR_FULL);
}

static void payloads_live_as_long_as_the_last_clone(void)
{
    tb_error *error = NULL, *clone = NULL;
    void *payload = thing(7);
    OK(tb_error_create_with(TB_ERROR_CANCELED, "with", &tag_a, payload, thing_destroy, &error));
    CHECK(tb_error_payload(error, &tag_a) == payload);
    CHECK(tb_error_payload(error, &tag_b) == NULL);
    CHECK(tb_error_payload(NULL, &tag_a) == NULL);
    CHECK_EQ(tb_error_get_kind(error), TB_ERROR_CANCELED);
    OK(tb_error_clone(error, &clone));
    tb_error_drop(&error);
    CHECK_EQ(things_alive(), 1);
    CHECK(tb_error_payload(clone, &tag_a) == payload);
    tb_error_drop(&clone);
    CHECK_EQ(things_alive(), 0);
}

static void failing_leaves_the_payload_alone(void)
{
    tb_error *error = NULL;
    void *payload = thing(7);
    GIVES(TB_INVALID, tb_error_create_with(TB_ERROR_OTHER, "\xc3", &tag_a, payload, thing_destroy, &error));
    GIVES(TB_NULL, tb_error_create_with(TB_ERROR_OTHER, NULL, &tag_a, payload, thing_destroy, &error));
    GIVES(TB_NULL, tb_error_create_with(TB_ERROR_OTHER, "why", &tag_a, payload, thing_destroy, NULL));
    CHECK(error == NULL);
    CHECK_EQ(thing_take(payload), 7);
}

static void payloads_travel(void)
{
    tb_error *error = NULL;
    tb_task *task = NULL;
    void *value = NULL;
    note note = {0};
    OK(tb_error_create_with(TB_ERROR_TIMED_OUT, "slow", &tag_b, thing(3), thing_destroy, &error));
    OK(tb_task_rejected(&error, &task));
    CHECK(error == NULL);
    OK(tb_and_then(&task, tb_immediate(), note_adds_one, &note, note_destroy));
    note_expect(&note, 0, 1);
    GIVES(TB_REJECTED, tb_task_take(&task, &value, &error));
    CHECK_EQ(thing_number(tb_error_payload(error, &tag_b)), 3);
    expect_error(&error, TB_ERROR_TIMED_OUT);
}

static void *on_a_new_thread(void *data)
{
    tb_error *error = NULL;
    CHECK(*tb_last_error() == '\0');
    GIVES(TB_NULL, tb_error_create(TB_ERROR_OTHER, NULL, &error));
    *(const char **)data = tb_last_error();
    return NULL;
}

static void last_error_is_the_threads_own(void)
{
    const char *theirs = NULL;
    char mine[256];
    tb_error *error = NULL;
    GIVES(TB_INVALID, tb_error_create(TB_ERROR_OTHER, "\xff", &error));
    CHECK(strlen(tb_last_error()) < sizeof mine);
    strcpy(mine, tb_last_error());
    elsewhere(on_a_new_thread, (void *)&theirs);
    CHECK(strcmp(mine, tb_last_error()) == 0);
    /* Static text: it outlives its thread. */
    CHECK(strcmp(mine, theirs) != 0);
}

static long unseen;

static void hook(void *data, const tb_error *error)
{
    CHECK(data == &unseen);
    CHECK(tb_error_get_kind(error) >= TB_ERROR_OTHER);
    __atomic_add_fetch(&unseen, 1, __ATOMIC_RELAXED);
}

/* The only test that sets it: once for the process. */
static void errors_that_nobody_saw(void)
{
    tb_error *error = trouble("unseen");
    tb_task *task = NULL;
    tb_promise *promise = NULL;
    note note = {0};
    long before;
    GIVES(TB_NULL, tb_set_error_hook(NULL, &unseen));
    OK(tb_set_error_hook(hook, &unseen));
    CHECK(tb_set_error_hook(hook, NULL) != TB_OK);
    before = __atomic_load_n(&unseen, __ATOMIC_RELAXED);
    OK(tb_task_rejected(&error, &task));
    tb_task_drop(&task);
    CHECK_EQ(__atomic_load_n(&unseen, __ATOMIC_RELAXED), before + 1);

    OK(tb_promise_create(&promise, &task));
    OK(tb_task_detach(&task));
    CHECK(task == NULL);
    tb_promise_drop(&promise);
    CHECK_EQ(__atomic_load_n(&unseen, __ATOMIC_RELAXED), before + 2);

    error = trouble("seen");
    OK(tb_task_rejected(&error, &task));
    OK(tb_or_else(&task, tb_immediate(), note_recovers, &note, note_destroy));
    tb_task_drop(&task);
    note_expect(&note, 1, 1);
    CHECK_EQ(__atomic_load_n(&unseen, __ATOMIC_RELAXED), before + 2);
}

const check_test error_tests[] = {
    {"errors that nobody saw", errors_that_nobody_saw},
    {"versions and names", versions_and_names},
    {"messages fit like snprintf", messages_fit_like_snprintf},
    {"every kind", every_kind},
    {"lines of context", lines_of_context},
    {"payloads live as long as the last clone", payloads_live_as_long_as_the_last_clone},
    {"failing leaves the payload alone", failing_leaves_the_payload_alone},
    {"payloads travel", payloads_travel},
    {"last error is the thread's own", last_error_is_the_threads_own},
    {NULL, NULL},
};
