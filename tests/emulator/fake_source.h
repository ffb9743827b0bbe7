/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef NETRA_TESTS_FAKE_SOURCE_H
#define NETRA_TESTS_FAKE_SOURCE_H

#include <stdint.h>

#define FAKE_UNIT_MAX	3000u
#define FAKE_FILE_UNITS	50u

/* Length and bytes of unit @number of any fake source. */
uint32_t fake_unit_length(uint64_t number);
uint8_t fake_unit_byte(uint64_t number, uint32_t at);

#endif
