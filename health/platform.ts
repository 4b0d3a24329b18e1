import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseJson, readCount, readObject } from '../services/common/host/facts/values.ts'
import type { Elsewhere } from '../services/common/host/watch/expected.ts'
import { errorCode } from '../services/common/process/error.ts'

/** The record of `bun run up`: its process, where its services listen, and what it was started without. */
export type Platform = Elsewhere & { readonly pid: number }

/** Reads the platform's record; undefined when it is not one. Only addresses on loopback are taken. */
export const parsePlatform = (text: string): Platform | undefined => {
  const { pid, services, left_out } = readObject(parseJson(text))
  const id = typeof pid === 'number' ? readCount(pid) : undefined
  if (id === undefined || id < 1) return undefined
  const urls = Object.entries(readObject(services)).flatMap(([name, service]) => {
    const { url } = readObject(service)
    return typeof url === 'string' && /^http:\/\/(127\.0\.0\.1|localhost):\d+$/.test(url) ? [[name, url]] : []
  })
  const leftOut = Object.entries(readObject(left_out)).map(([name, why]) => [name, String(why)])
  return { pid: id, urls: Object.fromEntries(urls), leftOut: Object.fromEntries(leftOut) }
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it is there and belongs to someone else.
    return errorCode(error) === 'EPERM'
  }
}

/** The platform that `bun run up` runs, unless it is gone and only left its record. */
export const runningPlatform = (home: string): Platform | undefined => {
  const path = join(home, 'run', 'platform.json')
  const platform = existsSync(path) ? parsePlatform(readFileSync(path, 'utf8')) : undefined
  return platform && isAlive(platform.pid) ? platform : undefined
}
