import { dirname, isAbsolute, join, normalize, resolve } from 'node:path'
import { isJsonObject } from '../../lib/json.ts'
import { readYaml } from './read-yaml.ts'
import { expandHome, type Search } from './search.ts'

export interface ExtraFolder {
  /** Name under which ComfyUI registers it: `loras`, or whatever a node asks for. */
  readonly folder: string
  /** Absolute. */
  readonly path: string
  /** Before the folders that ComfyUI has anyway. */
  readonly first: boolean
}

const MAX_ALIASES = 1000
const MAX_FOLDERS = 2000

/**
 * Folders of an `extra_model_paths.yaml`, read as ComfyUI's loader does: sections with free names, `base_path` with `~`
 * and variables and relative to the file, `is_default`, every other key a folder with one path a line. Where the loader
 * would fail (a value that is no text), a note says so and the rest holds.
 * @param file absolute path of the file, for relative paths and notes
 */
export async function readExtraPaths(text: string, file: string, search: Search): Promise<readonly ExtraFolder[]> {
  const config = await readYaml(text, { maxAliases: MAX_ALIASES, merge: true })
  if (config === undefined || config === null) {
    const reason = config === null ? 'has no section' : 'is not valid YAML'
    search.note(`${file} ${reason}; its folders are not used.`)
    return []
  }
  if (!isJsonObject(config)) {
    search.note(`${file} does not hold sections with folders; it is not used.`)
    return []
  }
  const found: ExtraFolder[] = []
  for (const [section, content] of Object.entries(config)) {
    if (content === null) continue
    if (!isJsonObject(content)) {
      search.note(`The section ${section} of ${file} holds no folders; it is not used.`)
      continue
    }
    found.push(...readSection(section, content, file, search))
  }
  if (found.length > MAX_FOLDERS) search.note(`${file} names more than ${MAX_FOLDERS} folders; the rest is not used.`)
  return found.slice(0, MAX_FOLDERS)
}

function readSection(
  section: string,
  content: Readonly<Record<string, unknown>>,
  file: string,
  search: Search,
): readonly ExtraFolder[] {
  const { base_path: base, is_default: isDefault, ...folders } = content
  const yamlDir = dirname(file)
  let basePath = yamlDir
  if (base !== undefined) {
    if (typeof base !== 'string') {
      search.note(`The base_path of ${section} in ${file} is no text; the section is not used.`)
      return []
    }
    basePath = resolve(yamlDir, expandVariables(expandHome(base, search.homeDir), search.env))
  }
  return Object.entries(folders).flatMap(([folder, lines]) => {
    if (typeof lines !== 'string') {
      search.note(`${folder} of ${section} in ${file} is no text; it is not used.`)
      return []
    }
    return lines
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => ({
        folder,
        path: normalize(isAbsolute(line) ? line : join(basePath, line)),
        first: isTrue(isDefault),
      }))
  })
}

/** As Python takes a value for true: the text `"false"` is. */
const isTrue = (value: unknown): boolean =>
  !(value === undefined || value === null || value === false || value === 0 || value === '')

/** Python's `expandvars`: `$NAME` and `${NAME}`, what is not set stays as it is. */
export function expandVariables(text: string, env: Readonly<Record<string, string | undefined>>): string {
  return text.replaceAll(/\$(?:(\w+)|\{([^}]*)\})/g, (whole, plain?: string, braced?: string) => {
    const name = plain ?? braced ?? ''
    return Object.hasOwn(env, name) ? (env[name] ?? whole) : whole
  })
}
