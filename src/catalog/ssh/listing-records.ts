import type { RemoteFile, RemoteFolder, RemoteFolderState, RemoteUiHome } from './remote-listing.ts'
import { escapeName } from './remote-name.ts'

interface OpenFolder extends RemoteFolder {
  state: RemoteFolderState
  problems: readonly string[]
}

/** What the records of listings say, put together. */
export interface ListingRecords {
  /** @returns false for what is no record of a listing */
  take(record: string): boolean
  readonly host: string
  readonly uiHome: RemoteUiHome | undefined
  /** Where `~` leads there. */
  readonly userHome: string | undefined
  /** `extra_model_paths.yaml` of the UI there, where it has one; without a text it could not be read. */
  readonly extraPaths: { readonly text: string | undefined } | undefined
  readonly folders: readonly RemoteFolder[]
  readonly files: readonly RemoteFile[]
}

const FILE = /^(\d{1,16}) (?:(-?\d{1,15})(\.\d+)?|-) (?:(\d{1,20}:\d{1,20}):(\d{1,10})|-) \.\/(.+)$/s

/** What `find` reports of links that lead nowhere or in a circle: there is no file behind them, and nothing is missed. */
const NO_LOSS =
  /: (?:Too many levels of symbolic links|Symbolic link loop|No such file or directory)$|^find: File system loop detected;/

const LONGEST_PROBLEM = 300

export function createListingRecords(): ListingRecords {
  let host = ''
  let source = ''
  let uiHome: RemoteUiHome | undefined
  let userHome: string | undefined
  let extraPaths: { readonly text: string | undefined } | undefined
  let current: OpenFolder | undefined
  const folders: OpenFolder[] = []
  const files: RemoteFile[] = []

  const end = (state: RemoteFolderState, problems: readonly string[]): boolean => {
    if (current === undefined) return false
    current.state = state
    current.problems = problems
    current = undefined
    return true
  }
  const takeFile = (record: string): boolean => {
    const match = FILE.exec(record)
    if (match === null || current === undefined) return false
    const [, size, seconds, fraction = '', id, links, path = ''] = match
    const modifiedMs = seconds === undefined ? undefined : Math.floor(Number(`${seconds}${fraction}`) * 1000)
    // With further names of its own it may stand there twice by right.
    const linked = id === undefined || links !== '1' ? {} : { id }
    files.push({ folder: current, path, sizeBytes: Number(size), modifiedMs, ...linked })
    return true
  }

  return {
    take(record) {
      const rest = record.slice(1)
      switch (record[0]) {
        case 'N':
          host = escapeName(rest)
          return true
        case 'S':
          source = rest
          return true
        case 'U':
          uiHome = rest === '' ? undefined : { path: rest, source }
          return true
        case 'O':
          userHome = rest.startsWith('/') ? rest : undefined
          return true
        case 'X':
          extraPaths = { text: rest.startsWith('+') ? rest.slice(1) : undefined }
          return true
        case 'F':
          if (current !== undefined || !rest.startsWith('/')) return false
          current = { path: rest.replace(/(?<=.)\/\.?$/, ''), state: 'unreadable', problems: [] }
          folders.push(current)
          return true
        case 'E': {
          const problems = problemsOf(rest)
          return end(problems.length === 0 ? 'listed' : 'incomplete', problems)
        }
        case 'M': {
          const missing = /(?:No such file or directory|Not a directory)\s*$/.test(rest)
          return end(missing ? 'missing' : 'unreadable', missing ? [] : [escapeName(rest).slice(0, LONGEST_PROBLEM)])
        }
        default:
          return takeFile(record)
      }
    },
    get host() {
      return host
    },
    get uiHome() {
      return uiHome
    },
    get userHome() {
      return userHome
    },
    get extraPaths() {
      return extraPaths
    },
    folders,
    files,
  }
}

const ENDED = /^find ended with (\d+)$/

/** `find` ends with 1 after each of its messages; with anything else, or with no message, it was not through. */
function problemsOf(text: string): string[] {
  const lines = [...new Set(text.split('\n').filter((line) => line.trim() !== ''))]
  const said = lines.filter((line) => !ENDED.test(line))
  const ended = lines.filter((line) => ENDED.test(line) && (said.length === 0 || !line.endsWith(' 1')))
  return [...said.filter((line) => !NO_LOSS.test(line)), ...ended].map((line) =>
    escapeName(line).slice(0, LONGEST_PROBLEM),
  )
}
