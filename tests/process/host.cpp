// SPDX-License-Identifier: MIT
// host WHAT ROUNDS local|global unload|keep PLUGIN ...: opens each plugin, runs it, and closes it or not. Says what each gave the
// first time; ends with 1 where another time gave anything else.
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

int main(int argc, char** arguments) {
  const bool global = std::string_view(arguments[3]) == "global",
             keep = std::string_view(arguments[4]) == "keep";
  std::map<std::string, double> results;
  for (int round = std::atoi(arguments[2]); round > 0; --round)
    for (int i = 5; i < argc; ++i) {
      void* library = dlopen(arguments[i], RTLD_NOW | (global ? RTLD_GLOBAL : RTLD_LOCAL));
      if (!library) return std::fprintf(stderr, "%s\n", dlerror()), 2;
      const auto run = reinterpret_cast<double (*)(const char*)>(dlsym(library, "plugin_run"));
      const double result = run(arguments[1]);
      const auto [known, first] = results.emplace(arguments[i], result);
      if (first) std::printf("%.9g\n", result);
      if (known->second != result) return std::fprintf(stderr, "%s: now %.9g\n", arguments[i], result), 1;
      if (!keep) dlclose(library);
    }
}
