// SPDX-License-Identifier: MIT
#pragma once
// The server for a program whose other files include serve.hpp; exactly one of its files includes this.

#include "lstmlib/serve/http_server.hpp"

template std::unique_ptr<lstmlib::serve::Server> lstmlib::serve::make_server<>(
    const lstmlib::serve::ServerOptions&);
