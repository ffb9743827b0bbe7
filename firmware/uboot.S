/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stage 1 for an emulated board: as much of U-Boot as the host can see over
 * PCIe. On a real board this is TI's U-Boot; what they share is the vector
 * table, the boot flag in on-chip RAM and the stage in GPR1.
 *
 * pack.py writes u-boot.bin from the words on the right, so that no cross
 * compiler is needed; tests/arm.sh assembles this file and compares.
 *
 * Sources: TI PSP U-Boot 04.04 (arch/arm/cpu/arm_cortexa8/ti81xx/pcie.c).
 */
	.arch	armv7-a
	.arm
	.text
	.globl	_start
_start:
	b	reset			@ ea000006
	b	hang			@ ea00000f undefined instruction
	b	hang			@ ea00000e software interrupt
	b	hang			@ ea00000d prefetch abort
	b	hang			@ ea00000c data abort
	b	hang			@ ea00000b not used
	b	hang			@ ea00000a interrupt
	b	hang			@ ea000009 fast interrupt
reset:
	ldr	r0, flag		@ e59f0028
	ldr	r1, pciess		@ e59f1028
	ldr	r2, stage		@ e59f2028
	mov	r3, #0			@ e3a03000
	str	r2, [r1, #0x74]		@ e5812074 GPR1: U-Boot runs
	str	r3, [r0]		@ e5803000 the flag is consumed
wait:
	ldr	r4, [r0]		@ e5904000 until the images are there
	cmp	r4, #0			@ e3540000
	beq	wait			@ 0afffffc
	str	r3, [r0]		@ e5803000
hang:
	wfi				@ e320f003 here U-Boot sources the script
	b	hang			@ eafffffd
flag:	.word	0x4043fffc		@ 4043fffc
pciess:	.word	0x51000000		@ 51000000
stage:	.word	0x4e544210		@ 4e544210
