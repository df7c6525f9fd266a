import type { DownloadInput } from '../../models/fetch/download-input.ts'
import { readWantedFolder } from '../../models/fetch/model-folder.ts'
import { readRequestedUrl } from '../../models/fetch/requested-url.ts'
import type { WantedModel } from '../../models/fetch/wanted.ts'
import { modelExtension } from '../../models/model-file.ts'
import type { ExpectedFile } from '../expected-file.ts'

export interface WantedFileOptions {
  /** Where addresses of this caller's pages may lead. */
  readonly hosts: 'any' | readonly string[]
  readonly maxSizeBytes?: number | undefined
  /** Home of the UI that it is for, where that is not the one of this host's settings. */
  readonly home?: string | undefined
}

/**
 * What is to be downloaded so that a page's file is there: from where its command gets it, into the same kind of folder,
 * under the same name. Undefined where the page does not tell from where.
 * @throws AppError invalid_input, forbidden (a host that this caller may not name)
 */
export function wantedFile(
  file: ExpectedFile,
  { hosts, maxSizeBytes, home }: WantedFileOptions,
): DownloadInput | undefined {
  const source = readSource(file, hosts)
  if (source === undefined) return undefined
  const folder = file.folder ?? file.absolute_folder
  const ofFolder = folder === undefined || folder === '' ? 'other' : readWantedFolder('other', folder).type
  const name = nameFor(file)
  return {
    offers: [],
    wanted: {
      names: [],
      urls: [],
      // As if the caller had typed the command.
      urls_by_caller: true,
      ...source,
      hashes: file.sha256 === undefined ? [] : [{ algorithm: 'sha256', value: file.sha256 }],
      type: ofFolder === 'other' ? (source.type ?? 'other') : ofFolder,
    },
    place: {
      type: ofFolder,
      ...(name === undefined ? {} : { name }),
      ...(folder === undefined || folder === '' ? {} : { folder }),
      ...(home === undefined ? {} : { home }),
      exact: true,
    },
    ...(file.program === 'civitdl' ? { civitdl_names: true } : {}),
    ...(maxSizeBytes === undefined ? {} : { max_size_bytes: maxSizeBytes }),
  }
}

/** Tells places from each other, however their folders are spelled; two commands may want the same bytes at two. */
export function placeKey({ place: { type, name, folder, home } }: DownloadInput): string {
  const { known, own, rest } = readWantedFolder(type, folder)
  return JSON.stringify([home, type, known?.folders[0], own, rest, name])
}

function readSource(
  { source, sha256 }: ExpectedFile,
  hosts: WantedFileOptions['hosts'],
): Partial<WantedModel> | undefined {
  switch (source.kind) {
    case 'civitai': {
      const { model_id, version_id } = source
      if (model_id === undefined && version_id === undefined) return sha256 === undefined ? undefined : {}
      return {
        civitai: {
          ...(model_id === undefined ? {} : { model_id }),
          ...(version_id === undefined ? {} : { version_id }),
        },
      }
    }
    case 'huggingface': {
      const { repo, revision, path } = source
      return { huggingface: { repo, revision, path } }
    }
    case 'url':
      return readRequestedUrl(source.url, hosts)
    case 'unknown':
      // Civitai and other hosts know files by their digest.
      return sha256 === undefined ? undefined : {}
  }
}

/** civitdl makes its own from what Civitai says; of the others the first that a UI would load. */
const nameFor = ({ names }: ExpectedFile): string | undefined =>
  names.find((name) => modelExtension(name) !== undefined)
