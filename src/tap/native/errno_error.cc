#include "errno_error.h"

#include <uv.h>

#include <string>

Napi::Error ErrnoError(Napi::Env env, int error, const char* syscall) {
  const int status = uv_translate_sys_error(error);
  const std::string code = uv_err_name(status);
  Napi::Error result = Napi::Error::New(env, code + ": " + uv_strerror(status) + ", " + syscall);
  result.Set("code", Napi::String::New(env, code));
  result.Set("syscall", Napi::String::New(env, syscall));
  return result;
}
