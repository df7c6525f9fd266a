import * as v from 'valibot'
import { AppError } from '../errors.ts'
import { decodePage } from '../lib/page-text.ts'
import { textField } from '../operation/fields.ts'
import { type Call, defineOperation, type Operation } from '../operation/operation.ts'
import type { LabelOf } from './fix/fix-page.ts'
import { type OpenedPage, openPage, replacePage } from './fix/page-file.ts'
import type { NamedPages } from './named-pages.ts'
import type { PageReader } from './read/page-reader.ts'
import { catalogDirField } from './validate-operation.ts'

export interface FixDeps {
  readonly reader: PageReader
  readonly pages: NamedPages
  readonly labelOf: LabelOf
}

interface Chosen {
  readonly name: string
  readonly page: OpenedPage
  /** Undefined for a text that was sent. */
  readonly path: string | undefined
}

const CONTENT_NAME = 'page.md'

export function createFixOperation({ reader, pages, labelOf }: FixDeps): Operation {
  async function choose(input: FixInput, { actor }: Call): Promise<Chosen> {
    const { file_path, content, apply, catalog_dir } = input
    if ((file_path === undefined) === (content === undefined)) {
      throw new AppError('invalid_input', 'Give exactly one of file_path and content', {
        errors: [{ path: 'file_path', expected: 'exactly one of file_path and content must be given' }],
      })
    }
    if (file_path === undefined) {
      if (apply) throw new AppError('invalid_input', 'apply changes a file: give file_path instead of content')
      return { name: CONTENT_NAME, page: { bytes: Buffer.from(content ?? ''), mode: 0o644 }, path: undefined }
    }
    const catalog = catalog_dir === undefined ? undefined : await pages.openCatalog(catalog_dir, actor, true)
    const path = await pages.find(file_path, catalog, actor)
    return { name: file_path.replace(/^\/+/, ''), page: await openPage(path), path }
  }

  return defineOperation({
    name: 'fix_catalog_page',
    summary: 'Add the AIR that a catalog page lacks',
    description:
      'Works out the AIR from the civitdl command of a page, asking Civitai for ecosystem and type, and shows the change as a diff; with apply it writes it. ' +
      'Where Civitai says nothing, ecosystem and type are those of the page: its front matter (ecosystem, base_model, type) and the folder of its command. ' +
      'Everything else in the page stays byte for byte. Give file_path or content. Before: validate_catalog names the pages without an AIR. After: validate_catalog again.',
    example: { file_path: 'loras/harbor-lights.md', apply: false },
    effect: 'write',
    permission: 'catalog:write',
    http: { method: 'post', path: '/v1/catalog/fix' },
    paths: ['file_path', 'catalog_dir'],
    input: inputSchema,
    output: v.object({
      diff: v.pipe(v.string(), v.description('Unified; empty where nothing is changed; keys are masked')),
      fixes: v.array(v.string()),
      applied: v.boolean(),
      air: v.pipe(
        v.nullable(v.string()),
        v.description('That it has, or has with the change; null: it lacks one still'),
      ),
      notes: v.pipe(v.array(v.string()), v.description('Why nothing, or not all, could be fixed')),
    }),
    async run(input, call) {
      const { name, page, path } = await choose(input, call)
      const text = decodePage(page.bytes)
      if (text === undefined) throw new AppError('invalid_input', 'The page cannot be fixed: it is no text')
      const [report] = await reader.read([{ file_path: name, content: text.text }], call.signal)
      if (report === undefined) throw new AppError('internal', 'The page was not read')
      // YAML is read by threads; it costs the start of the program too much.
      const { fixPage } = await import('./fix/fix-page.ts')
      const { bytes, diff, fixes, notes, air } = await fixPage(
        name,
        { bytes: page.bytes, text },
        report,
        input.ask_civitai ? labelOf : async () => 'not_asked',
        call.signal,
      )
      const applied = input.apply && bytes !== undefined && path !== undefined
      if (applied) await replacePage(path, page, bytes)
      return { diff, fixes: [...fixes], applied, air, notes: [...notes] }
    },
  })
}

const inputSchema = v.strictObject({
  file_path: v.optional(textField('Page to fix: its path below the folder of the catalog', 4000)),
  content: v.optional(textField('Text of the page itself', 4 * 2 ** 20)),
  apply: v.optional(v.pipe(v.boolean(), v.description('Write the change into the file')), false),
  ask_civitai: v.optional(v.pipe(v.boolean(), v.description('false: the page alone says ecosystem and type')), true),
  catalog_dir: catalogDirField,
})
type FixInput = v.InferOutput<typeof inputSchema>
