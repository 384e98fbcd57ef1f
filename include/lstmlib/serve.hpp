// SPDX-License-Identifier: MIT
#pragma once
// Models over HTTP: all of it but the server's own code, which lstmlib::serve has compiled.

#include "lstmlib/serve/access_log.hpp"
#include "lstmlib/serve/environment.hpp"
#include "lstmlib/serve/handler.hpp"
#include "lstmlib/serve/service.hpp"
