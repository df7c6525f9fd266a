import * as v from 'valibot'
import { parseAir } from '../../air/air.ts'
import { AppError } from '../../errors.ts'
import { toIso } from '../../lib/clock.ts'
import { textField } from '../../operation/fields.ts'
import { defineOperation, type Operation } from '../../operation/operation.ts'
import { holds } from '../../operation/permission.ts'
import { modelSubject, repositorySubject, type Terms, versionSubject } from './terms.ts'
import { PROVIDERS, type UpstreamKeys } from './upstream-keys.ts'

/** An agent must not hold these: it would accept terms and spend keys in a person's name. */
const SURFACES = ['http', 'cli'] as const

/** What a header can carry. */
const KEY_MESSAGE = 'key must be 1 to 4096 printable ASCII characters without blanks'
const keyField = v.pipe(
  v.string(KEY_MESSAGE),
  v.regex(/^[\x21-\x7e]{1,4096}$/, KEY_MESSAGE),
  v.description('The key as the provider shows it; null removes it; never shown again'),
)

export interface KeyOperationsDeps {
  readonly keys: UpstreamKeys
  readonly terms: Terms
  /** Downloads and imports that waited for it go on; those of `owner` alone where it counts for nobody else. */
  readonly reopen: (reason: 'terms' | 'login', owner: string | undefined) => Promise<void>
}

export function createKeyOperations({ keys, terms, reopen }: KeyOperationsDeps): readonly Operation[] {
  return [
    defineOperation({
      name: 'accept_terms',
      summary: 'Accept the terms of a model, so that it may be downloaded',
      description:
        'Records that the terms of a model were read and accepted: give exactly one of air, civitai_version_id, huggingface_repo. A gated repository of Hugging Face has to be accepted on its page too. Before: get_import_job, whose blocked dependency names the model. After: nothing; imports that were blocked by it go on by themselves.',
      example: { huggingface_repo: 'acme/harbor', note: 'read on the model page' },
      effect: 'write',
      permission: 'models:download',
      surfaces: SURFACES,
      http: { method: 'post', path: '/v1/models/terms', status: 201 },
      input: v.strictObject({
        air: v.optional(textField('AIR of the model', 1000)),
        civitai_version_id: v.optional(
          v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.description('Version at Civitai')),
        ),
        huggingface_repo: v.optional(
          v.pipe(
            v.string(REPO_MESSAGE),
            v.regex(/^[\w.-]{1,96}\/[\w.-]{1,96}$/, REPO_MESSAGE),
            v.description('Repository at Hugging Face: owner/name'),
          ),
        ),
        note: v.optional(textField('What is to be remembered with it', 1000)),
      }),
      output: v.object({ subject: v.string(), accepted_at: v.string(), accepted_by: v.string() }),
      async run({ note, ...named }, call) {
        const row = await terms.accept(subjectOf(named), note, call.actor)
        await reopen('terms', holds(call.actor, 'admin') ? undefined : call.actor.name)
        return { subject: row.subject, accepted_at: toIso(row.acceptedAt), accepted_by: call.actor.name }
      },
    }),
    defineOperation({
      name: 'set_upstream_key',
      summary: 'Store your key for Civitai or Hugging Face',
      description:
        'Stores the key that this host presents to a provider in your name, encrypted; null removes it. Before: nothing; an import whose dependency is blocked with reason_code login says that a key is needed. After: nothing; such imports go on by themselves.',
      example: { provider: 'civitai', key: 'the-key-from-the-account-page' },
      effect: 'write',
      permission: 'models:download',
      surfaces: SURFACES,
      http: { method: 'post', path: '/v1/keys' },
      secrets: ['key'],
      input: v.strictObject({
        provider: v.pipe(v.picklist(PROVIDERS), v.description('Whose key it is')),
        key: v.nullish(keyField),
      }),
      output: v.object({ provider: v.picklist(PROVIDERS), stored: v.boolean() }),
      async run({ provider, key }, call) {
        if (key === undefined) throw noKey()
        await keys.set(provider, key, call.actor)
        // Another account may have accepted the terms of a gated repository.
        for (const reason of ['login', 'terms'] as const) if (key !== null) await reopen(reason, call.actor.name)
        return { provider, stored: key !== null }
      },
    }),
  ]
}

const noKey = (): AppError =>
  new AppError('invalid_input', 'key must be given; null removes the one that is stored', {
    errors: [{ path: 'key', expected: KEY_MESSAGE }],
  })

const REPO_MESSAGE = 'huggingface_repo must be owner/name'

interface Named {
  readonly air?: string | undefined
  readonly civitai_version_id?: number | undefined
  readonly huggingface_repo?: string | undefined
}

function subjectOf({ air, civitai_version_id, huggingface_repo }: Named): string {
  const given = [air, civitai_version_id, huggingface_repo].filter((value) => value !== undefined)
  if (given.length !== 1) {
    throw new AppError('invalid_input', 'Give exactly one of air, civitai_version_id, huggingface_repo')
  }
  if (civitai_version_id !== undefined) return versionSubject(civitai_version_id)
  if (huggingface_repo !== undefined) return repositorySubject(huggingface_repo)
  const parsed = air === undefined ? undefined : parseAir(air)
  if (parsed?.source === 'civitai' && /^\d{1,15}$/.test(parsed.version ?? ''))
    return versionSubject(Number(parsed.version))
  if (parsed?.source === 'civitai' && /^\d{1,15}$/.test(parsed.id)) return modelSubject(Number(parsed.id))
  if (parsed?.source === 'huggingface') return repositorySubject(parsed.id)
  throw new AppError('invalid_input', 'air must name a model at Civitai or Hugging Face', {
    hint: 'Write it as urn:air:sdxl:lora:civitai:1@2',
    errors: [{ path: 'air', expected: 'air must be an AIR of civitai or huggingface' }],
  })
}
