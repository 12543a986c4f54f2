"""After `make course`: every lesson of the checkout has run, and passed."""
import json
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
RESULTS = json.loads((TOP/"_course"/"results.json").read_text())["lessons"]


def test_no_lesson_is_missing():
    lessons = [p.stem for p in sorted((TOP/"nbs").glob("[0-9][0-9]_*.ipynb")) if p.name < "90"]
    assert [r["lesson"] for r in RESULTS] == lessons

def test_every_lesson_passed(): assert [r for r in RESULTS if r["status"] != "passed"] == []

def test_every_lesson_left_its_notebook():
    assert [r["lesson"] for r in RESULTS if not (TOP/"_course"/f"{r['lesson']}.ipynb").exists()] == []

def test_no_lesson_takes_too_long():
    "Twice the three minutes that a lesson may take on two cores: a machine of continuous integration is not always at its best."
    assert [r for r in RESULTS if r["seconds"] > 360] == []
