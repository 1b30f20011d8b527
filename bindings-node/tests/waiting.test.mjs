// The table of those who wait for calls.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ours } from './server.mjs';

const { Waiting } = ours('internal/waiting');

test('each who waits is found under a number of its own until it ends', () => {
  const waiting = new Waiting();
  const numbers = ['a', 'b', 'c'].map((name) => waiting.add(name));
  assert.equal(new Set(numbers).size, 3);
  assert.deepEqual(numbers.map((number) => waiting.get(number)), ['a', 'b', 'c']);
  waiting.delete(numbers[1]);
  waiting.delete(numbers[1]);
  assert.equal(waiting.size, 2);
  assert.deepEqual(numbers.map((number) => waiting.get(number)), ['a', undefined, 'c']);
  assert.equal(waiting.get(12345), undefined);
});

test('a place is used again under another number, and what comes late for the old one finds nobody', () => {
  const waiting = new Waiting();
  const seen = new Set();
  for (let round = 0; round < 2000; round += 1) {
    const number = waiting.add(round);
    assert.ok(number > 0 && number < 2 ** 31 && !seen.has(number), `number ${number} in round ${round}`);
    seen.add(number);
    waiting.delete(number);
    assert.equal(waiting.get(number), undefined);
  }
  assert.equal(waiting.size, 0);
});

test('numbers stay what they are when they have gone round', () => {
  const waiting = new Waiting();
  for (let round = 0; round < 5000; round += 1) {
    const number = waiting.add(round);
    assert.equal(waiting.get(number), round);
    waiting.delete(number);
  }
  assert.equal(waiting.size, 0);
});
