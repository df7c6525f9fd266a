import { type Command, Option } from 'commander'
import { AppError } from '../errors.ts'
import type { JsonObject } from '../lib/json.ts'
import type { Operation } from '../operation/operation.ts'
import type { Context } from './context.ts'
import { readText } from './remote.ts'

const toFlag = (name: string): string => name.replaceAll('_', '-')

/** What the help says of what no flag takes. */
export const secretNote = ({ secrets: [name] }: Operation): string =>
  name === undefined ? '' : ` The ${name} is asked for on a terminal, else read from stdin.`

/** Flags that are there to be refused: as unknown ones they would be told of in words that do not help. */
export function addSecretOptions(command: Command, { secrets }: Operation): void {
  for (const name of secrets) command.addOption(new Option(`--${toFlag(name)} [value]`).hideHelp())
}

/** Other users of the machine can read arguments. @throws AppError invalid_input */
export function refuseSecrets(command: Command, { secrets }: Operation): void {
  const given = secrets.find((name) =>
    command.options.some(
      (option) =>
        option.long === `--${toFlag(name)}` && command.getOptionValueSource(option.attributeName()) !== undefined,
    ),
  )
  if (given === undefined) return
  throw new AppError('invalid_input', `--${toFlag(given)} is not taken from the command line`, {
    hint: 'Other users could read it there: it is asked for on a terminal, else read from stdin',
  })
}

/** Secrets come from stdin, which a terminal asks for: other users of the machine can read arguments. */
export async function readSecrets(
  { outside, stdin, signal }: Context,
  { secrets }: Operation,
  base: JsonObject,
): Promise<JsonObject> {
  const [name] = secrets
  if (name === undefined || name in base) return {}
  const text = outside.stdinIsTerminal
    ? await outside.askSecret(`${name} (empty for none): `, signal)
    : await readText(stdin())
  return text.trim() === '' ? {} : { [name]: text.trim() }
}
