import { parseCivitaiModelLink } from '../../civitai/links.ts'
import { parseHuggingFaceLink } from '../../huggingface/links.ts'
import { readUrl } from '../../net/target.ts'
import type { FileSource } from '../expected-file.ts'
import { openUrl } from '../secrets.ts'
import { isPlainName } from './place.ts'
import { isKnown, type ShellValue } from './shell-value.ts'

export interface ReadSource {
  readonly source: FileSource
  /** Last part of the address, as it stands there: `a%20b.safetensors`. */
  readonly rawName: string | undefined
  /** The same without escapes. */
  readonly name: string | undefined
  /** `?download=true`, which wget makes part of the name; without keys. */
  readonly query: string
  readonly notes: readonly string[]
  readonly hadSecret: boolean
}

const GITHUB_PAGE = /^(\/[^/]+\/[^/]+)\/blob\/(?=[^/]+\/.)/
const HOST_FIRST = /^[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?\//i
const PAGE_NOTE = 'is the address of a web page, not of a file'

/** What the address of a command stands for. */
export function readSource(value: ShellValue): ReadSource {
  const typed = value.text.trim().replace(/^[“”‘’<]|[“”‘’>]$/g, '')
  const { url: clean, hadSecret } = openUrl(HOST_FIRST.test(typed) ? `https://${typed}` : typed)
  const unknown = (note: string): ReadSource => ({
    source: { kind: 'unknown' },
    rawName: undefined,
    name: undefined,
    query: '',
    notes: [note],
    hadSecret,
  })
  if (!isKnown({ ...value, text: clean })) {
    return unknown(`an address is not known: ${value.reason ?? 'only a shell would know'}`)
  }
  const typedUrl = readUrl(clean)
  // Parsing may bring out what was not one of its fields before.
  const url = typedUrl === undefined ? undefined : readUrl(openUrl(typedUrl.href).url)
  if (url === undefined || !/^(?:https?|ftp):$/.test(url.protocol)) return unknown('an address cannot be read')
  const hadUser = url.password !== ''
  url.username = ''
  url.password = ''
  url.hash = ''
  const rawName = url.pathname.slice(url.pathname.lastIndexOf('/') + 1)
  const name = unescaped(rawName)
  return {
    ...sourceOf(url),
    rawName: isPlainName(rawName) ? rawName : undefined,
    name: isPlainName(name) ? name : undefined,
    query: url.search,
    hadSecret: hadSecret || hadUser,
  }
}

function sourceOf(url: URL): { readonly source: FileSource; readonly notes: readonly string[] } {
  const civitai = parseCivitaiModelLink(url.href)
  if (civitai !== undefined) {
    const { modelId, versionId } = civitai
    const source = {
      kind: 'civitai',
      ...(modelId === undefined ? {} : { model_id: modelId }),
      ...(versionId === undefined ? {} : { version_id: versionId }),
    } as const
    return { source, notes: modelId === undefined ? [] : [`${url.host}${url.pathname} ${PAGE_NOTE}`] }
  }
  const hub = parseHuggingFaceLink(url.href)
  if (hub !== undefined) {
    const { repo, revision, path } = hub
    if (revision === undefined || path === undefined) {
      return { source: { kind: 'unknown' }, notes: [`${repo} at Hugging Face ${PAGE_NOTE}`] }
    }
    return { source: { kind: 'huggingface', repo, revision, path }, notes: hubNotes(url.pathname, path) }
  }
  const notes: string[] = []
  if (/^(?:www\.)?github\.com$/.test(url.hostname) && GITHUB_PAGE.test(url.pathname)) {
    notes.push(`${url.pathname.split('/').at(-1)} at GitHub ${PAGE_NOTE}: write /raw/ instead of /blob/`)
    url.pathname = url.pathname.replace(GITHUB_PAGE, '$1/raw/')
  }
  return { source: { kind: 'url', url: url.href }, notes }
}

function hubNotes(pathname: string, path: string): string[] {
  const file = path.slice(path.lastIndexOf('/') + 1)
  if (/\/blob\//.test(pathname)) {
    return [`the address of ${file} is a blob URL, the page that shows the file: write /resolve/ instead of /blob/`]
  }
  if (!/\/raw\//.test(pathname)) return []
  return [`the address of ${file} gives the pointer to a large file: write /resolve/ instead of /raw/`]
}

/** A template's blanks, such as `{url}`, `<id>`, `YOUR_ID`: a command with them is no command yet. */
export const hasBlank = ({ text }: ShellValue): boolean =>
  // One in the place of a key is none of the address's own.
  /[{<][\w -]{1,40}[}>]|%7B|YOUR[_-]|…/i.test(openUrl(text).url)

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
