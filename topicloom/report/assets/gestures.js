// What hands do on the map. The page always scrolls on: the wheel zooms with Ctrl, or once the map was clicked.
const CLICK = 5;  // pixels that a click may move

function gestures(canvas, view, act) {
  const pointers = new Map();
  let moved = 0, engaged = false, tool = null, drawing = null, hinted = 0, swipes = 0;
  const place = (event) => { const box = canvas.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
  const isFull = () => canvas.closest('.filling, :fullscreen') !== null;

  function engage(on) {
    engaged = on;
    canvas.style.touchAction = on || tool ? 'none' : 'pan-y';
    canvas.parentElement.classList.toggle('engaged', on);
  }
  function hint(text) {
    const node = element('map-hint');
    node.textContent = text; node.hidden = false;
    clearTimeout(hinted);
    hinted = setTimeout(() => { node.hidden = true; }, 1400);
  }
  const modifier = /Mac|iPhone|iPad/.test(navigator.platform) ? '⌘' : 'Ctrl';

  canvas.addEventListener('pointerdown', (event) => {
    if (event.button) return;
    try { canvas.setPointerCapture(event.pointerId); } catch { /* gone already */ }
    pointers.set(event.pointerId, place(event));
    if (pointers.size > 1) { drawing = null; return; }
    moved = 0;
    const kind = tool ?? (event.shiftKey ? 'box' : null);
    drawing = kind ? { kind, out: event.altKey, points: [place(event)] } : null;
  });

  canvas.addEventListener('pointermove', (event) => {
    const [left, top] = place(event), before = pointers.get(event.pointerId);
    if (!before) { if (event.pointerType !== 'touch') act.hover(left, top); return; }
    act.leave();
    const others = [...pointers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
    moved += Math.abs(left - before[0]) + Math.abs(top - before[1]);
    if (others.length) {
      const [[ox, oy]] = others, old = Math.hypot(before[0] - ox, before[1] - oy);
      view.move((left - before[0]) / 2, (top - before[1]) / 2);
      if (old > 0) view.zoom(Math.hypot(left - ox, top - oy) / old, (left + ox) / 2, (top + oy) / 2);
      moved = 99;
      act.moved();
    } else if (drawing) {
      if (drawing.kind === 'box') drawing.points[1] = [left, top]; else drawing.points.push([left, top]);
      act.outlined(drawing);
    } else {
      view.move(left - before[0], top - before[1]);
      act.moved();
    }
    pointers.set(event.pointerId, [left, top]);
  });

  function end(event) {
    const had = pointers.delete(event.pointerId), shape = drawing;
    drawing = null;
    if (!had) return;
    act.outlined(null);
    if (event.type === 'pointercancel') { if (event.pointerType === 'touch' && swipes++ < 2) hint('Tap the map to move it with one finger; two fingers zoom.'); return; }
    if (shape && moved >= CLICK) act.selected(shape);
    else if (moved < CLICK) { engage(true); act.click(...place(event)); }
  }
  canvas.addEventListener('pointerup', end);
  canvas.addEventListener('pointercancel', end);
  canvas.addEventListener('pointerleave', (event) => { act.leave(); if (event.pointerType === 'mouse' && !pointers.size) engage(false); });
  canvas.addEventListener('blur', () => engage(false));
  document.addEventListener('pointerdown', (event) => { if (!canvas.parentElement.contains(event.target)) engage(false); });

  canvas.addEventListener('wheel', (event) => {
    if (!(event.ctrlKey || event.metaKey || engaged || isFull())) { hint(`${modifier} + wheel zooms, or click the map first`); return; }
    event.preventDefault();
    view.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)), ...place(event));
    act.leave();
    act.moved();
  }, { passive: false });
  canvas.addEventListener('dblclick', (event) => { view.zoom(2, ...place(event)); act.moved(); });
  canvas.addEventListener('keydown', (event) => {
    const steps = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
    if (event.ctrlKey || event.metaKey) return;
    if (steps[event.key]) view.move(...steps[event.key]);
    else if (event.key === '+' || event.key === '=') view.zoom(1.4);
    else if (event.key === '-') view.zoom(1 / 1.4);
    else if (event.key === '0' || event.key === 'Home') view.fit();
    else if (event.key === 'Enter') act.click(view.width / 2, view.height / 2);
    else if (event.key === 'Escape') { engage(false); act.escape(); return; }
    else return;
    event.preventDefault();
    act.leave();
    act.moved();
  });
  engage(false);
  return {
    // Dragging draws a box or a lasso, or moves the map (null).
    use(wanted) { tool = wanted; canvas.dataset.tool = wanted ?? ''; engage(engaged); },
    tool: () => tool,
  };
}

// Rows whose point lies within a box, or within a lasso by the rule of even and odd crossings.
function rowsWithin({ kind, points }, papers, view, among) {
  const xs = points.map(([left]) => view.dataX(left)), ys = points.map(([, top]) => view.dataY(top));
  const [west, east, south, north] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const found = [];
  for (let row = 0; row < papers.total; row++) {
    const x = papers.x[row], y = papers.y[row];
    if (!among[row] || x < west || x > east || y < south || y > north) continue;
    let inside = kind === 'box';
    if (!inside) {
      for (let at = 0, last = xs.length - 1; at < xs.length; last = at++) {
        if ((ys[at] > y) !== (ys[last] > y) && x < ((xs[last] - xs[at]) * (y - ys[at])) / (ys[last] - ys[at]) + xs[at]) inside = !inside;
      }
    }
    if (inside) found.push(row);
  }
  return found;
}
