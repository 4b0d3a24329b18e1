import type { Import } from './imports.ts'

/** Who imports whom: targets by file, each once. */
export type Graph = ReadonlyMap<string, ReadonlySet<string>>

export const buildGraph = (imports: readonly Import[]): Graph => {
  const graph = new Map<string, Set<string>>()
  for (const { from, to } of imports) graph.set(from, (graph.get(from) ?? new Set()).add(to))
  return graph
}

/** A file and all that it reaches, itself first. */
export const reachableFrom = (graph: Graph, start: string): ReadonlySet<string> => {
  const reached = new Set([start])
  for (const file of reached) for (const next of graph.get(file) ?? []) reached.add(next)
  return reached
}

/**
 * The circles of a graph: its strongly connected components of more than one file, sorted. Tarjan, "Depth-first
 * search and linear graph algorithms" (SIAM J. Comput. 1, 1972).
 */
export const findCircles = (graph: Graph): readonly (readonly string[])[] => {
  const order = new Map<string, number>()
  const low = new Map<string, number>()
  const stack: string[] = []
  const circles: string[][] = []
  const lower = (file: string, value: number) => low.set(file, Math.min(low.get(file) ?? value, value))
  const visit = (file: string): void => {
    order.set(file, order.size)
    lower(file, order.size - 1)
    stack.push(file)
    for (const next of graph.get(file) ?? []) {
      if (!order.has(next)) visit(next)
      else if (!stack.includes(next)) continue
      lower(file, low.get(next) ?? Number.POSITIVE_INFINITY)
    }
    if (low.get(file) !== order.get(file)) return
    const circle = stack.splice(stack.indexOf(file))
    if (circle.length > 1) circles.push(circle.sort())
  }
  for (const file of graph.keys()) if (!order.has(file)) visit(file)
  return circles.sort()
}
