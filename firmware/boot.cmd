# SPDX-License-Identifier: BSD-2-Clause
# Boot script, run by U-Boot at 0x80400000 once the host has filled DDR in.
# 0x51000074 is GPR1 of PCIESS: the host reads there how far the boot is.
# The last megabyte below 0x90000000 is kept from Linux for the board block.
echo netra: boot script
mw.l 0x51000074 0x4e544220
if iminfo 0x80900000; then echo netra: kernel image is whole; else mw.l 0x51000074 0x4e544281; exit; fi
if iminfo 0x81000000; then echo netra: file system image is whole; else mw.l 0x51000074 0x4e544282; exit; fi
setenv bootargs console=ttyO2,115200n8 mem=255M@0x80000000 mem=512M@0x90000000 rdinit=/init
mw.l 0x51000074 0x4e544230
bootm 0x80900000 0x81000000
mw.l 0x51000074 0x4e544281
