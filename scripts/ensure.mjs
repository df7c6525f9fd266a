/**
 * Makes `npm start` and `npm test` work in a bare clone with only Node and npm: installs what is missing, puts Bun's
 * program in its place where install scripts were not run, and builds what is missing or older than a source: with
 * `--build` dist/airkeep, with `--node` dist/node. Says nothing when there is nothing to do. Plain Node 20; nothing is
 * installed yet.
 */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as zlib from 'node:zlib'
import { Failure, modifiedMs, readJson, say, tail } from './ensure/files.mjs'
import { underLock } from './ensure/lock.mjs'
import { runIn } from './ensure/run.mjs'

const projectDir = dirname(dirname(fileURLToPath(import.meta.url)))
const lockDir = join(projectDir, 'dist', '.ensure-lock')
const bun = join(projectDir, 'node_modules', '.bin', 'bun')
const sources = ['src', 'drizzle', 'scripts/build.ts', 'scripts/build', 'package.json', 'package-lock.json']
const run = (...command) => runIn(projectDir, ...command)

const steps = [
  { missing: () => !packagesAreCurrent(), provide: installPackages },
  { missing: async () => !(await bunRuns()), provide: repairBun },
]
if (process.argv.includes('--build')) steps.push(buildStep('dist/airkeep', 'dist/airkeep'))
if (process.argv.includes('--node')) steps.push(buildStep('dist/node', 'dist/node/main.js', '--target', 'node'))

try {
  if (Number(process.versions.node.split('.')[0]) < 20) {
    throw new Failure(`this needs Node 20 or newer; ${process.execPath} is ${process.version}`)
  }
  if (process.argv.includes('--node') && typeof zlib.crc32 !== 'function') {
    throw new Failure(`airkeep itself runs on Node 20.15 or newer; ${process.execPath} is ${process.version}`)
  }
  if (existsSync(lockDir) || (await firstMissing())) await underLock(lockDir, provideAll)
} catch (error) {
  if (!(error instanceof Failure)) throw error
  process.stderr.write(`airkeep: ${error.message}\n`)
  process.exitCode = 1
}

async function firstMissing() {
  for (const step of steps) if (await step.missing()) return step
  return undefined
}

async function provideAll() {
  for (const step of steps) if (await step.missing()) await step.provide()
}

/** By content, not by time: npm's record of what it installed against the lock file, packages of other machines aside. */
function packagesAreCurrent() {
  const wanted = readJson(join(projectDir, 'package-lock.json'))
  if (!wanted) throw new Failure('package-lock.json is missing or broken; restore it from the repository')
  const installed = readJson(join(projectDir, 'node_modules', '.package-lock.json'))?.packages
  if (!installed) return false
  return Object.entries(wanted.packages).every(([path, entry]) => {
    if (path === '') return true
    const found = installed[path]
    return found ? found.version === entry.version && found.integrity === entry.integrity : entry.optional === true
  })
}

async function installPackages() {
  say('installing packages (npm ci)')
  // Both are needed whatever NODE_ENV or an npmrc says: Bun is a dev dependency, native programs are optional ones.
  const result = await run(...npm(), 'ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund')
  if (result.code !== 0) throw new Failure(`npm ci failed: ${whyNpmFailed(result.output)}`)
}

/** npm tells its children where it lies; another package manager's path there is of no use. */
function npm() {
  const path = process.env.npm_execpath
  return path && /^(npm|npm-cli)\.(c|m)?js$/.test(basename(path)) ? [process.execPath, path] : ['npm']
}

function whyNpmFailed(output) {
  if (/\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT)\b/.test(output)) {
    return 'the package registry cannot be reached; check the network (and npm config get proxy), then run this again'
  }
  if (/\bENOSPC\b/.test(output)) return 'the disk is full'
  if (/\b(EACCES|EPERM|EROFS)\b/.test(output)) return `no right to write in ${projectDir}`
  if (/\bspawn npm ENOENT\b/.test(output)) return 'npm was not found; install Node with npm, then run this again'
  if (/\bEUSAGE\b/.test(output)) return 'package.json and package-lock.json disagree; run npm install'
  return `its last lines say why\n${tail(output)}`
}

async function bunRuns() {
  return existsSync(bun) && (await run(bun, '--version')).code === 0
}

/** npm leaves a placeholder in Bun's place where a policy keeps install scripts from running (`--ignore-scripts`). */
async function repairBun() {
  const packageDir = join(projectDir, 'node_modules', 'bun')
  const result = await run(process.execPath, join(packageDir, 'install.js'))
  if (result.code === 0 && (await bunRuns())) return
  throw new Failure(`Bun does not run on this machine; remove node_modules and try again\n${tail(result.output)}`)
}

/** `proof` carries the time at which its build began. */
function buildStep(name, proof, ...args) {
  return {
    missing() {
      const built = modifiedMs(join(projectDir, proof))
      return built === undefined || sources.some((path) => newestMs(join(projectDir, path)) > built)
    },
    async provide() {
      say(`building ${name}`)
      const result = await run(bun, join(projectDir, 'scripts', 'build.ts'), ...args)
      if (result.code !== 0) throw new Failure(`the build failed\n${tail(result.output)}`)
    },
  }
}

/** Folders count too: removing a file changes only its folder. */
function newestMs(path) {
  const own = modifiedMs(path) ?? 0
  const entries = own > 0 && statSync(path).isDirectory() ? readdirSync(path) : []
  return Math.max(own, ...entries.map((name) => newestMs(join(path, name))))
}
