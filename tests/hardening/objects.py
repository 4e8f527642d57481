# SPDX-License-Identifier: MIT
"""What the built objects are made of, by readelf and nm: protections that compiler and
linker were asked for, and calls that must not be there.

    objects.py release|debug FILE...      shared objects and programs; archives for CET
"""
import re
import subprocess
import sys

# Whoever loads these decides what happens, not the environment, and not by other programs.
FORBIDDEN = re.compile(
    "(secure_)?getenv|g_getenv|g_get_environ|environ|dlm?open|dlsym|g_module_.*|system|popen|"
    "exec(l|le|lp|v|ve|vp|vpe|veat)|fexecve|v?fork|posix_spawnp?|g_spawn_.*|g_subprocess_.*|"
    "ptrace|socket(pair)?|connect|bind|listen|accept4?|send(to|msg|mmsg)?|recv(from|msg|mmsg)?|"
    "getaddrinfo|gethostby.*|g_socket_.*|g_resolver_.*|mkd?o?stemps?(64)?|tmpfile(64)?|"
    "tempnam|tmpnam|gets|strcpy|strcat|sprintf|vsprintf")
# Programs may ask for what users say by the environment.
ALLOWED_IN_PROGRAMS = {"getenv", "environ"}
CHECKED_WHEN_FORTIFIED = {"printf", "fprintf", "snprintf", "vsnprintf", "vfprintf"}

complaints = []


def complain(file, what):
    complaints.append(f"{file}: {what}")


def output(*command):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout


def check_layout(file):
    """Tables of the linker are read-only from the start, the stack is no code, and no
    page is both written and run."""
    segments = output("readelf", "-lW", file)
    dynamic = output("readelf", "-dW", file)
    if "GNU_RELRO" not in segments:
        complain(file, "no RELRO")
    if not re.search(r"BIND_NOW|FLAGS_1.*\bNOW\b", dynamic):
        complain(file, "no BIND_NOW")
    if "TEXTREL" in dynamic:
        complain(file, "text relocations")
    stack = re.search(r"GNU_STACK\s+(?:0x\w+\s+){5}(\S+)", segments)
    if not stack or "E" in stack[1]:
        complain(file, "an executable stack")
    if re.search(r"LOAD\s+(?:0x\w+\s+){5}RWE", segments):
        complain(file, "a segment that is both written and run")
    for path in re.findall(r"(?:RPATH|RUNPATH).*\[(.*)\]", dynamic):
        for folder in path.split(":"):
            if not re.match(r"\$ORIGIN|/usr/lib", folder):
                complain(file, f"looks for libraries in {folder}")


def imports(file):
    return {line.split()[-1].split("@")[0]
            for line in output("nm", "-D", "--undefined-only", file).splitlines()}


def check_imports(file, release, program):
    names = imports(file)
    if "__stack_chk_fail" not in names:
        complain(file, "no stack protector")
    # What the compiler proves to fit is called by its own name even then.
    fortified = any(name.endswith("_chk") for name in names)
    if release and names & CHECKED_WHEN_FORTIFIED and not fortified:
        complain(file, "no call is fortified")
    allowed = ALLOWED_IN_PROGRAMS if program else set()
    for name in sorted(names - allowed):
        if FORBIDDEN.fullmatch(name):
            complain(file, f"calls {name}()")


def check_cet(archive):
    """Each of our object files is ready for indirect branch tracking and shadow stacks. What
    the linker makes of them depends on the start files of the C library, too."""
    notes = output("readelf", "-nW", archive)
    objects = len(re.findall(r"^File: ", notes, re.M))
    ready = len(re.findall(r"feature: IBT, SHSTK", notes))
    if not objects or ready < objects:
        complain(archive, f"{ready} of {objects} object files are ready for CET")


def main():
    release = sys.argv[1] == "release"
    x86_64 = output("uname", "-m").strip() == "x86_64"
    for file in sys.argv[2:]:
        if file.endswith(".a"):
            if x86_64:
                check_cet(file)
            continue
        check_layout(file)
        check_imports(file, release, program=".so" not in file)
    print("\n".join(complaints) or f"{len(sys.argv) - 2} files are as they should be")
    return bool(complaints)


sys.exit(main())
