import * as v from 'valibot'
import { AppError } from '../errors.ts'
import { isJsonObject } from '../lib/json.ts'
import { quoteOf } from '../net/redact.ts'
import { type HubCall, isRepoName } from './hub.ts'
import { askHub, type HubRequestDeps } from './request.ts'
import { isFilePath } from './tree.ts'

/** What decides whether files of a repository may be had. */
export interface HuggingFaceRepo {
  /** As it is called now. */
  readonly id: string
  /** Of its main branch. */
  readonly commit: string | undefined
  /** An SPDX id, or the name that its owners give: `flux-1-dev-non-commercial-license`. Null where they say nothing. */
  readonly license: string | null
  /** Whether an account has to accept terms, and whether the owners grant access one by one (`manual`). */
  readonly gated: false | 'auto' | 'manual'
  readonly disabled: boolean
  /** Paths of its files. */
  readonly files: readonly string[]
}

/** A field of another type than expected counts as absent. */
const lenient = <T>(schema: v.GenericSchema<unknown, T>) => v.fallback(v.nullish(schema, null), null)
const words = v.union([v.string(), v.array(v.string())])

const repoSchema = v.object({
  id: lenient(v.string()),
  sha: lenient(v.string()),
  gated: lenient(v.union([v.boolean(), v.string()])),
  disabled: lenient(v.boolean()),
  tags: lenient(v.array(lenient(v.string()))),
  cardData: lenient(v.object({ license: lenient(words), license_name: lenient(v.string()) })),
  siblings: lenient(v.array(lenient(v.object({ rfilename: v.string() })))),
})

const MAX_ANSWER_BYTES = 16 * 2 ** 20
const LONGEST_LICENSE = 100

/** @throws as {@link askHub}: gated repositories tell of themselves, private ones are not_found */
export async function fetchRepo(repo: string, call: HubCall, deps: HubRequestDeps): Promise<HuggingFaceRepo> {
  const { response } = await askHub({ url: deps.hub.api(repo), about: { repo }, call, follow: true }, deps)
  const json = await response.json(MAX_ANSWER_BYTES)
  const answer = v.safeParse(repoSchema, isJsonObject(json) ? json : undefined)
  if (!answer.success) {
    throw new AppError(
      'upstream_unavailable',
      `Cannot use the answer of ${deps.hub.base.host}: it tells of no repository`,
      {
        hint: 'Check AIRKEEP_HF_URL',
      },
    )
  }
  const { id, sha, gated, disabled, tags, cardData, siblings } = answer.output
  return {
    id: id !== null && isRepoName(id) ? id : repo,
    commit: /^[\w.-]{1,100}$/.exec(sha ?? '')?.[0],
    license: licenseOf(cardData?.license ?? null, cardData?.license_name ?? null, tags ?? []),
    gated: readGate(gated),
    disabled: disabled ?? false,
    files: (siblings ?? []).flatMap((sibling) => sibling?.rfilename ?? []).filter(isFilePath),
  }
}

/** Some answers write it as a word. What is not understood is taken for the stricter. */
function readGate(gated: boolean | string | null): HuggingFaceRepo['gated'] {
  const word = String(gated ?? false)
    .trim()
    .toLowerCase()
  if (word === 'false' || word === '') return false
  return word === 'auto' ? 'auto' : 'manual'
}

/** `other` stands for a name of its own; of several licences none is known to hold for the weights. */
function licenseOf(
  license: string | readonly string[] | null,
  name: string | null,
  tags: readonly (string | null)[],
): string | null {
  const tagged = tags.flatMap((tag) => /^license:(.+)$/i.exec(tag ?? '')?.[1] ?? [])
  const given = license === null || license.length === 0 ? tagged : typeof license === 'string' ? [license] : license
  const all = [...new Set(given.flatMap((each) => quoteOf(each, LONGEST_LICENSE) ?? []))]
  const [only] = all
  if (only === undefined || all.length > 1) return null
  const own = quoteOf(name, LONGEST_LICENSE) ?? ''
  return only.toLowerCase() === 'other' && own !== '' ? own : only
}
