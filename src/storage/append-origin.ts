/** Who appends, which decides how much is checked. */
export const AppendOrigin = {
  /** Everything is checked. */
  client: 0,
  /** A coordinator of this broker: control batches are allowed, sequences unchecked, epochs checked. */
  coordinator: 1,
  /** Fetched from a leader, or read again from the log: offsets are given, producers were checked by the leader. */
  replication: 2,
} as const;
export type AppendOrigin = (typeof AppendOrigin)[keyof typeof AppendOrigin];
