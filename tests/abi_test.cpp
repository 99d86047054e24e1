// SPDX-License-Identifier: MIT
// The same in C++, where a shared word is a std::atomic.
#include "abi_test.c"
