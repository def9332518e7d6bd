/** Percentile curves of a latency report: of each work one curve a target, over all rounds together. */
import { percentileCurve, toHistogram } from './histogram.ts';
import type { Report } from './report.ts';
import { groupRuns } from './table.ts';

export interface LatencyCurves {
  name: string;
  /** Points as percentileCurve() gives them. */
  curves: { label: string; points: [number, number][] }[];
}

/** The title keeps what distinguishes the works: what stands before the first comma, and the rate. */
function shortName(name: string, rate: number): string {
  return `${name.split(',')[0]} (${rate.toLocaleString('en-US')}/s)`;
}

export function latencyCurves(report: Report): LatencyCurves[] {
  const works = new Map<string, LatencyCurves>();
  for (const group of groupRuns(report.runs)) {
    const stages = group.runs.flatMap((run) => run.result.stages);
    const endToEnd = group.runs[0]!.result.settings.endToEnd;
    const work = works.get(group.name) ?? { name: shortName(group.name, stages[0]?.rate ?? 0), curves: [] };
    works.set(group.name, work);
    const histogram = toHistogram(...stages.map((stage) => (endToEnd ? stage.endToEnd : stage.ack)));
    work.curves.push({ label: group.target, points: percentileCurve(histogram) });
  }
  return [...works.values()];
}
