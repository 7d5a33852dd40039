// The paragraphs that a paper's section on methods needs, to copy, and their references.
function methodsText(data) {
  if (!data.methods) return;
  element('methods').hidden = false;
  element('methods-text').replaceChildren(...data.methods.text.split(/\n\s*\n/).filter((part) => part.trim()).map((part) => make('p', { textContent: part.trim() })));
  for (const [id, text, what] of [['copy-methods', data.methods.text, 'The text is copied.'], ['copy-bibtex', data.methods.bibtex, 'The references are copied.']]) {
    element(id).hidden = !text;
    element(id).addEventListener('click', async () => { element('methods-copied').textContent = (await copy(text)) ? what : 'The browser lets nothing be copied.'; });
  }
}
