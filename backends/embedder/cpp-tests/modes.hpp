// Two translation units of one program: one with exceptions, one without. Tasks pass between them as C handles.
#pragma once

#include <threadbare.h>

/// In both units by this name: what is made of it must not be the same function.
struct Twice {
    int operator()(int value) const { return value * 2; }
};

tb_task* quiet_twice(tb_task* task);
bool quiet_sees(tb_task* task, const char* message);
tb_task* quiet_rejected();
