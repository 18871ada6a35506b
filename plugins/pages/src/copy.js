// A button beside each piece of code, which copies it. Without this script the page is the same but for the buttons.
for (const block of document.querySelectorAll("pre.code")) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    const text = block.textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      // Only pages over HTTPS may write to the clipboard: then the code is selected, for a key to copy it.
      getSelection().selectAllChildren(block);
      button.textContent = "Selected: press Ctrl-C";
    }
  });
  block.after(button);
}
