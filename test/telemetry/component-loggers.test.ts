import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Logger } from '../../src/base/logger.ts';
import { ComponentLoggers, isLoggerLevel, isLoggerName, LOGGER_NAMES } from '../../src/telemetry/component-loggers.ts';

function record(): { lines: string[]; sink: Logger } {
  const lines: string[] = [];
  const at = (level: string) => (details: object, message: string) =>
    void lines.push(`${level} ${message} ${JSON.stringify(details)}`);
  return { lines, sink: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } };
}

test('a line passes from its component on, with its name, when the level allows', () => {
  const { lines, sink } = record();
  const loggers = new ComponentLoggers(sink, 'INFO');
  loggers.of('groups').debug({}, 'quiet');
  loggers.of('groups').info({ groupId: 'g' }, 'heard');
  assert.deepEqual(lines, ['info heard {"component":"groups","groupId":"g"}']);
});

test('a level counts from the next line on, and the root again when it is taken away', () => {
  const { lines, sink } = record();
  const loggers = new ComponentLoggers(sink, 'INFO');
  const groups = loggers.of('groups');
  loggers.setLevel('groups', 'TRACE');
  groups.debug({}, 'one');
  loggers.of('storage').debug({}, 'not of the component');
  loggers.setLevel('root', 'FATAL');
  groups.debug({}, 'two');
  loggers.of('storage').error({}, 'not even an error');
  loggers.setLevel('groups', null);
  groups.error({}, 'as the root says');
  assert.deepEqual(
    lines.map((line) => line.split(' ')[1]),
    ['one', 'two'],
  );
  assert.equal(loggers.levelOf('groups'), 'FATAL');
});

test('the root keeps a level, and other threads take all of them over', () => {
  const { sink } = record();
  const loggers = new ComponentLoggers(sink, 'WARN');
  loggers.setLevel('root', null);
  assert.equal(loggers.levelOf('root'), 'WARN');
  loggers.setLevel('storage', 'DEBUG');
  const other = new ComponentLoggers(sink, 'ERROR');
  other.setLevel('groups', 'TRACE');
  other.assign(loggers.assigned);
  assert.deepEqual(
    LOGGER_NAMES.map((name) => other.levelOf(name)),
    LOGGER_NAMES.map((name) => (name === 'storage' ? 'DEBUG' : 'WARN')),
  );
});

test('names and levels are known by their exact words', () => {
  assert.equal(isLoggerName('groups'), true);
  assert.equal(isLoggerName('kafka.server.KafkaApis'), false);
  assert.equal(isLoggerLevel('FATAL'), true);
  assert.equal(isLoggerLevel('info'), false);
});
