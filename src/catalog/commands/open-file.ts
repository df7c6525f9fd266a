import type { ExpectedFile, FileSource } from '../expected-file.ts'
import { withoutSecrets } from '../secrets.ts'
import { UI_HOME, UNKNOWN } from './shell-value.ts'

/** Whether others may see a text: no key is in it, and no mark of what is not known. */
const isOpen = (text: string): boolean =>
  withoutSecrets(text) === text && !text.includes(UI_HOME) && !text.includes(UNKNOWN)

/** `text` as others may see it. */
export const openText = (text: string): string =>
  withoutSecrets(text).replaceAll(UI_HOME, '$UI_HOME').replaceAll(UNKNOWN, '…')

/** A file without the parts that others must not see: keys stand in the oddest places. */
export function openFile({ folder, absolute_folder, ...file }: ExpectedFile): ExpectedFile {
  return {
    ...file,
    ...(folder === undefined || !isOpen(folder) ? {} : { folder }),
    ...(absolute_folder === undefined || !isOpen(absolute_folder) ? {} : { absolute_folder }),
    source: openSource(file.source),
    names: file.names.filter(isOpen),
    expected: openText(file.expected),
  }
}

function openSource(source: FileSource): FileSource {
  if (source.kind === 'url') return isOpen(source.url) ? source : { kind: 'unknown' }
  if (source.kind !== 'huggingface') return source
  return [source.repo, source.revision, source.path].every(isOpen) ? source : { kind: 'unknown' }
}
