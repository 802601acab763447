"""M4: what including a header of whole floors costs a source file, and what its dependencies cost alone."""

import pathlib
import re
import resource
import subprocess
import tempfile

from report import text_table
from rounds import Series

DOORS = ("core.hpp", "wire.hpp", "channel.hpp", "net.hpp", "rejoinder.hpp", "web.hpp")


def play(include, given):
    command = [*given.compiler.split(), "-std=c++20", "-DASIO_STANDALONE", *given.flags.split(), f"-I{include}"]
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        sources = {}
        for door in DOORS:
            sources[door] = write(folder, door, [f"rejoinder/{door}"])
            sources[f"{door}: dependencies"] = write(folder, f"dependencies_of_{door}", dependencies(command, sources[door], include))
        numbers = {name: [] for name in sources}
        for _ in range(min(given.rounds, 5)):
            for name, source in sources.items():
                numbers[name].append(cost(command, source))
        lines = {name: lines_of(command, source) for name, source in sources.items()}
    for name, all_rounds in numbers.items():
        results[name] = {"seconds": Series([seconds for seconds, _ in all_rounds]), "lines": Series([lines[name]]),
                         "object_kib": Series([all_rounds[0][1]])}
    return results


def write(folder, name, headers):
    path = pathlib.Path(folder) / f"{name}.cpp"
    # Some are named for other systems or newer versions only.
    path.write_text("".join(f"#if __has_include(<{header}>)\n#include <{header}>\n#endif\n" for header in headers))
    return path


def dependencies(command, source, include):
    """The headers of others that the library's own name, in the order in which they are met."""
    said = subprocess.run([*command, "-M", source], stdout=subprocess.PIPE, text=True, check=True).stdout
    own = [pathlib.Path(word) for word in said.replace("\\\n", " ").split() if word.startswith(str(include))]
    named = re.findall(r"^ *# *include <((?!rejoinder/)[^>]+)>", "\n".join(path.read_text() for path in own), re.MULTILINE)
    return list(dict.fromkeys(named))


def cost(command, source):
    """CPU seconds at -O0, and the object's KiB."""
    target = source.with_suffix(".o")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*command, "-O0", "-c", source, "-o", target], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, target.stat().st_size / 1024


def lines_of(command, source):
    said = subprocess.run([*command, "-E", "-P", source], stdout=subprocess.PIPE, text=True, check=True).stdout
    return said.count("\n")


def table(measured):
    lines = [(name, of["seconds"], f"{of['lines'].median / 1000:.0f}k", f"{of['object_kib'].median:.0f}") for name, of in measured.items()]
    return f"including a header: CPU s at -O0, lines preprocessed, KiB of the object\n{text_table(('M4', 's', 'lines', 'KiB'), lines)}"
