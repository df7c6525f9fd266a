import { AppError } from '../errors.ts'
import type { Trace } from '../lib/log.ts'

/** A repository as Hugging Face's own tools write it: `owner/name`, `datasets/owner/name`, `spaces/owner/name`. */
export interface RepoAt {
  readonly repo: string
  /** A branch, a tag, a commit, or `refs/pr/1`; without escapes. */
  readonly revision: string
}

export interface FileAt extends RepoAt {
  /** Inside the repository, without escapes. */
  readonly path: string
}

export interface HubCall {
  /** The caller's key, if any. It goes to the configured host and nowhere else. */
  readonly token?: string | undefined
  readonly signal: AbortSignal
  /** Whose request it is, for the log. */
  readonly trace?: Trace | undefined
}

/** Addresses at the configured host. Each throws AppError invalid_input for what can be no repository or no path. */
export interface Hub {
  readonly base: URL
  /** In messages: who is asked. */
  readonly called: string
  /** Where requests of the API may go. */
  readonly allowed: readonly string[]
  file(where: FileAt): URL
  /** `/api/models/<repo><rest>`; `rest` is escaped already. */
  api(repo: string, rest?: string): URL
  /** What a person opens to read and accept terms: accounts are Hugging Face's own, whatever mirror is asked. */
  page(repo: string): string
}

const REPOSITORY = /^(?:(datasets|spaces)\/)?([\w-][\w.-]*(?:\/[\w-][\w.-]*)?)$/
const LONGEST = 300

/** @param baseUrl `https://huggingface.co` or a mirror of it; a path in it is kept */
export function createHub(baseUrl: string): Hub {
  const base = new URL(baseUrl)
  const prefix = base.pathname.replace(/\/$/, '')
  const at = (path: string): URL => new URL(`${prefix}${path}`, base)
  return {
    base,
    called: base.host === OFFICIAL.host ? base.host : `the mirror of Hugging Face at ${base.host}`,
    allowed: [base.host],
    file({ repo, revision, path }) {
      const parts = path.split('/')
      if ([...revision.split('/'), ...parts].some((part) => part === '' || part === '.' || part === '..')) {
        throw new AppError('invalid_input', 'Cannot look for the file on Hugging Face: its path is not valid', {
          hint: 'Write the path as the repository shows it, from its top folder on',
        })
      }
      return new URL(
        `${at(pagePath(repo)).pathname}/resolve/${escaped(revision)}/${parts.map(escaped).join('/')}`,
        base,
      )
    },
    api(repo, rest = '') {
      const { folder, name } = readRepo(repo)
      return at(`/api/${folder}/${name}${rest}`)
    },
    page: (repo) => new URL(pagePath(repo), OFFICIAL).href,
  }
}

const OFFICIAL = new URL('https://huggingface.co')

function pagePath(repo: string): string {
  const { folder, name } = readRepo(repo)
  return `/${folder === 'models' ? '' : `${folder}/`}${name}`
}

function readRepo(repo: string): { readonly folder: string; readonly name: string } {
  const [, folder = 'models', name] = (repo.length <= LONGEST && REPOSITORY.exec(repo)) || []
  if (name !== undefined) return { folder, name }
  throw new AppError('invalid_input', 'Cannot ask Hugging Face: this is no name of a repository', {
    hint: 'Write it as owner/name',
  })
}

/** Whether it can be the name of a repository. */
export const isRepoName = (repo: string): boolean => repo.length <= LONGEST && REPOSITORY.test(repo)

/** One part of a path; a revision's own slashes too. */
export const escaped = (text: string): string => encodeURIComponent(text.toWellFormed())
