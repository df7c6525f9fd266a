import { isStandIn } from '../secrets.ts'
import { type FoundDownload, type FoundFile, namesOf, noteOf, ofPlace, titleOf } from './found-download.ts'
import { hasOption, lastValueOf, type OptionTable, readArguments, valuesOf } from './options.ts'
import { placeFile, placeFolder } from './place.ts'
import type { ShellCommand } from './shell-command.ts'
import { isKnown, type ShellValue } from './shell-value.ts'
import { hasBlank, type ReadSource, readSource } from './source.ts'
import { holdsKey } from './wget.ts'

const OPTIONS: OptionTable = {
  short: 'oHAuxdebcmrwKEFXTCyYzDQtPh',
  long: [
    ...[
      'output',
      'output-dir',
      'header',
      'user',
      'user-agent',
      'proxy',
      'data',
      'data-raw',
      'data-binary',
      'url',
      'form',
    ],
    ...[
      'data-urlencode',
      'json',
      'referer',
      'cookie',
      'cookie-jar',
      'max-time',
      'connect-timeout',
      'range',
      'write-out',
    ],
    ...[
      'config',
      'cert',
      'key',
      'request',
      'upload-file',
      'continue-at',
      'limit-rate',
      'retry',
      'retry-delay',
      'resolve',
    ],
    ...['retry-max-time', 'cacert', 'capath', 'oauth2-bearer', 'max-redirs', 'speed-limit', 'speed-time', 'time-cond'],
    ...['dump-header', 'interface', 'parallel-max', 'aws-sigv4', 'proto', 'max-filesize', 'ciphers', 'dns-servers'],
    ...['create-file-mode', 'stderr', 'trace', 'unix-socket', 'proxy-user', 'netrc-file', 'rate', 'variable'],
  ],
}

/** One request: its address, and where its answer goes. */
interface Transfer {
  readonly url: ShellValue
  /** `remote`: under the address’s own name. */
  readonly output: ShellValue | 'remote' | undefined
}

/** `curl -L -o FILE URL`, `curl -LO URL`, `curl URL > FILE`; without those it shows the answer and places nothing. */
export function readCurl({ args, folder, outputTo }: ShellCommand): FoundDownload | undefined {
  const read = readArguments(args, OPTIONS)
  const urls: ShellValue[] = []
  const outputs: (ShellValue | 'remote')[] = []
  for (const arg of read) {
    if (arg.kind === 'operand') urls.push(arg.value)
    else if (arg.name === 'url' && arg.value !== undefined) urls.push(arg.value)
    else if ((arg.name === 'o' || arg.name === 'output') && arg.value !== undefined) outputs.push(arg.value)
    else if (arg.name === 'O' || arg.name === 'remote-name') outputs.push('remote')
  }
  const otherwise = hasOption(read, 'remote-name-all') ? 'remote' : outputTo
  const transfers = urls
    .map((url, at): Transfer => ({ url, output: outputs[at] ?? otherwise }))
    .filter(({ output }) => output !== undefined && (output === 'remote' || !/^(?:-|\/dev\/.*)$/.test(output.text)))
  if (transfers.every(({ url }) => hasBlank(url)) || hasOption(read, 'I', 'head', 'T', 'upload-file')) return undefined
  const notes: string[] = []
  const outputDir = lastValueOf(read, 'output-dir')
  const byServer = hasOption(read, 'J', 'remote-header-name')
  const passwords = valuesOf(read, 'u', 'user').filter(({ text }) => !isStandIn(text.replace(/^[^:]*:/, '')))
  let hasSecret = holdsKey(valuesOf(read, 'H', 'header'), [...passwords, ...valuesOf(read, 'oauth2-bearer')])
  const files = transfers.map(({ url, output }): FoundFile => {
    const source = readSource(url)
    hasSecret ||= source.hadSecret
    notes.push(...source.notes)
    if (output === 'remote' || output === undefined) {
      const place = placeFolder(outputDir, folder)
      notes.push(...noteOf(place))
      return {
        ...ofPlace(place),
        source: source.source,
        names: remoteNames(source, byServer),
        expected: titleOf(source),
      }
    }
    const { name, ...place } = placeFile(inside(output, outputDir), folder)
    notes.push(...noteOf(place))
    return { ...ofPlace(place), source: source.source, names: namesOf(name), expected: titleOf(source) }
  })
  return { program: 'curl', files, notes, hasSecret }
}

/** curl keeps the escapes of an address in the name. */
function remoteNames({ source, rawName, name }: ReadSource, byServer: boolean): string[] {
  if (byServer && source.kind === 'civitai') return []
  return byServer ? namesOf(name, rawName) : namesOf(rawName, name)
}

const inside = (output: ShellValue, folder: ShellValue | undefined): ShellValue =>
  folder === undefined || /^[/~]/.test(output.text) || !isKnown(output)
    ? output
    : { ...output, text: `${folder.text}/${output.text}`, hasGlob: output.hasGlob || folder.hasGlob }
