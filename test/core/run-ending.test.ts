import { expect, it } from 'vitest';
import { describeEnding, describeStop, heldBackBy } from '../../src/core/run-ending.js';

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

it.each([
  ['refused', 'zoom: no connector', 'zoom: no connector'],
  // Somebody’s credential alone is misconfigured: the others were left for another reason, such as a time that was up.
  ['refused', null, null],
  ['key_refused', null, 'Nylas refused the API key'],
  ['limit', null, null],
  ['failed', 'the disk is full', null],
])('a run that ended as %s for %s holds back by: %s', (endedHow, endedWhy, by) => {
  expect(heldBackBy({ endedHow, endedWhy })).toBe(by);
});
