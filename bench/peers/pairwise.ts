/**
 * Pairwise design: instead of every combination of all factors, a short list of rows in which every allowed pair of two
 * factors' values occurs at least once. Most surprises come from one value or two together; the product of all would
 * take days. Greedy and without chance, so that a name means the same work in every run.
 */

export type Factors = Record<string, readonly (string | number | boolean)[]>;
export type Row<F extends Factors> = { [K in keyof F]: F[K][number] };

const pairKey = (a: string, x: unknown, b: string, y: unknown) => `${a}=${x}|${b}=${y}`;

/** Keys of the pairs of values in one row. */
function pairsOf(row: Record<string, unknown>): string[] {
  const names = Object.keys(row);
  return names.flatMap((a, i) => names.slice(i + 1).map((b) => pairKey(a, row[a], b, row[b])));
}

function* product<F extends Factors>(factors: F): Generator<Row<F>> {
  const names = Object.keys(factors);
  const counts = names.map((name) => factors[name]!.length);
  const total = counts.reduce((sum, count) => sum * count, 1);
  for (let index = 0; index < total; index++) {
    let rest = index;
    const row: Record<string, unknown> = {};
    for (const [at, name] of names.entries()) {
      row[name] = factors[name]![rest % counts[at]!];
      rest = Math.floor(rest / counts[at]!);
    }
    yield row as Row<F>;
  }
}

/** All pairs that some allowed row has. */
export function allowedPairs<F extends Factors>(factors: F, allowed: (row: Row<F>) => boolean): Set<string> {
  const pairs = new Set<string>();
  for (const row of product(factors)) if (allowed(row)) for (const pair of pairsOf(row)) pairs.add(pair);
  return pairs;
}

export function coveredPairs(rows: readonly Record<string, unknown>[]): Set<string> {
  return new Set(rows.flatMap(pairsOf));
}

/** Takes, time and again, the allowed row with the most pairs that no row has yet; of equals the first. */
export function pairwise<F extends Factors>(factors: F, allowed: (row: Row<F>) => boolean = () => true): Row<F>[] {
  const candidates = [...product(factors)].filter(allowed).map((row) => ({ row, pairs: pairsOf(row) }));
  const left = new Set(candidates.flatMap(({ pairs }) => pairs));
  const rows: Row<F>[] = [];
  while (left.size > 0) {
    let best = candidates[0]!;
    let bestCount = -1;
    for (const candidate of candidates) {
      let count = 0;
      for (const pair of candidate.pairs) if (left.has(pair)) count++;
      if (count > bestCount) [best, bestCount] = [candidate, count];
    }
    rows.push(best.row);
    for (const pair of best.pairs) left.delete(pair);
  }
  return rows;
}
