import * as v from 'valibot'
import { toIso } from '../lib/clock.ts'
import { limitField, offsetField } from '../operation/fields.ts'
import { defineOperation, type Operation } from '../operation/operation.ts'
import { PERMISSIONS } from '../operation/permission.ts'
import type { TokenRow, Tokens } from './tokens.ts'

/** An agent must not hold these: whoever can make tokens can make itself an admin. */
const SURFACES = ['http', 'cli'] as const

/**
 * `local` is the owner's name and `env` that of the token set from outside: rows and jobs are shown by these names. In
 * every spelling; JSON Schema's patterns know no flag for that.
 */
const NAME_MESSAGE = 'name must be 1 to 64 letters, digits, dots, dashes or underscores, and neither local nor env'
const nameField = v.pipe(
  v.string(NAME_MESSAGE),
  v.regex(/^(?!(?:[Ll][Oo][Cc][Aa][Ll]|[Ee][Nn][Vv])$)[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, NAME_MESSAGE),
  v.description('What created_by will show; one that no token ever had, in any spelling'),
)

const tokenEntries = {
  name: v.string(),
  permissions: v.array(v.picklist(PERMISSIONS)),
  created_at: v.string(),
  created_by: v.string(),
  last_used_at: v.nullable(v.string()),
  revoked_at: v.nullable(v.string()),
}

export function createTokenOperations({ tokens }: { readonly tokens: Tokens }): readonly Operation[] {
  return [
    defineOperation({
      name: 'create_token',
      summary: 'Make a bearer token',
      description:
        'Makes a token with the given permissions and shows it this once: only its hash is stored. From the first token on, requests without one are refused, on this machine too. Rows and jobs that it makes carry its name.',
      example: { name: 'studio-agent', permission: ['track:read', 'track:write'] },
      effect: 'write',
      permission: 'admin',
      surfaces: SURFACES,
      http: { method: 'post', path: '/v1/tokens', status: 201 },
      cli: { words: ['token', 'create'] },
      aliases: { permissions: 'permission' },
      input: v.strictObject({
        name: nameField,
        permission: v.pipe(
          v.array(v.picklist(PERMISSIONS)),
          v.minLength(1),
          v.maxLength(PERMISSIONS.length),
          v.description('What its bearer may do; admin holds all others'),
        ),
      }),
      output: v.object({ ...tokenEntries, token: v.string() }),
      async run(input, call) {
        const { token, row } = await tokens.create({
          name: input.name,
          permissions: input.permission,
          createdBy: call.actor.name,
        })
        return { ...toPublicToken(row), token }
      },
    }),
    defineOperation({
      name: 'list_tokens',
      summary: 'List tokens, without their text',
      description: 'Lists the tokens that are valid, oldest first, with what they may do and when they were last used.',
      example: {},
      effect: 'read',
      permission: 'admin',
      surfaces: SURFACES,
      http: { method: 'get', path: '/v1/tokens' },
      cli: { words: ['token', 'list'] },
      input: v.strictObject({
        revoked: v.optional(v.pipe(v.boolean(), v.description('Revoked ones too')), false),
        limit: limitField(50, 500),
        offset: offsetField,
      }),
      output: v.object({
        items: v.array(v.object(tokenEntries)),
        count: v.number(),
        limit: v.number(),
        offset: v.number(),
      }),
      async run({ revoked, limit, offset }) {
        const { rows, count } = await tokens.list({ revoked, limit, offset })
        return { items: rows.map(toPublicToken), count, limit, offset }
      },
    }),
    defineOperation({
      name: 'revoke_token',
      summary: 'Revoke a token at once',
      description:
        'The token is refused from now on and open streams of its bearer end. What it made stays and goes on carrying its name, which no other token gets.',
      example: { name: 'studio-agent' },
      effect: 'destroy',
      permission: 'admin',
      surfaces: SURFACES,
      http: { method: 'delete', path: '/v1/tokens/{name}' },
      cli: { words: ['token', 'revoke'] },
      input: v.strictObject({ name: v.pipe(v.string(), v.maxLength(64), v.description('Name of the token')) }),
      output: v.object(tokenEntries),
      run: async ({ name }, call) => toPublicToken(await tokens.revoke(name, call.actor.name)),
    }),
  ]
}

const isoOrNull = (at: number | null): string | null => (at === null ? null : toIso(at))

const toPublicToken = (row: TokenRow) => ({
  name: row.name,
  permissions: PERMISSIONS.filter((permission) => row.permissions.includes(permission)),
  created_at: toIso(row.createdAt),
  created_by: row.createdBy,
  last_used_at: isoOrNull(row.lastUsedAt),
  revoked_at: isoOrNull(row.revokedAt),
})
