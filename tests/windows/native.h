/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Included before everything where the driver is compiled natively. What the
 * DDK's headers do by privileged instructions, fixed addresses or compiler
 * extensions becomes calls into the fake; the driver's source stays as it is.
 */
#ifndef TESTS_WINDOWS_NATIVE_H
#define TESTS_WINDOWS_NATIVE_H

#include <ntifs.h>

unsigned char fake_raise_level(unsigned char level);
void fake_lower_level(unsigned char level);
unsigned int fake_read_register(const volatile void *at);
void fake_write_register(volatile void *at, unsigned int value);
unsigned long long fake_system_time(void);

#undef KeRaiseIrql
#undef KeLowerIrql
#undef READ_REGISTER_ULONG
#undef WRITE_REGISTER_ULONG
#undef KeQuerySystemTime
#define KeRaiseIrql(level, before) (*(before) = fake_raise_level(level))
#define KeLowerIrql(level) fake_lower_level(level)
#define READ_REGISTER_ULONG(at) fake_read_register(at)
#define WRITE_REGISTER_ULONG(at, value) fake_write_register(at, value)
#define KeQuerySystemTime(time) ((time)->QuadPart = (LONGLONG)fake_system_time())

/* One call that raises per __try: the frame is used up by it either way. */
extern __thread void *fake_frame[5];
void fake_try(void);
#define __try if (fake_try(), !__builtin_setjmp(fake_frame))
#define __except(filter) else

#endif
