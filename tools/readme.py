"""Make README.md from nbs/index.ipynb: run the page, so that its tables are current, and convert it with nbconvert."""
import re
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbconvert import MarkdownExporter


def readme_of(path):
    """Return the notebook at `path` as Markdown, without `#| hide` cells; of code cells with `#| echo: false`, only
    the output is kept."""
    from sessrec.course.runner import kernel_manager  # imported here, because the export writes this module first
    nb     = nbformat.read(path, as_version=4)
    client = NotebookClient(nb, timeout=120, startup_timeout=60, kernel_name="python3", coalesce_streams=True,
                            kernel_manager_class=kernel_manager())
    client.execute(cwd=str(Path(path).parent))
    nb.cells = [c for c in nb.cells if not re.match(r"#\|\s*hide", c.source)]
    for cell in nb.cells:
        if re.match(r"#\|\s*echo:\s*false", cell.source): cell.source = ""
        cell.metadata.clear()
    text = MarkdownExporter().from_notebook_node(nb)[0]
    text = re.sub(r"```python\s*```\n", "", text)                           # empty block of a hidden source
    text = re.sub(r"\]\(((?:img/)?[\w-]+\.(?:ipynb|svg))\)", r"](nbs/\1)", text)  # links relative to the top level
    text = text.replace("](../", "](")
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def write_readme(source, target):
    "Convert `source` and write it to `target`."
    header = "<!-- made from nbs/index.ipynb by `make export`; edit that -->\n\n"
    Path(target).write_text(header + readme_of(source), encoding="utf-8")


if __name__ == "__main__": write_readme(*sys.argv[1:3])
