"""`make export`: write package, tests and README.md from the notebooks in nbs/, and clean the notebooks."""
import json
import sys
from pathlib import Path

from nbdev.clean import nbdev_clean
from nbdev.config import get_config
from nbdev.doclinks import nbdev_export

sys.path.insert(0, str(Path(__file__).parent))
from export_tests import export_tests
from readme import write_readme


def drop_widget_state(path):
    """Remove the saved state of widgets, images included, which nbdev's cleaning keeps. Only a browser that has the
    widget's own code could show it."""
    nb = json.loads(path.read_text(encoding="utf-8"))
    if nb["metadata"].pop("widgets", None):
        path.write_text(json.dumps(nb, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def write_frames(folder):
    "Number, minutes, links and progress of each lesson."
    from sessrec.course.shell import frame, lesson_paths  # not earlier: the export that comes first writes this module
    record = json.loads((folder/"results"/"course.json").read_text(encoding="utf-8"))["lessons"]
    for path in lesson_paths(folder): frame(path, record.get(path.stem, {}).get("minutes"))


def main():
    config = get_config()
    nbs    = sorted(p for p in config.nbs_path.rglob("[!_.]*.ipynb") if ".ipynb_checkpoints" not in p.parts)
    wanted = {f.name for f in map(export_tests, nbs) if f}
    for old in (config.lib_path/"tests").glob("test_*.py"):         # test files of notebooks without tests
        if old.name not in wanted: old.unlink()
    (config.lib_path/"_modidx.py").unlink(missing_ok=True)          # rebuilt, without the entries of deleted notebooks
    nbdev_export()
    write_frames(config.nbs_path)
    write_readme(config.nbs_path/"index.ipynb", config.config_path/"README.md")
    nbdev_clean()
    for path in nbs: drop_widget_state(path)


if __name__ == "__main__": sys.exit(main())
