/** The form of an API: its schemas, the versions that are served, and who answers. */
import type { Fields, FieldsType, Partially, Schema } from '../protocol/schema.ts';
import type { BrokerServices, RequestContext } from './broker-services.ts';

type Answer<T> = T | Promise<T>;

export interface Api {
  readonly request: Schema;
  readonly response: Schema;
  /** Versions that are advertised. */
  readonly minVersion: number;
  readonly maxVersion: number;
  /** Absent: an I/O thread answers (Produce, Fetch). */
  readonly handle?: (request: never, context: RequestContext, services: BrokerServices) => Answer<object>;
}

/** Pairs an API's schemas with its handler; served are all versions of the schema unless said otherwise. */
export function api<Q extends Fields, R extends Fields>(
  request: Schema<Q>,
  response: Schema<R>,
  handle: (
    request: FieldsType<Q>,
    context: RequestContext,
    services: BrokerServices,
  ) => Answer<Partially<FieldsType<R>>>,
  versions: { min?: number; max?: number } = {},
): Api {
  return {
    request,
    response,
    minVersion: versions.min ?? request.versions.min,
    maxVersion: versions.max ?? request.versions.max - (request.latestVersionUnstable ? 1 : 0),
    handle: handle as Api['handle'],
  };
}
