"""What must hold of a checkout, as functions that give the list of what is wrong; test_project.py runs them."""
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import structure

BIN = Path(sys.executable).parent
TOP = Path(__file__).resolve().parent.parent
MADE = ("sessrec", "README.md", "nbs")      # what `make export` writes
NOT_COPIED = (".git", ".venv", "__pycache__", "_course", "_docs", "build", "dist", "*.egg-info", ".hypothesis",
              ".*_cache", ".coverage*", ".ipynb_checkpoints", "generated*", "prepared", "*.tmp*")


def run(*words, cwd=TOP, limit=400, **env):
    """Run a command; gives (exit code, its output). One that takes more than `limit` seconds, waiting for a network
    perhaps, is stopped."""
    command = list(map(str, words))
    try:
        done = subprocess.run(command, cwd=cwd, env={**os.environ, **env}, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=limit, check=False)
    except subprocess.TimeoutExpired as e:
        said = (e.stdout or b"").decode(errors="replace")
        return 124, f"{said}\n{' '.join(command)} took more than {limit} s"
    return done.returncode, done.stdout


def copy_of(top, target):
    "A copy of the checkout `top` without what git ignores."
    return Path(shutil.copytree(top, target, ignore=shutil.ignore_patterns(*NOT_COPIED)))


def files(folder):
    "Name -> content of the files below `folder`, without caches."
    def is_cache(path):
        return any(part == "__pycache__" or part.startswith(".") for part in path.relative_to(folder).parts)
    paths = [p for p in sorted(folder.rglob("*")) if p.is_file() and not is_cache(p)]
    return {str(p.relative_to(folder)): p.read_bytes() for p in paths}


def stale(top, tmp):
    "Files of the checkout `top` that are not what `make export` gives; the work is done in the folder `tmp`."
    copy = copy_of(top, Path(tmp)/"copy")
    shutil.rmtree(copy/"sessrec")
    (copy/"sessrec"/"tests").mkdir(parents=True)
    for kept in ("sessrec/__init__.py", "sessrec/tests/__init__.py"): shutil.copyfile(top/kept, copy/kept)
    code, said = run(sys.executable, copy/"tools"/"export.py", cwd=copy, PYTHONPATH=str(copy))
    if code: return [f"make export fails: {said.strip().splitlines()[-1]}"]
    wrong = []
    for made in MADE:
        a, b = ({made: p.read_bytes()} if p.is_file() else files(p) for p in (top/made, copy/made))
        wrong += [f"{made}/{name}".removesuffix(f"/{made}") for name in sorted({*a, *b}) if a.get(name) != b.get(name)]
    def reason(name): return "is not clean" if name.endswith(".ipynb") else "is not what the notebooks give"
    return [f"{name} {reason(name)}: run `make export`" for name in wrong]


def lint(top):
    "What ruff finds in package, tools and notebooks."
    folders = ("sessrec", "tools", "nbs", "setup.py")
    code, said = run(BIN/"ruff", "check", "--quiet", "--output-format", "concise", *folders, cwd=top)
    return said.strip().splitlines() if code else []


def errors(said, top):
    "The lines of a type checker's output that name an error, with paths as seen from `top`."
    return [line.strip().replace(f"{top}/", "") for line in said.splitlines() if re.search(r"\berror:", line)]


def pyright(*words, cwd):
    "The output of pyright, which comes with a Node.js of its own: both are packages on PyPI."
    options = ("--pythonpath", sys.executable, "--level", "error")
    return run(BIN/"pyright", *options, *words, cwd=cwd, PYRIGHT_PYTHON_IGNORE_WARNINGS="1")[1]


def types(top, tmp):
    """What mypy and pyright find in the package and the tools, and what pyright finds in the script of a library user
    where no settings of ours apply, as in that user's editor."""
    script = shutil.copy(top/"tools"/"user_script.py", tmp)
    (Path(tmp)/"pyrightconfig.json").write_text(json.dumps({"extraPaths": [str(top)]}))
    code, said = run(BIN/"mypy", "--no-error-summary", cwd=top)
    wrong = errors(said, top) if code < 2 else [f"mypy fails: {said.strip()[-300:]}"]
    for output in (pyright("--project", top/"pyproject.toml", cwd=top), pyright(script, cwd=tmp)):
        if not re.search(r"\d+ errors?, ", output): wrong.append(f"pyright fails: {output.strip()[-300:]}")
        wrong += [w for w in errors(output.replace(f"{tmp}/", "a user's "), top) if w not in wrong]
    return wrong


def fails(path, out, limit=600):
    """What is wrong with the notebook at `path` when it is run from top to bottom, as `sessrec course` runs it: a
    kernel that does not start, a cell that fails, or more than `limit` seconds. The executed copy goes to `out`."""
    from sessrec.course.runner import run_lesson
    row = run_lesson(Path(path), Path(out), {"device": "cpu"}, cell_seconds=max(limit, 30))
    if row["status"] != "passed": return [f"{Path(path).name}: {row['error']}"]
    return [f"{Path(path).name} takes {row['seconds']:.0f} s, more than {limit}"] if row["seconds"] > limit else []


def wheel_fails(top, tmp, alone=True):
    """Build the wheel, install it into an empty environment (`alone`: with its own requirements only), and use it from
    an empty folder."""
    tmp = Path(tmp)
    copy, empty, env = copy_of(top, tmp/"source"), tmp/"empty", tmp/"env"
    empty.mkdir()
    code, said = run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", tmp/"dist", copy)
    if code: return [f"the wheel cannot be built: {said.strip()[-300:]}"]
    wheel, = (tmp/"dist").glob("*.whl")
    run(sys.executable, "-m", "venv", env)
    extra = [] if alone else ["--no-deps"]
    code, said = run(env/"bin"/"pip", "install", "--quiet", *extra, "--constraint", top/"constraints.txt", wheel)
    if code: return [f"the wheel cannot be installed: {said.strip()[-300:]}"]
    modules  = ", ".join(structure.modules(top))
    commands = {"import": [env/"bin"/"python", "-c", f"import {modules}"],
                "--help": [env/"bin"/"sessrec", "--help"],
                "lab":    [env/"bin"/"sessrec", "lab", "--no-browser", "--dir", "mine"]}
    wrong = []
    for command, words in commands.items():
        code, said = run(*words, cwd=empty, PYTHONPATH="", SESSREC_DATA=str(tmp/"data"))
        last = (said.strip().splitlines() or ["without a word"])[-1]
        if code: wrong.append(f"{command} fails from the installed wheel: {last}")
    wanted = {p.name for p in (top/"nbs").glob("*.ipynb")}
    missing = wanted - {p.name for p in (empty/"mine").glob("*.ipynb")}
    return wrong + [f"{m} does not travel inside the wheel" for m in sorted(missing)]


def main(name):
    "Print what one of the checks finds: `python tools/checks.py stale`."
    with TemporaryDirectory() as tmp: wrong = {"stale": stale, "types": types}[name](TOP, Path(tmp))
    for line in wrong: print(line)
    return 1 if wrong else 0


if __name__ == "__main__": sys.exit(main(sys.argv[1]))
