import { text } from '#common/cli/text'
import { jsonOf, reportOf, tableOf } from '#common/host/health-report'
import { probe, type Result } from '#common/host/probe'
import { withAddress } from '#common/http/name-server'
import { readPublic } from '#common/http/read-public'
import { type ServiceEndpoint, serviceEndpoints, stockEndpoints } from './endpoints.ts'
import { find, type Network, netTable, reach } from './net.ts'
import { onionsOf, onionTable } from './onions.ts'
import { asJson, type Command, type Tools } from './tools.ts'

const TOR = 'tor-proxy'
const STATUS = { timeoutMs: 3000, maxBytes: 256 * 1024 }

const reportUnreachable = ({ err }: Tools, unreachable: readonly string[]): void => {
  if (unreachable.length > 0) err(`not asked, on networks that this container is not on: ${unreachable.join(', ')}\n`)
}

/** Asks a service by its address: names are looked up before, so that one nobody knows holds up nobody else. */
const ask = async ({ name, stack, host, url }: ServiceEndpoint, network: Network): Promise<Result> => {
  const found = await find(host, network)
  if ('detail' in found) return { name, stack, state: 'unreachable', ms: 0, detail: found.detail }
  const [address = host] = found.addresses
  return probe({ name, stack, url: withAddress(url, address).replace(/\/$/, '') })
}

export const health: Command = async (tools, json) => {
  const { reachable, unreachable } = serviceEndpoints(tools.known)
  const report = reportOf(await Promise.all(reachable.map((place) => ask(place, tools.network))), tools.now())
  tools.out(json ? jsonOf(report) : tableOf(report, { colour: false }))
  reportUnreachable(tools, unreachable)
  return report.ok
}

export const net: Command = async (tools, json) => {
  const { reachable, unreachable } = serviceEndpoints(tools.known)
  const needed = [...stockEndpoints(tools.known), ...reachable].filter(({ neededBy }) => neededBy.length > 0)
  const found = await reach(needed, tools.network)
  const ok = found.length > 0 && found.every((one) => one.ok)
  tools.out(json ? asJson({ ok, reached: found }) : netTable(found))
  reportUnreachable(tools, unreachable)
  return ok
}

export const onions: Command = async (tools, json) => {
  const tor = serviceEndpoints(tools.known).reachable.find(({ name }) => name === TOR)
  const absent = (why: string): boolean => {
    if (json) tools.out(asJson({ ok: false, failure: why }))
    tools.err(`server-tools: ${why}\n`)
    return false
  }
  if (tor === undefined) return absent(`${TOR} is not there: this release's catalogue does not list it`)
  const status = await readPublic(`${tor.url}/status`, STATUS)
  if ('failure' in status) return absent(`${TOR} is not there: ${status.failure} (${tor.url})`)
  const found = onionsOf(status.text)
  if ('failure' in found) return absent(`${TOR} cannot be read: ${found.failure}`)
  tools.out(json ? asJson({ ok: true, onions: found.onions }) : onionTable(found.onions))
  return true
}

export const version: Command = async ({ versions, out }, json) => {
  const lines = Object.entries(versions).map(([what, value]) => `${what.padEnd(9)} ${value}`)
  out(json ? asJson(versions) : text(lines))
  return true
}
