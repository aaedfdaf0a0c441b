// Fills the frames' addresses. A real portal would write them into its pages; this one lets its own address choose,
// so that it can be tried with any Andon: index.html?andon=http://127.0.0.1:8080&factory=…&pipeline=…
const given = new URLSearchParams(location.search)
const andon = given.get('andon') ?? document.body.dataset.andon

for (const frame of document.querySelectorAll('iframe[data-embed]')) {
  const address = new URL(frame.dataset.embed, andon)
  for (const name of (frame.dataset.needs ?? '').split(' ').filter(Boolean)) {
    if (given.has(name)) address.searchParams.set(name, given.get(name))
  }
  frame.src = address.href
}
