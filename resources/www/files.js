// The page of files: the form, what is dropped on the page, and the list.

import { refresh } from "./file-list.js";
import { announce, part } from "./page.js";
import { add, cancelAll } from "./transfers.js";

part("drop-hint").hidden = false;
part("refresh").hidden = false;
part("refresh").addEventListener("click", refresh);
part("look-again").addEventListener("click", refresh);
part("cancel-all").addEventListener("click", cancelAll);
part("upload").addEventListener("submit", (event) => {
  event.preventDefault();
  add([...part("chosen").files]);
  part("upload").reset();
});
refresh();

// Dropping works anywhere, since beside the form the browser would leave the page and open the file.

const carriesFiles = (event) => [...event.dataTransfer.types].includes("Files") && !part("send").hidden;

addEventListener("dragover", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = "copy";
  document.body.classList.add("dropping");
});
addEventListener("dragleave", (event) => {
  if (event.relatedTarget === null) document.body.classList.remove("dropping");
});
addEventListener("drop", (event) => {
  document.body.classList.remove("dropping");
  if (!carriesFiles(event)) return;
  event.preventDefault();
  const dropped = [...event.dataTransfer.items].filter((one) => one.kind === "file");
  const folders = dropped.filter((one) => one.webkitGetAsEntry?.()?.isDirectory);
  add(dropped.filter((one) => !folders.includes(one)).map((one) => one.getAsFile()));
  if (folders.length > 0) announce("Folders are not taken: open them and drop the files inside.");
});
