import fc from 'fast-check';
import { expect, it } from 'vitest';
import { maskDeep, maskEmails } from '../../src/core/mask.js';

it.each([
  ['ada@example.com', 'a***@example.com'],
  ['Ada <ada.love+x@mail.example.co.uk>, bob@b.c', 'Ada <a***@mail.example.co.uk>, b***@b.c'],
  ['google:ada@example.com', 'google:a***@example.com'],
  ['no user "ada@example.com".', 'no user "a***@example.com".'],
  ['https://x.y/?login_hint=ada%40example.com&z=1', 'https://x.y/?login_hint=a***%40example.com&z=1'],
  ["margaret.o'neill@example.com", 'm***@example.com'],
  ['very.secret/name&more=x@example.com', 'v***@example.com'],
  ['ada%40x@example.com', 'a***@example.com'],
  ['ada@localhost', 'a***@localhost'],
  ['ada@@example', 'a***@@example'],
  ['ada@', 'a***@'],
  ['"ada love"@example.com', '"***@example.com'],
  ['a%2Bb%40example.com', 'a***%40example.com'],
  ['äöü@exämple.com', 'ä***@exämple.com'],
  ['𝒜da@example.com', '𝒜***@example.com'],
  ['no address @ all', 'no address @ all'],
  ['acc-17', 'acc-17'],
])('%s → %s', (text, masked) => {
  expect(maskEmails(text)).toBe(masked);
});

it('leaves no more than one character of what stood before an @', () => {
  const local = fc.stringMatching(/^[a-z0-9.+_-]{2,20}$/);
  const around = fc.constantFrom('', ' ', '<', ':', '"', '(', ',');
  fc.assert(
    fc.property(local, around, fc.domain(), (name, edge, domain) => {
      const masked = maskEmails(`${edge}${name}@${domain}${edge}`);
      expect(masked).toBe(`${edge}${name.charAt(0)}***@${domain}${edge}`);
      expect(maskEmails(masked)).toBe(masked);
    }),
  );
});

it('takes no longer than a text is long, whatever it holds', () => {
  const masked = maskEmails(`@${'a'.repeat(60_000)} b@c.d`);
  expect(masked.endsWith(' b***@c.d')).toBe(true);
});

it('masks every text in a value, and nothing else of it', () => {
  const value = { 'name@field': ['a', { b: 'ada@x.y', c: 1, d: null }], e: true };
  expect(maskDeep(value)).toEqual({ 'name@field': ['a', { b: 'a***@x.y', c: 1, d: null }], e: true });
});
