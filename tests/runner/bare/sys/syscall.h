/* SPDX-License-Identifier: MIT */
/* On one core every running thread has passed a barrier at any time: there is no other. */
#define SYS_membarrier 0
#define syscall(number, command, flags, cpu) ((void)(command), 0)
