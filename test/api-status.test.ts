// The page of served APIs says what the broker's table says.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { apiStatusPage } from '../scripts/api-status.ts';

test('docs/apis.md is what scripts/api-status.ts prints', () => {
  const page = readFileSync(fileURLToPath(new URL('../docs/apis.md', import.meta.url)), 'utf8');
  assert.equal(page, apiStatusPage(), 'run: node scripts/api-status.ts --write');
});
