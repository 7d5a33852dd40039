// Unpacks the page's data, and small helpers that all parts use.
const element = (id) => document.getElementById(id);
const SVG = 'http://www.w3.org/2000/svg';

async function unpack() {
  const packed = Uint8Array.from(atob(element('data').textContent.trim()), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  return JSON.parse(await new Response(stream).text());
}

function make(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

function drawn(tag, attributes = {}, text) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

const doiLink = (doi) => `https://doi.org/${encodeURIComponent(doi)}`;
const folded = (text) => text.toLowerCase().normalize('NFKD').replace(/\p{M}/gu, '');
