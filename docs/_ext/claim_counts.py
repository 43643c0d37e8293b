"""How many claims hold, kind by kind."""

from collections import Counter

from docutils import nodes

# What the first letters of the ids stand for: one, and more than one.
KINDS = {
    "ABCDE": ("common claim", "common claims"),
    "X": ("further claim", "further claims"),
    "T": ("theorem", "theorems"),
    "P": ("published result", "published results"),
}
VERBS = {
    "holds": ("holds", "hold"),
    "holds when": ("holds under conditions", "hold under conditions"),
    "false as stated": ("is false as stated", "are false as stated"),
}


def sentence(names: tuple[str, str], verdicts: list[str]) -> str:
    """Count the verdicts of one kind of claim, in words."""
    number = Counter(verdicts)
    parts = [
        f"{number[verdict]} {verbs[number[verdict] > 1]}"
        for verdict, verbs in VERBS.items()
        if number[verdict]
    ]
    return f"{len(verdicts)} {names[len(verdicts) > 1]}: {', '.join(parts)}."


def enumerated(words: list[str]) -> str:
    """Join words as a sentence does."""
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last


def counts(verdicts: dict[str, str], expected: int) -> list[nodes.Node]:
    """List the counts; say how many claims are still to come, if any are."""
    sentences, whole = [], []
    for letters, names in KINDS.items():
        own = [verdict for name, verdict in verdicts.items() if name[0] in letters]
        if len(own) > 1 and set(own) == {"holds"}:
            whole.append(f"{len(own)} {names[1]}")
        elif own:
            sentences.append(sentence(names, own))
    if whole:
        sentences.append(f"{enumerated(whole)}: all hold.")
    lines = nodes.bullet_list(classes=["claims-count"])
    lines += [nodes.list_item("", nodes.paragraph("", text)) for text in sentences]
    if len(verdicts) == expected:
        return [lines]
    return [nodes.paragraph("", f"So far {len(verdicts)} of {expected} claims are shown."), lines]
