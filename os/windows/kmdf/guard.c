/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Control-flow guard without the WDK's libraries: the load configuration that
 * tells Windows which functions may be called indirectly, and the two pointers
 * it puts its checks into. Until it does, and where it does not, they let
 * everything through. The linker makes the tables (__guard_*).
 */
#include <ntddk.h>

extern void *__guard_fids_table[], *__guard_iat_table[], *__guard_longjmp_table[];
extern char __guard_fids_count, __guard_iat_count, __guard_longjmp_count, __guard_flags;

void netra_guard_check(void);
void netra_guard_dispatch(void);

__asm__(".text\n"
	".globl netra_guard_check\n"
	".def netra_guard_check; .scl 2; .type 32; .endef\n"
	"netra_guard_check:\n"
	"	ret\n"
	".globl netra_guard_dispatch\n"
	".def netra_guard_dispatch; .scl 2; .type 32; .endef\n"
	"netra_guard_dispatch:\n"
	"	jmp *%rax\n");

/* Windows makes the section writable for a moment, to put its own there. */
__attribute__((section(".00cfg"), used))
void (*const __guard_check_icall_fptr)(void) = netra_guard_check;
__attribute__((section(".00cfg"), used))
void (*const __guard_dispatch_icall_fptr)(void) = netra_guard_dispatch;

/* IMAGE_LOAD_CONFIG_DIRECTORY64 as far as is needed. */
struct load_config {
	ULONG Size;
	ULONG unused[27];
	const void *GuardCFCheckFunctionPointer;
	const void *GuardCFDispatchFunctionPointer;
	const void *GuardCFFunctionTable;
	const char *GuardCFFunctionCount;
	/* A 32-bit value; the linker's symbol for it can only be had as an address. */
	const char *GuardFlagsAndMore;
	ULONG more[2];
	const void *GuardAddressTakenIatEntryTable;
	const char *GuardAddressTakenIatEntryCount;
	const void *GuardLongJumpTargetTable;
	const char *GuardLongJumpTargetCount;
};

_Static_assert(offsetof(struct load_config, GuardCFCheckFunctionPointer) == 112, "layout");
_Static_assert(offsetof(struct load_config, GuardFlagsAndMore) == 144, "layout");
_Static_assert(offsetof(struct load_config, GuardAddressTakenIatEntryTable) == 160, "layout");
_Static_assert(sizeof(struct load_config) == 192, "layout");

extern const struct load_config _load_config_used;
__attribute__((used)) const struct load_config _load_config_used = {
	.Size = sizeof(struct load_config),
	.GuardCFCheckFunctionPointer = &__guard_check_icall_fptr,
	.GuardCFDispatchFunctionPointer = &__guard_dispatch_icall_fptr,
	.GuardCFFunctionTable = __guard_fids_table,
	.GuardCFFunctionCount = &__guard_fids_count,
	.GuardFlagsAndMore = &__guard_flags,
	.GuardAddressTakenIatEntryTable = __guard_iat_table,
	.GuardAddressTakenIatEntryCount = &__guard_iat_count,
	.GuardLongJumpTargetTable = __guard_longjmp_table,
	.GuardLongJumpTargetCount = &__guard_longjmp_count,
};
