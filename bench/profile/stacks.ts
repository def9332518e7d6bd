/** Sampled stacks, folded: per thread a tree of frames with how often each was seen. From `perf script` or V8 profiles. */

export interface Frame {
  name: string;
  /** Samples in this frame and below it. */
  total: number;
  children: Frame[];
}

export interface ThreadStacks {
  label: string;
  root: Frame;
}

/** What stands in a thread's stacks tells which thread it is; the first that matches names it. */
const ROLES: readonly [RegExp, string][] = [
  [/storage-host\.ts|partition\.ts/, 'storage worker'],
  [/io-host\.ts|fetch-path\.ts/, 'I/O thread'],
  [/run-broker\.ts|broker\.ts|launch-broker\.ts/, 'control thread'],
];
const FRAMES_MAX = 200;

function child(parent: Frame, name: string): Frame {
  let found = parent.children.find((frame) => frame.name === name);
  if (found === undefined) {
    found = { name, total: 0, children: [] };
    parent.children.push(found);
  }
  return found;
}

/** Adds one stack, outermost frame first. */
function addStack(root: Frame, stack: readonly string[], count = 1): void {
  root.total += count;
  let at = root;
  for (const name of stack.slice(0, FRAMES_MAX)) {
    at = child(at, name);
    at.total += count;
  }
}

/** `JS:*'name file:///a/b/src/x.ts:3:7` becomes `name src/x.ts:3`; native frames keep their name without arguments. */
export function frameName(symbol: string): string {
  const script = /^(?:JS:)?[~^+*']*(\S*)\s+(?:file:\/\/)?(\S+?):(\d+)(?::\d+)?$/.exec(symbol);
  if (symbol.startsWith('JS:') && script) {
    const file = script[2]!.replace(/^.*\/((?:src|node_modules|bench)\/)/, '$1');
    return `${script[1] || '(anonymous)'} ${file}:${script[3]}`;
  }
  if (symbol.startsWith('JS:') || symbol.startsWith('Builtin')) return symbol.replace(/^JS:[~^+*']*/, '');
  return symbol.replace(/\(anonymous namespace\)::/g, '').replace(/\(.*$/, '');
}

/** Reads `perf script -F comm,tid,ip,sym,dso`. Frames without a symbol are left out. */
export function parsePerfScript(text: string): ThreadStacks[] {
  const threads = new Map<string, { comm: string; root: Frame; text: string }>();
  for (const block of text.split(/\n\s*\n/)) {
    const lines = block.split('\n').filter((line) => line.length > 0);
    const head = /^(.+?)\s+(\d+)\s*$/.exec(lines.shift() ?? '');
    if (!head) continue;
    const frames: string[] = [];
    for (const line of lines) {
      const match = /^\s*[0-9a-f]+\s+(.*?)\s+\(([^()]*(?:\([^()]*\))?[^()]*)\)\s*$/.exec(line);
      if (!match || match[1] === '[unknown]') continue;
      frames.push(`${frameName(match[1]!)}${match[2]!.includes('kernel') ? ' [kernel]' : ''}`);
    }
    const thread = threads.get(head[2]!) ?? { comm: head[1]!, root: { name: 'all', total: 0, children: [] }, text: '' };
    threads.set(head[2]!, thread);
    if (frames.length === 0) frames.push('(no symbol)');
    addStack(thread.root, frames.reverse());
  }
  return [...threads]
    .map(([tid, { comm, root }]) => ({ label: `${roleOf(root) ?? comm} (${comm} ${tid})`, root }))
    .sort((a, b) => b.root.total - a.root.total);
}

interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number }; children?: number[] }[];
  samples?: number[];
}

/** Reads a .cpuprofile of V8: one thread, JavaScript only. */
export function parseCpuProfile(label: string, profile: CpuProfile): ThreadStacks {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map<number, number>();
  for (const node of profile.nodes) for (const id of node.children ?? []) parents.set(id, node.id);
  const root: Frame = { name: 'all', total: 0, children: [] };
  for (const sample of profile.samples ?? []) {
    const stack: string[] = [];
    for (let id: number | undefined = sample; id !== undefined; id = parents.get(id)) {
      const { functionName, url, lineNumber } = nodes.get(id)!.callFrame;
      if (functionName === '(root)') continue;
      stack.push(url === '' ? functionName || '(anonymous)' : frameName(`JS:${functionName} ${url}:${lineNumber + 1}`));
    }
    if (stack[0] !== '(idle)') addStack(root, stack.reverse());
  }
  return { label: roleOf(root) ? `${roleOf(root)} (${label})` : label, root };
}

function roleOf(root: Frame): string | undefined {
  const votes = new Map<string, number>();
  const visit = (frame: Frame) => {
    const role = ROLES.find(([pattern]) => pattern.test(frame.name))?.[1];
    if (role !== undefined) votes.set(role, (votes.get(role) ?? 0) + frame.total);
    else for (const below of frame.children) visit(below);
  };
  visit(root);
  return [...votes].sort((a, b) => b[1] - a[1])[0]?.[0];
}

/** Folded text, one stack a line, as flame graph tools read it. */
export function foldedText(thread: ThreadStacks): string {
  const lines: string[] = [];
  const visit = (frame: Frame, path: string) => {
    const own = frame.total - frame.children.reduce((sum, below) => sum + below.total, 0);
    if (own > 0 && path !== '') lines.push(`${path} ${own}`);
    for (const below of frame.children)
      visit(below, path === '' ? below.name.replaceAll(';', ':') : `${path};${below.name.replaceAll(';', ':')}`);
  };
  visit(thread.root, '');
  return `${lines.join('\n')}\n`;
}
