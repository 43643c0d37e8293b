/* Put the address of the site into the line that installs from it. The browser knows where the
   site stands; whoever built it may not. */

"use strict";

for (const box of document.querySelectorAll(".install-unknown")) {
  // Relative to this page, so that it also holds for a site in a folder of a host, or on a disk.
  const root = box.querySelector(".install-root").href;
  const texts = document.createTreeWalker(box.querySelector("pre"), NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    texts.currentNode.data = texts.currentNode.data.replace("ADDRESS/", root);
  }
}
