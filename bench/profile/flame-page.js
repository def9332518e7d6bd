// Draws the flame graphs of flame-page.ts: plain elements, no library.
/* global document */
(() => {
  const phases = JSON.parse(document.getElementById('data').textContent);
  const main = document.querySelector('main');
  const search = document.querySelector('input');
  const ROW = 17;

  function colour(name) {
    if (search.value !== '' && name.includes(search.value)) return '#e879f9';
    if (name.endsWith('[kernel]')) return '#fca5a5';
    if (/ (src|bench)\//.test(name)) return '#86efac';
    if (name.startsWith('millrace::')) return '#fdba74';
    return '#bfdbfe';
  }

  function depthOf([, , children]) {
    return 1 + Math.max(0, ...children.map(depthOf));
  }

  function draw(box, root, path) {
    box.replaceChildren();
    const focus = path.at(-1);
    const place = (frame, left, width, depth, own) => {
      const [name, total, children] = frame;
      const made = document.createElement('div');
      const percent = ((100 * total) / root[1]).toFixed(1);
      made.textContent = width > 0.01 ? name : '';
      made.title = `${name}: ${total} samples, ${percent} % of the thread`;
      made.style.cssText = `left:${left * 100}%;width:${width * 100}%;top:${depth * ROW}px;background:${colour(name)}`;
      made.onclick = () => draw(box, root, own);
      box.append(made);
      let at = left;
      for (const child of children) {
        const part = (width * child[1]) / total;
        if (part > 0.0005) place(child, at, part, depth + 1, [...own, child]);
        at += part;
      }
    };
    for (const [depth, frame] of path.slice(0, -1).entries()) {
      place([frame[0], frame[1], []], 0, 1, depth, path.slice(0, depth + 1));
    }
    place(focus, 0, 1, path.length - 1, path);
    box.style.height = `${(path.length - 1 + depthOf(focus)) * ROW}px`;
  }

  const graphs = [];
  for (const { name, threads } of phases) {
    const title = document.createElement('h2');
    title.textContent = name;
    main.append(title);
    const all = threads.reduce((sum, { root }) => sum + root[1], 0);
    for (const { label, root } of threads) {
      if (root[1] < all * 0.005) continue;
      const section = document.createElement('h3');
      section.textContent = `${label}: ${((100 * root[1]) / all).toFixed(1)} % of the process`;
      const box = document.createElement('div');
      box.className = 'graph';
      main.append(section, box);
      graphs.push([box, root]);
      draw(box, root, [root]);
    }
  }
  search.oninput = () => {
    for (const [box, root] of graphs) draw(box, root, [root]);
  };
})();
