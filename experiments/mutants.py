"""Mutation testing of `crates/dynamics` and of the rooms of `src` beneath the claims, on a seeded random sample of what `cargo mutants` lists.

    python3 experiments/mutants.py WORK [--seed 1] [--dynamics 300] [--rooms 200] [--until HH:MM] [--far]

It needs `cargo mutants` and the Python packages `tree-sitter` and `tree-sitter-rust`.

All mutants of the sample are compiled into one program. Each stands beside the original in a branch on an environment variable that names the mutant to
switch on, so that a mutant costs what its tests cost, and no compilation. What no branch can express (an operator in a constant, the body of a `const fn`,
a field of a struct) is not in the frame that is drawn from. A mutant whose branch does not compile is compiled by itself: in the library, where it only
tells whether the mutant is viable.

The repository is cloned into WORK/tree, and what is drawn, by `--seed`, `--dynamics` and `--rooms` of the first call, is kept in WORK/plan.json. Tests run from the nearest to the slowest: unit tests of the mutated module, the other quick ones of its crate, its
slow ones, nearest first, and for `crates/dynamics` those of the library on top of it. The first failure ends them. `--far` goes on, for what the unit tests of
`src` missed, with the integration tests that name none of the report's studies: the nearest up to 20 s, the others up to 4 s of processor time. Limits are of processor time, so that a busy machine turns no mutant into a
timeout. Outcomes go to WORK/outcomes.jsonl, a line a mutant: caught (by which test), missed, timeout, unviable, alone (viable,
but no branch expresses it, so that it is not tested), or missed far, which `--far` adds to missed. What is there is not tested again.
"""

import argparse
import datetime
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import tree_sitter
import tree_sitter_rust

HOME = Path(__file__).resolve().parent.parent
ROOMS = ("src/engine/", "src/update/", "src/data/", "src/measure/")
DYNAMICS = "crates/dynamics/src/"
SWITCH = """
#[doc(hidden)]
pub fn mutant(number: u32) -> bool {
    static ON: std::sync::LazyLock<u32> =
        std::sync::LazyLock::new(|| std::env::var("MUTANT").ok().and_then(|word| word.parse().ok()).unwrap_or(u32::MAX));
    *ON == number
}
"""
QUICK = 0.3  # Seconds of processor time up to which a test counts as quick.
FAR = (20, 4)  # Seconds of processor time up to which an integration test is asked: one of the nearest modules, another.
MEMORY = 12 << 30  # Bytes that a test may map.
STUDIES = ("main_job", "figures", "explorations", "planted_errors", "report", "catalogued", "documents", "book", "sweep", "safety", "faults", "fuzzed", "programs", "explorer")
NEAREST = {  # Integration tests that come first for a room.
    "src/data/": ("data_files", "loaders", "reading"),
    "src/engine/": ("engines", "stacks", "resume", "training"),
    "src/measure/": ("curvature", "gradients", "kinks"),
    "src/update/": ("updates", "engines"),
}
RUST = tree_sitter.Parser(tree_sitter.Language(tree_sitter_rust.language()))


class File:
    """A source file, its syntax, and where each mutant of the sample branches off."""

    def __init__(self, text):
        self.source = text.encode()
        self.root = RUST.parse(self.source).root_node
        self.starts = [0]
        for line in self.source.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))

    def offset(self, at):
        line = self.source[self.starts[at["line"] - 1] : self.starts[at["line"]]].decode()
        return self.starts[at["line"] - 1] + len(line[: at["column"] - 1].encode())

    def place(self, mutant):
        """What to branch at (kind, node or offset, replacement), or nothing where a branch cannot be."""
        start, end = self.offset(mutant["span"]["start"]), self.offset(mutant["span"]["end"])
        node = self.root.descendant_for_byte_range(start, max(start, end - 1))
        outer = node
        while outer is not None and outer.type not in ("const_item", "static_item", "function_item", "array_type"):
            outer = outer.parent
        if outer is None or outer.type != "function_item":
            return None
        words = self.source[outer.start_byte : outer.child_by_field_name("name").start_byte].decode()
        if "const" in words.split():
            return None
        genre, replacement = mutant["genre"], mutant["replacement"]
        if genre == "FnValue":
            returns = outer.child_by_field_name("return_type")
            if returns is not None and "impl " in returns.text.decode():
                return None
            return "body", start, replacement
        if genre == "BinaryOperator":
            return ("operator", node.parent, replacement) if node.parent.type in ("binary_expression", "compound_assignment_expr") else None
        if genre == "UnaryOperator":
            return ("unary", node.parent, replacement) if node.parent.type == "unary_expression" else None
        if genre == "MatchArmGuard":
            while node is not None and (node.start_byte, node.end_byte) != (start, end):
                node = node.parent
            return ("guard", node, replacement) if node is not None and node.type != "let_condition" else None
        if genre == "MatchArm":
            while node is not None and node.type != "match_arm":
                node = node.parent
            return ("arm", node.child_by_field_name("pattern"), None) if node is not None else None
        return None

    def render(self, places, switch):
        """The text in which every place (kind, where, replacement, number) branches."""
        bodies = [(where, f"if {switch}({number}) {{ return {what}; }}\n") for kind, where, what, number in places if kind == "body"]
        nodes = {}
        for kind, where, what, number in places:
            if kind != "body":
                nodes.setdefault((where.start_byte, where.end_byte), (where, []))[1].append((kind, what, number))

        def text(start, end, inside=None):
            """The range, with the outermost branches strictly within a node."""
            out, at = "", start
            while at < end:
                for where, inserted in bodies:
                    if where == at and inside is None:
                        out += inserted
                wraps = [key for key in nodes if key[0] == at and key[1] <= end and key != inside]
                if wraps:
                    key = max(wraps, key=lambda key: key[1])
                    out += branch(*nodes[key])
                    at = key[1]
                    continue
                later = [key[0] for key in nodes if at < key[0] < end] + [where for where, _ in bodies if at < where < end]
                stop = min(later, default=end)
                out += self.source[at:stop].decode()
                at = stop
            return out

        def branch(node, mutants):
            own = (node.start_byte, node.end_byte)
            if mutants[0][0] == "arm":
                guard = node.child_by_field_name("condition")
                off = " && ".join(f"!{switch}({number})" for _, _, number in mutants)
                if guard is None:
                    return text(*own, inside=own) + f" if {off}"
                return text(node.start_byte, guard.start_byte, inside=own) + f"{off} && ({text(guard.start_byte, guard.end_byte)})"
            out = ""
            for kind, what, number in mutants:
                if kind == "operator":
                    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
                    mutated = f"{text(left.start_byte, left.end_byte)} {what} {text(right.start_byte, right.end_byte)}"
                elif kind == "unary":
                    operand = node.named_children[-1]
                    mutated = text(operand.start_byte, operand.end_byte)
                else:
                    mutated = what
                out += f"if {switch}({number}) {{ {mutated} }} else "
            return f"({out}{{ {text(*own, inside=own)} }})"

        return text(0, len(self.source))


def cargo(tree, *arguments):
    ran = subprocess.run(["cargo", *arguments, "--message-format=json"], cwd=tree, capture_output=True, text=True)
    return ran, [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]


def errors(messages):
    """Where the compiler finds errors: (file, first line, last line)."""
    for message in messages:
        if message.get("reason") == "compiler-message" and message["message"]["level"] == "error":
            for span in (span for span in message["message"]["spans"] if span["is_primary"]):
                while span["expansion"]:
                    span = span["expansion"]["span"]
                yield span["file_name"], span["line_start"], span["line_end"]


def write(tree, sample, originals):
    """Every file of the sample with its branches."""
    for name, original in originals.items():
        file = File(original)
        switch = "crate::mutant" if name.startswith(DYNAMICS) else "::puremix_dynamics::mutant"
        places = [(*file.place(mutant), mutant["number"]) for mutant in sample if mutant["file"] == name]
        (tree / name).write_text(file.render(places, switch) if places else original)
    top = tree / DYNAMICS / "lib.rs"
    top.write_text(top.read_text() + SWITCH)


def compiled(tree, sample, originals):
    """The mutants whose branches compile, after leaving out those that do not."""
    while True:
        write(tree, sample, originals)
        ran, messages = cargo(tree, "check", "--release", "--workspace", "--lib")
        if ran.returncode == 0:
            return sample
        bad = set()
        for name, first, last in errors(messages):
            lines = (tree / name).read_text().splitlines()
            # A branch may span lines above the one that the compiler names.
            for reach in (0, 2, 6, 20, 60):
                region = "\n".join(lines[max(0, first - 1 - reach) : last])
                found = {int(number) for number in re.findall(r"mutant\((\d+)\)", region)}
                if found:
                    bad |= found
                    break
        if not bad:
            sys.exit(ran.stderr + "\n".join(message["message"]["rendered"] for message in messages if "message" in message)[-4000:])
        print(f"{len(bad)} branches do not compile", flush=True)
        sample = [mutant for mutant in sample if mutant["number"] not in bad]


def viable(tree, mutant, originals):
    """Whether a mutant compiles by itself."""
    original = originals[mutant["file"]]
    file = File(original)
    start, end = file.offset(mutant["span"]["start"]), file.offset(mutant["span"]["end"])
    path = tree / mutant["file"]
    try:
        path.write_bytes(file.source[:start] + mutant["replacement"].encode() + file.source[end:])
        package = "puremix-dynamics" if mutant["file"].startswith(DYNAMICS) else "puremix"
        return cargo(tree, "check", "--release", "--package", package, "--lib")[0].returncode == 0
    finally:
        path.write_text(original)


def run(program, arguments, seconds, number=None):
    """The outcome, which test decided it, and the processor time of tests that pass."""

    def limit():
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 2))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    environment = dict(os.environ, RAYON_NUM_THREADS="1") | ({} if number is None else {"MUTANT": str(number)})
    path, folder = program
    command = [path, "--test-threads=1", *arguments]
    child = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, preexec_fn=limit)
    failed = None
    for line in child.stdout:
        if line.startswith("test ") and line.rstrip().endswith("FAILED"):
            failed = line.split()[1]
            os.killpg(child.pid, signal.SIGKILL)
            break
    _, status, used = os.wait4(child.pid, 0)
    child.stdout.close()
    if failed:
        return "caught", failed, None
    code = os.waitstatus_to_exitcode(status)
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        return "timeout", None, None
    return ("passed", None, used.ru_utime + used.ru_stime) if code == 0 else ("caught", f"exit status {code}", None)


def names(program):
    listed = subprocess.run([program[0], "--list", "--format=terse"], cwd=program[1], capture_output=True, text=True, check=True).stdout
    return [line.removesuffix(": test") for line in listed.splitlines() if line.endswith(": test")]


def baseline(program, chosen, limit=600):
    """The seconds of every chosen test without any mutant; a test that fails without one, or takes longer than the limit, is left out."""
    seconds = {}
    for name in chosen:
        outcome, _, used = run(program, ["--exact", name], limit)
        if outcome == "passed":
            seconds[name] = round(used, 2)
        else:
            print(f"{name}: {outcome} without any mutant", flush=True)
    return seconds


def stages(own, seconds, far):
    """Sets of tests, from the nearest to the slowest, each with a limit in seconds."""
    near = lambda name: name.startswith(tuple(f"{module}::" for module in own))
    quick = [name for name, used in seconds.items() if used <= QUICK]
    for part in ([name for name in quick if near(name)], [name for name in quick if not near(name)]):
        for first in range(0, len(part), 50):
            chosen = part[first : first + 50]
            yield ["--exact", *chosen], int(5 + 5 * sum(seconds[name] for name in chosen))
    slow = [name for name, used in seconds.items() if used > QUICK and not (far and used > FAR[0 if near(name) else 1])]
    for name in sorted(slow, key=lambda name: (not near(name), seconds[name])):
        yield ["--exact", name], int(5 + 5 * seconds[name])


def judge(programs, mutant, far):
    path = mutant["file"]
    root = DYNAMICS if path.startswith(DYNAMICS) else "src/"
    parts = list(Path(path).relative_to(root).with_suffix("").parts)
    own = "::".join(parts[:-1] if parts[-1] in ("mod", "lib") else parts)
    modules = (own, *next((tests for room, tests in NEAREST.items() if path.startswith(room)), ()))
    for program, seconds in programs:
        for arguments, limit in stages(modules, seconds, far):
            outcome, by, _ = run(program, arguments, limit, mutant["number"])
            if outcome != "passed":
                return outcome, by
    return "missed", None


def clock(text):
    """The next time that the clock shows `HH:MM`."""
    now, then = datetime.datetime.now(), datetime.datetime.strptime(text, "%H:%M")
    then = now.replace(hour=then.hour, minute=then.minute, second=0, microsecond=0)
    return then if then > now else then + datetime.timedelta(days=1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dynamics", type=int, default=300)
    parser.add_argument("--rooms", type=int, default=200)
    parser.add_argument("--until", type=clock, metavar="HH:MM")
    parser.add_argument("--far", action="store_true")
    options = parser.parse_args()

    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    tree, outcomes, plan, timed = work / "tree", work / "outcomes.jsonl", work / "plan.json", work / "far.json"
    os.environ.setdefault("CARGO_TARGET_DIR", str(work / "target"))
    if not plan.exists():
        shutil.rmtree(tree, ignore_errors=True)
        subprocess.run(["git", "clone", "--quiet", str(HOME), str(tree)], check=True)
        listed = subprocess.run(["cargo", "mutants", "--list", "--json", "--workspace"], cwd=tree, capture_output=True, text=True, check=True).stdout
        listed = sorted((mutant for mutant in json.loads(listed) if mutant["file"].startswith((DYNAMICS, *ROOMS))), key=lambda mutant: mutant["name"])
        originals = {name: (tree / name).read_text() for name in {mutant["file"] for mutant in listed}}
        files = {name: File(text) for name, text in originals.items()}
        frame = [mutant for mutant in listed if files[mutant["file"]].place(mutant)]
        inner = [mutant for mutant in frame if mutant["file"].startswith(DYNAMICS)]
        rooms = [mutant for mutant in frame if not mutant["file"].startswith(DYNAMICS)]
        draw = random.Random(options.seed)
        sample = draw.sample(inner, min(options.dynamics, len(inner))) + draw.sample(rooms, min(options.rooms, len(rooms)))
        for number, mutant in enumerate(sample):
            mutant["number"] = number
            del mutant["diff"]
        originals = {name: text for name, text in originals.items() if any(mutant["file"] == name for mutant in sample)}
        originals.setdefault(DYNAMICS + "lib.rs", (tree / DYNAMICS / "lib.rs").read_text())
        branched = compiled(tree, list(sample), originals)
        alone = [mutant for mutant in sample if mutant not in branched]
        for name, text in originals.items():
            (tree / name).write_text(text)
        for mutant in alone:
            mutant["viable"] = viable(tree, mutant, originals)
        write(tree, branched, originals)
        ran, messages = cargo(tree, "test", "--release", "--workspace", "--no-run")
        if ran.returncode != 0:
            sys.exit(ran.stderr)
        built = {}
        for message in messages:
            if message.get("executable") and message["profile"]["test"]:
                built[message["target"]["name"]] = (message["executable"], str(Path(message["manifest_path"]).parent))
        programs = {name: [built[name], baseline(built[name], names(built[name]))] for name in ("puremix_dynamics", "puremix")}
        numbers = {"listed": len(listed), "frame": [len(inner), len(rooms)]}
        plan.write_text(json.dumps({"numbers": numbers, "branched": branched, "alone": alone, "programs": programs, "far": built["tests"]}, indent=1))
    loaded = json.loads(plan.read_text())
    programs = loaded["programs"]
    print(f"{loaded['numbers']}: {len(loaded['branched'])} branches, {len(loaded['alone'])} that do not compile as such", flush=True)

    def record(mutant, outcome, by):
        print(f"{outcome:9} {mutant['name']}", flush=True)
        with outcomes.open("a") as file:
            file.write(json.dumps({"name": mutant["name"], "outcome": outcome, "by": by}, ensure_ascii=False) + "\n")

    done = {}
    for line in outcomes.read_text().splitlines() if outcomes.exists() else []:
        read = json.loads(line)
        done[read["name"]] = read["outcome"]
    for mutant in loaded["alone"]:
        if mutant["name"] not in done:
            record(mutant, "alone" if mutant["viable"] else "unviable", None)
    if options.far:
        program = loaded["far"]
        if not timed.exists():
            chosen = [name for name in names(program) if name.split("::")[0] not in STUDIES]
            timed.write_text(json.dumps(baseline(program, chosen, max(FAR)), indent=1))
        seconds = json.loads(timed.read_text())
        todo = [(mutant, [(program, seconds)]) for mutant in loaded["branched"] if done.get(mutant["name"]) == "missed" and mutant["file"].startswith(ROOMS)]
    else:
        todo = [
            (mutant, [programs["puremix_dynamics"], programs["puremix"]] if mutant["file"].startswith(DYNAMICS) else [programs["puremix"]])
            for mutant in loaded["branched"]
            if mutant["name"] not in done
        ]
    for mutant, tests in todo:
        if options.until and datetime.datetime.now() >= options.until:
            break
        outcome, by = judge(tests, mutant, options.far)
        record(mutant, "missed far" if options.far and outcome == "missed" else outcome, by)


main()
