#!/bin/sh
# single_header.sh INCLUDE_DIR [HEADER]: writes HEADER (lstmlib/lstmlib.hpp unless given), with all headers of the library that it
# includes, as one file to standard output: cmake/single_header.sh include >lstmlib_single.hpp
# A tool for making a release. Building and installing the library do not need it.
# #pragma once becomes an include guard, because all headers are in one file. Files without that line, which the kernels
# include once for each instruction set, are written each time they are included.
set -eu
include=$1 header=${2:-lstmlib/lstmlib.hpp}
[ -r "$include/$header" ] || { echo "single_header.sh: no $header in $include" >&2; exit 2; }
version=$(sed -n 's/^#define LSTMLIB_VERSION_[A-Z]* //p' "$include/lstmlib/version.hpp" | paste -s -d .)

cat <<END_OF_HEAD
// SPDX-License-Identifier: MIT
// lstmlib $version as one header, made from $header by cmake/single_header.sh. Change the headers, not this file.
// Needs C++20, Eigen, zlib and nlohmann-json: g++ -std=c++20 -O2 -I/usr/include/eigen3 program.cpp -lz -pthread
//
END_OF_HEAD
sed 's|^|// |; s| *$||' "$include/../LICENSE"
echo "#pragma once"
awk -v include="$include" -v top="$header" '
  function guard_of(path) { gsub(/[^A-Za-z0-9]/, "_", path); return "LSTMLIB_SINGLE_" toupper(path) }

  # Writes the file at a path below the include folder. Inner calls have variables of their own.
  function write(path, outer_conditions,    file, line, used, parts, once, status, conditions) {
    file = include "/" path
    if (is_once[path]) { if (complete[path]) return } else if (open[path]) { fail(path " includes itself") }
    if (open[path]) return  # a cycle of headers: the guard would stop it
    open[path] = 1
    conditions = 0
    while ((status = (getline line < file)) > 0) {
      if (line ~ /^#pragma once/) {
        is_once[path] = once = 1
        print "#ifndef " guard_of(path)
        print "#define " guard_of(path)
      } else if (line ~ /^[ \t]*#[ \t]*include[ \t]*[<"]lstmlib\//) {
        split(line, parts, /[<">]/)
        used = parts[2]
        write(used, outer_conditions + conditions)
      } else if (line ~ /^\/\/ SPDX-License-Identifier:/) {
        # said once, above
      } else if (line ~ /^[ \t]*#[ \t]*include[ \t]*[^<" \t]/) {
        fail(path " includes what a macro says: " line)
      } else {
        if (line ~ /^[ \t]*#[ \t]*if/) ++conditions
        if (line ~ /^[ \t]*#[ \t]*endif/) --conditions
        print line
      }
    }
    if (status < 0) fail("cannot read " file)
    close(file)
    if (once) {
      print "#endif"
      # Inside #if it may be skipped, so it is written again at the next include; the guard prevents duplicates.
      if (outer_conditions == 0) complete[path] = 1
    }
    delete open[path]
  }
  function fail(text) { print "single_header.sh: " text > "/dev/stderr"; failed = 1; exit 1 }
  BEGIN { write(top, 0); exit failed }'
