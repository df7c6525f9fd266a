import type { Air } from './air.ts'

const REPOSITORY = /^[\w-][\w.-]*\/[\w-][\w.-]*$/

/**
 * Where the file lies that an AIR of Hugging Face names. Undefined where it names no file, and where the path would
 * lead out of the repository.
 */
export function huggingFaceUrl({ source, id, version, path }: Air): string | undefined {
  if (source !== 'huggingface' || version === undefined || path === undefined || !REPOSITORY.test(id)) return undefined
  const parts = path.split('/')
  if (version === '.' || version === '..' || parts.some((part) => part === '' || part === '.' || part === '..')) {
    return undefined
  }
  const escaped = [version, ...parts].map((part) => encodeURIComponent(part.toWellFormed()))
  return `https://huggingface.co/${id}/resolve/${escaped.join('/')}`
}
