import { expect, it } from 'vitest';
import { describeEnding, describeStop } from '../../src/core/run-ending.js';

it.each([
  ['people_remain', 'complete; rows need a person'],
  ['input', 'the input broke off'],
  ['unheard_of', 'unheard_of'],
])('a run that ended with %s is told as “%s”', (endedHow, words) => {
  expect(describeEnding(endedHow)).toBe(words);
});

it.each([
  ['limit', /its limit/],
  ['signal', /by a signal/],
  ['stop_time', /the time it was given/],
  ['key_refused', /refused its API key/],
  [null, /did not reach the end/],
])('why a run stopped, by %s', (endedHow, words) => {
  expect(describeStop(endedHow)).toMatch(words);
});
