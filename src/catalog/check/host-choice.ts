import * as v from 'valibot'
import { AppError } from '../../errors.ts'
import { requiredTextField, textField } from '../../operation/fields.ts'
import { readSshTarget } from '../ssh/ssh-target.ts'

/** Fields that say on which host the files are looked for. */
export const hostEntries = {
  ui_home: v.optional(requiredTextField('Folder of the UI on that host; found where it is left out', 4096)),
  node: v.optional(requiredTextField('Name of an added node that runs airkeep: it looks on its own host', 100)),
  ssh_host: v.optional(
    textField('A host to look at by ssh, user@host, or a pasted line: ssh -p 40123 root@ssh5.example.com', 4096),
  ),
  ssh_port: v.optional(v.pipe(v.number(), v.description('Port of its ssh server'))),
  ssh_user: v.optional(textField('Account there; root where it is left out', 100)),
}

const KEY_MESSAGE = 'accept_host_key must be true, or the fingerprint that the host must have: SHA256:…'

/** `true`: the key that was shown last; text: the one with this fingerprint. */
export const acceptKeyField = v.optional(
  v.pipe(
    v.union(
      // The command line knows no value that is true or a text.
      [v.literal(true), v.pipe(v.string(), v.regex(/^(?:true|SHA256:[A-Za-z0-9+/]{43})$/, KEY_MESSAGE))],
      KEY_MESSAGE,
    ),
    v.description('Accept the key of the ssh host: true, or the SHA256:… that it must have. Only for the local owner'),
  ),
)

const targetSchema = v.object({
  host: v.string(),
  port: v.exactOptional(v.number()),
  user: v.string(),
  identity: v.exactOptional(v.string()),
})

/** As a job keeps it. */
export const hostChoiceSchema = v.variant('kind', [
  v.object({ kind: v.literal('local'), ui_home: v.exactOptional(v.string()) }),
  v.object({ kind: v.literal('node'), name: v.string(), ui_home: v.exactOptional(v.string()) }),
  v.object({ kind: v.literal('ssh'), target: targetSchema, ui_home: v.exactOptional(v.string()) }),
])
export type HostChoice = v.InferOutput<typeof hostChoiceSchema>

export interface HostFields {
  readonly ui_home?: string | undefined
  readonly node?: string | undefined
  readonly ssh_host?: string | undefined
  readonly ssh_port?: number | undefined
  readonly ssh_user?: string | undefined
  readonly accept_host_key?: string | true | undefined
}

/** @throws AppError invalid_input */
export function readHostChoice(fields: HostFields): HostChoice {
  const { ui_home: uiHome, node, ssh_host, ssh_port, ssh_user } = fields
  const home = uiHome === undefined ? {} : { ui_home: uiHome }
  if (ssh_host !== undefined) {
    if (node !== undefined) throw refused('node', 'Give node or ssh_host, not both')
    const target = readSshTarget({ ssh_host: asLine(ssh_host), ssh_port, ssh_user })
    return { kind: 'ssh', target: { ...target }, ...home }
  }
  for (const field of ['ssh_port', 'ssh_user', 'accept_host_key'] as const) {
    if (fields[field] !== undefined) throw refused(field, `${field} stands beside ssh_host`)
  }
  return node === undefined ? { kind: 'local', ...home } : { kind: 'node', name: node, ...home }
}

/** `user@host` is a line without its first word. */
const asLine = (sshHost: string): string => (/^[^\s@-][^\s@]*@[^\s@]+$/.test(sshHost) ? `ssh ${sshHost}` : sshHost)

const refused = (path: string, expected: string): AppError =>
  new AppError('invalid_input', expected, { errors: [{ path, expected }] })
