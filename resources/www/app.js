// Sends what the forms hold to the server as JSON, and says plainly what became of it.

const uploadPath = "/upload";
const patience = 30_000; // milliseconds until an answer is no longer expected
const triesWhenBusy = 3;

for (const form of document.querySelectorAll("form.upload")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form);
  });
}

async function send(form) {
  const output = form.querySelector("output");
  const stop = new AbortController();
  const body = bodyOf(form);
  showBusy(form, true, () => stop.abort());
  try {
    for (let tries = 1; ; tries++) {
      show(output, "wait", `Sending ${sizeOf(body)} …`);
      const answer = await post(body, stop.signal);
      if (answer.status === 201) {
        showStored(output, answer);
        break;
      }
      const pause = answer.status === 503 ? secondsToWait(answer) : 0;
      if (!pause || tries === triesWhenBusy) {
        showRefusal(output, form, answer);
        break;
      }
      await countDown(output, pause, stop.signal);
    }
  } catch (error) {
    showFailure(output, error, stop.signal.aborted);
  }
  showBusy(form, false);
}

/** A file is sent byte for byte; fields become one object. */
function bodyOf(form) {
  if (form.dataset.kind === "document") return form.elements.file.files[0] ?? new Blob([form.elements.document.value]);
  const fields = Object.fromEntries([...new FormData(form)].filter(([, value]) => value !== ""));
  return new Blob([JSON.stringify({ ...fields, sent: new Date().toISOString() })]);
}

async function post(body, stopped) {
  const response = await fetch(uploadPath, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json, application/problem+json" },
    body,
    signal: AbortSignal.any([stopped, AbortSignal.timeout(patience)]),
  });
  const isJson = /[/+]json\b/.test(response.headers.get("Content-Type") ?? "");
  const content = isJson ? await response.json().catch(() => ({})) : {};
  return { status: response.status, headers: response.headers, content };
}

function showStored(output, { headers, content }) {
  const place = headers.get("Location") ?? content.filepath ?? "";
  show(output, "good", "Stored.", [`${content.message ?? "The server has it"}: ${content.filepath ?? place}`, `Location: ${place}`]);
}

const meanings = {
  400: "The server cannot read this as JSON.",
  403: "The server does not take requests under this name (its setting “hosts”).",
  404: "Nothing takes documents at this address.",
  405: "Nothing takes documents at this address.",
  408: "The document took too long to arrive.",
  411: "The length of the document is missing.",
  413: "The document is larger than the server takes.",
  415: "The server takes application/json only.",
  503: "The server is busy. Nothing was stored; try again in a moment.",
  507: "The server's disk is full. Nothing was stored.",
};

function showRefusal(output, form, { status, headers, content }) {
  const lines = [];
  if (content.detail) lines.push(content.detail);
  const id = headers.get("X-Request-Id");
  if (id) lines.push(`Answer ${status}, request ${id}`);
  else lines.push(`Answer ${status}`);
  show(output, status === 503 ? "wait" : "bad", meanings[status] ?? "The server did not take the document.", lines);
  if (status === 400) markOffset(form, content.detail ?? "");
}

/** Puts the cursor where the server found the mistake; the server counts bytes, a text area counts UTF-16 units. */
function markOffset(form, detail) {
  const text = form.elements.document;
  const offset = /\bbyte (\d+)/.exec(detail);
  if (!offset || !text || form.elements.file.files.length > 0) return;
  const before = new TextEncoder().encode(text.value).slice(0, Number(offset[1]));
  const position = new TextDecoder().decode(before).length;
  text.focus();
  text.setSelectionRange(position, Math.min(position + 1, text.value.length));
}

function showFailure(output, error, stopped) {
  if (stopped) show(output, "bad", "Stopped.", ["Whether it was stored before that is not known here."]);
  else if (error.name === "TimeoutError") show(output, "bad", "No answer came in time.", ["Whether it was stored is not known here."]);
  else show(output, "bad", "The server cannot be reached.", ["Is it running? Nothing was answered."]);
}

/** Retry-After is a number of seconds or a date (RFC 9110 section 10.2.3). */
function secondsToWait({ headers }) {
  const value = headers.get("Retry-After");
  if (value === null) return 0;
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.min(Math.max(Math.ceil(seconds), 1), 60) : 0;
}

async function countDown(output, seconds, stopped) {
  show(output, "wait", "The server is busy.", [`It asks for a pause of ${seconds} s; the document is sent again then.`]);
  await new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1000);
    stopped.addEventListener("abort", () => { clearTimeout(timer); reject(stopped.reason); }, { once: true });
  });
}

function showBusy(form, busy, onStop) {
  form.querySelector("button[type=submit]").disabled = busy;
  form.querySelector("progress").hidden = !busy;
  const stop = form.querySelector(".stop");
  stop.hidden = !busy;
  stop.onclick = onStop ?? null;
}

/** Text only, never markup: what a server or a file says is not ours. */
function show(output, state, title, lines = []) {
  const strong = document.createElement("strong");
  strong.textContent = title;
  const rest = lines.map((line) => Object.assign(document.createElement("p"), { textContent: line }));
  output.dataset.state = state;
  output.replaceChildren(strong, ...rest);
}

function sizeOf(blob) {
  return blob.size < 1024 ? `${blob.size} bytes` : `${(blob.size / 1024).toFixed(1)} KiB`;
}
