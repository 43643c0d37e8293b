"""How executed pages draw: as the gallery does, in SVG, see-through and without a date."""

c = get_config()  # noqa: F821 (IPython gives it to its configuration files)
c.InlineBackend.figure_formats = {"svg"}
c.InlineBackend.print_figure_kwargs = {
    "bbox_inches": None,
    "facecolor": "none",
    "metadata": {"Date": None},
}
# A build leaves no record of what it ran.
c.HistoryManager.enabled = False
