#!/usr/bin/env python3
"""Fails when a file of lib/ includes one of a layer that it must not know. Usage: check_layers.py LIB_DIR"""
import pathlib
import re
import sys

# A layer may include itself and what is listed (lib/README.md explains the order).
MAY_INCLUDE = {
    "base": set(),
    "telemetry": {"base"},
    "http": {"base"},
    "config": {"http", "base"},
    "content": {"http", "base"},
    "files": {"http", "base", "config"},
    "limits": {"telemetry", "http", "base"},
    "net": {"http", "base"},
    "handlers": {"files", "content", "http", "limits", "net", "config", "telemetry", "base"},
    "steps": {"files", "content", "limits", "http", "telemetry", "base"},
    "site": {"handlers", "steps", "net", "files", "content", "http", "limits", "config", "telemetry", "base"},
    "session": {"site", "net", "http", "limits", "config", "telemetry", "base"},
    "server": {"session", "site", "net", "limits", "config", "telemetry", "base"},
}
# A library that only these files may name.
ONLY_IN = {
    r"boost/beast/http/basic_parser": {"session/http1_reader.cpp"},
    r"boost/beast/(?!http/(verb|field|status|basic_parser))": {"boost_impl.cpp"},
}


def main(root):
    faults = []
    for path in sorted(root.rglob("*.[ch]pp")):
        name = path.relative_to(root).as_posix()
        layer = name.split("/")[0] if "/" in name else None
        for number, line in enumerate(path.read_text().splitlines(), 1):
            own = re.match(r'\s*#\s*include\s+"([a-z_]+)/', line)
            if own and layer and own[1] != layer and own[1] not in MAY_INCLUDE[layer]:
                faults.append(f"{name}:{number}: {layer} must not include {own[1]}")
            foreign = re.match(r"\s*#\s*include\s+<(.+)>", line)
            for pattern, allowed in ONLY_IN.items():
                if foreign and re.match(pattern, foreign[1]) and name not in allowed:
                    faults.append(f"{name}:{number}: <{foreign[1]}> belongs in {', '.join(sorted(allowed))} only")
    layers = {p.name for p in root.iterdir() if p.is_dir()}
    faults += [f"{layer}: a layer that nobody described" for layer in sorted(layers - set(MAY_INCLUDE))]
    print("\n".join(faults) or f"{len(layers)} layers, no include points upward")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
