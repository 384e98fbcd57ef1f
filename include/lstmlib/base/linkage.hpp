// SPDX-License-Identifier: MIT
#pragma once
// How functions that are no templates get into a program. Long ones are only declared in a header, and defined in
// the file of the same name that ends in .inl. The header includes that file, so they are inline functions. With
// LSTMLIB_CPU_LINKED it does not: lstmlib::cpu has them, compiled by backend/cpu/entry.hpp. So a program of many
// source files does not compile them in each.

#ifdef LSTMLIB_CPU_LINKED
#define LSTMLIB_INLINE
#define LSTMLIB_LAZY
#define LSTMLIB_LAZY_INLINE
#else
// Before definitions; for virtual functions before declarations, too, so that only files that use a class have its
// table of them.
#define LSTMLIB_INLINE inline
// Before declarations and definitions of functions that take long to compile: as templates, they are compiled only
// in files that call them.
#define LSTMLIB_LAZY template <class = void>
#define LSTMLIB_LAZY_INLINE template <class> inline
#endif
