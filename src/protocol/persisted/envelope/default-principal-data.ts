/**
 * The client's principal inside an Envelope request, behind an int16 version, when Kafka's own principal serialization
 * is used.
 */
import { bool, data, type MessageType, string } from '../../schema.ts';

export const defaultPrincipalData = data({
  name: 'DefaultPrincipalData',
  versions: '0',
  flexible: '0+',
  fields: {
    type: string(),
    name: string(),
    tokenAuthenticated: bool(),
  },
});
export type DefaultPrincipalData = MessageType<typeof defaultPrincipalData>;
