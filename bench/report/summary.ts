/** The figures of a run that tables, comparisons and thresholds speak of, worked out from what the generator counted. */
import { errorName } from '../../src/protocol/errors.ts';
import { appendLimit, type MachineLimits, sendfileLimit } from '../limit/limit.ts';
import type { LoadResult, Sample } from '../load/run-load.ts';
import { type LatencySummary, summarize, toHistogram } from './histogram.ts';

export interface StageSummary {
  /** Records per second asked for; 0: closed loop. */
  rate: number;
  seconds: number;
  producedPerSecond: number;
  consumedPerSecond: number;
  /** Of batches as sent: compressed bytes, headers included. */
  producedMbPerSecond: number;
  consumedMbPerSecond: number;
  failedRecords: number;
  recordsPerRequest: number;
  ack: LatencySummary | null;
  endToEnd: LatencySummary | null;
  fetch: LatencySummary | null;
  /** How much later than intended the generator itself took records up. */
  late: LatencySummary | null;
  /** Null when no broker process was given, and when one ended during the run: what it used before is not known then. */
  broker: BrokerUse | null;
  /** CPU-seconds of the generator. */
  generatorCpuSeconds: number;
}

export interface BrokerUse {
  cpuSeconds: number;
  /** Of one core, on average. */
  cores: number;
  cpuSecondsPerMillionRecords: number;
  residentMibMax: number;
  /**
   * The CPU that one C thread would need for the same work, as a part of what was used: appending the same requests as a
   * part of the broker's, reading the same responses as a part of broker's and client's together. Null without limits and
   * where both were done at once, in which no such sum can be told apart.
   */
  percentOfLimit: number | null;
}

const NS_PER_S = 1e9;

function brokerUse(result: LoadResult, stage: number, limits: MachineLimits | undefined): BrokerUse | null {
  const { samples, stages } = result;
  const edge = (what: Sample['what']) => samples.find((sample) => sample.what === what && sample.stage === stage);
  const [start, end] = [edge('stageStart'), edge('stageEnd')];
  const counted = stages[stage];
  if (result.settings.pids.length === 0 || !start || !end || !counted) return null;
  const during = samples.filter((sample) => sample.atNs >= start.atNs && sample.atNs <= end.atNs);
  if (endedDuring(result)) return null;
  const cpuSeconds = (end.brokerCpuNs - start.brokerCpuNs) / NS_PER_S;
  const records = counted.ackedRecords + counted.consumedRecords;
  const ideal = (bytes: number, units: number, limit: (limits: MachineLimits, bytes: number) => number) =>
    limits === undefined || bytes === 0 || units === 0 ? 0 : bytes / 1e9 / limit(limits, bytes / units);
  const { batchesPerRequest, partitions } = result.settings;
  // How many a request of the open loop has is not counted.
  const batches = counted.rate === 0 ? Math.min(batchesPerRequest, partitions) : 1;
  const appendSeconds = ideal(counted.ackedBytes, counted.requests, (all, bytes) => appendLimit(all, bytes, batches));
  const readSeconds = ideal(counted.consumedBytes, counted.fetches, sendfileLimit);
  const clientSeconds = (end.generatorCpuNs - start.generatorCpuNs) / NS_PER_S;
  const [idealSeconds, usedSeconds] =
    appendSeconds === 0 ? [readSeconds, cpuSeconds + clientSeconds] : [appendSeconds, cpuSeconds];
  const limited = idealSeconds > 0 && usedSeconds > 0 && (appendSeconds === 0 || readSeconds === 0);
  return {
    cpuSeconds,
    cores: cpuSeconds / ((end.atNs - start.atNs) / NS_PER_S),
    cpuSecondsPerMillionRecords: records === 0 ? 0 : (cpuSeconds / records) * 1e6,
    residentMibMax: Math.max(...during.map((sample) => sample.brokerResidentBytes)) / 2 ** 20,
    percentOfLimit: limited ? (100 * idealSeconds) / usedSeconds : null,
  };
}

/** Whether a process of the broker went away: the processors' time of those that are left is less than it was. */
function endedDuring({ settings, samples }: LoadResult): boolean {
  if (settings.pids.length === 0) return false;
  return samples.some((sample, at) => at > 0 && sample.brokerCpuNs < samples[at - 1]!.brokerCpuNs);
}

export function summarizeStages(result: LoadResult, limits?: MachineLimits): StageSummary[] {
  return result.stages.map((counted, stage) => {
    const seconds = counted.elapsedNs / NS_PER_S;
    const edges = result.samples.filter((sample) => sample.what !== 'tick' && sample.stage === stage);
    const perSecond = (count: number) => (seconds === 0 ? 0 : count / seconds);
    return {
      rate: counted.rate,
      seconds,
      producedPerSecond: perSecond(counted.ackedRecords),
      consumedPerSecond: perSecond(counted.consumedRecords),
      producedMbPerSecond: perSecond(counted.ackedBytes) / 1e6,
      consumedMbPerSecond: perSecond(counted.consumedBytes) / 1e6,
      failedRecords: counted.failedRecords,
      recordsPerRequest: counted.requests === 0 ? 0 : counted.sentRecords / counted.requests,
      ack: summarize(toHistogram(counted.ack)),
      endToEnd: summarize(toHistogram(counted.endToEnd)),
      fetch: summarize(toHistogram(counted.fetch)),
      late: summarize(toHistogram(counted.late)),
      broker: brokerUse(result, stage, limits),
      generatorCpuSeconds: edges.length < 2 ? 0 : (edges.at(-1)!.generatorCpuNs - edges[0]!.generatorCpuNs) / NS_PER_S,
    };
  });
}

/** What a reader must know before believing the figures; empty when nothing is wrong. */
export function warnings(result: LoadResult): string[] {
  const found: string[] = [];
  const { end, settings } = result;
  if (end.overrun) found.push('The broker fell so far behind the rate that the run was ended early.');
  if (end.unansweredRecords > 0) {
    found.push(`${end.unansweredRecords} records had no answer when the run ended; they count with their age.`);
  }
  if (end.unseenRecords > 0)
    found.push(`${end.unseenRecords} acknowledged records had not reached a consumer when the run ended.`);
  for (const [code, count] of Object.entries(end.errors))
    found.push(`${errorName(Number(code))} (${code}): ${count} records or fetches.`);
  if (end.disconnects > 0) found.push(`Connections were lost and tried again: ${end.disconnects}.`);
  if (endedDuring(result)) {
    found.push('A process of the broker ended during the run: its CPU time and memory are not known.');
  }
  for (const [stage, counted] of result.stages.entries()) {
    const late = summarize(toHistogram(counted.late));
    const ack = summarize(toHistogram(counted.ack));
    const allowedMs = Math.max(settings.lingerMs / 2, 1);
    if (late && ack && late.percentilesMs[2]! > allowedMs && late.percentilesMs[2]! > ack.percentilesMs[2]! / 4) {
      found.push(
        `Stage ${stage + 1}: the generator itself was ${late.percentilesMs[2]!.toFixed(1)} ms late at p99: the machine is too busy to tell the broker's latency from its own.`,
      );
    }
  }
  return found;
}
