// SPDX-License-Identifier: MIT
#pragma once
// Instantiates the server for programs that use serve.hpp. Include it in exactly one source file.

#include "lstmlib/serve/http_server.hpp"

template std::unique_ptr<lstmlib::serve::Server> lstmlib::serve::make_server<>(
    const lstmlib::serve::ServerOptions&);
