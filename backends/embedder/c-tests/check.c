#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *check_current = "setup";

static void failed(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: in %s: does not hold: %s\n", file, line, check_current, what);
}

void check_holds(int holds, const char *file, int line, const char *what)
{
    if (!holds) {
        failed(file, line, what);
        abort();
    }
}

void check_equal(long long left, long long right, const char *file, int line, const char *what)
{
    if (left != right) {
        failed(file, line, what);
        fprintf(stderr, "  left %lld, right %lld\n", left, right);
        abort();
    }
}

void check_status(tb_status expected, tb_status status, const char *file, int line, const char *what)
{
    if (status != expected) {
        failed(file, line, what);
        fprintf(stderr, "  expected %s, got %s: \"%s\"\n", tb_status_name(expected), tb_status_name(status),
                tb_last_error());
        abort();
    }
    if (status != TB_OK && status != TB_REJECTED && *tb_last_error() == '\0') {
        failed(file, line, what);
        fprintf(stderr, "  it gives %s and no reason\n", tb_status_name(status));
        abort();
    }
}

/* ---- Values */

struct thing {
    long number;
};

static long alive;

void *thing(long number)
{
    struct thing *made = malloc(sizeof *made);
    CHECK(made != NULL);
    made->number = number;
    __atomic_add_fetch(&alive, 1, __ATOMIC_RELAXED);
    return made;
}

void thing_destroy(void *data)
{
    struct thing *one = data;
    CHECK(one->number >= 0);
    one->number = -1;
    __atomic_sub_fetch(&alive, 1, __ATOMIC_RELAXED);
    free(one);
}

long thing_number(const void *data)
{
    return ((const struct thing *)data)->number;
}

long thing_take(void *data)
{
    long number = thing_number(data);
    thing_destroy(data);
    return number;
}

long things_alive(void)
{
    return __atomic_load_n(&alive, __ATOMIC_RELAXED);
}

void *thing_clone(const void *data)
{
    return thing(thing_number(data));
}

tb_error *trouble(const char *message)
{
    tb_error *error = NULL;
    OK(tb_error_create(TB_ERROR_OTHER, message, &error));
    CHECK(error != NULL);
    return error;
}

void expect_error(tb_error **error, tb_error_kind kind)
{
    CHECK(*error != NULL);
    CHECK_EQ(tb_error_get_kind(*error), kind);
    tb_error_drop(error);
    CHECK(*error == NULL);
}

void expect_number(tb_task **task, long number)
{
    void *value = NULL;
    tb_error *error = NULL;
    CHECK(tb_task_is_settled(*task));
    OK(tb_task_take(task, &value, &error));
    CHECK(*task == NULL && error == NULL);
    CHECK_EQ(thing_take(value), number);
}

void expect_rejected(tb_task **task, tb_error_kind kind)
{
    void *value = &value;
    tb_error *error = NULL;
    CHECK(tb_task_is_settled(*task));
    GIVES(TB_REJECTED, tb_task_take(task, &value, &error));
    CHECK(*task == NULL && value == NULL);
    expect_error(&error, kind);
}

/* ---- Closures */

static void was_called(note *note)
{
    note->called++;
    CHECK_EQ(note->called, 1);
    CHECK_EQ(note->destroyed, 0);
    note->called_on = pthread_self();
}

void note_destroy(void *data)
{
    note *note = data;
    note->destroyed++;
    CHECK_EQ(note->destroyed, 1);
    note->destroyed_on = pthread_self();
}

void note_run(void *data, tb_reply *reply)
{
    note *note = data;
    was_called(note);
    OK(tb_reply_resolve(reply, thing(note->number), thing_destroy));
}

void note_adds_one(void *data, void *value, tb_reply *reply)
{
    note *note = data;
    was_called(note);
    note->number = thing_take(value);
    OK(tb_reply_resolve(reply, thing(note->number + 1), thing_destroy));
}

void note_recovers(void *data, tb_error *error, tb_reply *reply)
{
    note *note = data;
    was_called(note);
    note->kind = tb_error_get_kind(error);
    tb_error_drop(&error);
    OK(tb_reply_resolve(reply, thing(100), thing_destroy));
}

void note_passes_on(void *data, void *value, tb_error *error, tb_reply *reply)
{
    note *note = data;
    was_called(note);
    if (error != NULL) {
        CHECK(value == NULL);
        note->kind = tb_error_get_kind(error);
        OK(tb_reply_reject(reply, &error));
        CHECK(error == NULL);
    } else {
        note->number = thing_number(value);
        OK(tb_reply_resolve(reply, value, thing_destroy));
    }
}

void note_looks(void *data, const void *value, const tb_error *error)
{
    note *note = data;
    was_called(note);
    if (error != NULL) {
        CHECK(value == NULL);
        note->kind = tb_error_get_kind(error);
    } else {
        note->number = thing_number(value);
    }
}

void note_is_silent(void *data, tb_reply *reply)
{
    CHECK(reply != NULL);
    was_called(data);
}

void note_rejects(void *data, void *value, tb_reply *reply)
{
    tb_error *error = trouble("no");
    was_called(data);
    thing_destroy(value);
    OK(tb_reply_reject(reply, &error));
    CHECK(error == NULL);
}

void note_returns_task(void *data, tb_reply *reply)
{
    note *note = data;
    was_called(note);
    OK(tb_reply_task(reply, &note->task));
    CHECK(note->task == NULL);
}

void note_expect(const note *note, int called, int destroyed)
{
    CHECK_EQ(note->called, called);
    CHECK_EQ(note->destroyed, destroyed);
}
