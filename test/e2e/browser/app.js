// A small single-page app: the path says what is shown, the history keeps where one was, and names come from the server.
import { titleOf } from "/titles.js";

async function show() {
  const name = decodeURIComponent(location.pathname.split("/")[2] ?? "");
  const { harbour } = await (await fetch("/data.json")).json();
  document.querySelector("main").textContent = titleOf(name, harbour);
}

addEventListener("popstate", show);
document.addEventListener("click", (event) => {
  const link = event.target.closest("nav a");
  if (!link) return;
  event.preventDefault();
  history.pushState(null, "", link.href);
  show();
});
show();
