import { mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { Failure, modifiedMs, readJson, say } from './files.mjs'

/** A holder touches its lock every second; one silent for this long is gone (or on a machine that is). */
const silenceMs = 30_000
let held

/** Gives the lock back at once; for a process that is about to end by a signal. */
export function releaseLock() {
  if (held) rmSync(held, { recursive: true, force: true })
  held = undefined
}

/** Runs `work` while holding the lock folder, so that two `npm start` at once install and build once. */
export async function underLock(lockDir, work) {
  mkdirSync(dirname(lockDir), { recursive: true })
  let told = false
  while (!tryLock(lockDir)) {
    if (!told) say('waiting for another run that installs or builds')
    told = true
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  held = lockDir
  const heartbeat = setInterval(() => touch(lockDir), 1000)
  try {
    await work()
  } finally {
    clearInterval(heartbeat)
    releaseLock()
  }
}

function touch(path) {
  try {
    utimesSync(path, new Date(), new Date())
  } catch {
    // Taken as abandoned while this machine slept; the work is still good.
  }
}

function tryLock(lockDir) {
  try {
    mkdirSync(lockDir)
    writeFileSync(join(lockDir, 'holder'), JSON.stringify({ host: hostname(), pid: process.pid }))
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw new Failure(`cannot write in ${dirname(lockDir)}: ${error.code}`)
    removeAbandonedLock(lockDir)
    return false
  }
}

function removeAbandonedLock(lockDir) {
  const seen = readJson(join(lockDir, 'holder'))
  const touched = modifiedMs(lockDir)
  if (touched === undefined) return
  const dead = seen?.host === hostname() && !isAlive(seen.pid)
  if (!dead && Date.now() - touched < silenceMs) return
  // Renaming first lets one of several waiters win; what it took is looked at again, as a new holder may have come.
  const aside = `${lockDir}-${process.pid}`
  try {
    renameSync(lockDir, aside)
    const taken = readJson(join(aside, 'holder'))
    if (taken?.pid === seen?.pid) rmSync(aside, { recursive: true, force: true })
    else renameSync(aside, lockDir)
  } catch {
    // Another waiter, or the holder itself, was quicker.
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code !== 'ESRCH'
  }
}
