/** A house rule that a file breaks. */
export interface Breach {
  /** `<path>:<line>` */
  readonly at: string
  readonly reason: string
}

interface TextRule {
  readonly files: RegExp
  readonly text: RegExp
  readonly reason: string
}

/** Puts a forbidden word together, so that the files that speak of it do not hold it. */
export const words = (...parts: readonly string[]): string => parts.join('')
const code = /^(src|test|scripts)\/.*\.(ts|mjs)$/
const everywhere = /(^|\/)[^/]*$/

const textRules: readonly TextRule[] = [
  { files: code, text: new RegExp(words('@ts-', '(ignore|nocheck)')), reason: 'the type checker is not switched off' },
  {
    files: code,
    text: new RegExp(words('@ts-', 'expect-error', '(?!:?\\s+\\S.{9})')),
    reason: 'an expected type error says why',
  },
  {
    files: code,
    text: new RegExp(words('biome-', 'ignore', '(?!(-all|-start|-end)?\\s+[\\w/]+: \\S.{9})')),
    reason: 'a lint disable says why',
  },
  {
    files: /^src\/.*\.ts$/,
    text: new RegExp(words('\\bconsole', '\\.\\w+\\(')),
    reason: 'src writes to streams and to the log, not to the console',
  },
  {
    files: /^src\/(?!http\/bun-server\.ts$|hash\/native\.ts$).*\.ts$/,
    text: /\bBun\.[a-zA-Z]|from 'bun[:']/,
    reason: 'src runs on Node too: what only Bun has stands in one file for each subject',
  },
  {
    files: /^src\/.*\.ts$/,
    text: /\b(Promise\.(withResolvers|try)|(Map|Object)\.groupBy|Array\.fromAsync|RegExp\.escape|Error\.isError|Uint8Array\.from(Hex|Base64))\b/,
    reason: 'Node 20 does not have it',
  },
  {
    files: everywhere,
    text: new RegExp(words('(?<![\\w.~-])/', 'work/')),
    reason: 'no path of a machine where it was written',
  },
  { files: everywhere, text: new RegExp(words('\\.\\./', 'shared\\b')), reason: 'nothing outside the repository' },
  {
    files: everywhere,
    text: new RegExp(words('registry\\.', '(npmjs|yarnpkg)')),
    reason: 'which registry serves packages is the business of the machine',
  },
  {
    files: /(^|\/)package-lock\.json$/,
    text: /"resolved": "(?!file:)/,
    reason: 'the lock names no registry; npm install --omit-lockfile-registry-resolved keeps it so',
  },
]

const nameRules = [
  { files: /^src\/(.*\/)?(utils?|helpers?|common|misc|index)\.ts$/, reason: 'a file is named for its subject' },
  { files: /^(src|test|scripts)\/(.*\/)?[^/]*[A-Z_ ][^/]*\.(ts|mjs)$/, reason: 'file names are kebab-case' },
  { files: /(^|\/)(bun\.lockb?|yarn\.lock|pnpm-lock\.yaml)$/, reason: 'package-lock.json is the only lock file' },
] as const

/** The house rules that a file of the project breaks. */
export function findBreaches(path: string, text: string): Breach[] {
  const named = nameRules.filter(({ files }) => files.test(path)).map(({ reason }) => ({ at: `${path}:1`, reason }))
  const applying = textRules.filter(({ files }) => files.test(path))
  const written = text
    .split('\n')
    .flatMap((line, index) =>
      applying.filter((rule) => rule.text.test(line)).map(({ reason }) => ({ at: `${path}:${index + 1}`, reason })),
    )
  return [...named, ...written]
}
