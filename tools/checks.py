"""What must hold of a checkout, as functions that give the list of what is wrong; `test_project.py` runs them."""
import os
import shutil
import subprocess
import sys
from pathlib import Path

BIN = Path(sys.executable).parent
TOP = Path(__file__).resolve().parent.parent
MADE = ("sessrec", "README.md", "nbs")      # what `make export` writes


def run(*words, cwd=TOP, limit=400, **env):
    "Run a command; gives (exit code, its output). One that takes more than `limit` seconds, waiting for a network perhaps, is stopped."
    try: done = subprocess.run(list(map(str, words)), cwd=cwd, env={**os.environ, **env}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=limit)
    except subprocess.TimeoutExpired as e: return 124, f"{(e.stdout or b'').decode(errors='replace')}\n{' '.join(map(str, words))} took more than {limit} s"
    return done.returncode, done.stdout


def copy_of(top, target):
    "A copy of the checkout `top` without what git ignores."
    ignore = shutil.ignore_patterns(".git", ".venv", "__pycache__", "_course", "_docs", "build", "dist", "*.egg-info", ".hypothesis", ".pytest_cache",
                                    ".ruff_cache", ".ipynb_checkpoints", "generated*", "prepared", "*.tmp*")
    return Path(shutil.copytree(top, target, ignore=ignore))


def files(folder):
    "Name -> content of the files below `folder`, without caches."
    cache = lambda p: any(part == "__pycache__" or part.startswith(".") for part in p.relative_to(folder).parts)
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file() and not cache(p)}


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
    return [f"{w} {'is not clean' if w.endswith('.ipynb') else 'is not what the notebooks give'}: run `make export`" for w in wrong]


def lint(top):
    "What ruff finds, errors only, in package, tools and notebooks."
    code, said = run(BIN/"ruff", "check", "--quiet", "--output-format", "concise", "sessrec", "tools", "nbs", "setup.py", cwd=top)
    return said.strip().splitlines() if code else []


def fails(path, out, limit=600):
    """What is wrong with the notebook at `path` when it is run from top to bottom, as `sessrec course` runs it: a kernel that does not
    start, a cell that fails, or more than `limit` seconds. The executed copy goes to `out`."""
    from sessrec.course import run_lesson
    row = run_lesson(Path(path), Path(out), {"device": "cpu"}, cell_seconds=max(limit, 30))
    if row["status"] != "passed": return [f"{Path(path).name}: {row['error']}"]
    return [f"{Path(path).name} takes {row['seconds']:.0f} s, more than {limit}"] if row["seconds"] > limit else []


def wheel_fails(top, tmp, alone=True):
    "Build the wheel, install it into an empty environment (`alone`: with its own requirements only), and use it from an empty folder."
    tmp = Path(tmp)
    copy, empty, env = copy_of(top, tmp/"source"), tmp/"empty", tmp/"env"
    empty.mkdir()
    code, said = run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", tmp/"dist", copy)
    if code: return [f"the wheel cannot be built: {said.strip()[-300:]}"]
    wheel, = (tmp/"dist").glob("*.whl")
    run(sys.executable, "-m", "venv", env)
    code, said = run(env/"bin"/"pip", "install", "--quiet", *([] if alone else ["--no-deps"]), "--constraint", top/"constraints.txt", wheel)
    if code: return [f"the wheel cannot be installed: {said.strip()[-300:]}"]
    modules = sorted(p.stem for p in (top/"sessrec").glob("[!_]*.py"))
    wrong   = []
    for command, words in [("import", [env/"bin"/"python", "-c", f"import {', '.join(f'sessrec.{m}' for m in modules)}"]),
                           ("--help", [env/"bin"/"sessrec", "--help"]),
                           ("lab",    [env/"bin"/"sessrec", "lab", "--no-browser", "--dir", "mine"])]:
        code, said = run(*words, cwd=empty, PYTHONPATH="", SESSREC_DATA=str(tmp/"data"))
        if code: wrong.append(f"{command} fails from the installed wheel: {(said.strip().splitlines() or ['without a word'])[-1]}")
    wanted = {p.name for p in (top/"nbs").glob("*.ipynb")}
    missing = wanted - {p.name for p in (empty/"mine").glob("*.ipynb")}
    return wrong + [f"{m} does not travel inside the wheel" for m in sorted(missing)]
