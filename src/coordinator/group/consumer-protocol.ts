/**
 * The bytes that consumers embed in JoinGroup and SyncGroup: int16 version, then a ConsumerProtocolSubscription or
 * -Assignment. The coordinator looks into them and never rewrites them. Control thread.
 */
import { decode } from '../../protocol/codec.ts';
import { consumerProtocolSubscription } from '../../protocol/persisted/consumer-protocol/consumer-protocol-subscription.ts';

const VERSION_BYTES = 2;

/**
 * The topics of a subscription; null when the bytes are something else. Read as version 0, which all versions begin
 * with, so that versions to come are understood.
 */
export function subscribedTopicsOf(metadata: Uint8Array): string[] | null {
  if (metadata.length < VERSION_BYTES || metadata[0] > 0x7f) return null;
  try {
    return decode(consumerProtocolSubscription, metadata, VERSION_BYTES, 0).topics;
  } catch {
    return null;
  }
}
