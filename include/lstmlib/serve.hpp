// SPDX-License-Identifier: MIT
#pragma once
// Serves models over HTTP. Link lstmlib::serve, which contains the compiled server.

#include "lstmlib/serve/access_log.hpp"
#include "lstmlib/serve/environment.hpp"
#include "lstmlib/serve/handler.hpp"
#include "lstmlib/serve/service.hpp"
