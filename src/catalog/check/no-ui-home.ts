import { AppError } from '../../errors.ts'
import type { HostAnswer, PageToCheck } from '../detect/catalog-host.ts'

/** As of a host that ssh reaches: nothing can be said of what belongs into a home that nobody knows. */
export class NoUiHome extends AppError {
  readonly status = 'no_ui_home'
  /** The host that was to be looked at. */
  readonly instance: string

  constructor(instance: string) {
    super('not_found', 'Cannot look at this host: nothing here says where the UI is', {
      hint: 'Give the home of the UI: --ui-home /workspace/ComfyUI, or set UI_HOME',
    })
    this.instance = instance
  }
}

/**
 * Model folders without a UI are looked through too: where one of the files is found there is an answer.
 * @throws NoUiHome
 */
export function demandUiHome(answer: HostAnswer, pages: readonly PageToCheck[]): HostAnswer {
  if (answer.ui_home !== null) return answer
  const needsHome = pages.some(({ report }) => report.files.some(({ folder }) => folder !== undefined))
  const checks = [...answer.results.values()].flatMap(({ files }) => files)
  if (needsHome && checks.every(({ status }) => status === 'unknown')) throw new NoUiHome(answer.instance)
  return answer
}
