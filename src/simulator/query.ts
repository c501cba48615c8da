import { z } from 'zod';
import type { GrantQuery } from './grants.js';
import { invalidRequest, type JsonReply } from './reply.js';

const integer = z
  .string()
  .regex(/^\d{1,15}$/, 'expected an integer')
  .transform(Number);

const page = z.object({ limit: integer.default(10), offset: integer.default(0) });

const grants = page.extend({
  email: z.string().optional(),
  provider: z.string().optional(),
  account_id: z.string().optional(),
  grant_status: z.enum(['valid', 'invalid']).optional(),
  since: integer.optional(),
  before: integer.optional(),
  sort_by: z.enum(['created_at', 'updated_at']).default('created_at'),
  order_by: z.enum(['asc', 'desc']).default('desc'),
});

/** Reads the parameters of `GET /v3/grants`; a larger limit than `pageMax` gets a page of that size. */
export function readGrantQuery(query: URLSearchParams, pageMax: number): GrantQuery | JsonReply {
  const read = readQuery(grants, query);
  if ('kind' in read) return read;
  const { limit, offset, sort_by, order_by, ...filter } = read;
  return { filter, sortBy: sort_by, orderBy: order_by, limit: Math.min(limit, pageMax), offset };
}

/** Reads `limit` and `offset` alone. */
export function readPage(query: URLSearchParams): z.infer<typeof page> | JsonReply {
  return readQuery(page, query);
}

function readQuery<T extends object>(schema: z.ZodType<T>, query: URLSearchParams): T | JsonReply {
  const parsed = schema.safeParse(Object.fromEntries(query));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return invalidRequest(`${issue?.path.join('.') ?? 'query'}: ${issue?.message ?? 'invalid'}`);
}
