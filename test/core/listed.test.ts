import { expect, test } from 'vitest';
import { keepable } from '../../src/core/listed.js';
import { someGrant } from '../support/answers.js';

const TOKEN = '1//0gKxRt_Planted-Secret_9876543210';

test('a grant as Nylas lists it is kept whole', () => {
  const scope = [
    'https://www.googleapis.com/auth/userinfo.email',
    'offline_access',
    'https://outlook.office365.com/IMAP.AccessAsUser.All',
    'user_info:read:admin',
  ];
  const grant = someGrant({ id: '0a7b2c4d-0000-4000-8000-00000000abcd', scope, status: 'invalid' });
  expect(keepable(grant)).toEqual(grant);
});

test.each([TOKEN, TOKEN.slice(3), Buffer.from(TOKEN).toString('base64')])(
  'of %s nothing is kept',
  (secret) => {
    expect(keepable(someGrant({ id: secret }))).toBeNull();
    const grant = someGrant({
      provider: secret,
      email: secret,
      status: secret,
      scope: [secret, `mail.${secret}`, 'openid'],
    });
    expect(keepable(grant)).toMatchObject({
      provider: null,
      email: null,
      status: 'unknown',
      scope: ['openid'],
    });
  },
);

test('a grant that names no status stays one', () => {
  expect(keepable(someGrant({ status: null }))?.status).toBeNull();
});
