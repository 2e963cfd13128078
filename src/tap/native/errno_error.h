#pragma once

#include <napi.h>

/**
 * A failed system call as a JS Error, shaped like those of Node: `code` (the errno's name, such as 'EPERM') and
 * `syscall` (what was attempted).
 */
Napi::Error ErrnoError(Napi::Env env, int error, const char* syscall);
