import type { Trace } from '../lib/log.ts'
import type { FileSource } from '../net/file-source.ts'
import type { HuggingFace } from './client.ts'
import type { FileAt } from './hub.ts'

export interface HuggingFaceSourceOptions extends FileAt {
  /** The caller's key, if any. It goes to the configured host and nowhere else. */
  readonly token?: string | undefined
  readonly trace?: Trace | undefined
}

/** A file of Hugging Face. Each opening asks the host for a fresh address at its storage. */
export function createHuggingFaceFileSource(
  { getFile }: Pick<HuggingFace, 'getFile'>,
  { repo, revision, path, token, trace }: HuggingFaceSourceOptions,
): FileSource {
  return {
    id: `huggingface:${repo}@${revision}/${path}`,
    kind: 'huggingface',
    ranges: 'bounded',
    async open(signal) {
      const file = await getFile({ repo, revision, path }, { token, signal, trace })
      const { address, headers, hosts, sizeBytes, sha256, version } = file
      return {
        url: address,
        headers,
        hosts,
        ...(sizeBytes === undefined ? {} : { sizeBytes }),
        ...(sha256 === undefined ? {} : { sha256 }),
        ...(version === undefined ? {} : { version }),
        filename: path.slice(path.lastIndexOf('/') + 1),
      }
    },
  }
}
