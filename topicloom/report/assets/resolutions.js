// The path of resolutions that was tried: agreement of seeds, share of good topics and coherence.
function resolutionChart(data) {
  if (!data.resolutions) return;
  const { steps, chosen } = data.resolutions, width = 720, height = 280, foot = 40;
  const lines = [
    ['agreement of seeds', (step) => step.rand, { stroke: 'var(--accent)', 'stroke-width': 2 }],
    ['share of good topics', (step) => step.good / Math.max(step.topics, 1), { stroke: 'var(--accent)', 'stroke-width': 2, 'stroke-dasharray': '6 4' }],
    ['NPMI', (step) => step.npmi, { stroke: '#d55e00', 'stroke-width': 2 }],
  ];
  const low = Math.min(0, ...steps.map((step) => Math.floor(step.npmi * 10) / 10)), start = Math.log(steps[0].resolution), span = Math.log(steps.at(-1).resolution) - start || 1;
  const up = (value) => 26 + ((height - foot - 26) * (1 - value)) / (1 - low), across = (resolution) => 84 + ((width - 116) * (Math.log(resolution) - start)) / span;
  const chart = frameOf(width, height, [], [low, 0, 0.25, 0.5, 0.75, 1].filter((value, place) => !place || value > low).map((value) => [value, value.toFixed(value % 0.5 ? 2 : 1)]), up, across);
  for (const step of steps) {
    const bold = step.resolution === chosen ? { 'font-weight': 700 } : {};
    chart.append(
      drawn('text', { x: across(step.resolution), y: height - 20, 'text-anchor': 'middle', ...bold }, step.resolution),
      drawn('text', { x: across(step.resolution), y: height - 5, 'text-anchor': 'middle', ...bold }, step.topics.toLocaleString('en')),
    );
  }
  chart.append(drawn('text', { x: 2, y: height - 20 }, 'resolution'), drawn('text', { x: 2, y: height - 5 }, 'topics'));
  if (steps.some((step) => step.resolution === chosen)) {
    chart.append(drawn('line', { x1: across(chosen), x2: across(chosen), y1: 26, y2: height - foot, stroke: 'var(--muted)', 'stroke-dasharray': '2 3' }));
  }
  let left = 84;
  for (const [name, value, style] of lines) {
    chart.append(drawn('path', { d: steps.map((step, place) => `${place ? 'L' : 'M'}${across(step.resolution).toFixed(1)} ${up(value(step)).toFixed(1)}`).join(''), fill: 'none', ...style }));
    for (const step of steps) {
      const point = drawn('circle', { cx: across(step.resolution), cy: up(value(step)), r: step.resolution === chosen ? 5 : 3, fill: style.stroke });
      point.append(drawn('title', {}, `resolution ${step.resolution}, ${step.topics} topics: ${name} ${value(step).toFixed(3)}`));
      chart.append(point);
    }
    chart.append(drawn('line', { x1: left, x2: left + 26, y1: 10, y2: 10, ...style }), drawn('text', { class: 'name', x: left + 32, y: 14 }, name));
    left += 200;
  }
  chart.setAttribute('aria-label', `Resolutions that were tried: ${steps.map((step) => `${step.resolution}: ${step.topics} topics, agreement of seeds ${step.rand.toFixed(2)}, ${step.good} good, NPMI ${step.npmi.toFixed(3)}`).join('; ')}. ${chosen} was taken.`);
  element('resolution-chart').replaceChildren(chart);
}
