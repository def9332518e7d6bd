import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CliError, explain, usageError } from '../../src/cli/cli-error.ts';
import { ExitCode } from '../../src/cli/cli-io.ts';
import { json, table } from '../../src/cli/output.ts';

const failure = (message: string, more: object = {}): Error => Object.assign(new Error(message), more);

test('an error of the protocol is told in the words of the broker, on one line', () => {
  const inner = failure('generic', { apiId: 'INVALID_CONFIG', serverErrorMessage: 'Unknown topic\n config name: x.' });
  const explained = explain(failure('outer', { errors: [failure('middle', { cause: inner })] }), 'b:1');
  assert.equal(explained.message, 'Unknown topic config name: x (INVALID_CONFIG)');
  assert.equal(explained.exitCode, ExitCode.failed);
  assert.match(explained.fix, /topic describe/);
});

test('a refused connection is told with its address', () => {
  const explained = explain(failure('outer', { errors: [failure('connect', { code: 'ECONNREFUSED' })] }), 'b:1');
  assert.equal(explained.message, 'no broker answers at b:1: connection refused');
  assert.equal(explained.exitCode, ExitCode.unreachable);
});

test('an address that only brokers told is named, with what to set there', () => {
  const lookup = failure('getaddrinfo ENOTFOUND inside', { code: 'ENOTFOUND' });
  const network = failure('Connection to inside:9092 failed.', { code: 'PLT_KFK_NETWORK', cause: lookup });
  const explained = explain(failure('outer', { errors: [network] }), 'b:1, b:2');
  assert.equal(explained.message, 'no broker answers at inside:9092: no such host');
  assert.match(explained.fix, /advertised\.listeners/);
  assert.match(explain(failure('outer', { errors: [network] }), 'inside:9092').fix, /start a broker/);
});

test('what is explained already stays as it is, and what is not an error is shown', () => {
  const mine = usageError('no');
  assert.equal(explain(mine, 'b:1'), mine);
  assert.equal(explain('text', 'b:1').message, 'text');
});

test('causes that point at each other end', () => {
  const one = failure('one');
  const other = failure('other', { cause: one });
  one.cause = other;
  assert.ok(explain(one, 'b:1') instanceof CliError);
});

test('tables align, numbers to the right', () => {
  assert.equal(
    table(
      ['NAME', 'COUNT'],
      [
        ['a', 1],
        ['longer', 1000],
      ],
    ),
    'NAME    COUNT\na           1\nlonger   1000\n',
  );
});

test('offsets in JSON are numbers while that is exact', () => {
  assert.equal(json({ offset: 5n, far: 2n ** 60n }), '{"offset":5,"far":"1152921504606846976"}\n');
});
