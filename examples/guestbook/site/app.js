// Relative addresses: the same page works under the distribution's host and under its path.
const notes = document.querySelector("#notes");
const form = document.querySelector("#form");
const message = document.querySelector("#message");
const footer = document.querySelector("#footer");

function card({ name, text, writtenAt }) {
  const article = document.createElement("article");
  const words = document.createElement("p");
  words.textContent = text;
  const by = document.createElement("small");
  by.textContent = `${name}, ${new Date(writtenAt.split("#")[0]).toLocaleString()}`;
  article.append(words, by);
  return article;
}

async function show() {
  const response = await fetch("api/notes");
  if (!response.ok) throw new Error(`The guestbook answered ${response.status}.`);
  const { notes: list } = await response.json();
  notes.replaceChildren(...list.map(card));
  if (list.length === 0) notes.textContent = "No notes yet. Be the first.";
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const note = Object.fromEntries(new FormData(form));
  message.textContent = "";
  const response = await fetch("api/notes", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(note) });
  if (!response.ok) {
    message.textContent = (await response.json()).message ?? "That did not work.";
    return;
  }
  form.elements.text.value = "";
  await show();
});

show().catch((error) => (message.textContent = error.message));
fetch("style.css").then((response) => {
  const cache = response.headers.get("x-cache");
  if (cache) footer.textContent = `Served by the CDN: ${cache}${response.headers.get("age") ? `, ${response.headers.get("age")} s old` : ""}.`;
});
