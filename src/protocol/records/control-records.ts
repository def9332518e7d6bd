/**
 * Control records: transaction markers in partitions, and what KRaft writes into its own log about itself. They stand
 * alone in batches with the control flag; consumers never see them. Any thread.
 *
 *     key: int16 version (0) | int16 type          value: int16 version | message of the type
 */
import { decodeVersioned, encodeVersioned } from '../persisted/record-framing.ts';
import {
  type ControlRecordTypeSchema,
  controlRecordTypeSchema,
} from '../persisted/storage/control-record-type-schema.ts';
import { endTxnMarker } from '../persisted/transaction/end-txn-marker.ts';
import { type BatchOptions, buildBatch } from './batch-builder.ts';

export const ControlRecordType = {
  abort: 0,
  commit: 1,
  leaderChange: 2,
  snapshotHeader: 3,
  snapshotFooter: 4,
  kraftVersion: 5,
  kraftVoters: 6,
} as const;
export type ControlRecordType = (typeof ControlRecordType)[keyof typeof ControlRecordType];

const KEY_BYTES = 4;

function controlRecordKey(type: ControlRecordType): Buffer {
  const key: ControlRecordTypeSchema = { type };
  return encodeVersioned(controlRecordTypeSchema, key, 0);
}

/** The type in a control record's key; -1 when it is not one. Types of later releases are to be passed over. */
export function controlRecordType(key: Uint8Array | null): number {
  if (key === null || key.length < KEY_BYTES) return -1;
  const version = ((key[0] << 24) >> 16) | key[1];
  // Later versions may append to the key, so the type is where it was.
  return version < 0 ? -1 : ((key[2] << 24) >> 16) | key[3];
}

export interface EndTxnMarkerInput {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly commit: boolean;
  readonly coordinatorEpoch: number;
  readonly timestamp: number;
}

/** A batch with one commit or abort marker. */
export function buildEndTxnMarkerBatch(marker: EndTxnMarkerInput, options: BatchOptions = {}): Buffer {
  const record = {
    key: controlRecordKey(marker.commit ? ControlRecordType.commit : ControlRecordType.abort),
    value: encodeVersioned(endTxnMarker, { coordinatorEpoch: marker.coordinatorEpoch }, 0),
    timestamp: marker.timestamp,
  };
  const { producerId, producerEpoch } = marker;
  return buildBatch([record], { ...options, producerId, producerEpoch, transactional: true, control: true });
}

/** The marker's coordinator epoch. Throws a ProtocolError. */
export function parseEndTxnMarker(value: Uint8Array): { coordinatorEpoch: number } {
  return decodeVersioned(endTxnMarker, value, true);
}
