#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes a C file of the page's files: embed.py OUTPUT FILE..."""
import hashlib
import os
import sys

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".yaml": "application/yaml; charset=utf-8",
}


def main(output, paths):
    arrays, table = [], []
    for number, path in enumerate(paths):
        with open(path, "rb") as file:
            data = file.read()
        name = os.path.basename(path)
        tag = hashlib.sha256(data).hexdigest()[:16]
        rows = [",".join(map(str, data[i:i + 32])) for i in range(0, len(data), 32)]
        arrays.append(f"static const uint8_t file{number}[] = {{\n" + ",\n".join(rows) + "\n};\n")
        table.append(f'\t{{ "{name}", "{TYPES[os.path.splitext(name)[1]]}", "{tag}", '
                     f"file{number}, sizeof(file{number}) }},\n")
    with open(output, "w", encoding="utf-8") as file:
        file.write('#include "streamer/web_internal.h"\n\n' + "\n".join(arrays) +
                   "\nconst struct netra_web_page netra_web_pages[] = {\n" + "".join(table) +
                   f"}};\nconst size_t netra_web_page_count = {len(paths)};\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
