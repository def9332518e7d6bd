/**
 * The operations that responses list for a resource (KIP-430), as a set of bits: bit n stands for operation code n.
 * Without an authorizer everybody may do everything that makes sense for the resource.
 */
const Operation = {
  READ: 3,
  WRITE: 4,
  CREATE: 5,
  DELETE: 6,
  ALTER: 7,
  DESCRIBE: 8,
  CLUSTER_ACTION: 9,
  DESCRIBE_CONFIGS: 10,
  ALTER_CONFIGS: 11,
  IDEMPOTENT_WRITE: 12,
} as const;

const bits = (...operations: (keyof typeof Operation)[]): number =>
  operations.reduce((set, operation) => set | (1 << Operation[operation]), 0);

export const TOPIC_OPERATIONS = bits(
  'READ',
  'WRITE',
  'CREATE',
  'DELETE',
  'ALTER',
  'DESCRIBE',
  'DESCRIBE_CONFIGS',
  'ALTER_CONFIGS',
);
export const CLUSTER_OPERATIONS = bits(
  'CREATE',
  'ALTER',
  'DESCRIBE',
  'CLUSTER_ACTION',
  'DESCRIBE_CONFIGS',
  'ALTER_CONFIGS',
  'IDEMPOTENT_WRITE',
);
export const GROUP_OPERATIONS = bits('READ', 'DELETE', 'DESCRIBE', 'DESCRIBE_CONFIGS', 'ALTER_CONFIGS');
/** What a response holds when operations were not asked for. */
export const OPERATIONS_NOT_ASKED = -0x80000000;
