/**
 * The picture for the README: one SVG drawn from report data, without a browser. Bars of the broker's CPU for the works
 * of real clients, as parts of Kafka's, with the goals; and percentile curves of the latency works to p99.999.
 */

import { summarizeClient } from './client-table.ts';
import { clientGoals } from './goals.ts';
import { latencyCurves } from './latency-curves.ts';
import type { Report } from './report.ts';
import { formatNumber } from './table.ts';

const WIDTH = 960;
const MARGIN = 24;
const FONT = 'font-family="system-ui, sans-serif"';
const INK = '#1f2937';
const SOFT = '#6b7280';
const LINE = '#d1d5db';
const COLOURS: Record<string, string> = { millrace: '#2563eb', kafka: '#ea580c' };

const escapeXml = (text: string) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

interface TextShape {
  size?: number;
  anchor?: 'start' | 'middle' | 'end';
  colour?: string;
  bold?: boolean;
}

function text(x: number, y: number, content: string, shape: TextShape = {}): string {
  const { size = 12, anchor = 'start', colour = INK, bold = false } = shape;
  const weight = bold ? ' font-weight="600"' : '';
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" font-size="${size}" fill="${colour}" text-anchor="${anchor}"${weight} ${FONT}>${escapeXml(content)}</text>`;
}

const rect = (x: number, y: number, width: number, height: number, fill: string) =>
  `<rect x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${Math.max(0, width).toFixed(1)}" height="${height}" fill="${fill}" rx="2"/>`;

const segment = (x1: number, y1: number, x2: number, y2: number, stroke: string, width = 1) =>
  `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" stroke="${stroke}" stroke-width="${width}"/>`;

interface Drawn {
  parts: string[];
  height: number;
}

const BAR_HEIGHT = 16;
const BAR_STEP = 24;
const LABEL_WIDTH = 330;

/** Kafka is the whole width of a bar's place; the mark is the goal. */
function drawBars(report: Report, top: number): Drawn {
  const parts: string[] = [];
  const left = MARGIN + LABEL_WIDTH;
  const full = WIDTH - left - MARGIN - 150;
  parts.push(
    text(MARGIN, top + 18, "CPU time of the broker for the same work of the same client, as a part of Kafka's", {
      size: 15,
      bold: true,
    }),
  );
  parts.push(text(MARGIN, top + 36, 'The mark is the goal; grey is Kafka.', { colour: SOFT }));
  let y = top + 48;
  for (const goal of clientGoals) {
    if (goal.work === undefined || goal.figure === 'avgMs') continue;
    const mine = summarizeClient(report, goal.work, 'millrace')?.cpuSeconds;
    const other = summarizeClient(report, goal.work, 'kafka')?.cpuSeconds;
    if (mine === undefined || other === undefined || other === 0) continue;
    const ratio = mine / other;
    const missed = goal.ratioMax !== undefined && ratio > goal.ratioMax;
    parts.push(text(left - 8, y + 12, goal.what, { anchor: 'end' }), rect(left, y, full, BAR_HEIGHT, '#e5e7eb'));
    parts.push(rect(left, y, Math.min(1.2, ratio) * full, BAR_HEIGHT, missed ? '#dc2626' : COLOURS.millrace!));
    if (goal.ratioMax !== undefined) {
      const mark = left + goal.ratioMax * full;
      parts.push(segment(mark, y - 2, mark, y + BAR_HEIGHT + 2, INK, 2));
    }
    const said = `${ratio.toFixed(2)}  (${mine.toFixed(2)} of ${other.toFixed(2)} s)`;
    parts.push(text(left + full + 8, y + 12, said, missed ? { colour: '#dc2626' } : {}));
    y += BAR_STEP;
  }
  return { parts, height: y - top + 8 };
}

const CHART_HEIGHT = 250;

/** `[1, 10, 100, ...]` as p0, p90, p99, ... */
const percentileName = (nines: number) =>
  nines === 0 ? 'min' : nines === 1 ? 'p90' : nines === 2 ? 'p99' : `p99.${'9'.repeat(nines - 2)}`;

interface Curve {
  label: string;
  points: [number, number][];
}

/** Percentiles to the right, one nine a step; milliseconds upwards, both logarithmic. */
function drawCurves(title: string, curves: readonly Curve[], left: number, top: number, width: number): string[] {
  const parts = [text(left, top + 16, title, { size: 13, bold: true })];
  const box = { left: left + 46, right: left + width - 12, top: top + 30, bottom: top + CHART_HEIGHT - 34 };
  const values = curves.flatMap((curve) => curve.points.map(([, ms]) => ms)).filter((ms) => ms > 0);
  if (values.length === 0) return parts;
  const decades = [Math.floor(Math.log10(Math.min(...values))), Math.ceil(Math.log10(Math.max(...values)))] as const;
  const nines = Math.ceil(Math.log10(Math.max(...curves.flatMap((curve) => curve.points.map(([x]) => x)))));
  const x = (inverse: number) => box.left + (Math.log10(inverse) / nines) * (box.right - box.left);
  const span = Math.max(1, decades[1] - decades[0]);
  const y = (ms: number) => box.bottom - ((Math.log10(ms) - decades[0]) / span) * (box.bottom - box.top);
  for (let decade = decades[0]; decade <= decades[1]; decade++) {
    parts.push(segment(box.left, y(10 ** decade), box.right, y(10 ** decade), LINE));
    parts.push(
      text(box.left - 6, y(10 ** decade) + 4, formatNumber(10 ** decade), { size: 11, anchor: 'end', colour: SOFT }),
    );
  }
  for (let nine = 0; nine <= nines; nine++) {
    parts.push(segment(x(10 ** nine), box.top, x(10 ** nine), box.bottom, LINE));
    parts.push(
      text(x(10 ** nine), box.bottom + 16, percentileName(nine), { size: 11, anchor: 'middle', colour: SOFT }),
    );
  }
  for (const [index, { label, points }] of curves.entries()) {
    const path = points
      .filter(([, ms]) => ms > 0)
      .map(([inverse, ms]) => `${x(inverse).toFixed(1)},${y(ms).toFixed(1)}`);
    const colour = COLOURS[label] ?? SOFT;
    parts.push(`<polyline points="${path.join(' ')}" fill="none" stroke="${colour}" stroke-width="2.5"/>`);
    parts.push(rect(box.left + index * 110, box.bottom + 23, 10, 10, colour));
    parts.push(text(box.left + 14 + index * 110, box.bottom + 32, label, { size: 12 }));
  }
  return parts;
}

/** Two charts a row. */
function drawLatencies(report: Report, top: number): Drawn {
  const parts: string[] = [];
  const works = latencyCurves(report);
  const width = (WIDTH - 2 * MARGIN) / 2;
  parts.push(
    text(
      MARGIN,
      top + 18,
      'Latency in milliseconds by percentile, from the intended send time, both brokers warm and synced',
      {
        size: 15,
        bold: true,
      },
    ),
  );
  for (const [index, { name, curves }] of works.entries()) {
    const [column, row] = [index % 2, Math.floor(index / 2)];
    parts.push(...drawCurves(name, curves, MARGIN + column * width, top + 30 + row * CHART_HEIGHT, width));
  }
  return { parts, height: 38 + Math.ceil(works.length / 2) * CHART_HEIGHT };
}

export interface PictureReports {
  clients?: Report;
  latency?: Report;
}

/** The whole picture; what has no report is left out. */
export function drawPicture({ clients, latency }: PictureReports): string {
  const parts: string[] = [];
  let y = MARGIN;
  for (const drawn of [clients && drawBars(clients, y)]) {
    if (!drawn) continue;
    parts.push(...drawn.parts);
    y += drawn.height + MARGIN;
  }
  if (latency) {
    const drawn = drawLatencies(latency, y);
    parts.push(...drawn.parts);
    y += drawn.height;
  }
  const report = clients ?? latency;
  if (report) {
    const { cpu, cores, memoryGib } = report.machine;
    parts.push(
      text(MARGIN, y + 8, `${cpu}, ${cores} cores, ${memoryGib} GiB; ${report.createdAt.slice(0, 10)}`, {
        size: 11,
        colour: SOFT,
      }),
    );
    y += 24;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y}" viewBox="0 0 ${WIDTH} ${y}">
<rect width="100%" height="100%" fill="#ffffff"/>
${parts.join('\n')}
</svg>
`;
}
