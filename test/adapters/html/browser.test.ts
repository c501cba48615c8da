import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import axe from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../../src/adapters/clock/index.js';
import { openLedger } from '../../../src/adapters/sqlite/ledger.js';
import { findChromium, launchChromium, NO_BROWSER } from '../../support/browser.js';
import { runCli } from '../../support/cli.js';
import { BEGAN_AT_MS, entryOf, issueOf, Story } from '../../support/ledger.js';

const HOSTILE = '</script><script>window.broken = 1</script><img src=x onerror="window.broken = 1">';
const CHROMIUM = findChromium();

let folder: string;
let browser: Browser;

it('there is a browser to look at pages with', ({ skip }) => {
  if (CHROMIUM === null && process.env['CI'] === undefined) {
    process.stderr.write(`${NO_BROWSER}\n`);
    skip(NO_BROWSER);
  }
  expect(CHROMIUM, NO_BROWSER).not.toBeNull();
});

beforeAll(async () => {
  if (CHROMIUM === null) return;
  folder = mkdtempSync(join(tmpdir(), 'page-test-'));
  browser = await launchChromium(CHROMIUM);
  await tellStory(join(folder, 'story.db'));
  await writePage('story');
});

afterAll(async () => {
  if (CHROMIUM === null) return;
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
});

/** 120 migrated, two who need somebody, whose fields mean harm, one bad row, a run that was held. */
async function tellStory(path: string): Promise<void> {
  const story = new Story(path, { label: HOSTILE, inputName: HOSTILE, options: { rate: 40 } });
  const many = Array.from({ length: 120 }, (_, index) => ({
    key: `user-${String(index).padStart(3, '0')}`,
    atMs: BEGAN_AT_MS + index * 300,
    line: index + 2,
  }));
  await Promise.all(many.map((facts) => story.migrate(facts)));
  const carried = { [HOSTILE]: `a\u202Eb${HOSTILE}`, __proto__x: '"\'&' };
  await story.refuse({ key: 'eve', email: `${HOSTILE}@example.org`, carried, line: 200 }, 'needs_reauth', {
    errorMessage: HOSTILE,
    requestId: HOSTILE,
  });
  await story.refuse({ key: 'bob', provider: 'microsoft', line: 201 }, 'needs_admin');
  await story.ledger.note(story.runId, issueOf({ line: 300, email: HOSTILE }));
  const { runId, ledger } = story;
  const hold = { cause: 'outage', fromMs: BEGAN_AT_MS + 2_000, toMs: BEGAN_AT_MS + 4_000 } as const;
  const lanes = [{ provider: 'zoom', credentialId: null, heldMs: 20_000 }] as const;
  const pace = {
    askedPerSecond: 40,
    throttledHits: 0,
    throttledMs: 0,
    outageMs: 2_000,
    lanes,
    holds: [hold],
  };
  ledger.endRun(runId, {
    endedAtMs: BEGAN_AT_MS + 60_000,
    how: 'done',
    why: null,
    input: null,
    balance: null,
    pace,
  });
  story.close();
}

async function writePage(name: string, ...args: readonly string[]): Promise<void> {
  const command = ['report', '--format', 'html', '--ledger', `${name}.db`, '--out', `${name}.html`, ...args];
  const { exitCode, stderr } = await runCli(command, { cwd: folder });
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
}

interface Opened {
  readonly page: Page;
  /** What the page asked for, said and threw. */
  readonly events: readonly string[];
}

async function openPage(name: string, options: BrowserContextOptions = {}): Promise<Opened> {
  const context = await browser.newContext(options);
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const events: string[] = [];
  page.on('request', (request) => events.push(request.url()));
  page.on('console', (message) => events.push(message.text()));
  page.on('pageerror', (error) => events.push(error.message));
  await page.goto(urlOf(name));
  return { page, events };
}

const urlOf = (name: string): string => pathToFileURL(join(folder, `${name}.html`)).href;
const rows = (page: Page): Promise<readonly string[]> => page.locator('#table tbody tr').allInnerTexts();

describe.skipIf(CHROMIUM === null)('the page of a report', () => {
  it('asks for nothing, says nothing on the console, and runs nothing that was in the data', async () => {
    const { page, events } = await openPage('story');
    expect(events).toEqual([urlOf('story')]);
    expect(await page.evaluate('window.broken')).toBeUndefined();
    expect(await page.title()).toBe('120 of 122 users have a v3 grant');
    expect(await page.locator('img').count()).toBe(0);
    const text = await page.locator('body').innerText();
    expect(text).toContain('a\\u{202e}b</script>');
    expect(text).toContain('Nylas was out of reach for 2 s. Held for their provider: zoom alone for 20 s.');
  });

  it('lets no other script act, should one get in', async () => {
    const { page, events } = await openPage('story');
    await page.evaluate(`{
      const script = document.createElement('script');
      script.textContent = 'window.broken = 1';
      document.body.append(script);
      document.body.insertAdjacentHTML('beforeend', '<p style="color:red">x</p><img src="https://example.org/x.png">');
    }`);
    expect(await page.evaluate('window.broken')).toBeUndefined();
    const refused = events.filter((event) => event.includes('Content Security Policy'));
    for (const kind of ['script-src', 'style-src', 'default-src'])
      expect(refused).toContainEqual(expect.stringContaining(kind));
  });

  it('finds, filters, sorts and turns pages', async () => {
    const { page } = await openPage('story');
    const shown = page.locator('#shown');
    expect(await shown.innerText()).toBe('Shown: 1 to 50 of all 123.');
    expect((await rows(page))[0]).toContain('eve');

    await page.getByLabel('Search in all columns').fill('USER-11 example');
    expect(await shown.innerText()).toBe('Shown: 1 to 10 of 10 that match, of 123 in this page.');
    await page.getByLabel('Search in all columns').fill('nobody at all');
    expect(await shown.innerText()).toBe('None of 123 in this page matches.');
    await page.getByLabel('Search in all columns').fill('');

    await page.getByLabel('Status', { exact: true }).selectOption('failed');
    expect(await rows(page)).toHaveLength(2);
    await page.getByLabel('Provider', { exact: true }).selectOption('microsoft');
    expect(await rows(page)).toEqual([expect.stringContaining('bob')]);
    await page.getByLabel('Category', { exact: true }).selectOption('needs_reauth');
    expect(await rows(page)).toEqual([]);
    for (const name of ['Provider', 'Status', 'Category'])
      await page.getByLabel(name, { exact: true }).selectOption('');

    const byKey = page.getByRole('button', { name: 'record key' });
    await byKey.click();
    expect((await rows(page))[0]).toContain('bob');
    await byKey.click();
    expect((await rows(page))[0]).toContain('user-119');
    expect(await page.locator('th[aria-sort=descending]').innerText()).toContain('record key');

    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByRole('button', { name: 'Next' }).click();
    expect(await page.locator('#place').innerText()).toBe('Page 3 of 3');
    expect(await rows(page)).toHaveLength(23);
    expect(await page.getByRole('button', { name: 'Next' }).isDisabled()).toBe(true);
  });

  it('has its figures, drawings and first records without scripts', async () => {
    const { page } = await openPage('story', { javaScriptEnabled: false });
    expect(await rows(page)).toHaveLength(50);
    expect(await page.locator('#shown').innerText()).toBe('The first 50 of 123 are shown.');
    expect(await page.locator('#filters').isVisible()).toBe(false);
    expect(await page.getByRole('img').count()).toBe(5);
    expect(await page.locator('#digest').innerText()).toMatch(/^[0-9a-f]{64}$/);
    expect(await page.locator('.chart').first().innerText()).toContain('asked for: 40 a second');
  });

  it.each([
    ['light', {}],
    ['dark', { colorScheme: 'dark' }],
    ['narrow', { viewport: { width: 390, height: 844 } }],
  ] as const)('has nothing that keeps somebody out: %s', async (_name, options) => {
    const { page } = await openPage('story', options);
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate<axe.AxeResults>('axe.run()');
    expect(violations.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);
  });

  it('is as wide as a phone', async () => {
    const { page } = await openPage('story', { viewport: { width: 390, height: 844 } });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    expect(await page.locator('.chart .wide').first().isVisible()).toBe(false);
    expect(await page.locator('.chart .narrow').first().isVisible()).toBe(true);
  });

  it('prints all of its numbers, opened, and clips no table', async () => {
    const { page } = await openPage('story', { viewport: { width: 688, height: 1000 }, colorScheme: 'dark' });
    await page.emulateMedia({ media: 'print', colorScheme: 'light' });
    expect(await page.locator('#filters').isVisible()).toBe(false);
    expect(await page.getByText('process 4711 on worker-1').isVisible()).toBe(true);
    const clipped = `[...document.querySelectorAll('.scroll')].filter((box) => box.scrollWidth > box.clientWidth).length`;
    expect(await page.evaluate(clipped)).toBe(0);
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(255, 255, 255)');
  });

  it('masks emails everywhere where that is asked for', async () => {
    const story = new Story(join(folder, 'masked.db'), { label: 'for ada@example.com' });
    const key = 'ada@example.com';
    const carried = { contact: 'Ada <ada@example.com>' };
    await story.refuse({ key, email: key, carried }, 'rejected', { errorMessage: `no such user: ${key}` });
    story.endAndClose();
    await writePage('masked', '--mask-emails');
    const { page } = await openPage('masked');
    const source = await page.content();
    expect(source).not.toContain('ada@');
    expect((await rows(page))[0]).toMatch(
      /^a\*\*\*@example\.com\ta\*\*\*@example\.com\t.*Ada <a\*\*\*@example\.com>/,
    );
  });

  it.each([
    ['nobody', 'Nobody was migrated yet', () => Promise.resolve()],
    [
      'one',
      'The one user has a v3 grant',
      async (path: string): Promise<void> => {
        const story = new Story(path);
        await story.migrate({ key: 'ada' });
        story.endAndClose();
      },
    ],
    [
      'midrun',
      '1 of 2 users have a v3 grant',
      async (path: string): Promise<void> => {
        const story = new Story(path);
        onTestFinished(() => {
          story.close();
        });
        await story.migrate({ key: 'ada' });
        await story.ledger.intend(story.runId, 'submit', entryOf({ key: 'bob' }));
      },
    ],
  ])('can be made of a ledger: %s', async (name, title, tell) => {
    const path = join(folder, `${name}.db`);
    openLedger(path, systemClock).close();
    await tell(path);
    await writePage(name);
    const { page, events } = await openPage(name);
    expect([await page.title(), events]).toEqual([title, [urlOf(name)]]);
  });
});
