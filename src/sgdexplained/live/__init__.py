"""The live pictures of the site: what they show, and what happens when a reader touches them.

The build of the site calls these functions to draw each picture as it stands in the page; when a
reader moves something, the page calls the same functions again, with Python in the browser. They
need neither NumPy nor matplotlib. Nothing else of the package uses them.
"""
