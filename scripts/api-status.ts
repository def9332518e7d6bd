// Prints which of Kafka's APIs the broker serves, in which versions, and why not the others (docs/apis.md). The versions
// come from the broker's own table, so that the page cannot say more than ApiVersions does.
//
//     node scripts/api-status.ts             prints the page
//     node scripts/api-status.ts --write     writes it to docs/apis.md
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Api } from '../src/broker/api-handler.ts';
import { createApiTable } from '../src/broker/api-table.ts';
import { SUPPORTED_FEATURES } from '../src/metadata/metadata-version.ts';
import { apiCatalog } from '../src/protocol/api-catalog.ts';

const PAGE = fileURLToPath(new URL('../docs/apis.md', import.meta.url));

/** Why an API of brokers is not served; it is not advertised either. Looked at only where the table has no such API. */
const REASONS: Readonly<Record<string, string>> = {
  AddRaftVoter: "a broker that runs alone is its quorum's only voter",
  RemoveRaftVoter: "a broker that runs alone is its quorum's only voter",
  UnregisterController: 'the controller inside the broker does not register itself',
};
const REASONS_BY_WORD: readonly (readonly [word: RegExp, reason: string])[] = [
  [/Share/, 'share groups are not served yet'],
  [/Streams/, 'streams groups are not served yet'],
];

/** What a served API does not do. */
const LIMITS: Readonly<Record<string, string>> = {
  CreateAcls: 'refused: no authorizer yet',
  DeleteAcls: 'refused: no authorizer yet',
  DescribeAcls: 'refused: no authorizer yet',
  AlterClientQuotas: 'refused: quotas are not enforced yet',
  CreateDelegationToken: 'refused: tokens cannot log in yet',
  RenewDelegationToken: 'refused: tokens cannot log in yet',
  ExpireDelegationToken: 'refused: tokens cannot log in yet',
  DescribeDelegationToken: 'refused: tokens cannot log in yet',
  SaslHandshake: 'refused: no listener asks for SASL yet',
  SaslAuthenticate: 'refused: no listener asks for SASL yet',
  AlterUserScramCredentials: 'stored; no listener asks for them yet',
  UpdateFeatures: 'kraft.version stays as the folder was formatted',
  Produce: 'ApiVersions says from 0 on, as Kafka does for old clients; 0 to 2 are refused',
};

interface Row {
  readonly key: number;
  readonly name: string;
  readonly served: string;
  readonly kafka: string;
  readonly remark: string;
}

const range = (min: number, max: number): string => (min === max ? `${min}` : `${min}-${max}`);

function rowOf(entry: (typeof apiCatalog)[number], api: Api | undefined): Row {
  const { apiKey: key, request } = entry;
  const name = request.name.replace(/Request$/, '');
  const { min, max } = request.versions;
  const kafka = range(min, max - (request.latestVersionUnstable ? 1 : 0));
  const served = api ? range(api.minVersion, api.maxVersion) : 'no';
  const remark = api ? (LIMITS[name] ?? '') : reasonOf(name);
  return { key, name, served, kafka, remark };
}

function reasonOf(name: string): string {
  const reason = REASONS[name] ?? REASONS_BY_WORD.find(([word]) => word.test(name))?.[1];
  if (reason === undefined) throw new Error(`scripts/api-status.ts: say why ${name} is not served`);
  return reason;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`.replaceAll(/ +\|/g, ' |');
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}

/** The page, whole. */
export function apiStatusPage(): string {
  const apis = createApiTable();
  const catalog = apiCatalog.filter(({ request }) => request.listeners.includes('broker'));
  const rows = catalog.map((entry) => rowOf(entry, apis.get(entry.apiKey)));
  const served = rows.filter((row) => row.served !== 'no');
  const whole = served.filter((row) => row.served === row.kafka && row.remark === '');
  return [
    '# Kafka APIs',
    '',
    '<!-- Written by scripts/api-status.ts --write; a test compares. -->',
    '',
    `Of the ${rows.length} APIs that a broker of Kafka 4.4 has, ${served.length} are served, ${whole.length} of them in every version and without a remark. What is not served is not advertised, so clients find out from ApiVersions.`,
    '',
    ...table(
      ['Key', 'API', 'Served', 'Kafka 4.4', 'Remark'],
      rows.map(({ key, name, served: versions, kafka, remark }) => [`${key}`, name, versions, kafka, remark]),
    ),
    '',
    '## Features',
    '',
    'Levels that the broker can run with; `kafka-features` shows them, and which is in force. A level says what a folder may hold, so that brokers of Kafka can take it over and give it back; whether an API is there says the table above.',
    '',
    ...table(
      ['Feature', 'Levels'],
      [...SUPPORTED_FEATURES].map(([name, { min, max }]) => [name, range(min, max)]),
    ),
    '',
  ].join('\n');
}

if (import.meta.main) {
  if (process.argv.includes('--write')) writeFileSync(PAGE, apiStatusPage());
  else process.stdout.write(apiStatusPage());
}
