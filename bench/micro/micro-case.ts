/** One micro-benchmark: what is called over and over, and what a call moves. */
export interface MicroCase {
  /** `group: what`, unique; the baseline knows it by this. */
  name: string;
  /** Bytes that one call handles, for GB/s; 0 where calls count. */
  bytes: number;
  run: () => unknown;
  /** After measuring. */
  dispose?: () => void;
}
