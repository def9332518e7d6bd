/** Flame graphs as one HTML file: each phase and thread one graph; click enlarges a frame, the search marks frames. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Frame, ThreadStacks } from './stacks.ts';

export interface ProfiledPhase {
  name: string;
  threads: ThreadStacks[];
}

/** Frames narrower than this part of a graph cannot be seen. */
const PART_MIN = 0.0005;

type Node = [name: string, total: number, children: Node[]];

function trimmed(frame: Frame, min: number): Node {
  const children = frame.children.filter((below) => below.total >= min).sort((a, b) => b.total - a.total);
  return [frame.name, frame.total, children.map((below) => trimmed(below, min))];
}

export function renderFlamePage(title: string, note: string, phases: readonly ProfiledPhase[]): string {
  const data = phases.map(({ name, threads }) => ({
    name,
    threads: threads.map(({ label, root }) => ({ label, root: trimmed(root, root.total * PART_MIN) })),
  }));
  const script = readFileSync(fileURLToPath(new URL('flame-page.js', import.meta.url)), 'utf8');
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${title}</title>
<style>
:root { color-scheme: light dark; }
body { font: 14px/1.45 system-ui, sans-serif; margin: 0 auto; max-width: 1400px; padding: 20px; }
.graph { position: relative; overflow: hidden; font: 11px/17px ui-monospace, monospace; }
.graph div { position: absolute; height: 17px; overflow: hidden; white-space: nowrap; padding-left: 3px; box-sizing: border-box; border-right: 1px solid #fff6; border-bottom: 1px solid #fff6; cursor: pointer; color: #111; }
.soft { opacity: .7; }
input { font: inherit; width: 24em; padding: 4px 8px; }
</style></head>
<body>
<h1>${title}</h1>
<p class="soft">${note} A frame is as wide as the part of its thread's samples that had it on the stack; what it calls stands below it. Green: JavaScript of the broker; blue: Node and V8; orange: native code of the broker; red: kernel. Click a frame to enlarge it, click the top to go back.</p>
<p><input type="search" placeholder="mark frames whose name contains ..."></p>
<main></main>
<script type="application/json" id="data">${JSON.stringify(data).replace(/</g, '\\u003c')}</script>
<script>${script}</script>
</body></html>
`;
}
