import { AppError } from '../../errors.ts'
import type { Context } from '../context.ts'
import type { Program } from '../program.ts'
import { bashCompletion } from './bash.ts'
import { fishCompletion } from './fish.ts'
import { type CompletedCommand, toCompleted } from './model.ts'
import { zshCompletion } from './zsh.ts'

const WRITERS: Readonly<Record<string, (program: CompletedCommand) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
}

/** `airkeep completion SHELL` */
export async function printCompletion(context: Context, shell: string, program: Program): Promise<number> {
  const write = WRITERS[shell]
  if (write === undefined) throw new AppError('invalid_input', 'SHELL must be one of bash, zsh, fish')
  const script = write(toCompleted(program))
  await context.print({ shell, script }, () => script)
  return 0
}
