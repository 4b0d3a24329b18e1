import { buildGraph, findCircles } from './graph.ts'
import type { Import, ParsedFile } from './imports.ts'
import type { PureRoom } from './pure-rooms.ts'
import { findImpure, isMeant } from './purity.ts'
import { type Exception, isExcepted, isTest, type Order, type Rule } from './rule.ts'

/** Who may call whom: the `needs` of the catalogue. */
export type Needs = Readonly<Record<string, { readonly needs: readonly string[] }>>

export type Tables = {
  readonly rules: readonly Rule[]
  readonly orders: readonly Order[]
  readonly pureRooms: readonly PureRoom[]
  readonly exceptions: readonly Exception[]
  readonly needs: Needs
}

export const crossRule = 'a service knows of another only the type Api of its routes, along needs'
export const circleRule = 'no circle of files, type imports counted'
export const pureRule = 'what only computes touches nothing'

const serviceOf = (path: string) => /^services\/(?!common\/|contracts\/)([^/]+)\//.exec(path)?.[1]

/** Whether an import from one service to another is none that the house allows. */
const crosses = ({ from, to, kind, names }: Import, needs: Needs): boolean => {
  const [caller, callee] = [serviceOf(from), serviceOf(to)]
  if (caller === undefined || callee === undefined || caller === callee || isTest(from)) return false
  const typeOnly = kind === 'type' && names.every((name) => name === 'Api')
  return !(typeOnly && to === `services/${callee}/routes.ts` && needs[caller]?.needs.includes(callee))
}

const breaks = (rule: Rule, { to, kind }: Import): boolean =>
  (kind === 'run' || rule.kinds === 'both') &&
  rule.never?.test(to) === true &&
  !(kind === 'type' && rule.typesOf?.test(to))

const goesUp = ({ roomOf, rooms }: Order, { from, to }: Import): boolean => {
  const [room, target] = [roomOf(from), roomOf(to)]
  if (room === undefined || target === undefined || room === target || isTest(from)) return false
  return rooms.includes(room) && rooms.indexOf(target) > rooms.indexOf(room)
}

type Breach = { readonly rule: string; readonly from: string; readonly to: string }

/** Where a rule of the import table is broken. */
const judgeRule = (rule: Rule, { path, imports, code }: ParsedFile): readonly string[] => {
  if (!rule.from.test(path) || (rule.tests === 'exempt' && isTest(path))) return []
  const uses = rule.uses && !isTest(path) ? code.match(new RegExp(rule.uses, 'g')) : []
  return [...imports.filter((one) => breaks(rule, one)).map(({ to }) => to), ...new Set(uses)]
}

const judgeOrder = (order: Order, { path, imports }: ParsedFile): readonly string[] => {
  const room = order.roomOf(path)
  const unlisted = room !== undefined && !order.rooms.includes(room)
  return [
    ...(unlisted ? [`${room} is in no list`] : []),
    ...imports.filter((one) => goesUp(order, one)).map(({ to }) => to),
  ]
}

/** What the tables say of one file and its imports. */
const judgeFile = (file: ParsedFile, { rules, orders, needs }: Tables): readonly Breach[] => {
  const breaches = (rule: string, targets: readonly string[]): readonly Breach[] =>
    targets.map((to) => ({ rule, from: file.path, to }))
  return [
    ...rules.flatMap((rule) => breaches(rule.name, judgeRule(rule, file))),
    ...orders.flatMap((order) => breaches(order.name, judgeOrder(order, file))),
    ...breaches(
      crossRule,
      file.imports.filter((one) => crosses(one, needs)).map(({ to }) => to),
    ),
  ]
}

/** Circles among the files that are no tests; an import that is excepted closes none. */
const judgeCircles = (files: readonly ParsedFile[], exceptions: readonly Exception[]): readonly Breach[] => {
  const paths = new Set(files.map(({ path }) => path).filter((path) => !isTest(path)))
  const imports = files
    .flatMap((file) => file.imports)
    .filter(({ from, to }) => paths.has(from) && paths.has(to))
    .filter((one) => !isExcepted(exceptions, circleRule, one))
  return findCircles(buildGraph(imports)).map(([from = '', ...others]) => ({
    rule: circleRule,
    from,
    to: others.join(', '),
  }))
}

const judgePurity = (files: readonly ParsedFile[], rooms: readonly PureRoom[]): readonly Breach[] => {
  const impure = findImpure(files)
  return files.flatMap(({ path: from }) => {
    const found = impure.get(from)
    if (found === undefined || isTest(from) || !rooms.some((room) => isMeant(room, from))) return []
    const way = found.through === from ? '' : ` in ${found.through}`
    return [{ rule: pureRule, from, to: `${found.touch}${way}` }]
  })
}

/** Every breach of the tables as `file: rule (what)`; empty is good. */
export const judgeImports = (files: readonly ParsedFile[], tables: Tables): readonly string[] => {
  const breaches = [
    ...files.flatMap((file) => judgeFile(file, tables)).filter((one) => !isExcepted(tables.exceptions, one.rule, one)),
    ...judgeCircles(files, tables.exceptions),
    ...judgePurity(files, tables.pureRooms),
  ]
  return [...new Set(breaches.map(({ rule, from, to }) => `${from}: ${rule} (${to})`))]
}
