import { isStandIn } from '../secrets.ts'
import { type FoundDownload, type FoundFile, noteOf, ofPlace } from './found-download.ts'
import { lastValueOf, type OptionTable, readArguments, valuesOf } from './options.ts'
import { placeFile, placeFolder } from './place.ts'
import type { ShellCommand } from './shell-command.ts'
import { isKnown, type ShellValue } from './shell-value.ts'

const OPTIONS: OptionTable = {
  short: '',
  long: [
    'repo-type',
    'revision',
    'include',
    'exclude',
    'cache-dir',
    'local-dir',
    'token',
    'max-workers',
    'local-dir-use-symlinks',
  ],
}
const REPOSITORY = /^(?:[\w-][\w.-]*\/)?[\w-][\w.-]*$/
const KINDS: Readonly<Record<string, string>> = { dataset: 'datasets/', space: 'spaces/' }

/** `hf download REPOSITORY [FILE…] [--local-dir FOLDER]`, and `huggingface-cli download`, its older name. */
export function readHuggingFace({ args, folder }: ShellCommand): FoundDownload | undefined {
  const read = readArguments(args, OPTIONS)
  const [verb, repository, ...paths] = read.flatMap((arg) => (arg.kind === 'operand' ? [arg.value] : []))
  if (verb?.text !== 'download' || repository === undefined || /[{}<>…]/.test(repository.text)) return undefined
  const token = lastValueOf(read, 'token')
  const hasSecret = token !== undefined && !isStandIn(token.text)
  const repo = `${KINDS[lastValueOf(read, 'repo-type')?.text ?? ''] ?? ''}${repository.text}`
  const revision = lastValueOf(read, 'revision')?.text ?? 'main'
  const localDir = lastValueOf(read, 'local-dir')
  const notes: string[] = []
  if (localDir === undefined) notes.push('hf download without --local-dir stores in its own cache, not in the UI')
  // `--include a b` is two patterns for one of the programs and a pattern and a file for the other: both are fetched.
  const wanted = [...paths, ...valuesOf(read, 'include')]
  const isNamed = REPOSITORY.test(repository.text) && isKnown(repository) && !revision.includes('..')
  if (!isNamed) notes.push('a repository of Hugging Face cannot be read')
  if (wanted.length === 0) notes.push(`which files ${isNamed ? repo : 'the repository'} has is not known`)
  const files = wanted.map((path): FoundFile => {
    const target =
      localDir === undefined ? undefined : placeFile({ ...path, text: `${localDir.text}/${path.text}` }, folder)
    notes.push(...noteOf(target ?? {}))
    const isFile = isPath(path)
    if (!isFile) notes.push(`which files ${repo} has for a pattern is not known`)
    const place = ofPlace(target ?? {})
    if (!isNamed || !isFile) return { ...place, source: { kind: 'unknown' }, names: [], expected: `files of ${repo}` }
    const name = path.text.slice(path.text.lastIndexOf('/') + 1)
    return { ...place, source: { kind: 'huggingface', repo, revision, path: path.text }, names: [name] }
  })
  if (wanted.length === 0) {
    const place = localDir === undefined ? {} : placeFolder(localDir, folder)
    files.push({
      ...ofPlace(place),
      source: { kind: 'unknown' },
      names: [],
      is_below: true,
      expected: `files of ${repo}`,
    })
  }
  return { program: 'hf', files, notes: [...new Set(notes)], hasSecret }
}

const isPath = (path: ShellValue): boolean =>
  isKnown(path) &&
  !/[*?[\]]/.test(path.text) &&
  path.text.split('/').every((part) => part !== '' && !/^\.{1,2}$/.test(part))
