"""A block of PyTorch on a Markdown page: ``{torch}``.

It looks like any other code. Its own name keeps it apart from the examples that a plain ``pytest``
runs, for they need no PyTorch; ``tests/parity`` collects these blocks and runs them.
"""

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class TorchDirective(SphinxDirective):
    """Show code as Python."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Write a literal block."""
        text = "\n".join(self.content)
        block = nodes.literal_block(text, text, language="python", classes=["torch"])
        self.set_source_info(block)
        return [block]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("torch", TorchDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
