import * as v from 'valibot'
import { limitField, offsetField } from '../../operation/fields.ts'
import { defineOperation, type Operation, traceOf } from '../../operation/operation.ts'
import type { Greet } from './greet.ts'
import { parseNodeUrl } from './node-url.ts'
import { DIALECTS, ensureSame, type NodeStore, toPublicNode } from './store.ts'

/** An agent must not hold these: a node decides which bytes come onto this host. */
const SURFACES = ['http', 'cli'] as const

const NAME_MESSAGE = 'name must be 1 to 63 lower-case letters, digits, dots, dashes or underscores'
const nameField = v.pipe(
  v.string(NAME_MESSAGE),
  v.regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, NAME_MESSAGE),
  v.description('What the node is called here'),
)

/** What a header can carry; no semicolon or comma, which would end it within a cookie. */
const TOKEN_MESSAGE = 'token must be 1 to 4096 printable characters without blanks, commas and semicolons'
const tokenField = v.pipe(
  v.string(TOKEN_MESSAGE),
  v.regex(/^[\x21-\x2b\x2d-\x3a\x3c-\x7e]{1,4096}$/, TOKEN_MESSAGE),
  v.description('What this host presents there, with models:serve; never shown again'),
)

const nodeEntries = {
  name: v.string(),
  url: v.string(),
  dialect: v.picklist(DIALECTS),
  public_key: v.nullable(v.string()),
  pinned_at: v.nullable(v.string()),
  has_token: v.boolean(),
  created_by: v.string(),
  updated_by: v.string(),
  on_behalf_of: v.nullable(v.string()),
  created_at: v.string(),
  updated_at: v.string(),
}

export interface NodeOperationsDeps {
  readonly nodes: NodeStore
  readonly greet: Greet
  /** Downloads and imports that waited for a login at this node go on. */
  readonly reopen?: (node: string) => Promise<void>
}

export function createNodeOperations({ nodes, greet, reopen }: NodeOperationsDeps): readonly Operation[] {
  return [
    defineOperation({
      name: 'add_node',
      summary: 'Add a host to fetch models from',
      description:
        'Adds another host that serves models and asks it once who it is: its public key is pinned, and a node that comes with another key later is refused. One that cannot be reached is stored all the same, with a warning. The same name and URL again replaces the token and keeps the key; imports and downloads that the node refused for their token go on by themselves.',
      example: { name: 'gpu-box', url: 'https://gpu-box.example.org:7801' },
      effect: 'write',
      permission: 'admin',
      surfaces: SURFACES,
      http: { method: 'post', path: '/v1/nodes', status: 201 },
      cli: { words: ['node', 'add'] },
      secrets: ['token'],
      input: v.strictObject({
        name: nameField,
        url: v.pipe(
          v.string(),
          v.maxLength(2_000),
          v.description('Where it answers: http or https, without user, query and fragment'),
        ),
        token: v.nullish(tokenField),
        dialect: v.optional(
          v.pipe(v.picklist(DIALECTS), v.description('What it speaks: the protocol of airkeep, or SwarmUI')),
          'airkeep',
        ),
      }),
      output: v.object({ ...nodeEntries, warning: v.optional(v.string()) }),
      async run({ name, url: given, token, dialect }, call) {
        const url = parseNodeUrl(given)
        const before = await nodes.find(name)
        // Before anything is sent: a token that is stored for one URL must not go to another.
        if (before !== undefined) ensureSame(before, { url, dialect })
        const kept = before === undefined || token !== undefined ? undefined : await nodes.tokenOf(before)
        const { publicKey, warning } = await greet(
          { url, dialect, token: token ?? kept, publicKey: before?.publicKey ?? undefined },
          { signal: call.signal, trace: traceOf(call) },
        )
        const row = await nodes.add({ name, url, dialect, token, publicKey }, call.actor.name)
        if (typeof token === 'string') await reopen?.(name)
        return { ...toPublicNode(row), ...(warning === undefined ? {} : { warning }) }
      },
    }),
    defineOperation({
      name: 'list_nodes',
      summary: 'Hosts that models are fetched from',
      description:
        'Lists the other hosts that models are fetched from, by name, with the public key that each is held to; null: not asked yet. Before: nothing; the owner adds nodes. After: get_model_manifest, for the models of this host itself.',
      example: {},
      effect: 'read',
      permission: 'models:read',
      http: { method: 'get', path: '/v1/nodes' },
      cli: { words: ['node', 'list'] },
      input: v.strictObject({ limit: limitField(50, 500), offset: offsetField }),
      output: v.object({
        items: v.array(v.object(nodeEntries)),
        count: v.number(),
        limit: v.number(),
        offset: v.number(),
      }),
      async run({ limit, offset }) {
        const { rows, count } = await nodes.list(limit, offset)
        return { items: rows.map(toPublicNode), count, limit, offset }
      },
    }),
    defineOperation({
      name: 'remove_node',
      summary: 'Fetch nothing more from a host',
      description:
        'Removes a node with its token and its pinned key; what was fetched from it stays. Added again, it is pinned anew.',
      example: { name: 'gpu-box' },
      effect: 'destroy',
      permission: 'admin',
      surfaces: SURFACES,
      http: { method: 'delete', path: '/v1/nodes/{name}' },
      cli: { words: ['node', 'remove'] },
      input: v.strictObject({ name: nameField }),
      output: v.object(nodeEntries),
      run: async ({ name }, call) => toPublicNode(await nodes.remove(name, call.actor.name)),
    }),
  ]
}
