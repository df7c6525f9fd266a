import { resolve } from 'node:path'
import type { JsonObject } from '../../lib/json.ts'
import type { Context } from '../context.ts'
import { textOf } from '../dependency-state.ts'
import { findOperation } from '../find-operation.ts'
import { withSession } from '../session.ts'
import { printable } from '../text-width.ts'
import { textsOf } from './page-row.ts'

export interface FixOptions {
  readonly apply?: true
}

/** `airkeep catalog fix`: adds the AIR that a page lacks; without `--apply` it only shows what would change. */
export async function fixPage(context: Context, path: string, { apply }: FixOptions): Promise<number> {
  const { signal, outside } = context
  const app = await context.app()
  const operation = findOperation(app, 'fix_catalog_page', 'airkeep catalog fix')
  return withSession(context, app, async (session) => {
    const input = { file_path: resolve(outside.cwd, path), ...(apply === true ? { apply } : {}) }
    const { output } = await session.invoke(operation, input, { signal, progress() {} })
    await context.print(output, () => renderFix(output))
    return 0
  })
}

export function renderFix(output: JsonObject): string {
  const diff = textOf(output.diff)
  if (diff === undefined) return ['Nothing to fix', ...textsOf(output.notes)].map(printable).join('\n')
  const said = output.applied === true ? 'The page was changed' : 'Nothing was changed: add --apply'
  return [printable(diff).trimEnd(), ...textsOf(output.notes).map(printable), said].join('\n')
}
