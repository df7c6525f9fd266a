import { parseCivitaiFileLink, parseCivitaiModelLink } from '../../civitai/links.ts'
import { AppError } from '../../errors.ts'
import { publicUrl } from '../../lib/public-url.ts'
import { listsHost, parseAllowList } from '../../net/allow-list.ts'
import { checkTarget, parseUrl } from '../../net/target.ts'
import { classOf } from '../known-folders.ts'
import type { ModelType } from '../model-file.ts'
import { readDeclaredUrl } from './declared-url.ts'
import { atRegistry, type Mirrors } from './mirrors.ts'
import type { WantedModel } from './wanted.ts'

export type NamedByUrl = Pick<WantedModel, 'type'> & Partial<Pick<WantedModel, 'civitai' | 'huggingface' | 'urls'>>

/**
 * What an address stands for that a caller names.
 * @param hosts where it may lead
 * @param mirrors what is asked in the place of the registries
 * @throws AppError invalid_input, forbidden (a host that this caller may not name)
 */
export function readRequestedUrl(given: string, hosts: 'any' | readonly string[], mirrors?: Mirrors): NamedByUrl {
  const named = parseUrl(given.trim())
  const target = checkTarget(named)
  const isListed = hosts === 'any' || listsHost(parseAllowList(hosts, 'the hosts that may be fetched from'), target)
  if (!isListed) {
    throw new AppError(
      'forbidden',
      `Cannot fetch from ${target.hostname}: it is not among the hosts that are allowed`,
      {
        hint: 'The owner opens further hosts with AIRKEEP_ALLOW_NET',
      },
    )
  }
  const text = mirrors === undefined ? given.trim() : atRegistry(given, mirrors)
  const url = parseUrl(text)
  const ref = readDeclaredUrl(text, { byCaller: true })
  switch (ref?.kind) {
    case 'civitai': {
      const { version_id, file_id } = ref
      // Of several files the address may say which: type, format, size, fp.
      const isChosen = file_id === undefined && parseCivitaiFileLink(text) !== undefined
      return {
        type: 'other',
        civitai: { version_id, ...(file_id === undefined ? {} : { file_id }) },
        ...(isChosen ? { urls: [publicUrl(url.href)] } : {}),
      }
    }
    case 'huggingface': {
      const { repo, revision, path } = ref
      return { type: guessType(path), huggingface: { repo, revision, path } }
    }
    case 'url':
      // A job is kept and shown: what opens the address must not be in it.
      if (publicUrl(url.href) !== url.href) {
        throw refused(
          'url',
          'url must not hold a key, a signature or a password, nor a query field that may be one: it would be stored with the job',
        )
      }
      return { type: guessType(url.pathname), urls: [ref.url] }
  }
  const modelId = parseCivitaiModelLink(text)?.modelId
  if (modelId !== undefined) return { type: 'other', civitai: { model_id: modelId } }
  throw refused('url', 'url must be the address of a file, or a page of a model at Civitai')
}

/** What the folders of a repository say of a file in it: `split_files/vae/ae.safetensors`. */
const guessType = (path: string): ModelType =>
  path
    .split('/')
    .slice(0, -1)
    .map((part) => classOf(part)?.type)
    .find((type) => type !== undefined && type !== 'other') ?? 'other'

/** A field of the request that cannot be read. */
export const refused = (path: string, expected: string, example?: string): AppError =>
  new AppError('invalid_input', expected, {
    ...(example === undefined ? {} : { hint: `Write it as ${example}` }),
    errors: [{ path, expected }],
  })
