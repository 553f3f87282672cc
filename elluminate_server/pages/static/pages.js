// Keys for links and buttons: <a data-key="j">. Everything works without this script, too.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const at = event.target;
  if (at instanceof Element && at.closest("input:not([type=radio]):not([type=checkbox]), textarea, select, [contenteditable]")) return;
  for (const one of document.querySelectorAll("[data-key]")) {
    if (one.dataset.key.split(" ").includes(event.key)) {
      event.preventDefault();
      one.click();
      return;
    }
  }
});
